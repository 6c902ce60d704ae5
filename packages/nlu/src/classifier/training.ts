import { fitSigmoid, MarginCounts, type Sigmoid } from './calibration.ts';
import { collectExamples, dealFolds, type Examples, type TrainingSet } from './examples.ts';
import { IntentModel, type ModelParts, NEARNESS_WEIGHT, type QuantizedPerceptron } from './intent-model.ts';
import { keepPhrases, NearestPhrases } from './nearest-phrases.ts';
import { trainPerceptron } from './perceptron.ts';
import { type OutputBytes, packOutputs, quantizeRows, scaleOf } from './quantized-rows.ts';
import { type SparseRow, type SparseRows, stackRows } from './sparse-rows.ts';
import { PlaneFinder, type RowMargins } from './support-vectors.ts';
import { countVocabulary } from './vocabulary.ts';

/** `default` finds a plane for each intent; `accuracy` trains a perceptron too, and takes several times as long. */
export const TRAINING_MODES = ['default', 'accuracy'] as const;

export type TrainingMode = (typeof TRAINING_MODES)[number];

/** The steps of a training run, in their order. The perceptron's is only in the accuracy mode. */
export const TRAINING_PHASES = ['words', 'features', 'planes', 'perceptron', 'packing'] as const;

export type IntentTrainingPhase = (typeof TRAINING_PHASES)[number];

export interface IntentTrainingProgress {
  readonly phase: IntentTrainingPhase;
  /** How much of the phase is done, from 0 to 1. */
  readonly done: number;
}

export interface TrainingRun {
  readonly set: TrainingSet;
  readonly mode: TrainingMode;
  readonly seed: number;
  readonly onProgress: (progress: IntentTrainingProgress) => void;
}

const FOLDS = 5;
/** How planes are looked for, and from how many classes on in which other way: it is quicker there and as good. */
const SEARCH = { sweeps: 3, fromCommon: false };
const SEARCH_AMONG_MANY = { sweeps: 1, fromCommon: true };
const MANY_CLASSES = 200;
/** Rows whose margins are counted together. */
const ROWS_AT_ONCE = 256;
/** Of more phrases, planes alone reject as well. */
const NEAREST_TEXTS_MAX = 2000;
/** A text without features: it means none of the intents, so that even a single one rejects something. */
const NOTHING: SparseRow = { columns: new Int32Array(), values: new Float32Array() };
/** What margins mean where there are too few phrases to tell. */
const USUAL: Sigmoid = { slope: 7, offset: 0 };
const USUAL_TRUST = { slope: 1, offset: 1 };
/** How far an intent's sigmoid keeps to that of all intents. */
const COMMON_TRUST = { slope: 10, offset: 10 };
/** Of fewer phrases, what is left without a fold tells too little of the intent. */
const CALIBRATED_MIN = 4;
/** A confidence is that of an intent among so many others, as a turn of a conversation has them, not among all. */
const USUAL_OTHERS = 15;
/** That of the negatives is one among more: what people say to an agent mostly means something to it. */
const OTHERS_OF_NEGATIVES = 50;
/** Bytes of weights that a model keeps, and for how many features at least. */
const WEIGHTS_MAX = 4_200_000;
const FEATURES_KEPT_MIN = 20_000;

/** Trains a model. The same set, mode and seed make the same model, byte for byte. */
export function trainModel({ set, mode, seed, onProgress }: TrainingRun): IntentModel {
  onProgress({ phase: 'words', done: 0 });
  const examples = collectExamples(set);
  onProgress({ phase: 'features', done: 0 });
  const counted = countVocabulary(examples.texts);
  const rows = examples.texts.map((words) => counted.rowOf(words));
  onProgress({ phase: 'planes', done: 0 });
  const found = findPlanes(rows, counted.size, examples, seed, (done) =>
    onProgress({ phase: 'planes', done }),
  );
  const kept = chooseColumns(found.importance, examples.classes);
  const vocabulary = counted.reorder(kept.order);
  const reordered = examples.texts.map((words) => vocabulary.rowOf(words));
  const planes = packOutputs(reorder(found.planes, kept.order), kept.count, found.scales);
  const nearest = nearestOf(reordered, vocabulary.size, examples);
  const sigmoids = fitSigmoids(countMargins({ ...found, planes, nearest }, reordered, examples), examples);
  let perceptron: QuantizedPerceptron | undefined;
  if (mode === 'accuracy' && examples.classes > 0) {
    onProgress({ phase: 'perceptron', done: 0 });
    perceptron = findPerceptron(stackRows(reordered, kept.count), kept.count, examples, seed, (done) =>
      onProgress({ phase: 'perceptron', done }),
    );
  }
  onProgress({ phase: 'packing', done: 0 });
  return new IntentModel({
    intents: examples.intents,
    vocabulary,
    planes,
    biases: found.biases,
    slopes: Float32Array.from(sigmoids, ({ slope }) => slope),
    offsets: Float32Array.from(sigmoids, ({ offset }) => offset),
    nearest,
    perceptron,
  });
}

function nearestOf(
  rows: readonly SparseRow[],
  width: number,
  { members }: Examples,
): NearestPhrases | undefined {
  if (rows.length > NEAREST_TEXTS_MAX) return undefined;
  return new NearestPhrases(keepPhrases(stackRows(rows, width), members), members.length);
}

interface FoundPlanes {
  /** By class. */
  readonly planes: readonly OutputBytes[];
  readonly scales: Float32Array;
  readonly biases: Float32Array;
  /** By class: the margins of the rows near its plane, had it been found without the row's fold. */
  readonly across: readonly RowMargins[];
  readonly folds: Uint8Array;
  /** By column: the greatest weight that any plane gives it. */
  readonly importance: Float32Array;
}

function findPlanes(
  rows: readonly SparseRow[],
  width: number,
  examples: Examples,
  seed: number,
  onProgress: (done: number) => void,
): FoundPlanes {
  const search = examples.classes > MANY_CLASSES ? SEARCH_AMONG_MANY : SEARCH;
  const finder = new PlaneFinder(stackRows([...rows, NOTHING], width), width, { seed, ...search });
  // The empty text is in no fold: it is never left out.
  const folds = dealFolds(examples, FOLDS, seed);
  const planes: OutputBytes[] = [];
  const [ownColumns, ownBytes] = [new Int32Array(width), new Int8Array(width)];
  const scales = new Float32Array(examples.classes);
  const biases = new Float32Array(examples.classes);
  const importance = new Float32Array(width);
  const across: RowMargins[] = [];
  for (const [index, members] of examples.members.entries()) {
    const { weights, bias } = finder.find(members);
    const scale = scaleOf(weights);
    let count = 0;
    for (let column = 0; column < width; column++) {
      const weight = weights[column] as number;
      const size = Math.abs(weight);
      if (size > (importance[column] as number)) importance[column] = size;
      // Most of them are nothing in bytes: the division is for the others.
      if (size * 2 < scale) continue;
      const byte = Math.round(weight / scale);
      if (byte === 0) continue;
      ownColumns[count] = column;
      ownBytes[count++] = byte;
    }
    planes.push({ columns: ownColumns.slice(0, count), bytes: ownBytes.slice(0, count) });
    scales[index] = scale;
    biases[index] = bias;
    across.push(finder.marginsAcross(folds, FOLDS));
    onProgress((index + 1) / examples.classes);
  }
  return { planes, scales, biases, across, folds, importance };
}

/**
 * Counts the margins that texts have, had the model been trained without their fold. Far from a plane that makes no
 * difference: there they are those of the planes in bytes, of which most weights are none.
 */
function countMargins(
  {
    planes,
    biases,
    nearest,
    across,
    folds,
  }: Pick<ModelParts, 'planes' | 'biases' | 'nearest'> & Pick<FoundPlanes, 'across' | 'folds'>,
  rows: readonly SparseRow[],
  { members }: Examples,
): MarginCounts[] {
  const counts = members.map(() => new MarginCounts());
  const [nextMember, nextNear] = [new Int32Array(members.length), new Int32Array(members.length)];
  // Class by class: the counts of all of them at once are more than what is near to the processor.
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const block = rows.slice(from, from + ROWS_AT_ONCE);
    const margins = block.map(({ columns, values }) => planes.multiply(columns, values));
    const nearness =
      nearest &&
      block.map((row, place) => nearest.nearness(row, (text) => folds[text] === folds[from + place]));
    for (const [index, count] of counts.entries()) {
      const bias = biases[index] as number;
      const { rows: nearRows, margins: nearMargins } = across[index] as RowMargins;
      const own = members[index] as Int32Array;
      let member = nextMember[index] as number;
      let near = nextNear[index] as number;
      for (let place = 0; place < block.length; place++) {
        const row = from + place;
        const isNear = nearRows[near] === row;
        const isMember = own[member] === row;
        const margin = isNear
          ? (nearMargins[near] as number)
          : ((margins[place] as Float32Array)[index] as number) + bias;
        if (isNear) near++;
        if (isMember) member++;
        count.add(margin + NEARNESS_WEIGHT * (nearness?.[place]?.[index] ?? 0), isMember);
      }
      nextMember[index] = member;
      nextNear[index] = near;
    }
  }
  return counts;
}

function fitSigmoids(counts: readonly MarginCounts[], { intents, members, classes }: Examples): Sigmoid[] {
  const enough = (index: number) => (members[index]?.length ?? 0) >= CALIBRATED_MIN;
  const all = new MarginCounts();
  for (const [index, count] of counts.entries()) if (enough(index)) all.addAll(count);
  const common = fitSigmoid(all, USUAL, USUAL_TRUST);
  const shiftTo = (others: number) => Math.log(Math.max(1, (classes - 1) / others));
  return counts.map((count, index) => {
    const { slope, offset } = enough(index) ? fitSigmoid(count, common, COMMON_TRUST) : common;
    return { slope, offset: offset + shiftTo(index < intents.length ? USUAL_OTHERS : OTHERS_OF_NEGATIVES) };
  });
}

/** Columns that weigh most come first, as many as a model has room for. */
function chooseColumns(importance: Float32Array, classes: number): { order: Int32Array; count: number } {
  const room = Math.max(FEATURES_KEPT_MIN, Math.floor(WEIGHTS_MAX / Math.max(1, classes)));
  const order = Int32Array.from(importance.keys());
  if (order.length > room) {
    order.sort((one, other) => (importance[other] as number) - (importance[one] as number) || one - other);
  }
  return { order, count: Math.min(room, order.length) };
}

/** The same planes over columns that have been put in another order: the `n`th is what was the column `order[n]`. */
function reorder(planes: readonly OutputBytes[], order: Int32Array): OutputBytes[] {
  const places = new Int32Array(order.length);
  for (const [place, column] of order.entries()) places[column] = place;
  return planes.map(({ columns, bytes }) => ({
    columns: columns.map((column) => places[column] as number),
    bytes,
  }));
}

function findPerceptron(
  rows: SparseRows,
  width: number,
  { members }: Examples,
  seed: number,
  onRound: (done: number) => void,
): QuantizedPerceptron {
  const { hidden, inward, inwardBias, outward, outwardBias } = trainPerceptron({
    rows,
    width,
    members,
    seed,
    onRound,
  });
  return { inward: quantizeRows(inward, hidden), inwardBias, outward, outwardBias };
}
