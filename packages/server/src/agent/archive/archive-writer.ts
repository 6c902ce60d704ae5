import type { JsonValue } from '@bufbuild/protobuf';
import { Zip, ZipDeflate } from 'fflate';
import { languagesOf, writeAgent } from './agent-settings.ts';
import type { AgentArchive } from './archive-reader.ts';
import { Breather } from './breather.ts';
import { writeEntityType } from './entity-types.ts';
import { fileNameOf } from './file-names.ts';
import { Findings } from './findings.ts';
import { rootsOf } from './follow-ups.ts';
import { writeIntent } from './intents.ts';
import { idIn } from './resource-ids.ts';

/** When all files of an export were last changed, so that the same agent gives the same bytes. By the local clock, as zips have it. */
const CHANGED = new Date(1980, 0, 1, 12);

/**
 * Writes an agent as an export of Dialogflow ES, in the layout in which the console writes one: a zip. The same agent
 * gives the same bytes. What is not written, since it lets somebody in, is a finding.
 */
export async function writeAgentArchive(
  archive: AgentArchive,
  findings = new Findings(),
): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const breather = new Breather();
  for (const [path, json] of filesOf(archive, findings)) {
    await breather.take();
    files.set(path, Buffer.from(toText(json)));
  }
  return zipFiles(files);
}

/** Packs files into a zip, sorted by their paths: the same files give the same bytes. */
export async function zipFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const breather = new Breather();
  const chunks: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    chunks.push(chunk);
  });
  for (const path of [...files.keys()].sort()) {
    await breather.take();
    // Little memory for small files: they are many.
    const file = new ZipDeflate(path, { level: 6, mem: 4 });
    file.mtime = CHANGED;
    zip.add(file);
    file.push(files.get(path) ?? new Uint8Array(), true);
  }
  zip.end();
  return Buffer.concat(chunks);
}

/** The files of an export with their paths. */
function* filesOf(
  { agent, intents, entityTypes }: AgentArchive,
  findings: Findings,
): Generator<[string, JsonValue]> {
  yield* writeAgent(agent, findings);
  const languages = languagesOf(agent);
  const rootOf = rootsOf(intents.flatMap(({ intent }) => intent ?? []));
  const names = new FileNames();
  for (const stored of intents) {
    const { main, phrases } = writeIntent(stored, rootOf, languages);
    const { displayName = '', name = '' } = stored.intent ?? {};
    const base = `intents/${stored.fileName || fileNameOf(displayName)}`;
    yield* names.give(base, idIn('intents', name), main, 'usersays', phrases);
  }
  for (const stored of entityTypes) {
    const { main, entries } = writeEntityType(stored, languages);
    const { displayName = '', name = '' } = stored.entityType ?? {};
    const base = `entities/${stored.fileName || fileNameOf(displayName)}`;
    yield* names.give(base, idIn('entityTypes', name), main, 'entries', entries);
  }
}

/** Gives each its own files, also where upper and lower case are the same. */
class FileNames {
  readonly #taken = new Set<string>();

  /** What lies in one file and, by language, in files beside it; for a name that is taken with the id in their names. */
  give(
    wanted: string,
    id: string,
    main: JsonValue,
    kind: string,
    parts: ReadonlyMap<string, JsonValue>,
  ): [string, JsonValue][] {
    const filesAt = (base: string): [string, JsonValue][] => [
      [`${base}.json`, main],
      ...[...parts].map(([tag, json]): [string, JsonValue] => [`${base}_${kind}_${tag}.json`, json]),
    ];
    const isFree = (files: [string, JsonValue][]): boolean =>
      files.every(([path]) => !this.#taken.has(path.toLowerCase()));
    const files = [wanted, `${wanted}_${id}`].map(filesAt).find(isFree) ?? filesAt(`${wanted}_${id}`);
    for (const [path] of files) this.#taken.add(path.toLowerCase());
    return files;
  }
}

/** As the console writes JSON: safe inside HTML, two spaces deep, no line end behind it. */
function toText(json: JsonValue): string {
  return JSON.stringify(json, undefined, 2).replaceAll(
    /['<>&=\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
