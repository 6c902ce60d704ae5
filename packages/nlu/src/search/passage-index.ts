import { featureKeys } from '../text/feature-keys.ts';
import { normalizeText } from '../text/normalization.ts';
import { splitWords } from '../text/words.ts';
import type { Passage, PassageHit, PassageQuery, PassageSearch } from './passage-search.ts';

/** Of a query, only so many characters and distinct words count. */
const QUERY_LENGTH_MAX = 2000;
const QUERY_WORDS_MAX = 64;
/** Of a passage. More makes it no easier to find, and takes the memory of the others. */
const PASSAGE_LENGTH_MAX = 100_000;
/** A word of a title counts as often as this. */
const TITLE_WEIGHT = 2;
const SHAPE = { wordGrams: 1, characterGrams: [3, 3] } as const;
/** What a part of a word counts beside a whole one. */
const PART_WEIGHT = 0.5;

/**
 * A part of a word that more than so many passages have, and more than half of all, is passed over: it takes the most time of
 * all, and tells next to nothing.
 */
const COMMON_MIN = 10_000;

/** Of BM25: how much a repeated word counts, and how much a long passage is held back. */
const K1 = 1.2;
const B = 0.75;

/** An occurrence is the passage's slot times this, plus how often: one number of 32 bits. */
const COUNT_BITS = 8;
const COUNTS = 2 ** COUNT_BITS;
const SLOTS_MAX = 0x1_0000_0000 / COUNTS;
/** Slots of passages that are gone are given back once they are so many, and half of all. */
const GONE_MIN = 64;

/** The occurrences of one feature, in the order of their slots. */
interface Postings {
  occurrences: Uint32Array;
  count: number;
}

/** A feature of a query, and where it occurs. */
interface Feature {
  readonly rarity: number;
  readonly postings: Postings | undefined;
}

/**
 * Full text in memory: BM25 over words and over parts of three letters, so that a misspelt or bent word is found by what
 * is left of it, in all languages that `splitWords` splits.
 */
export class PassageIndex implements PassageSearch {
  readonly #postings = new Map<number, Postings>();
  readonly #slotOf = new Map<string, number>();
  /** By slot; undefined where the passage is gone. */
  #ids: (string | undefined)[] = [];
  /** How many features each slot's passage has. */
  #lengths: number[] = [];
  #totalLength = 0;
  /** By slot, how much BM25 holds a passage of its length back; undefined where lengths have changed since. */
  #restraints: Float64Array | undefined;

  get size(): number {
    return this.#slotOf.size;
  }

  /** Adds a passage, or puts it in the place of that with the same id. Throws RangeError beyond 16 million. */
  put({ id, title = '', text }: Passage): void {
    this.remove(id);
    const slot = this.#ids.length;
    if (slot >= SLOTS_MAX) throw new RangeError(`an index holds ${SLOTS_MAX} passages at most`);
    const counts = new Map<number, number>();
    for (const [part, weight] of [
      [title, TITLE_WEIGHT],
      [text, 1],
    ] as const) {
      const { words, characters } = featureKeys(wordsOf(part, PASSAGE_LENGTH_MAX), SHAPE);
      for (const key of [...words, ...characters]) counts.set(key, (counts.get(key) ?? 0) + weight);
    }
    let length = 0;
    for (const [key, count] of counts) {
      length += count;
      this.#append(key, slot * COUNTS + Math.min(count, COUNTS - 1));
    }
    this.#ids.push(id);
    this.#slotOf.set(id, slot);
    this.#lengths.push(length);
    this.#totalLength += length;
    this.#restraints = undefined;
  }

  /** Takes a passage out, and says whether there was one. */
  remove(id: string): boolean {
    const slot = this.#slotOf.get(id);
    if (slot === undefined) return false;
    this.#slotOf.delete(id);
    this.#ids[slot] = undefined;
    this.#totalLength -= this.#lengths[slot] as number;
    this.#restraints = undefined;
    const gone = this.#ids.length - this.#slotOf.size;
    if (gone >= GONE_MIN && gone * 2 > this.#ids.length) this.#giveBack();
    return true;
  }

  async search({ text, limit, accepts }: PassageQuery): Promise<readonly PassageHit[]> {
    if (limit <= 0) return [];
    const { words, characters } = featureKeys(queryWords(text), SHAPE);
    const scores = new Float64Array(this.#ids.length);
    const features: Feature[] = [];
    for (const [keys, weight] of [
      [new Set(words), 1],
      [new Set(characters), PART_WEIGHT],
    ] as const) {
      for (const key of keys) features.push(this.#addScores(key, weight, scores));
    }
    const whole = features.reduce((sum, { rarity }) => sum + rarity, 0);
    const best: number[] = [];
    let least = 0;
    for (let slot = 0; slot < scores.length; slot++) {
      const score = scores[slot] as number;
      if (score <= least) continue;
      const id = this.#ids[slot];
      if (id === undefined || accepts?.(id) === false) continue;
      const place = best.findIndex((other) => score > (scores[other] as number));
      best.splice(place < 0 ? best.length : place, 0, slot);
      if (best.length > limit) best.pop();
      // As long as there is room, whatever has a part of the query is good enough.
      if (best.length === limit) least = scores[best.at(-1) as number] as number;
    }
    return best.map((slot) => ({
      id: this.#ids[slot] as string,
      score: scores[slot] as number,
      coverage: coveredBy(slot, features) / whole,
    }));
  }

  /** Adds what a feature of the query is worth to each passage that has it. */
  #addScores(key: number, weight: number, scores: Float64Array): Feature {
    const postings = this.#postings.get(key);
    const frequency = postings?.count ?? 0;
    const rarity = weight * Math.log(1 + (this.#ids.length - frequency + 0.5) / (frequency + 0.5));
    if (postings === undefined) return { rarity, postings };
    const isCommon = frequency > COMMON_MIN && frequency * 2 > this.size;
    if (isCommon && weight === PART_WEIGHT) return { rarity: 0, postings: undefined };
    const { occurrences } = postings;
    this.#restraints ??= this.#holdBack();
    const restraints = this.#restraints;
    const worth = rarity * (K1 + 1);
    // Most of what a search takes is taken here.
    for (let index = 0; index < frequency; index++) {
      const occurrence = occurrences[index] as number;
      const slot = occurrence >>> COUNT_BITS;
      const count = occurrence & (COUNTS - 1);
      scores[slot] = (scores[slot] as number) + (worth * count) / (count + (restraints[slot] as number));
    }
    return { rarity, postings };
  }

  #holdBack(): Float64Array {
    const averageLength = this.#totalLength / this.size || 1;
    return Float64Array.from(this.#lengths, (length) => K1 * (1 - B + (B * length) / averageLength));
  }

  #append(key: number, occurrence: number): void {
    const postings = this.#postings.get(key);
    if (postings === undefined) {
      this.#postings.set(key, { occurrences: Uint32Array.of(occurrence), count: 1 });
      return;
    }
    if (postings.count === postings.occurrences.length) {
      const wider = new Uint32Array(postings.count * 2);
      wider.set(postings.occurrences);
      postings.occurrences = wider;
    }
    postings.occurrences[postings.count++] = occurrence;
  }

  /** Numbers the passages that are left anew, in their order. */
  #giveBack(): void {
    const slots = [...this.#ids.keys()].filter((slot) => this.#ids[slot] !== undefined);
    const moved = new Map(slots.map((slot, place) => [slot, place]));
    for (const [key, postings] of this.#postings) {
      let left = 0;
      for (let index = 0; index < postings.count; index++) {
        const occurrence = postings.occurrences[index] as number;
        const slot = moved.get(Math.floor(occurrence / COUNTS));
        if (slot === undefined) continue;
        postings.occurrences[left++] = slot * COUNTS + (occurrence % COUNTS);
      }
      postings.count = left;
      if (left === 0) this.#postings.delete(key);
      else postings.occurrences = postings.occurrences.slice(0, left);
    }
    this.#ids = slots.map((slot) => this.#ids[slot]);
    this.#lengths = slots.map((slot) => this.#lengths[slot] as number);
    this.#restraints = undefined;
    for (const [slot, id] of this.#ids.entries()) this.#slotOf.set(id as string, slot);
  }
}

/** The rarity of all features that a passage has: looked up for the few that are hits. */
function coveredBy(slot: number, features: readonly Feature[]): number {
  let covered = 0;
  for (const { rarity, postings } of features) {
    if (postings !== undefined && occursIn(slot, postings)) covered += rarity;
  }
  return covered;
}

function occursIn(slot: number, { occurrences, count }: Postings): boolean {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((occurrences[middle] as number) >>> COUNT_BITS < slot) low = middle + 1;
    else high = middle;
  }
  return low < count && (occurrences[low] as number) >>> COUNT_BITS === slot;
}

/** The distinct words of a query that count, in order: what a store's full text is asked for. */
export function queryWords(text: string): string[] {
  return [...new Set(wordsOf(text, QUERY_LENGTH_MAX))].slice(0, QUERY_WORDS_MAX);
}

function wordsOf(text: string, lengthMax: number): string[] {
  return splitWords(normalizeText(text.slice(0, lengthMax)));
}
