import { createRandom, type Random, shuffle } from './random.ts';
import type { SparseRows } from './sparse-rows.ts';

/** A hyperplane: a row is on the class's side where weights · row + bias is above zero. */
export interface Plane {
  readonly weights: Float32Array;
  readonly bias: number;
}

/** How planes are looked for. */
export interface PlaneSearch {
  readonly seed: number;
  /** Times that all rows are gone over for a plane, at most. */
  readonly sweeps: number;
  /**
   * Whether each search begins at the plane that has all rows on its other side, instead of at none. That is the same for
   * every class: among many, most rows are where they belong from the start, and one sweep is as good as two.
   */
  readonly fromCommon: boolean;
}

/** Margins of some rows, in their order. */
export interface RowMargins {
  readonly rows: Int32Array;
  readonly margins: Float32Array;
}

/** A plane, and the multipliers that it is the sum of. */
interface Solution {
  readonly weights: Float32Array;
  readonly multipliers: Float64Array;
  readonly bias: number;
}

/** How much a row on the wrong side costs. */
const COST = 1;
const DIAGONAL = 1 / (2 * COST);
/** Times that the rows that matter are gone over after all of them. */
const ROUNDS = 5;
/** Rounds after rows were left out, which change little of what is found already. */
const FOLD_ROUNDS = 3;
/** Ends when no row is further from its best than this. */
const TOLERANCE = 0.1;
/** The common plane is found once, and better: what it lacks, every search that begins there has to make up for. */
const COMMON_ROUNDS = 20;
const COMMON_TOLERANCE = 0.003;
/** A row further than this beyond where it costs nothing does not come to matter soon. */
const REACH = 0.05;

/**
 * Finds planes between the rows of one class and all others: a linear support vector machine with squared hinge loss
 * by dual coordinate descent (Hsieh et al., ICML 2008). Most rows soon cost nothing, and are only looked at again in the
 * next sweep.
 */
export class PlaneFinder {
  readonly #rows: SparseRows;
  readonly #count: number;
  readonly #norms: Float32Array;
  readonly #weights: Float32Array;
  readonly #multipliers: Float64Array;
  readonly #sides: Int8Array;
  readonly #order: Int32Array;
  /** How far each row was beyond where it costs nothing, when it was last looked at. */
  readonly #beyond: Float32Array;
  readonly #seed: number;
  readonly #sweeps: number;
  readonly #origin: Solution;
  #bias = 0;

  /** The rows have columns below `width`. */
  constructor(rows: SparseRows, width: number, { seed, sweeps, fromCommon }: PlaneSearch) {
    this.#rows = rows;
    this.#count = rows.starts.length - 1;
    this.#weights = new Float32Array(width);
    this.#multipliers = new Float64Array(this.#count);
    this.#sides = new Int8Array(this.#count);
    this.#order = new Int32Array(this.#count);
    this.#beyond = new Float32Array(this.#count);
    this.#seed = seed;
    this.#sweeps = sweeps;
    this.#norms = new Float32Array(this.#count);
    for (let row = 0; row < this.#count; row++) {
      let squares = 1;
      for (let entry = this.#start(row); entry < this.#start(row + 1); entry++) {
        squares += (rows.values[entry] as number) ** 2;
      }
      this.#norms[row] = squares;
    }
    this.#origin = fromCommon ? this.#findCommon() : this.#save();
  }

  /** The plane between `members` and the other rows. It is overwritten by the next. */
  find(members: Int32Array): Plane {
    this.#restore(this.#origin);
    this.#sides.fill(-1);
    for (const row of members) {
      this.#move(row, 0);
      this.#sides[row] = 1;
    }
    const random = createRandom(this.#seed);
    for (let row = 0; row < this.#count; row++) this.#order[row] = row;
    for (let sweep = 0; sweep < this.#sweeps; sweep++) {
      shuffle(this.#order, this.#count, random);
      if (this.#round(this.#count) <= TOLERANCE) break;
      this.#improve(this.#gatherNear(), ROUNDS, random);
    }
    return { weights: this.#weights, bias: this.#bias };
  }

  /**
   * How far the rows that are near to the plane that was found last are on the side of its members, had it been found
   * without the row's fold. All other rows keep to where they are.
   */
  marginsAcross(folds: Uint8Array, count: number): RowMargins {
    const random = createRandom(this.#seed);
    const rows = this.#order.slice(0, this.#gatherNear()).sort();
    const margins = new Float32Array(rows.length);
    const found = this.#save();
    for (let fold = 0; fold < count; fold++) {
      let kept = 0;
      for (const row of rows) {
        if (folds[row] === fold) this.#move(row, 0);
        else this.#order[kept++] = row;
      }
      this.#improve(kept, FOLD_ROUNDS, random);
      for (let place = 0; place < rows.length; place++) {
        const row = rows[place] as number;
        if (folds[row] === fold) margins[place] = this.#margin(row);
      }
      this.#restore(found);
    }
    return { rows, margins };
  }

  #findCommon(): Solution {
    this.#sides.fill(-1);
    for (let row = 0; row < this.#count; row++) this.#order[row] = row;
    this.#improve(this.#count, COMMON_ROUNDS, createRandom(this.#seed), COMMON_TOLERANCE);
    return this.#save();
  }

  #save(): Solution {
    return { weights: this.#weights.slice(), multipliers: this.#multipliers.slice(), bias: this.#bias };
  }

  #restore({ weights, multipliers, bias }: Solution): void {
    this.#weights.set(weights);
    this.#multipliers.set(multipliers);
    this.#bias = bias;
  }

  /** Goes over the first `count` rows in the order again, for some rounds or until they are near their best. */
  #improve(count: number, rounds: number, random: Random, tolerance = TOLERANCE): void {
    for (let round = 0; round < rounds; round++) {
      shuffle(this.#order, count, random);
      if (this.#round(count) <= tolerance) return;
    }
  }

  /** Improves the multipliers of the first `count` rows in the order, one at a time. How far the worst was off. */
  #round(count: number): number {
    let worst = 0;
    for (let place = 0; place < count; place++) {
      const row = this.#order[place] as number;
      const multiplier = this.#multipliers[row] as number;
      const gradient = this.#margin(row) * (this.#sides[row] as number) - 1 + DIAGONAL * multiplier;
      this.#beyond[row] = gradient;
      if (multiplier === 0 && gradient >= 0) continue;
      worst = Math.max(worst, Math.abs(gradient));
      this.#move(row, Math.max(multiplier - gradient / ((this.#norms[row] as number) + DIAGONAL), 0));
    }
    return worst;
  }

  /** Puts the rows that matter first in the order: those with a multiplier, and those that were close to having one. */
  #gatherNear(): number {
    let count = 0;
    for (let place = 0; place < this.#count; place++) {
      const row = this.#order[place] as number;
      if ((this.#multipliers[row] as number) === 0 && (this.#beyond[row] as number) > REACH) continue;
      this.#order[place] = this.#order[count] as number;
      this.#order[count++] = row;
    }
    return count;
  }

  #move(row: number, multiplier: number): void {
    const change = (multiplier - (this.#multipliers[row] as number)) * (this.#sides[row] as number);
    if (change === 0) return;
    this.#multipliers[row] = multiplier;
    this.#bias += change;
    const { columns, values } = this.#rows;
    for (let entry = this.#start(row), end = this.#start(row + 1); entry < end; entry++) {
      const column = columns[entry] as number;
      this.#weights[column] = (this.#weights[column] as number) + change * (values[entry] as number);
    }
  }

  #margin(row: number): number {
    const { columns, values } = this.#rows;
    const weights = this.#weights;
    let entry = this.#start(row);
    const end = this.#start(row + 1);
    let even = this.#bias;
    let odd = 0;
    // Two sums at once: one waits for the last addition at every step.
    for (; entry + 1 < end; entry += 2) {
      even += (weights[columns[entry] as number] as number) * (values[entry] as number);
      odd += (weights[columns[entry + 1] as number] as number) * (values[entry + 1] as number);
    }
    if (entry < end) even += (weights[columns[entry] as number] as number) * (values[entry] as number);
    return even + odd;
  }

  #start(row: number): number {
    return this.#rows.starts[row] as number;
  }
}
