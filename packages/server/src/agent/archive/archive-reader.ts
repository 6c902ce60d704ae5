import type { StoredAgent, StoredEntityType, StoredIntent } from '@parleykit/proto/stored';
import { Intent_TrainingPhrase_Type as PhraseType } from '@parleykit/proto/v2beta1';
import { languagesOf, PACKAGE, readAgent } from './agent-settings.ts';
import { type ArchiveFile, type ArchiveLimits, LIMITS, listFiles } from './archive-files.ts';
import { Breather } from './breather.ts';
import { readEntityType } from './entity-types.ts';
import { ArchiveError, type ArchiveReport, Findings } from './findings.ts';
import { linkIntents } from './follow-ups.ts';
import { type Languages, type ReadIntent, readIntent } from './intents.ts';
import { countValues, type JsonNode, LANGUAGE_PATTERN, parseJson } from './json-node.ts';
import { toPlainText } from './plain-text.ts';
import { checkReferences } from './references.ts';

/** An agent with all that belongs to it. Names are relative to it: see parley/stored/v1/agent.proto. */
export interface AgentArchive {
  readonly agent: StoredAgent;
  readonly intents: readonly StoredIntent[];
  readonly entityTypes: readonly StoredEntityType[];
}

const SMALL_TALK = new RegExp(`^customSmalltalkResponses_(${LANGUAGE_PATTERN})\\.json$`, 'u');
const OLD_SMALL_TALK = 'customDomainsResponses.json';

/** What other programs leave in zips and folders. */
const JUNK = /(?:^|\/)(?:__MACOSX\/|\.|Thumbs\.db$|desktop\.ini$)/iu;

/** How many of the files that are not read are named. */
const NAMED_FILES = 5;

/**
 * Reads an export of a Dialogflow ES agent: the bytes of a zip, or the path of one, or of a folder that one was
 * unpacked to. What does not read as what it must refuses the export as a whole, with an ArchiveError that has all that
 * is wrong: an agent that lacks an intent answers wrongly, and nobody would know. What only refers to something that
 * is not there is read and told of in the report.
 */
export async function readAgentArchive(
  source: Uint8Array | string,
  limits: ArchiveLimits = LIMITS,
): Promise<{ archive: AgentArchive; report: ArchiveReport }> {
  const findings = new Findings();
  const reading = new Reading(selectFiles(await listFiles(source, limits), findings), limits, findings);
  const agent = await reading.agent();
  const languages = languagesOf(agent);
  const read = await reading.intents(languages);
  const entityTypes = await reading.entityTypes(languages);
  findings.settle();
  linkIntents(read, findings);
  const intents = read.map(({ stored }) => stored);
  checkReferences(intents, entityTypes, languages, findings);
  countAll(intents, entityTypes, languages, findings);
  return { archive: { agent, intents, entityTypes }, report: findings.report() };
}

/** The files of an export by what they are. */
interface Selection {
  /** By name. */
  readonly top: ReadonlyMap<string, ArchiveFile>;
  /** By name without the ending. */
  readonly intents: ReadonlyMap<string, ArchiveFile>;
  readonly entities: ReadonlyMap<string, ArchiveFile>;
}

/** Finds the agent, which may lie in a folder, and what belongs to it. */
function selectFiles(files: readonly ArchiveFile[], findings: Findings): Selection {
  const real = files.filter(({ path }) => !JUNK.test(path));
  const root = rootOf(real.map(({ path }) => path));
  const selection = {
    top: new Map<string, ArchiveFile>(),
    intents: new Map<string, ArchiveFile>(),
    entities: new Map<string, ArchiveFile>(),
  };
  const unread: string[] = [];
  for (const file of real) {
    const path = file.path.startsWith(root) ? file.path.slice(root.length) : '';
    const [, folder, name = ''] = /^(intents|entities)\/([^/]+)\.json$/u.exec(path) ?? [];
    if (folder === 'intents' || folder === 'entities') selection[folder].set(name, file);
    else if (['agent.json', 'package.json', OLD_SMALL_TALK].includes(path) || SMALL_TALK.test(path)) {
      selection.top.set(path, file);
    } else unread.push(file.path);
  }
  if (unread.length > 0) {
    const named = unread
      .slice(0, NAMED_FILES)
      .map((path) => toPlainText(path))
      .join(', ');
    const more = unread.length > NAMED_FILES ? `, and ${unread.length - NAMED_FILES} more` : '';
    findings.drop(`files that are no part of an agent: ${named}${more}`);
  }
  return selection;
}

/** The folder in which the agent lies, with a slash at its end; empty for the top. */
function rootOf(paths: readonly string[]): string {
  const roots = new Set(
    paths.flatMap(
      (path) => /^(.*?)(?:agent\.json$|(?:intents|entities)\/[^/]+\.json$)/u.exec(path)?.[1] ?? [],
    ),
  );
  const candidates = [...roots].filter((root) => root === '' || root.endsWith('/'));
  const depth = (root: string): number => root.split('/').length;
  candidates.sort((one, other) => depth(one) - depth(other) || (one < other ? -1 : 1));
  const [root, second] = candidates;
  const other = second !== undefined && depth(second) === depth(root ?? '') ? second : undefined;
  if (root === undefined) {
    throw new ArchiveError([
      'this is no export of an agent: there is neither agent.json nor intents nor entities in it',
    ]);
  }
  if (other !== undefined) {
    throw new ArchiveError([
      `there are several agents in it, in ${toPlainText(root)} and ${toPlainText(other)}: give one of them`,
    ]);
  }
  return root;
}

/** Reads file after file, so that no more than one lies in memory as JSON. */
class Reading {
  readonly #files: Selection;
  readonly #limits: ArchiveLimits;
  readonly #findings: Findings;
  readonly #breather = new Breather();
  #values = 0;

  constructor(files: Selection, limits: ArchiveLimits, findings: Findings) {
    this.#files = files;
    this.#limits = limits;
    this.#findings = findings;
  }

  async agent(): Promise<StoredAgent> {
    const smallTalk = new Map<string, JsonNode>();
    const others = new Map<string, JsonNode>();
    let settings: JsonNode | undefined;
    for (const [name, file] of this.#files.top) {
      const node = await this.#parse(file);
      const tag = SMALL_TALK.exec(name)?.[1];
      if (name === 'agent.json') settings = node;
      else if (tag !== undefined && node !== undefined) smallTalk.set(tag, node);
      else if (node !== undefined && (name !== 'package.json' || isOtherVersion(node)))
        others.set(name, node);
    }
    const language = this.#guessLanguage();
    if (!this.#files.top.has('agent.json')) {
      this.#findings.warn(
        `agent.json is missing: the agent has no settings, and its language is taken for ${language}`,
      );
    }
    return readAgent({ settings, smallTalk, others }, language, this.#findings);
  }

  async intents(languages: Languages): Promise<ReadIntent[]> {
    const read: ReadIntent[] = [];
    const inner: ReadIntent[][] = [];
    for await (const { base, main, parts } of this.#groups(this.#files.intents, 'usersays', 'intents')) {
      const [intent, ...followers] = readIntent({ base, main, phrases: parts }, languages, this.#findings);
      if (intent !== undefined) read.push(intent);
      inner.push(followers);
    }
    // An intent that lies in another one and in a file of its own is read from that.
    const own = new Set(read.map(({ stored }) => stored.intent?.name));
    const all = read.concat(inner.flat().filter(({ stored }) => !own.has(stored.intent?.name)));
    this.#refuseDoubles(all.map(({ stored: { intent }, file }) => ({ ...intent, file })));
    return all;
  }

  async entityTypes(languages: Languages): Promise<StoredEntityType[]> {
    const read: StoredEntityType[] = [];
    const files: string[] = [];
    for await (const { base, main, parts } of this.#groups(this.#files.entities, 'entries', 'entities')) {
      read.push(readEntityType({ base, main, entries: parts }, languages));
      files.push(main.file);
    }
    this.#refuseDoubles(read.map(({ entityType }, index) => ({ ...entityType, file: files[index] ?? '' })));
    return read;
  }

  /**
   * Files that belong together: `NAME.json`, and `NAME_usersays_LANGUAGE.json` beside it. Lists are the latter, whatever
   * a name may look like.
   */
  async *#groups(
    files: ReadonlyMap<string, ArchiveFile>,
    kind: string,
    folder: string,
  ): AsyncGenerator<{ base: string; main: JsonNode; parts: Map<string, JsonNode> }> {
    const pattern = new RegExp(`^(.+)_${kind}_(${LANGUAGE_PATTERN})$`, 'u');
    const mains: string[] = [];
    const partsOf = new Map<string, [tag: string, name: string][]>();
    for (const name of [...files.keys()].sort()) {
      const [, base, tag] = pattern.exec(name) ?? [];
      if (base === undefined || tag === undefined || !files.has(base)) mains.push(name);
      else if (!partsOf.get(base)?.push([tag, name])) partsOf.set(base, [[tag, name]]);
    }
    // Grows: what looked like a part may be one of its own.
    for (const base of mains) {
      await this.#breather.take();
      const parts = new Map<string, JsonNode>();
      for (const [tag, name] of partsOf.get(base) ?? []) {
        const part = await this.#parse(files.get(name));
        if (part === undefined) continue;
        if (Array.isArray(part.value)) parts.set(tag, part);
        else mains.push(name);
      }
      const main = await this.#parse(files.get(base));
      if (main === undefined) continue;
      const [, owner] = pattern.exec(base) ?? [];
      if (!Array.isArray(main.value)) yield { base, main, parts };
      else if (owner === undefined) main.refuse('is a list, not an object');
      else main.refuse(`belongs to ${folder}/${toPlainText(owner)}.json, which is missing`);
    }
  }

  async #parse(file: ArchiveFile | undefined): Promise<JsonNode | undefined> {
    if (file === undefined) return undefined;
    const bytes = await file.read();
    this.#values += countValues(bytes);
    if (this.#values > this.#limits.values) {
      throw new ArchiveError([`the agent has more than ${this.#limits.values.toLocaleString('en')} values`]);
    }
    return parseJson(bytes, toPlainText(file.path), this.#findings);
  }

  /** The language in which most intents have phrases, for an export without agent.json. */
  #guessLanguage(): string {
    const counts = new Map<string, number>();
    for (const name of [...this.#files.intents.keys(), ...this.#files.entities.keys()].sort()) {
      const [, tag] = new RegExp(`_(?:usersays|entries)_(${LANGUAGE_PATTERN})$`, 'u').exec(name) ?? [];
      if (tag !== undefined) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    const [[language] = ['en']] = [...counts].sort(([, one], [, other]) => other - one);
    return language;
  }

  /** Two with one name cannot be told apart, and one of them would be lost. */
  #refuseDoubles(things: readonly { name?: string; displayName?: string; file: string }[]): void {
    const names = new Map<string, string>();
    const ids = new Map<string, string>();
    for (const { name = '', displayName = '', file } of things) {
      const other = names.get(displayName);
      const same = ids.get(name);
      if (other !== undefined) {
        this.#findings.refuse(`${file}: has the name of ${other}: "${toPlainText(displayName)}"`);
      } else if (same !== undefined) {
        this.#findings.refuse(
          `${file}: has the id of ${same}: ${toPlainText(name.slice(name.indexOf('/') + 1))}`,
        );
      }
      if (displayName !== '') names.set(displayName, file);
      ids.set(name, file);
    }
  }
}

/**
 * Whether a package.json is an export's and says another version than the one that is written. That of a program that
 * lies beside the agent says more than a version.
 */
function isOtherVersion(node: JsonNode): boolean {
  const { version, ...more } = node.object() ?? {};
  return version !== undefined && version !== PACKAGE.version && Object.keys(more).length === 0;
}

function countAll(
  intents: readonly StoredIntent[],
  entityTypes: readonly StoredEntityType[],
  languages: Languages,
  findings: Findings,
): void {
  const { read } = findings;
  const spoken = new Set<string>(languages);
  read.intents = intents.length;
  read.entityTypes = entityTypes.length;
  for (const { intent, languages: said } of intents) {
    read.parameters += intent?.parameters.length ?? 0;
    for (const [tag, { trainingPhrases, messages }] of Object.entries(said)) {
      spoken.add(tag);
      read.messages += messages.length;
      read[intent?.isFallback === true ? 'negativeExamples' : 'trainingPhrases'] += trainingPhrases.length;
      const templates = trainingPhrases.filter(({ type }) => type === PhraseType.TEMPLATE);
      findings.rest('training phrases in template mode', templates.length);
    }
  }
  for (const { languages: said } of entityTypes) {
    for (const [tag, { entities }] of Object.entries(said)) {
      spoken.add(tag);
      read.entities += entities.length;
    }
  }
  read.languages = [...spoken];
}
