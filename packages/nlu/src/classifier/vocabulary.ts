import { type FeatureKeys, type FeatureShape, featureKeys } from '../text/feature-keys.ts';
import { normalizeText } from '../text/normalization.ts';
import { splitWords } from '../text/words.ts';
import type { SparseRow } from './sparse-rows.ts';

const SHAPE: FeatureShape = { wordGrams: 2, wordPairsWithin: 8, characterGrams: [3, 4] };
/** What comes after says nothing about an intent, and costs time. */
const CHARACTERS_MAX = 2000;
/** From so many texts on, what occurs in one alone is mostly chance. */
const RARE_TEXTS = 2000;
const FEATURES_MAX = 120_000;
/** How much a feature that no training phrase has counts against the others of a text. */
const UNKNOWN_WEIGHT = 0.5;
/** The lengths of words and of characters: a little less trust in the parts of words tells large sets apart better. */
const LENGTHS = [1, 0.85] as const;
/** What a text of known features has in common with itself. */
export const COMMON_MAX = LENGTHS[0] ** 2 + LENGTHS[1] ** 2;
/** What a text weighs at least, to what texts weigh on average. */
const FLOOR = 0.1;

/** The words that a text is told apart by. */
export function wordsOf(text: string): string[] {
  return splitWords(normalizeText(text.slice(0, CHARACTERS_MAX)));
}

/** The features that occur in training phrases, a column each, and in how many of the phrases they do. */
export class Vocabulary {
  readonly keys: Uint32Array;
  readonly frequencies: Uint32Array;
  /** The texts that the frequencies count. */
  readonly texts: number;
  /** What the words and the characters of a text weigh at least, in squares. */
  readonly floors: Float32Array;
  readonly #columns = new Map<number, number>();
  readonly #weights: Float32Array;
  readonly #unknown: number;
  /** Occurrences in the text at hand, zero between texts. */
  readonly #counts: Int32Array;

  constructor(keys: Uint32Array, frequencies: Uint32Array, texts: number, floors: Float32Array) {
    this.keys = keys;
    this.frequencies = frequencies;
    this.texts = texts;
    this.floors = floors;
    for (const [column, key] of keys.entries()) this.#columns.set(key, column);
    this.#weights = Float32Array.from(frequencies, (frequency) => inverseFrequency(frequency, texts));
    this.#unknown = UNKNOWN_WEIGHT * inverseFrequency(0, texts) ** 2;
    this.#counts = new Int32Array(keys.length);
  }

  get size(): number {
    return this.keys.length;
  }

  /** The same features, in the order of `columns`. */
  reorder(columns: Int32Array): Vocabulary {
    const at = (values: Uint32Array) => Uint32Array.from(columns, (column) => values[column] as number);
    return new Vocabulary(at(this.keys), at(this.frequencies), this.texts, this.floors);
  }

  /**
   * The features of a text that are known, weighted by how rare they are. Words and characters each have their length at
   * most: the less, the more of the text is unknown or the less there is of it, so that what is made of strange words or
   * of "my" alone is sure of nothing.
   */
  rowOf(words: readonly string[]): SparseRow {
    const keys = featureKeys(words, SHAPE);
    const columns: number[] = [];
    const values: number[] = [];
    for (const [kind, own] of [keys.words, keys.characters].entries()) {
      const first = columns.length;
      const squares = this.#append(own, columns, values);
      const scale = (LENGTHS[kind] as number) / Math.sqrt(Math.max(squares, this.floors[kind] as number));
      for (let index = first; index < values.length; index++) {
        values[index] = (values[index] as number) * scale;
      }
    }
    return { columns: Int32Array.from(columns), values: Float32Array.from(values) };
  }

  /** The same with floors at a share of what the texts weigh on average. */
  withFloors(texts: readonly (readonly string[])[]): Vocabulary {
    const floors = new Float32Array(2);
    for (const words of texts) {
      const keys = featureKeys(words, SHAPE);
      for (const [kind, own] of [keys.words, keys.characters].entries()) {
        floors[kind] = (floors[kind] as number) + (FLOOR * this.#append(own, [], [])) / texts.length;
      }
    }
    return new Vocabulary(this.keys, this.frequencies, this.texts, floors);
  }

  /** Appends what is known of the features of one kind. How much all of them weigh, in squares. */
  #append(keys: readonly number[], columns: number[], values: number[]): number {
    const first = columns.length;
    let squares = 0;
    for (const key of keys) {
      const column = this.#columns.get(key);
      if (column === undefined) {
        squares += this.#unknown;
        continue;
      }
      const count = this.#counts[column] as number;
      if (count === 0) columns.push(column);
      this.#counts[column] = count + 1;
    }
    for (let index = first; index < columns.length; index++) {
      const column = columns[index] as number;
      const value = (1 + Math.log(this.#counts[column] as number)) * (this.#weights[column] as number);
      this.#counts[column] = 0;
      values.push(value);
      squares += value * value;
    }
    return squares;
  }
}

/** Counts in how many texts each feature occurs, and keeps the frequent ones. */
export function countVocabulary(texts: readonly (readonly string[])[]): Vocabulary {
  const counted = new Map<number, { texts: number; last: number }>();
  let number = 0;
  for (const words of texts) {
    number++;
    const { words: wordKeys, characters }: FeatureKeys = featureKeys(words, SHAPE);
    for (const keys of [wordKeys, characters]) {
      for (const key of keys) {
        const entry = counted.get(key);
        if (entry === undefined) counted.set(key, { texts: 1, last: number });
        else if (entry.last !== number) {
          entry.texts++;
          entry.last = number;
        }
      }
    }
  }
  const least = number > RARE_TEXTS ? 2 : 1;
  const kept = [...counted].filter(([, { texts }]) => texts >= least);
  if (kept.length > FEATURES_MAX) {
    kept.sort(([key, a], [otherKey, b]) => b.texts - a.texts || key - otherKey);
    kept.length = FEATURES_MAX;
  }
  const keys = Uint32Array.from(kept, ([key]) => key);
  const frequencies = Uint32Array.from(kept, ([, { texts: count }]) => count);
  return new Vocabulary(keys, frequencies, number, new Float32Array(2)).withFloors(texts);
}

function inverseFrequency(frequency: number, texts: number): number {
  return Math.log((1 + texts) / (1 + frequency)) + 1;
}
