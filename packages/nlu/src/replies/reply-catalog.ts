import { featureKeys } from '../text/feature-keys.ts';
import { wordsOf } from './reply-features.ts';

/** From this part of common words and pairs of words on, two replies are one. */
const DUPLICATE_SIMILARITY = 0.8;

/** Replies that can be suggested, with how often each was given. */
export interface ReplyCatalog {
  readonly texts: readonly string[];
  readonly counts: Uint32Array;
}

/** A catalogue, and which of its entries each of the given replies became. */
export interface MergedReplies {
  readonly catalog: ReplyCatalog;
  readonly entryOf: Int32Array;
}

/** What a reply is compared with others by: sorted keys of its words and pairs of neighbours. Numbers are all alike. */
export function shapeOf(text: string): Uint32Array {
  const words = wordsOf(text.replaceAll(/\p{Nd}+/gu, '0'));
  return Uint32Array.from(new Set(featureKeys(words, { wordGrams: 2 }).words)).sort();
}

/** Which part of all keys two shapes have in common: 0 to 1. Two that are empty have nothing in common. */
export function similarityOf(a: Uint32Array, b: Uint32Array): number {
  let common = 0;
  for (let indexA = 0, indexB = 0; indexA < a.length && indexB < b.length; ) {
    const [keyA, keyB] = [a[indexA] as number, b[indexB] as number];
    if (keyA === keyB) common++;
    if (keyA <= keyB) indexA++;
    if (keyB <= keyA) indexB++;
  }
  const all = a.length + b.length - common;
  return all === 0 ? 0 : common / all;
}

/** Makes one entry of all replies that are nearly the same; its text is that given most often, of equals the first. */
export function mergeReplies(replies: readonly string[], counts: ArrayLike<number>): MergedReplies {
  const shapes = replies.map(shapeOf);
  const frequencies = new Map<number, number>();
  for (const shape of shapes) for (const key of shape) frequencies.set(key, (frequencies.get(key) ?? 0) + 1);
  const countOf = (reply: number): number => counts[reply] as number;
  const order = [...replies.keys()].sort((a, b) => countOf(b) - countOf(a) || a - b);

  const texts: string[] = [];
  const entryShapes: Uint32Array[] = [];
  const entryCounts: number[] = [];
  const entryOf = new Int32Array(replies.length);
  // Two shapes that are similar enough share at least one of the rarest keys of each, as many as may be missing and one.
  const entriesByKey = new Map<number, number[]>();
  for (const reply of order) {
    const shape = shapes[reply] as Uint32Array;
    const rarest = rarestOf(shape, frequencies);
    const candidates = new Set(rarest.flatMap((key) => entriesByKey.get(key) ?? []));
    let entry = -1;
    let most = DUPLICATE_SIMILARITY;
    for (const candidate of candidates) {
      const similarity = similarityOf(shape, entryShapes[candidate] as Uint32Array);
      if (similarity < most || (similarity === most && entry >= 0)) continue;
      most = similarity;
      entry = candidate;
    }
    if (entry < 0) {
      entry = texts.push(replies[reply] as string) - 1;
      entryShapes.push(shape);
      entryCounts.push(0);
      for (const key of rarest) {
        const entries = entriesByKey.get(key);
        if (entries === undefined) entriesByKey.set(key, [entry]);
        else entries.push(entry);
      }
    }
    entryCounts[entry] = (entryCounts[entry] as number) + countOf(reply);
    entryOf[reply] = entry;
  }
  return { catalog: { texts, counts: Uint32Array.from(entryCounts) }, entryOf };
}

function rarestOf(shape: Uint32Array, frequencies: ReadonlyMap<number, number>): number[] {
  const missing = shape.length - Math.ceil(shape.length * DUPLICATE_SIMILARITY);
  return [...shape]
    .sort((a, b) => (frequencies.get(a) ?? 0) - (frequencies.get(b) ?? 0) || a - b)
    .slice(0, missing + 1);
}

/** Texts by what they have in common with others: to compare each with each would take a second for a thousand. */
export class ShapeIndex {
  readonly #lengths: number[] = [];
  readonly #postings = new Map<number, number[]>();

  add(shape: Uint32Array): void {
    const entry = this.#lengths.push(shape.length) - 1;
    for (const key of shape) {
      const entries = this.#postings.get(key);
      if (entries === undefined) this.#postings.set(key, [entry]);
      else entries.push(entry);
    }
  }

  /** Those with at least such a similarity to a shape. */
  similarTo(shape: Uint32Array, similarityMin: number): number[] {
    const common = new Map<number, number>();
    for (const key of shape) {
      for (const entry of this.#postings.get(key) ?? []) common.set(entry, (common.get(entry) ?? 0) + 1);
    }
    const similar: number[] = [];
    for (const [entry, count] of common) {
      const all = shape.length + (this.#lengths[entry] as number) - count;
      if (count / all >= similarityMin) similar.push(entry);
    }
    return similar;
  }
}
