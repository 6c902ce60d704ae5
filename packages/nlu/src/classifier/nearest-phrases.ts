import type { SparseRow, SparseRows } from './sparse-rows.ts';
import { COMMON_MAX } from './vocabulary.ts';

/** Training phrases in the form in which they are kept: bytes stand for 255ths. */
export interface Phrases {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Uint8Array;
  /** Pairs of a class and one of its phrases, ascending by class. */
  readonly classes: Uint32Array;
  readonly texts: Uint32Array;
}

/** Rounds rows, and notes whose they are. */
export function keepPhrases(rows: SparseRows, members: readonly Int32Array[]): Phrases {
  return {
    starts: Uint32Array.from(rows.starts),
    columns: Uint32Array.from(rows.columns),
    values: Uint8Array.from(rows.values, (value) => Math.round(value * 255)),
    classes: Uint32Array.from(members.flatMap((texts, index) => Array.from(texts, () => index))),
    texts: Uint32Array.from(members.flatMap((texts) => [...texts])),
  };
}

/** Finds how near a text is to the nearest phrase of each class. */
export class NearestPhrases {
  readonly phrases: Phrases;
  /** By column: where its postings begin. */
  readonly #starts: Uint32Array;
  readonly #postings: Uint32Array;
  readonly #weights: Uint8Array;
  readonly #count: number;
  readonly #classes: number;

  constructor(phrases: Phrases, classes: number) {
    this.phrases = phrases;
    this.#classes = classes;
    this.#count = Math.max(0, phrases.starts.length - 1);
    const width = phrases.columns.reduce((most, column) => Math.max(most, column + 1), 0);
    const starts = new Uint32Array(width + 1);
    for (const column of phrases.columns) starts[column + 1] = (starts[column + 1] as number) + 1;
    for (let column = 0; column < width; column++) {
      starts[column + 1] = (starts[column + 1] as number) + (starts[column] as number);
    }
    const next = starts.slice();
    this.#starts = starts;
    this.#postings = new Uint32Array(phrases.columns.length);
    this.#weights = new Uint8Array(phrases.columns.length);
    for (let text = 0; text < this.#count; text++) {
      const end = phrases.starts[text + 1] as number;
      for (let entry = phrases.starts[text] as number; entry < end; entry++) {
        const column = phrases.columns[entry] as number;
        const place = next[column] as number;
        next[column] = place + 1;
        this.#postings[place] = text;
        this.#weights[place] = phrases.values[entry] as number;
      }
    }
  }

  /** By class: from 0, nothing in common with any of its phrases, to 1. Texts for which `without` holds are passed over. */
  nearness({ columns, values }: SparseRow, without?: (text: number) => boolean): Float32Array {
    const common = new Float32Array(this.#count);
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as number;
      if (column + 1 >= this.#starts.length) continue;
      const value = (values[index] as number) / 255 / COMMON_MAX;
      const end = this.#starts[column + 1] as number;
      for (let place = this.#starts[column] as number; place < end; place++) {
        const text = this.#postings[place] as number;
        common[text] = (common[text] as number) + value * (this.#weights[place] as number);
      }
    }
    const nearest = new Float32Array(this.#classes);
    const { classes, texts } = this.phrases;
    for (let pair = 0; pair < texts.length; pair++) {
      const text = texts[pair] as number;
      if (without?.(text)) continue;
      const owner = classes[pair] as number;
      nearest[owner] = Math.max(nearest[owner] as number, common[text] as number);
    }
    return nearest;
  }
}
