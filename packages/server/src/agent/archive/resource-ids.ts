import { createHash } from 'node:crypto';
import type { JsonNode } from './json-node.ts';

/** What a part of a resource name may consist of; ids of exports are UUIDs. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/u;

/**
 * The id of something in an export. Where it has none, or one that cannot stand in a resource name, an id is made of
 * what tells it from others: the same each time that the export is read.
 */
export function idOf(node: JsonNode, ...distinction: readonly string[]): string {
  const id = node.at('id').text();
  // Ids are keys of maps as well, which have `constructor` and the like already.
  return ID.test(id) && !(id in {}) ? id : deriveId(id, ...distinction);
}

/** An id in the form of a UUID, made of what tells its bearer from others. */
export function deriveId(...distinction: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(distinction)).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join('-');
}

/** What a name has behind a collection such as `intents`: all of it, for what exports name may have slashes in it. */
export function idIn(collection: string, name: string): string {
  const at = `/${name}`.indexOf(`/${collection}/`);
  return at < 0 ? name : name.slice(at + collection.length + 1);
}
