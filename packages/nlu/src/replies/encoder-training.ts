import { createRandom, type Random, shuffle } from '../classifier/random.ts';
import type { WeightedRows } from './feature-table.ts';

/** What is learned from: which reply follows which context. */
export interface EncoderExamples {
  readonly contexts: WeightedRows;
  /** The distinct replies. */
  readonly replies: WeightedRows;
  /** The reply of each context, as an index. */
  readonly replyOf: Int32Array;
  /** How many rows the tables of features have. */
  readonly contextRows: number;
  readonly replyRows: number;
}

/** A vector for each feature of contexts and of replies, `dimensions` numbers a row. */
export interface FeatureVectors {
  readonly dimensions: number;
  readonly contexts: Float32Array;
  readonly replies: Float32Array;
}

/** Chosen once, by how well replies of conversations that were held back were found; see benchmarks/assist. */
const DIMENSIONS = 64;
const MEMBERS = 2;
/** What the cosine of a context and a reply is multiplied with to be a score. */
export const SHARPNESS = 12;
const EPOCHS = 6;
const BATCH = 128;
const RATE = 0.05;
/** The part of the rate that is left at the end. */
const RATE_LEFT = 0.1;
/** Which part of the features of an example is left out each time. */
const DROPPED = 0.4;
const START_SPREAD = 0.3;

/**
 * Learns vectors of features such that the context's sum points to the sum of the reply that followed, and not to the
 * replies of the other contexts in its batch (softmax over the batch). Two are learned, each by its own chance, and put
 * side by side: where one errs by chance, the other seldom does. Yields how much is done, from 0 to 1.
 */
export function* trainVectors(examples: EncoderExamples, seed: number): Generator<number, FeatureVectors> {
  const random = createRandom(seed);
  const dimensions = MEMBERS * DIMENSIONS;
  const vectors = {
    dimensions,
    contexts: new Float32Array(examples.contextRows * dimensions),
    replies: new Float32Array(examples.replyRows * dimensions),
  };
  for (let member = 0; member < MEMBERS; member++) {
    const contexts = new Tower(examples.contextRows, random);
    const replies = new Tower(examples.replyRows, random);
    for (const done of trainTowers(contexts, replies, examples, random)) yield (member + done) / MEMBERS;
    copyRows(contexts.vectors, vectors.contexts, member);
    copyRows(replies.vectors, vectors.replies, member);
  }
  return vectors;
}

/** Puts the rows of a member into the rows of all. */
function copyRows(from: Float32Array, to: Float32Array, member: number): void {
  for (let start = 0; start < from.length; start += DIMENSIONS) {
    to.set(from.subarray(start, start + DIMENSIONS), start * MEMBERS + member * DIMENSIONS);
  }
}

function* trainTowers(
  contextTower: Tower,
  replyTower: Tower,
  { contexts, replies, replyOf }: EncoderExamples,
  random: Random,
): Generator<number, void> {
  const order = Int32Array.from(replyOf.keys());
  const batches = Math.ceil(order.length / BATCH);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, order.length, random);
    for (let batch = 0; batch < batches; batch++) {
      const done = (epoch * batches + batch) / (EPOCHS * batches);
      const members = order.subarray(batch * BATCH, (batch + 1) * BATCH);
      const labels = members.map((example) => replyOf[example] as number);
      contextTower.encode(contexts, members);
      replyTower.encode(replies, labels);
      compare(contextTower, replyTower, labels);
      const rate = RATE * (1 - (1 - RATE_LEFT) * done);
      contextTower.learn(rate);
      replyTower.learn(rate);
      if (batch % 16 === 0) yield done;
    }
  }
}

/**
 * The gradients of both towers, of the loss of telling each context's reply from the others of the batch. A reply that
 * stands in the batch several times counts once for each context.
 */
function compare(contexts: Tower, replies: Tower, labels: Int32Array): void {
  const count = labels.length;
  const scores = new Float64Array(count);
  for (let context = 0; context < count; context++) {
    let most = Number.NEGATIVE_INFINITY;
    for (let reply = 0; reply < count; reply++) {
      const isSame = reply !== context && labels[reply] === labels[context];
      const score = isSame
        ? Number.NEGATIVE_INFINITY
        : SHARPNESS * dot(contexts.outputs, context, replies.outputs, reply);
      scores[reply] = score;
      if (score > most) most = score;
    }
    let sum = 0;
    for (let reply = 0; reply < count; reply++) {
      const likelihood = Math.exp((scores[reply] as number) - most);
      scores[reply] = likelihood;
      sum += likelihood;
    }
    for (let reply = 0; reply < count; reply++) {
      const error = (scores[reply] as number) / sum - (reply === context ? 1 : 0);
      // Most replies are out of the question, and to learn so from them once more costs the most time.
      if (Math.abs(error) < 1e-6) continue;
      const step = SHARPNESS * error;
      addScaled(contexts.gradients, context, replies.outputs, reply, step);
      addScaled(replies.gradients, reply, contexts.outputs, context, step);
    }
  }
}

/** One side: the vectors of its features, and the sums of a batch on their way forward and back. */
class Tower {
  readonly vectors: Float32Array;
  /** Of each member of the batch, a vector of length 1. */
  readonly outputs = new Float32Array(BATCH * DIMENSIONS);
  readonly gradients = new Float32Array(BATCH * DIMENSIONS);
  /** The squared gradients that each row has met: what has learned much learns less (Adagrad, a row at a time). */
  readonly #learned: Float32Array;
  readonly #lengths = new Float32Array(BATCH);
  readonly #starts = new Int32Array(BATCH + 1);
  readonly #random: Random;
  /** The features that were not dropped, of one member after the other. */
  #rows = new Int32Array(BATCH * 64);
  #weights = new Float32Array(BATCH * 64);
  #members = 0;

  constructor(rows: number, random: Random) {
    this.#random = random;
    this.#learned = new Float32Array(rows);
    const spread = START_SPREAD / Math.sqrt(DIMENSIONS);
    this.vectors = Float32Array.from({ length: rows * DIMENSIONS }, () => (random() * 2 - 1) * spread);
  }

  encode({ starts, rows, weights }: WeightedRows, batch: Int32Array): void {
    this.#members = batch.length;
    this.#reserve(
      batch.reduce((sum, each) => sum + (starts[each + 1] as number) - (starts[each] as number), 0),
    );
    this.outputs.fill(0);
    this.gradients.fill(0);
    let end = 0;
    for (const [member, each] of batch.entries()) {
      this.#starts[member] = end;
      const last = starts[each + 1] as number;
      for (let index = starts[each] as number; index < last; index++) {
        if (this.#random() < DROPPED) continue;
        const row = rows[index] as number;
        this.#rows[end] = row;
        this.#weights[end] = weights[index] as number;
        addScaled(this.outputs, member, this.vectors, row, weights[index] as number);
        end++;
      }
      this.#lengths[member] = normalize(this.outputs, member);
    }
    this.#starts[batch.length] = end;
  }

  learn(rate: number): void {
    for (let member = 0; member < this.#members; member++) {
      const squared = this.#throughLength(member);
      if (squared === 0) continue;
      const end = this.#starts[member + 1] as number;
      for (let index = this.#starts[member] as number; index < end; index++) {
        const row = this.#rows[index] as number;
        const weight = this.#weights[index] as number;
        const learned = (this.#learned[row] as number) + weight * weight * squared;
        this.#learned[row] = learned;
        const step = (-rate * weight) / Math.sqrt(learned);
        addScaled(this.vectors, row, this.gradients, member, step);
      }
    }
  }

  /** Takes a gradient back to before the scaling to length 1, and gives its mean square. */
  #throughLength(member: number): number {
    const along = dot(this.gradients, member, this.outputs, member);
    addScaled(this.gradients, member, this.outputs, member, -along);
    const length = this.#lengths[member] as number;
    if (length === 0) return 0;
    const start = member * DIMENSIONS;
    let squares = 0;
    for (let index = start; index < start + DIMENSIONS; index++) {
      const value = (this.gradients[index] as number) / length;
      this.gradients[index] = value;
      squares += value * value;
    }
    return squares / DIMENSIONS;
  }

  #reserve(entries: number): void {
    if (entries <= this.#rows.length) return;
    this.#rows = new Int32Array(entries * 2);
    this.#weights = new Float32Array(entries * 2);
  }
}

function dot(a: Float32Array, rowA: number, b: Float32Array, rowB: number): number {
  const startA = rowA * DIMENSIONS;
  const startB = rowB * DIMENSIONS;
  let sum = 0;
  for (let index = 0; index < DIMENSIONS; index++) {
    sum += (a[startA + index] as number) * (b[startB + index] as number);
  }
  return sum;
}

/** Adds a row, times a factor, to another. */
function addScaled(
  to: Float32Array,
  rowTo: number,
  from: Float32Array,
  rowFrom: number,
  factor: number,
): void {
  const startTo = rowTo * DIMENSIONS;
  const startFrom = rowFrom * DIMENSIONS;
  for (let index = 0; index < DIMENSIONS; index++) {
    to[startTo + index] = (to[startTo + index] as number) + factor * (from[startFrom + index] as number);
  }
}

/** Scales a row to length 1 and gives the length that it had; a row of zeros stays. */
function normalize(vectors: Float32Array, row: number): number {
  const length = Math.sqrt(dot(vectors, row, vectors, row));
  if (length === 0) return 0;
  const start = row * DIMENSIONS;
  for (let index = start; index < start + DIMENSIONS; index++) {
    vectors[index] = (vectors[index] as number) / length;
  }
  return length;
}
