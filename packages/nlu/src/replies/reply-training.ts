import { fitSigmoid, MarginCounts, type Sigmoid } from '../classifier/calibration.ts';
import { createRandom, shuffle } from '../classifier/random.ts';
import { CONTEXT_TURNS_MAX, type Dialogue, isReply } from './dialogue.ts';
import { quantizeEncoder } from './dual-encoder.ts';
import { trainVectors } from './encoder-training.ts';
import { countFeatures, type FeatureTable, type WeightedFeatures } from './feature-table.ts';
import { maskPersonalData, namesGiven } from './personal-data.ts';
import { mergeReplies, type ReplyCatalog, shapeOf, similarityOf } from './reply-catalog.ts';
import {
  BLOCK_WEIGHTS,
  type ContextFeatures,
  contextFeatures,
  replyFeatures,
  turnFeatures,
} from './reply-features.ts';
import { distinctBest, ReplyModel, VARIANT_SIMILARITY } from './reply-model.ts';
import { EncoderRanker, NeighbourRanker, type ReadyReplies } from './reply-ranking.ts';

/** What a training run does, in this order. */
export type TrainingPhase = 'reading' | 'merging' | 'learning' | 'calibrating';

export interface TrainingProgress {
  readonly phase: TrainingPhase;
  /** How much of the phase is done, from 0 to 1. */
  readonly done: number;
}

/** From so many examples on, vectors find more than near contexts do: measured, see docs/decisions. */
export const ENCODER_EXAMPLES_MIN = 500;
/** Of more examples, the last ones count: what lies far back was said by another business. */
export const EXAMPLES_MAX = 200_000;
/** What is held back to tell how likely suggestions are right: a tenth of the examples, at most so many. */
const HELD_BACK_MAX = 1000;
const HELD_BACK_PART = 0.1;
/** A feature that fewer examples have is chance, and may be one person's. */
const ENCODER_FREQUENCY_MIN = 2;
const SUGGESTIONS = 3;
/** Scores are logs of likelihoods until examples tell otherwise. */
const PRIOR: Sigmoid = { slope: 4, offset: 0 };
const PRIOR_TRUST = { slope: 4, offset: 4 };

/** Everything that is known of the examples: one entry each. */
interface Examples {
  readonly contexts: readonly ContextFeatures[];
  /** The distinct replies, masked. */
  readonly replies: readonly string[];
  readonly replyOf: Int32Array;
  readonly dialogueOf: Int32Array;
}

/**
 * Learns a model from conversations. The same conversations and seed make the same model. Runs until it is done, but
 * yields often, so that whoever drives it can tell how far it is.
 */
export function* trainReplies(
  dialogues: readonly Dialogue[],
  seed: number,
): Generator<TrainingProgress, ReplyModel> {
  const examples = yield* readExamples(dialogues);
  yield { phase: 'merging', done: 0 };
  const counts = countReplies(examples, () => true);
  const { catalog, entryOf } = mergeReplies(examples.replies, counts);
  yield { phase: 'merging', done: 1 };
  const method = examples.contexts.length < ENCODER_EXAMPLES_MIN ? learnNeighbours : learnEncoder;
  return yield* method(examples, catalog, entryOf, seed);
}

function* readExamples(dialogues: readonly Dialogue[]): Generator<TrainingProgress, Examples> {
  const contexts: ContextFeatures[] = [];
  const replyOf: number[] = [];
  const dialogueOf: number[] = [];
  const indices = new Map<string, number>();
  for (let index = firstDialogue(dialogues); index < dialogues.length; index++) {
    if (index % 64 === 0) yield { phase: 'reading', done: index / dialogues.length };
    const { turns, names = [] } = dialogues[index] as Dialogue;
    const known = turns.map(turnFeatures);
    const allNames = [...namesGiven(turns), ...names.flatMap((name) => [name, ...name.split(/\s+/u)])];
    for (const [position, { speaker, text }] of turns.entries()) {
      if (speaker !== 'agent' || position === 0 || !isReply(text)) continue;
      const masked = maskPersonalData(text, allNames);
      const reply = indices.get(masked) ?? indices.size;
      indices.set(masked, reply);
      contexts.push(contextFeatures(known.slice(Math.max(0, position - CONTEXT_TURNS_MAX), position)));
      replyOf.push(reply);
      dialogueOf.push(index);
    }
  }
  yield { phase: 'reading', done: 1 };
  return {
    contexts,
    replies: [...indices.keys()],
    replyOf: Int32Array.from(replyOf),
    dialogueOf: Int32Array.from(dialogueOf),
  };
}

/** The first of the last dialogues that hold no more than the most examples. */
function firstDialogue(dialogues: readonly Dialogue[]): number {
  let examples = 0;
  for (let index = dialogues.length - 1; index >= 0; index--) {
    for (const { speaker } of (dialogues[index] as Dialogue).turns) if (speaker === 'agent') examples++;
    if (examples > EXAMPLES_MAX) return Math.min(index + 1, dialogues.length - 1);
  }
  return 0;
}

function countReplies({ replies, replyOf }: Examples, counts: (example: number) => boolean): Uint32Array {
  const result = new Uint32Array(replies.length);
  for (const [example, reply] of replyOf.entries()) {
    if (counts(example)) result[reply] = (result[reply] as number) + 1;
  }
  return result;
}

function* learnNeighbours(
  examples: Examples,
  catalog: ReplyCatalog,
  entryOf: Int32Array,
): Generator<TrainingProgress, ReplyModel> {
  const { contexts, replies, replyOf, dialogueOf } = examples;
  yield { phase: 'learning', done: 0 };
  const table = countFeatures(contexts, 1);
  const weighed = contexts.map((context) => table.weigh(context, BLOCK_WEIGHTS));
  const ranker = new NeighbourRanker({ table, ...joinRows(weighed), replies, replyOf });
  yield { phase: 'learning', done: 1 };
  // Each conversation is asked about as if the model did not know it.
  let current = -1;
  const rank = ranker.prepareWithout(catalog, (example) => dialogueOf[example] === current);
  const asked: ReadyReplies = { catalog, rank };
  const margins = new MarginCounts();
  for (let example = 0; example < contexts.length; example++) {
    if (example % 16 === 0) yield { phase: 'calibrating', done: example / contexts.length };
    current = dialogueOf[example] as number;
    addMargins(
      margins,
      asked,
      contexts[example] as ContextFeatures,
      entryTextOf(catalog, entryOf, examples, example),
    );
  }
  return new ReplyModel(ranker, catalog, fitSigmoid(margins, PRIOR, PRIOR_TRUST));
}

function* learnEncoder(
  examples: Examples,
  catalog: ReplyCatalog,
  entryOf: Int32Array,
  seed: number,
): Generator<TrainingProgress, ReplyModel> {
  const { contexts, replies, replyOf } = examples;
  const isHeldBack = holdBack(examples, seed);
  const learned = [...contexts.keys()].filter((example) => !isHeldBack(example));
  yield { phase: 'learning', done: 0 };
  const table = countFeatures(
    learned.map((example) => contexts[example] as ContextFeatures),
    ENCODER_FREQUENCY_MIN,
  );
  const replyKeys = replies.map(replyFeatures);
  const replyTable: FeatureTable = countFeatures(
    learned.map((example) => [replyKeys[replyOf[example] as number] as number[]]),
    ENCODER_FREQUENCY_MIN,
  );
  const run = trainVectors(
    {
      contexts: learned.map((example) => table.weigh(contexts[example] as ContextFeatures, BLOCK_WEIGHTS)),
      replies: replyKeys.map((keys) => replyTable.weigh([keys], [1])),
      replyOf: Int32Array.from(learned, (example) => replyOf[example] as number),
      contextRows: table.size,
      replyRows: replyTable.size,
    },
    seed,
  );
  let step = run.next();
  for (; step.done !== true; step = run.next()) yield { phase: 'learning', done: step.value };
  const ranker = new EncoderRanker(quantizeEncoder(table, replyTable, step.value));

  yield { phase: 'calibrating', done: 0 };
  // Asked of what is held back, the model knows no replies that were only given there.
  const counts = countReplies(examples, (example) => !isHeldBack(example));
  const known = mergeReplies(replies, counts).catalog;
  const kept = known.texts.flatMap((_text, entry) => ((known.counts[entry] as number) > 0 ? [entry] : []));
  const asked = ranker.prepare({
    texts: kept.map((entry) => known.texts[entry] as string),
    counts: Uint32Array.from(kept, (entry) => known.counts[entry] as number),
  });
  const margins = new MarginCounts();
  for (const [example, context] of contexts.entries()) {
    if (!isHeldBack(example)) continue;
    if (example % 16 === 0) yield { phase: 'calibrating', done: example / contexts.length };
    addMargins(margins, asked, context, entryTextOf(catalog, entryOf, examples, example));
  }
  return new ReplyModel(ranker, catalog, fitSigmoid(margins, PRIOR, PRIOR_TRUST));
}

/** Whole conversations by chance, until they hold enough examples; never half of all. */
function holdBack({ dialogueOf }: Examples, seed: number): (example: number) => boolean {
  const dialogues = Int32Array.from(new Set(dialogueOf));
  shuffle(dialogues, dialogues.length, createRandom(seed));
  const examples = Map.groupBy(dialogueOf.keys(), (example) => dialogueOf[example] as number);
  const wanted = Math.min(HELD_BACK_MAX, dialogueOf.length * HELD_BACK_PART);
  const heldBack = new Set<number>();
  for (const dialogue of dialogues) {
    if (heldBack.size >= wanted) break;
    const own = examples.get(dialogue) ?? [];
    if (heldBack.size + own.length > dialogueOf.length / 2) continue;
    for (const example of own) heldBack.add(example);
  }
  return (example) => heldBack.has(example);
}

function entryTextOf(
  catalog: ReplyCatalog,
  entryOf: Int32Array,
  { replyOf }: Examples,
  example: number,
): string {
  return catalog.texts[entryOf[replyOf[example] as number] as number] as string;
}

/** Counts the margins of what would be suggested, by whether it is what was said, or nearly. */
function addMargins(
  margins: MarginCounts,
  ready: ReadyReplies,
  context: ContextFeatures,
  said: string,
): void {
  const scores = ready.rank(context);
  if (scores === undefined) return;
  const shape = shapeOf(said);
  for (const { entry, margin } of distinctBest(scores, ready.catalog.texts, SUGGESTIONS, scores)) {
    const text = ready.catalog.texts[entry] as string;
    margins.add(margin, text === said || similarityOf(shapeOf(text), shape) >= VARIANT_SIMILARITY);
  }
}

function joinRows(all: readonly WeightedFeatures[]): {
  starts: Int32Array;
  rows: Int32Array;
  weights: Float32Array;
} {
  const starts = new Int32Array(all.length + 1);
  for (const [index, { rows }] of all.entries()) starts[index + 1] = (starts[index] as number) + rows.length;
  const rows = new Int32Array(starts.at(-1) as number);
  const weights = new Float32Array(rows.length);
  for (const [index, each] of all.entries()) {
    rows.set(each.rows, starts[index] as number);
    weights.set(each.weights, starts[index] as number);
  }
  return { starts, rows, weights };
}
