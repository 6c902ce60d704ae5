/** Features with their weights, as entries of a table. */
export interface WeightedFeatures {
  readonly rows: Int32Array;
  readonly weights: Float32Array;
}

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

  has(key: number): boolean {
    return this.#rows.has(key);
  }

  /** The known ones of some features, each block scaled to a length of its weight. */
  weigh(blocks: readonly (readonly number[])[], blockWeights: readonly number[]): WeightedFeatures {
    const rows: number[] = [];
    const weights: number[] = [];
    for (const [index, keys] of blocks.entries()) {
      const start = rows.length;
      let squares = 0;
      for (const key of keys) {
        const row = this.#rows.get(key);
        if (row === undefined) continue;
        const rarity = this.rarities[row] as number;
        squares += rarity * rarity;
        rows.push(row);
        weights.push(rarity);
      }
      const scale = (blockWeights[index] ?? 1) / Math.sqrt(squares || 1);
      for (let entry = start; entry < weights.length; entry++)
        weights[entry] = (weights[entry] as number) * scale;
    }
    return { rows: Int32Array.from(rows), weights: Float32Array.from(weights) };
  }
}

/** A table of the features that at least so many of the documents have. */
export function countFeatures(
  documents: Iterable<readonly (readonly number[])[]>,
  documentsMin: number,
): FeatureTable {
  const counts = new Map<number, number>();
  let total = 0;
  for (const blocks of documents) {
    total++;
    for (const keys of blocks) for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const kept = [...counts].filter(([, count]) => count >= documentsMin).sort(([a], [b]) => a - b);
  return new FeatureTable(
    Uint32Array.from(kept, ([key]) => key),
    Float32Array.from(kept, ([, count]) => Math.log(1 + total / count)),
  );
}
