import { createRandom, type Random, shuffle } from './random.ts';
import type { SparseRow, SparseRows } from './sparse-rows.ts';

/** A layer of hidden units over the columns of a row, and a layer of classes over the hidden units. */
export interface Perceptron {
  readonly columns: number;
  readonly hidden: number;
  readonly classes: number;
  /** By column, then hidden unit. */
  readonly inward: Float32Array;
  readonly inwardBias: Float32Array;
  /** By class, then hidden unit. */
  readonly outward: Float32Array;
  readonly outwardBias: Float32Array;
}

export interface PerceptronTraining {
  readonly rows: SparseRows;
  /** The rows have columns below it. */
  readonly width: number;
  /** By class: its rows. */
  readonly members: readonly Int32Array[];
  readonly seed: number;
  /** Hears after each round over the rows how much of the work is done, from 0 to 1. */
  readonly onRound: (done: number) => void;
}

const HIDDEN = 128;
const BATCH = 32;
const RATE = 0.003;
const ROUNDS_MIN = 12;
const ROUNDS_MAX = 40;
/** Few rows are gone over more often: so many in all. */
const ROWS_SEEN = 60_000;
/** How many columns and hidden units are left out at random, so that none is relied on. */
const COLUMNS_DROPPED = 0.3;
const HIDDEN_DROPPED = 0.5;
/** A class that is as good as settled for a row teaches nothing. */
const ERROR_MIN = 1e-5;

/** Weights with what it takes to train them by Adam (Kingma & Ba, ICLR 2015). */
class Weights {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;

  constructor(size: number, spread: number, random: Random) {
    this.values = Float32Array.from({ length: size }, () => (random() * 2 - 1) * spread);
    this.gradient = new Float32Array(size);
    this.#mean = new Float32Array(size);
    this.#square = new Float32Array(size);
  }

  /** Steps down the gradient of the part that is given, and clears it. */
  step(rate: number, from = 0, to = this.values.length): void {
    for (let index = from; index < to; index++) {
      const slope = (this.gradient[index] as number) / BATCH;
      const mean = 0.9 * (this.#mean[index] as number) + 0.1 * slope;
      const square = 0.999 * (this.#square[index] as number) + 0.001 * slope * slope;
      this.#mean[index] = mean;
      this.#square[index] = square;
      this.values[index] = (this.values[index] as number) - (rate * mean) / (Math.sqrt(square) + 1e-8);
      this.gradient[index] = 0;
    }
  }
}

/** Trains a perceptron with one hidden layer, by cross-entropy in small batches. The same input gives the same one. */
export function trainPerceptron(training: PerceptronTraining): Perceptron {
  const learner = new Learner(training);
  const count = training.rows.starts.length - 1;
  const rounds = Math.max(ROUNDS_MIN, Math.min(ROUNDS_MAX, Math.ceil(ROWS_SEEN / count)));
  for (let round = 0; round < rounds; round++) {
    learner.round(round / rounds, (round + 1) / rounds);
    training.onRound((round + 1) / rounds);
  }
  return learner.perceptron();
}

class Learner {
  readonly #rows: SparseRows;
  readonly #width: number;
  readonly #classes: number;
  readonly #random: Random;
  /** By row: its classes. */
  readonly #targets: number[][];
  readonly #order: Int32Array;
  readonly #inward: Weights;
  readonly #inwardBias: Weights;
  readonly #outward: Weights;
  readonly #outwardBias: Weights;
  /** Columns with a gradient in this batch. */
  readonly #touched: number[] = [];
  readonly #isTouched: Uint8Array;
  readonly #units = new Float32Array(HIDDEN);
  readonly #unitErrors = new Float32Array(HIDDEN);
  readonly #scores: Float32Array;
  #steps = 0;

  constructor({ rows, width, members, seed }: PerceptronTraining) {
    const count = rows.starts.length - 1;
    this.#rows = rows;
    this.#width = width;
    this.#classes = members.length;
    this.#random = createRandom(seed);
    this.#targets = Array.from({ length: count }, () => []);
    for (const [target, list] of members.entries()) for (const row of list) this.#targets[row]?.push(target);
    this.#order = Int32Array.from({ length: count }, (_, index) => index);
    this.#inward = new Weights(width * HIDDEN, Math.sqrt(3 / HIDDEN), this.#random);
    this.#inwardBias = new Weights(HIDDEN, 0, this.#random);
    this.#outward = new Weights(this.#classes * HIDDEN, Math.sqrt(3 / HIDDEN), this.#random);
    this.#outwardBias = new Weights(this.#classes, 0, this.#random);
    this.#isTouched = new Uint8Array(width);
    this.#scores = new Float32Array(this.#classes);
  }

  /** Goes over all rows once, at a rate that falls from `from` to `to` of the way to its end. */
  round(from: number, to: number): void {
    const count = this.#order.length;
    shuffle(this.#order, count, this.#random);
    for (let start = 0; start < count; start += BATCH) {
      const end = Math.min(start + BATCH, count);
      for (let place = start; place < end; place++) this.#learn(this.#order[place] as number);
      this.#step(RATE * (1 - from - ((to - from) * start) / count));
    }
  }

  perceptron(): Perceptron {
    return {
      columns: this.#width,
      hidden: HIDDEN,
      classes: this.#classes,
      inward: this.#inward.values,
      inwardBias: this.#inwardBias.values,
      outward: this.#outward.values,
      outwardBias: this.#outwardBias.values,
    };
  }

  #learn(row: number): void {
    const { columns, values } = this.#dropped(row);
    const units = this.#units;
    hiddenUnits({ columns, values }, this.#inward.values, this.#inwardBias.values, units);
    for (let unit = 0; unit < HIDDEN; unit++) {
      const kept = this.#random() >= HIDDEN_DROPPED;
      units[unit] = kept ? (units[unit] as number) / (1 - HIDDEN_DROPPED) : 0;
    }
    classProbabilities(units, this.#outward.values, this.#outwardBias.values, this.#scores);
    this.#unitErrors.fill(0);
    const targets = this.#targets[row] ?? [];
    for (let target = 0; target < this.#classes; target++) {
      const wanted = targets.includes(target) ? 1 / targets.length : 0;
      const error = (this.#scores[target] as number) - wanted;
      if (Math.abs(error) > ERROR_MIN) this.#blameClass(target, error);
    }
    const bias = this.#inwardBias.gradient;
    for (let unit = 0; unit < HIDDEN; unit++) {
      const error =
        (units[unit] as number) > 0 ? (this.#unitErrors[unit] as number) / (1 - HIDDEN_DROPPED) : 0;
      this.#unitErrors[unit] = error;
      bias[unit] = (bias[unit] as number) + error;
    }
    for (let index = 0; index < columns.length; index++) {
      this.#blameColumn(columns[index] as number, values[index] as number);
    }
  }

  /** A row without some of its columns, at random, and the others the greater for it. */
  #dropped(row: number): SparseRow {
    const columns: number[] = [];
    const values: number[] = [];
    const end = this.#rows.starts[row + 1] as number;
    for (let entry = this.#rows.starts[row] as number; entry < end; entry++) {
      if (this.#random() < COLUMNS_DROPPED) continue;
      columns.push(this.#rows.columns[entry] as number);
      values.push((this.#rows.values[entry] as number) / (1 - COLUMNS_DROPPED));
    }
    return { columns: Int32Array.from(columns), values: Float32Array.from(values) };
  }

  #blameClass(target: number, error: number): void {
    const { values, gradient } = this.#outward;
    const bias = this.#outwardBias.gradient;
    bias[target] = (bias[target] as number) + error;
    const from = target * HIDDEN;
    for (let unit = 0; unit < HIDDEN; unit++) {
      const blamed = this.#unitErrors[unit] as number;
      this.#unitErrors[unit] = blamed + error * (values[from + unit] as number);
      gradient[from + unit] = (gradient[from + unit] as number) + error * (this.#units[unit] as number);
    }
  }

  #blameColumn(column: number, value: number): void {
    if (this.#isTouched[column] === 0) {
      this.#isTouched[column] = 1;
      this.#touched.push(column);
    }
    const { gradient } = this.#inward;
    const from = column * HIDDEN;
    for (let unit = 0; unit < HIDDEN; unit++) {
      gradient[from + unit] = (gradient[from + unit] as number) + (this.#unitErrors[unit] as number) * value;
    }
  }

  #step(rate: number): void {
    this.#steps++;
    const corrected = (rate * Math.sqrt(1 - 0.999 ** this.#steps)) / (1 - 0.9 ** this.#steps);
    this.#outward.step(corrected);
    this.#outwardBias.step(corrected);
    this.#inwardBias.step(corrected);
    for (const column of this.#touched) {
      this.#inward.step(corrected, column * HIDDEN, (column + 1) * HIDDEN);
      this.#isTouched[column] = 0;
    }
    this.#touched.length = 0;
  }
}

function hiddenUnits(row: SparseRow, weights: Float32Array, bias: Float32Array, units: Float32Array): void {
  units.set(bias);
  for (let index = 0; index < row.columns.length; index++) {
    const from = (row.columns[index] as number) * HIDDEN;
    const value = row.values[index] as number;
    for (let unit = 0; unit < HIDDEN; unit++) {
      units[unit] = (units[unit] as number) + (weights[from + unit] as number) * value;
    }
  }
  for (let unit = 0; unit < HIDDEN; unit++) if ((units[unit] as number) < 0) units[unit] = 0;
}

/** How likely each class is by the hidden units, into `scores`: they add up to 1. */
export function classProbabilities(
  units: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  scores: Float32Array,
): void {
  const hidden = units.length;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let target = 0; target < scores.length; target++) {
    const from = target * hidden;
    let score = bias[target] as number;
    for (let unit = 0; unit < hidden; unit++)
      score += (units[unit] as number) * (weights[from + unit] as number);
    scores[target] = score;
    greatest = Math.max(greatest, score);
  }
  let total = 0;
  for (let target = 0; target < scores.length; target++) {
    const likelihood = Math.exp((scores[target] as number) - greatest);
    scores[target] = likelihood;
    total += likelihood;
  }
  for (let target = 0; target < scores.length; target++) scores[target] = (scores[target] as number) / total;
}
