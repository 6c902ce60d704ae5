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
  readonly #columns = new Map<number, number>();
  readonly #weights: Float32Array;
  readonly #unknown: number;
  /** Occurrences in the text at hand, zero between texts. */
  readonly #counts: Int32Array;

  constructor(keys: Uint32Array, frequencies: Uint32Array, texts: number) {
    this.keys = keys;
    this.frequencies = frequencies;
    this.texts = texts;
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
    return new Vocabulary(at(this.keys), at(this.frequencies), this.texts);
  }

  /**
   * The features of a text that are known, weighted by how rare they are. Words and characters each have length 1 at
   * most: the less, the more of the text is unknown, so that what is made of strange words is sure of nothing.
   */
  rowOf(words: readonly string[]): SparseRow {
    const keys = featureKeys(words, SHAPE);
    const columns: number[] = [];
    const values: number[] = [];
    this.#append(keys.words, columns, values);
    this.#append(keys.characters, columns, values);
    return { columns: Int32Array.from(columns), values: Float32Array.from(values) };
  }

  #append(keys: readonly number[], columns: number[], values: number[]): void {
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
    const scale = 1 / Math.sqrt(squares);
    for (let index = first; index < values.length; index++) values[index] = (values[index] as number) * scale;
  }
}

/** Counts in how many texts each feature occurs, and keeps the frequent ones. */
export function countVocabulary(texts: Iterable<readonly string[]>): Vocabulary {
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
  return new Vocabulary(
    Uint32Array.from(kept, ([key]) => key),
    Uint32Array.from(kept, ([, { texts }]) => texts),
    number,
  );
}

function inverseFrequency(frequency: number, texts: number): number {
  return Math.log((1 + texts) / (1 + frequency)) + 1;
}
