import { type EntityValue, type Match, withoutOverlaps } from './entity-type.ts';
import { NearWords } from './near-words.ts';
import type { Token } from './tokens.ts';

/** Words with digits are names of models and numbers of orders: one letter off is another thing. */
const DIGIT = /\p{N}/u;
/** A word may have been split, or words run together: as many words of the text are compared as one. */
const JOINED_MAX = 4;
/** Entries of fewer words must be there whole; of others one word may be missing. */
const PARTIAL_WORDS_MIN = 3;
/** Phrases of more words are found as they are written only. */
const WORDS_MAX = 8;
/** Comparisons with entries for one text: what people type comes nowhere near, and what they don't takes no longer. */
const COMPARISONS_MAX = 20_000;

interface Entry {
  readonly words: readonly string[];
  readonly value: EntityValue;
}

interface Candidate extends Match {
  /** The letters that agree, less what the edits and missing words cost. */
  readonly score: number;
}

/**
 * Finds values that are misspelt, and values of several words in any order or with one of three and more left out:
 * "lumbr", "faceboook", "i phone", "ball red", "cold coffee" for "cold brew coffee".
 * https://cloud.google.com/dialogflow/es/docs/entities-fuzzy
 *
 * A word of four to seven letters may have one edit and must begin with the same letter, a longer one may have two.
 */
export class FuzzyPhrases {
  readonly #words: NearWords;
  readonly #joined = new Map<string, Entry>();
  /** Entries by the two of their words that the fewest others have: one of them is always there. */
  readonly #byWord = new Map<string, Entry[]>();

  constructor(phrases: Iterable<{ readonly words: readonly string[]; readonly value: EntityValue }>) {
    const entries: Entry[] = [];
    const frequency = new Map<string, number>();
    for (const { words, value } of phrases) {
      const joined = words.join('');
      if (joined === '' || this.#joined.has(joined)) continue;
      const entry = { words, value };
      this.#joined.set(joined, entry);
      if (words.length === 1 || words.length > WORDS_MAX) continue;
      entries.push(entry);
      for (const word of new Set(words)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
    }
    for (const entry of entries) this.#addByWord(entry, frequency);
    this.#words = new NearWords([...this.#joined.keys(), ...frequency.keys()]);
  }

  #addByWord(entry: Entry, frequency: ReadonlyMap<string, number>): void {
    const rarest = [...new Set(entry.words)].sort(
      (a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0),
    );
    for (const word of rarest.slice(0, entry.words.length < PARTIAL_WORDS_MIN ? 1 : 2)) {
      const entries = this.#byWord.get(word);
      if (entries === undefined) this.#byWord.set(word, [entry]);
      else entries.push(entry);
    }
  }

  find(tokens: readonly Token[]): Match[] {
    const near = new Map<string, ReadonlyMap<string, number>>();
    const alike = (word: string): ReadonlyMap<string, number> => {
      let found = near.get(word);
      if (found === undefined) {
        found = this.#alike(word);
        near.set(word, found);
      }
      return found;
    };
    const candidates = [...this.#findJoined(tokens, alike), ...this.#findScattered(tokens, alike)];
    // Of what overlaps, the longest stays; of equally long ones the most alike.
    return withoutOverlaps(candidates.sort((a, b) => b.score - a.score)).map(({ start, end, value }) => ({
      start,
      end,
      value,
    }));
  }

  #alike(word: string): ReadonlyMap<string, number> {
    const editsMax = word.length < 4 || DIGIT.test(word) ? 0 : word.length < 8 ? 1 : 2;
    const near = this.#words.near(word, editsMax, { sameFirst: editsMax < 2 });
    for (const [listed, distance] of near) {
      const tooShort = distance > 0 && (listed.length < 4 || DIGIT.test(listed));
      const tooFar = distance > 1 && listed.length < 8;
      if (tooShort || tooFar) near.delete(listed);
    }
    return near;
  }

  /** Entries compared as one word without spaces. What is joined must be exact: "my face" is two edits from "face". */
  *#findJoined(
    tokens: readonly Token[],
    alike: (word: string) => ReadonlyMap<string, number>,
  ): Generator<Candidate> {
    for (const [first, { start, word: alone }] of tokens.entries()) {
      for (const [listed, distance] of alike(alone)) {
        yield* this.#candidate(listed, { start, end: tokens[first]?.end ?? start, distance });
      }
      let joined = alone;
      for (const { word, end } of tokens.slice(first + 1, first + JOINED_MAX)) {
        joined += word;
        yield* this.#candidate(joined, { start, end, distance: 0 });
      }
    }
  }

  *#candidate(
    listed: string,
    { start, end, distance }: { readonly start: number; readonly end: number; readonly distance: number },
  ): Generator<Candidate> {
    const entry = this.#joined.get(listed);
    if (entry !== undefined) yield { start, end, value: entry.value, score: listed.length - 3 * distance };
  }

  /** Entries compared word by word, in any order. */
  *#findScattered(
    tokens: readonly Token[],
    alike: (word: string) => ReadonlyMap<string, number>,
  ): Generator<Candidate> {
    let comparisons = 0;
    for (const [at, token] of tokens.entries()) {
      for (const word of alike(token.word).keys()) {
        for (const entry of this.#byWord.get(word) ?? []) {
          const size = entry.words.length;
          for (let first = Math.max(0, at - size + 1); first <= at; first++) {
            comparisons += 1;
            if (comparisons > COMPARISONS_MAX) return;
            const candidate = compare(entry, tokens.slice(first, first + size), alike);
            if (candidate !== undefined) yield candidate;
          }
        }
      }
    }
  }
}

/** An entry in a window of as many words: each is there, or all but one of three and more and nothing between them. */
function compare(
  entry: Entry,
  window: readonly Token[],
  alike: (word: string) => ReadonlyMap<string, number>,
): Candidate | undefined {
  const missing = [...entry.words];
  let score = 0;
  const matched: Token[] = [];
  for (const token of window) {
    const near = alike(token.word);
    let best: string | undefined;
    for (const word of missing) {
      if ((near.get(word) ?? Number.POSITIVE_INFINITY) < (near.get(best ?? '') ?? Number.POSITIVE_INFINITY))
        best = word;
    }
    if (best === undefined) {
      if (matched.length > 0) break;
      continue;
    }
    missing.splice(missing.indexOf(best), 1);
    matched.push(token);
    score += best.length - 3 * (near.get(best) ?? 0);
  }
  const missingMax = entry.words.length < PARTIAL_WORDS_MIN ? 0 : 1;
  const first = matched[0];
  const last = matched.at(-1);
  if (first === undefined || last === undefined || missing.length > missingMax) return undefined;
  return { start: first.start, end: last.end, value: entry.value, score: score - 3 * missing.length };
}
