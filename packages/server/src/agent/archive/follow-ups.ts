import type { JsonObject } from '@bufbuild/protobuf';
import type { Intent } from '@parleykit/proto/v2beta1';
import type { Findings } from './findings.ts';
import { type ReadIntent, writeLinks } from './intents.ts';
import { leftoverOf } from './leftover.ts';
import { toPlainText } from './plain-text.ts';

/** Which intent a follow-up follows in the end, by name; undefined for one that follows none. */
export type RootOf = (intent: Intent) => string | undefined;

/** Looks the chains of follow-ups up. Where an intent is missing, it is where the chain ends. */
export function rootsOf(intents: readonly Intent[]): RootOf {
  const parents = new Map(intents.map(({ name, parentFollowupIntentName: parent }) => [name, parent]));
  const roots = new Map<string, string>();
  return ({ name }) => {
    const passed = new Set<string>();
    let at = name;
    // One that was passed already is a circle: who reads an export cuts those, who stores intents may not.
    while (parents.get(at) && !roots.has(at) && !passed.has(at)) {
      passed.add(at);
      at = parents.get(at) ?? '';
    }
    const root = roots.get(at) ?? at;
    for (const each of passed) roots.set(each, root);
    return root === name ? undefined : root;
  };
}

/**
 * Looks at what the intents of an export follow. One that follows itself, by however many steps, follows nothing from
 * here on; one whose parent is missing still says so.
 */
export function linkIntents(read: readonly ReadIntent[], findings: Findings): RootOf {
  const intents = read.flatMap(({ stored }) => stored.intent ?? []);
  const byName = new Map(intents.map((intent) => [intent.name, intent]));
  for (const intent of circlesOf(intents, byName)) {
    findings.warn(
      `intent "${toPlainText(intent.displayName)}" follows itself: it is taken for one that follows none`,
    );
    intent.parentFollowupIntentName = '';
  }
  for (const { displayName, parentFollowupIntentName: parent } of intents) {
    if (parent !== '' && !byName.has(parent)) {
      findings.warn(
        `intent "${toPlainText(displayName)}" follows one that is missing: ${toPlainText(parent.slice('intents/'.length))}`,
      );
    }
  }
  const rootOf = rootsOf(intents);
  for (const { stored, links } of read) {
    if (stored.intent === undefined || links === undefined) continue;
    const leftover = leftoverOf(writeLinks(stored.intent, rootOf(stored.intent)), links);
    if (leftover !== undefined) stored.leftover = merge(stored.leftover ?? {}, leftover);
  }
  return rootOf;
}

/** All that lie on a circle; not those that hang on one. */
function circlesOf(intents: readonly Intent[], byName: ReadonlyMap<string, Intent>): Intent[] {
  const seen = new Set<Intent>();
  const circles: Intent[][] = [];
  for (const start of intents) {
    const chain = new Set<Intent>();
    let at: Intent | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      chain.add(at);
      at = byName.get(at.parentFollowupIntentName);
    }
    if (at === undefined || !chain.has(at)) continue;
    const passed = [...chain];
    circles.push(passed.slice(passed.indexOf(at)));
  }
  return circles.flat();
}

/** Puts two leftovers of the same object together that have no key in common. */
function merge(one: JsonObject, other: JsonObject): JsonObject {
  const merged = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const own = merged[key];
    merged[key] = own === undefined ? value : merge(own as JsonObject, value as JsonObject);
  }
  return merged;
}
