import type { AnchoredSpan, Anchors } from './anchors.ts';
import { CompiledType } from './compiled-type.ts';
import { checkReferences, referencedTypes } from './composition-graph.ts';
import {
  type EntitySpan,
  type EntityTypeDefinition,
  type EntityTypeError,
  type Match,
  withoutOverlaps,
} from './entity-type.ts';
import { plainText, type SystemQuery } from './system/query.ts';
import {
  isOpenSystemType,
  loadSystemReader,
  openValue,
  type SystemReader,
} from './system/system-entities.ts';
import { tokenize } from './tokens.ts';

/** What is looked for in a text, and when and where it is said. */
export interface RecognitionRequest {
  readonly text: string;
  /** The entity types that are wanted, with their "@". Of two that find the same piece, the earlier one has it. */
  readonly entityTypes: readonly string[];
  /** The places of values in the training phrases of the intent, for `@sys.any` and for values that are not listed. */
  readonly anchors?: Anchors;
  /** The entity type that was asked for: a text without more is a value of it, as far as that can be. */
  readonly answers?: string;
  readonly nowMs: number;
  /** A name of the IANA time zone database: "Europe/Berlin". */
  readonly timeZone: string;
}

/** A session's own entries of an entity type, which replace the agent's or come beside them. */
export interface EntityTypeOverride {
  readonly definition: EntityTypeDefinition;
  readonly mode: 'override' | 'supplement';
}

/** What is read of a text, in UTF-16 units: twice what Dialogflow takes. What is longer costs no more. */
export const recognizedLengthMax = 512;
/** Words of an answer that is taken for a value of an open type other than `@sys.any`. */
const ANSWER_WORDS_MAX = 5;
/** Words that `@sys.any` stands for within a composition. */
const ANY_WORDS_MAX = 8;
/** Numbers are in everything: whatever else finds the same piece knows more about it. */
const GENERIC_TYPES: ReadonlySet<string> = new Set([
  '@sys.number',
  '@sys.number-integer',
  '@sys.cardinal',
  '@sys.number-sequence',
]);

/**
 * Finds values of an agent's entity types, and of the system's, in what people say in one language. It is made once
 * for an agent's training, and answers any number of requests at a time.
 */
export class EntityRecognizer {
  /** What is wrong with the definitions. It is left out; everything else is found. */
  readonly problems: readonly EntityTypeError[];
  readonly #language: string;
  readonly #types: ReadonlyMap<string, readonly CompiledType[]>;

  private constructor(language: string, types: ReadonlyMap<string, readonly CompiledType[]>) {
    this.#language = language;
    this.#types = types;
    const compiled = [...types.values()].flat();
    this.problems = [...compiled.flatMap(({ problems }) => problems), ...checkReferences(compiled)];
  }

  /** Compiles the entity types of an agent for a language ("en", "pt-BR"). Of equal names the first counts. */
  static async compile(
    definitions: Iterable<EntityTypeDefinition>,
    language: string,
  ): Promise<EntityRecognizer> {
    const types = new Map<string, CompiledType[]>();
    for (const definition of definitions) {
      const name = `@${definition.displayName}`;
      if (!types.has(name)) types.set(name, [await CompiledType.compile(definition)]);
    }
    return new EntityRecognizer(language, types);
  }

  /** A recognizer in which a session's entity types stand over the agent's. The agent's stays as it is. */
  async layer(overrides: Iterable<EntityTypeOverride>): Promise<EntityRecognizer> {
    const types = new Map(this.#types);
    for (const { definition, mode } of overrides) {
      const name = `@${definition.displayName}`;
      const compiled = await CompiledType.compile(definition);
      types.set(name, mode === 'override' ? [compiled] : [...(types.get(name) ?? []), compiled]);
    }
    return new EntityRecognizer(this.#language, types);
  }

  /** Whether an entity type, with its "@", is one of the agent's or the session's. */
  has(entityType: string): boolean {
    return this.#types.has(entityType);
  }

  /**
   * The values of the wanted entity types in a text, in order and without overlaps: the longest first, values that are
   * known before those that only their place tells. Refuses a time zone that is none with a RangeError.
   */
  async recognize(request: RecognitionRequest): Promise<EntitySpan[]> {
    const beginning = readable(request.text);
    const text = plainText(beginning);
    const { nowMs, timeZone, answers } = request;
    const query = { text, tokens: tokenize(beginning), language: this.#language, nowMs, timeZone, answers };
    checkTimeZone(timeZone);
    const wanted = [...new Set(request.entityTypes)];
    const finder = new MatchFinder(query, this.#types, await this.#load(wanted));
    const known = withoutOverlaps(
      byPreference(wanted, answers).flatMap((entityType) =>
        finder.find(entityType).map((match): FoundSpan => ({ ...match, entityType, alias: undefined })),
      ),
    );
    const open = new Set(wanted.filter((entityType) => this.#isOpen(entityType)));
    const { anchors } = request;
    const spans =
      anchors === undefined ? known : withPlaces(anchors.name(text, known), anchors.find(text, known, open));
    const all = answers !== undefined && open.has(answers) ? withAnswer(query, spans, answers) : spans;
    return all.map((span) => written(span, request.text));
  }

  /** Loads what finds the wanted system entity types and those within the wanted compositions. */
  async #load(wanted: readonly string[]): Promise<ReadonlyMap<string, SystemReader>> {
    const readers = new Map<string, SystemReader>();
    for (const entityType of referencedTypes(wanted, this.#types)) {
      if (entityType.startsWith('@sys.'))
        readers.set(entityType, await loadSystemReader(entityType, this.#language));
    }
    return readers;
  }

  /** Whether values are also taken from their place. */
  #isOpen(entityType: string): boolean {
    const expands = this.#types.get(entityType)?.some(({ definition }) => definition.autoExpansion === true);
    return expands === true || isOpenSystemType(entityType);
  }
}

interface FoundSpan extends Match {
  readonly entityType: string;
  readonly alias: string | undefined;
}

/** Finds the matches of each entity type in one text once, however many compositions it is a part of. */
class MatchFinder {
  readonly #query: SystemQuery;
  readonly #types: ReadonlyMap<string, readonly CompiledType[]>;
  readonly #readers: ReadonlyMap<string, SystemReader>;
  readonly #found = new Map<string, readonly Match[]>();

  constructor(
    query: SystemQuery,
    types: ReadonlyMap<string, readonly CompiledType[]>,
    readers: ReadonlyMap<string, SystemReader>,
  ) {
    this.#query = query;
    this.#types = types;
    this.#readers = readers;
  }

  find(entityType: string): readonly Match[] {
    const before = this.#found.get(entityType);
    if (before !== undefined) return before;
    // A composition that contains itself finds nothing within itself.
    this.#found.set(entityType, []);
    const { text, tokens } = this.#query;
    const matchesOf = (name: string): readonly Match[] =>
      name === '@sys.any' ? this.#anyMatches() : this.find(name);
    const matches = withoutOverlaps([
      ...(this.#types.get(entityType) ?? []).flatMap((type) => type.find(text, tokens, matchesOf)),
      ...(this.#readers.get(entityType)?.find(this.#query, entityType) ?? []),
    ]);
    this.#found.set(entityType, matches);
    return matches;
  }

  /** Within a composition `@sys.any` is any few words. */
  #anyMatches(): readonly Match[] {
    const { text, tokens } = this.#query;
    return tokens.flatMap(({ start }, first) =>
      tokens
        .slice(first, first + ANY_WORDS_MAX)
        .map(({ end }) => ({ start, end, value: text.slice(start, end) })),
    );
  }
}

const timeZones = new Set<string>();
const TIME_ZONES_MAX = 1_000;

/** Throws a RangeError where there is no such zone. To ask `Intl` takes longer than to recognise most texts. */
function checkTimeZone(timeZone: string): void {
  if (timeZones.has(timeZone)) return;
  new Intl.DateTimeFormat('en', { timeZone });
  // Names may be written in capital and small letters in any way.
  if (timeZones.size < TIME_ZONES_MAX) timeZones.add(timeZone);
}

/** The beginning of a text that is read, without half a character at its end. */
function readable(text: string): string {
  const cut = text.slice(0, recognizedLengthMax);
  return text.length > recognizedLengthMax && /[\ud800-\udbff]$/u.test(cut) ? cut.slice(0, -1) : cut;
}

function byPreference(entityTypes: readonly string[], answers: string | undefined): string[] {
  const rank = (entityType: string): number =>
    entityType === answers ? 0 : GENERIC_TYPES.has(entityType) ? 2 : 1;
  return entityTypes.toSorted((one, other) => rank(one) - rank(other));
}

/** Adds values that their places tell, where nothing is known; those with the most context first. */
function withPlaces(known: readonly FoundSpan[], anchored: readonly AnchoredSpan[]): FoundSpan[] {
  const spans = [...known];
  for (const { entityType, alias, start, end, value } of anchored) {
    if (spans.some((span) => start < span.end && span.start < end)) continue;
    if (alias !== undefined && spans.some((span) => span.alias === alias)) continue;
    spans.push({ entityType, alias, start, end, value: openValue(entityType, String(value)) });
  }
  return spans.sort((a, b) => a.start - b.start);
}

/** Takes what is left of an answer for the value that was asked for, where nothing else is one. */
function withAnswer(query: SystemQuery, spans: readonly FoundSpan[], entityType: string): FoundSpan[] {
  if (spans.some((span) => span.entityType === entityType)) return [...spans];
  const free = query.tokens.filter(({ start, end }) =>
    spans.every((span) => end <= span.start || start >= span.end),
  );
  const [first] = free;
  const last = free.at(-1);
  const isShort = entityType === '@sys.any' || free.length <= ANSWER_WORDS_MAX;
  if (first === undefined || last === undefined || !isShort) return [...spans];
  // Nothing stands between its words.
  if (spans.some((span) => span.start > first.start && span.start < last.start)) return [...spans];
  const value = openValue(entityType, query.text.slice(first.start, last.end));
  const answer = { entityType, alias: undefined, start: first.start, end: last.end, value };
  return [...spans, answer].sort((a, b) => a.start - b.start);
}

function written({ entityType, alias, start, end, value }: FoundSpan, text: string): EntitySpan {
  const span = { entityType, start, end, text: text.slice(start, end), value };
  return alias === undefined ? span : { ...span, alias };
}
