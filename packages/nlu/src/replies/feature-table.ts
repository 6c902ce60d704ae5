/** Features, as keys. */
export type FeatureKeyList = readonly number[] | Uint32Array;

/** Features with their weights, as entries of a table. */
export interface WeightedFeatures {
  readonly rows: Int32Array;
  readonly weights: Float32Array;
}

/** Those of many, one behind the other: number n has the entries from starts[n] to before starts[n + 1]. */
export interface WeightedRows extends WeightedFeatures {
  readonly starts: Int32Array;
}

/** A text or a context: its features in blocks that count by themselves. */
type Blocks = readonly FeatureKeyList[];

/** Distinct features that are counted: what is met after so many of them is rare. */
const COUNTED_MAX = 2_000_000;

/** The features that are known, a row each, and how much each counts: the rarer, the more. */
export class FeatureTable {
  readonly keys: Uint32Array;
  readonly rarities: Float32Array;
  readonly #rows = new Map<number, number>();

  constructor(keys: Uint32Array, rarities: Float32Array) {
    this.keys = keys;
    this.rarities = rarities;
    for (const [row, key] of keys.entries()) this.#rows.set(key, row);
  }

  get size(): number {
    return this.keys.length;
  }

  /** Whether any of some features is known. */
  hasAny(keys: FeatureKeyList): boolean {
    for (const key of keys) if (this.#rows.has(key)) return true;
    return false;
  }

  /** The known ones of some features, each block scaled to a length of its weight. */
  weigh(blocks: Blocks, blockWeights: readonly number[]): WeightedFeatures {
    const size = sizeOf(blocks);
    const rows = new Int32Array(size);
    const weights = new Float32Array(size);
    const end = this.#weighInto(blocks, blockWeights, { rows, weights }, 0);
    return { rows: rows.subarray(0, end), weights: weights.subarray(0, end) };
  }

  /** The same of so many; `at` answers the blocks of each, and is asked for each twice. */
  weighAll(count: number, at: (index: number) => Blocks, blockWeights: readonly number[]): WeightedRows {
    let size = 0;
    for (let index = 0; index < count; index++) size += sizeOf(at(index));
    const starts = new Int32Array(count + 1);
    // What is not written to takes no memory.
    const all = { rows: new Int32Array(size), weights: new Float32Array(size) };
    let end = 0;
    for (let index = 0; index < count; index++) {
      end = this.#weighInto(at(index), blockWeights, all, end);
      starts[index + 1] = end;
    }
    return { starts, rows: all.rows.subarray(0, end), weights: all.weights.subarray(0, end) };
  }

  /** Writes them from an entry on; answers where they end. */
  #weighInto(
    blocks: Blocks,
    blockWeights: readonly number[],
    { rows, weights }: WeightedFeatures,
    from: number,
  ): number {
    let end = from;
    for (const [index, keys] of blocks.entries()) {
      const start = end;
      let squares = 0;
      for (const key of keys) {
        const row = this.#rows.get(key);
        if (row === undefined) continue;
        const rarity = this.rarities[row] as number;
        squares += rarity * rarity;
        rows[end] = row;
        weights[end] = rarity;
        end++;
      }
      const scale = (blockWeights[index] ?? 1) / Math.sqrt(squares || 1);
      for (let entry = start; entry < end; entry++) weights[entry] = (weights[entry] as number) * scale;
    }
    return end;
  }
}

/** A table of the features that at least so many of the documents have; of too many, those that most have. */
export function countFeatures(
  documents: Iterable<Blocks>,
  documentsMin: number,
  rowsMax = Number.POSITIVE_INFINITY,
): FeatureTable {
  const counts = new Map<number, number>();
  let total = 0;
  for (const blocks of documents) {
    total++;
    for (const keys of blocks) {
      for (const key of keys) {
        const count = counts.get(key);
        if (count !== undefined) counts.set(key, count + 1);
        else if (counts.size < COUNTED_MAX) counts.set(key, 1);
      }
    }
  }
  const kept: [key: number, count: number][] = [];
  for (const entry of counts) if (entry[1] >= documentsMin) kept.push(entry);
  if (kept.length > rowsMax) {
    kept.sort(([a, countA], [b, countB]) => countB - countA || a - b);
    kept.length = rowsMax;
  }
  kept.sort(([a], [b]) => a - b);
  return new FeatureTable(
    Uint32Array.from(kept, ([key]) => key),
    Float32Array.from(kept, ([, count]) => Math.log(1 + total / count)),
  );
}

function sizeOf(blocks: Blocks): number {
  return blocks.reduce((sum, keys) => sum + keys.length, 0);
}
