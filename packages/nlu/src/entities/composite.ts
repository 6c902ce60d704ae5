import type { EntityValue, Match } from './entity-type.ts';
import { type Token, tokenWords } from './tokens.ts';

/** A part of a composition: a word as it is compared, or a value of an entity type under a name. */
export type CompositePart =
  | { readonly word: string }
  | { readonly entityType: string; readonly alias: string };

/** "@colour:colour @sys.number:size", wherever it stands in a list's entry. */
const REFERENCE = /@([\p{L}_][\p{L}\p{N}_.-]*):([\p{L}\p{N}_-]+)/gu;

/** Ways to reach the same place that are kept: of more, the first ones found say as much. */
const WAYS_MAX = 64;
/** Places at which compositions are tried in one text, of all entries of a type. */
const TRIES_MAX = 20_000;

interface Way {
  /** The number of the token that comes next. */
  readonly at: number;
  readonly start: number;
  readonly value: { readonly [alias: string]: EntityValue };
}

/** The parts of an entry, or nothing where it refers to no entity type. */
export function parseComposition(entry: string): CompositePart[] | undefined {
  const parts: CompositePart[] = [];
  let after = 0;
  for (const { 0: reference, 1: name = '', 2: alias = '', index } of entry.matchAll(REFERENCE)) {
    for (const word of tokenWords(entry.slice(after, index))) parts.push({ word });
    parts.push({ entityType: `@${name}`, alias });
    after = index + reference.length;
  }
  if (after === 0) return undefined;
  for (const word of tokenWords(entry.slice(after))) parts.push({ word });
  return parts;
}

/**
 * Finds compositions in one text. `matchesOf` gives what is found of an entity type, longest first; punctuation may stand
 * between the parts of a composition, words may not.
 */
export class CompositionFinder {
  readonly #tokens: readonly Token[];
  readonly #matchesOf: (entityType: string) => readonly Match[];
  /** The numbers of the tokens where a word stands, or a value of an entity type begins. */
  readonly #starts = new Map<string, readonly number[]>();
  #tries = 0;

  constructor(tokens: readonly Token[], matchesOf: (entityType: string) => readonly Match[]) {
    this.#tokens = tokens;
    this.#matchesOf = matchesOf;
  }

  /** The longest places that a composition describes, with the values by their names. */
  find(parts: readonly CompositePart[]): Match[] {
    const [opening] = parts;
    if (opening === undefined) return [];
    const found: Match[] = [];
    for (const first of this.#startsOf(opening)) {
      this.#tries += 1;
      if (this.#tries > TRIES_MAX) break;
      const match = this.#matchAt(parts, first);
      if (match !== undefined) found.push(match);
    }
    return found;
  }

  #startsOf(opening: CompositePart): readonly number[] {
    const key = 'word' in opening ? opening.word : opening.entityType;
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const isStart =
      'word' in opening
        ? ({ word }: Token): boolean => word === opening.word
        : ({ start, end }: Token): boolean =>
            this.#matchesOf(opening.entityType).some((match) => match.start < end && match.end > start);
    const starts = this.#tokens.flatMap((token, at) => (isStart(token) ? [at] : []));
    this.#starts.set(key, starts);
    return starts;
  }

  #matchAt(parts: readonly CompositePart[], first: number): Match | undefined {
    const token = this.#tokens[first];
    if (token === undefined) return undefined;
    let ways: Way[] = [{ at: first, start: token.start, value: {} }];
    for (const part of parts) {
      ways = ways.flatMap((way) =>
        continueWay(way, part, { tokens: this.#tokens, matchesOf: this.#matchesOf }),
      );
      ways = ways.slice(0, WAYS_MAX);
      if (ways.length === 0) return undefined;
    }
    const longest = ways.toSorted((a, b) => b.at - a.at)[0];
    const last = this.#tokens[(longest?.at ?? 0) - 1];
    if (longest === undefined || last === undefined || longest.at <= first) return undefined;
    return { start: longest.start, end: last.end, value: longest.value };
  }
}

function continueWay(
  { at, start, value }: Way,
  part: CompositePart,
  text: {
    readonly tokens: readonly Token[];
    readonly matchesOf: (entityType: string) => readonly Match[];
  },
): Way[] {
  const token = text.tokens[at];
  if (token === undefined) return [];
  if ('word' in part) return token.word === part.word ? [{ at: at + 1, start, value }] : [];
  const ways: Way[] = [];
  for (const match of text.matchesOf(part.entityType)) {
    // A value may begin with a sign that is no token: "-5", "(555) 1234".
    if (match.end <= token.start || match.start > token.start) continue;
    if (at > 0 && match.start < (text.tokens[at - 1]?.end ?? 0)) continue;
    let next = at;
    while ((text.tokens[next]?.start ?? Number.POSITIVE_INFINITY) < match.end) next += 1;
    ways.push({
      at: next,
      start: Math.min(start, match.start),
      value: { ...value, [part.alias]: match.value },
    });
  }
  return ways;
}
