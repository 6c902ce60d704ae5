import { fitSigmoid, MarginCounts, type Sigmoid } from '../classifier/calibration.ts';
import { createRandom, shuffle } from '../classifier/random.ts';
import { CONTEXT_TURNS_MAX, type Dialogue, isReply } from './dialogue.ts';
import { quantizeEncoder } from './dual-encoder.ts';
import { trainVectors } from './encoder-training.ts';
import { ExampleContexts } from './example-contexts.ts';
import { countFeatures } from './feature-table.ts';
import { maskPersonalData, namesGiven } from './personal-data.ts';
import {
  type MergedReplies,
  mergeReplies,
  type ReplyCatalog,
  shapeOf,
  similarityOf,
} from './reply-catalog.ts';
import {
  BLOCK_WEIGHTS,
  type ContextFeatures,
  contextFeatures,
  replyFeatures,
  turnFeatures,
} from './reply-features.ts';
import { distinctBest, ReplyModel, VARIANT_SIMILARITY } from './reply-model.ts';
import { EncoderRanker, NeighbourRanker, type ReadyReplies } from './reply-ranking.ts';
import { finish } from './steps.ts';

/** What a training run does, in this order. */
export type TrainingPhase = 'reading' | 'merging' | 'learning' | 'calibrating';

export interface TrainingProgress {
  readonly phase: TrainingPhase;
  /** How much of the phase is done, from 0 to 1; of reading, 0 until all is read. */
  readonly done: number;
  /** How many examples were read so far. */
  readonly examples: number;
}

/** From so many examples on, vectors find more than near contexts do: measured, see docs/decisions. */
export const ENCODER_EXAMPLES_MIN = 500;
/** What is behind so many examples is left out. */
const EXAMPLES_MAX = 200_000;
/**
 * What is behind so many features of contexts and replies is left out, so that no training takes more memory than for half
 * as many again as STAR has.
 */
const FEATURES_MAX = 12_000_000;
/** Features of a reply, by its characters, at most. */
const REPLY_FEATURES_PER_CHARACTER = 2;
/** Features that get a vector: those that most examples have. */
const VECTORS_MAX = 150_000;
/** Replies that can be suggested: those that were given most often. To rank more would keep the agent waiting. */
const REPLIES_MAX = 10_000;
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
  readonly contexts: ExampleContexts;
  /** The distinct replies, masked. */
  readonly replies: readonly string[];
  readonly replyOf: Int32Array;
  readonly dialogueOf: Int32Array;
}

/**
 * Makes examples of conversations, one conversation after another, and keeps no text but the replies. Those that count
 * most come first: once there is as much as can be learned from, it is full, and takes no more.
 */
export class ExampleReader {
  readonly #contexts = new ExampleContexts();
  readonly #replyOf: number[] = [];
  readonly #dialogueOf: number[] = [];
  readonly #indices = new Map<string, number>();
  #dialogues = 0;
  #features = 0;

  get count(): number {
    return this.#replyOf.length;
  }

  get isFull(): boolean {
    return this.count >= EXAMPLES_MAX || this.#features >= FEATURES_MAX;
  }

  add({ turns, names = [] }: Dialogue): void {
    if (this.isFull) return;
    const dialogue = this.#dialogues++;
    const known = turns.map(turnFeatures);
    const allNames = [...namesGiven(turns), ...names.flatMap((name) => [name, ...name.split(/\s+/u)])];
    for (const [position, { speaker, text, automated }] of turns.entries()) {
      if (speaker !== 'agent' || automated || position === 0 || !isReply(text)) continue;
      if (this.isFull) return;
      const context = contextFeatures(known.slice(Math.max(0, position - CONTEXT_TURNS_MAX), position));
      this.#contexts.add(context);
      this.#features += context.reduce((sum, keys) => sum + keys.length, 0);
      this.#replyOf.push(this.#indexOf(maskPersonalData(text, allNames)));
      this.#dialogueOf.push(dialogue);
    }
  }

  finish(): Examples {
    return {
      contexts: this.#contexts,
      replies: [...this.#indices.keys()],
      replyOf: Int32Array.from(this.#replyOf),
      dialogueOf: Int32Array.from(this.#dialogueOf),
    };
  }

  #indexOf(reply: string): number {
    let index = this.#indices.get(reply);
    if (index === undefined) {
      index = this.#indices.size;
      this.#indices.set(reply, index);
      this.#features += reply.length * REPLY_FEATURES_PER_CHARACTER;
    }
    return index;
  }
}

/**
 * Learns a model from what was read. The same conversations and seed make the same model. Runs until it is done, but
 * yields often, so that whoever drives it can tell how far it is.
 */
export function* trainReplies(reader: ExampleReader, seed: number): Generator<TrainingProgress, ReplyModel> {
  const examples = reader.finish();
  const { count } = reader;
  const method = count < ENCODER_EXAMPLES_MIN ? learnNeighbours : learnEncoder;
  const run = learn(examples, method, seed);
  let step = run.next();
  for (; step.done !== true; step = run.next()) yield { ...step.value, examples: count };
  return step.value;
}

type Step = Omit<TrainingProgress, 'examples'>;

function* learn(examples: Examples, method: typeof learnEncoder, seed: number): Generator<Step, ReplyModel> {
  yield { phase: 'merging', done: 0 };
  const counts = countReplies(examples, () => true);
  const merged = mergeReplies(examples.replies, counts);
  yield { phase: 'merging', done: 1 };
  return yield* method(examples, merged, seed);
}

function countReplies({ replies, replyOf }: Examples, counts: (example: number) => boolean): Uint32Array {
  const result = new Uint32Array(replies.length);
  for (const [example, reply] of replyOf.entries()) {
    if (counts(example)) result[reply] = (result[reply] as number) + 1;
  }
  return result;
}

function* learnNeighbours(examples: Examples, merged: MergedReplies): Generator<Step, ReplyModel> {
  const { contexts, replies, replyOf, dialogueOf } = examples;
  const { catalog } = merged;
  const contextOf = (example: number): ContextFeatures => contexts.at(example);
  yield { phase: 'learning', done: 0 };
  const table = countFeatures(replyOf.keys().map(contextOf), 1);
  const weighed = table.weighAll(contexts.length, contextOf, BLOCK_WEIGHTS);
  const ranker = new NeighbourRanker({ table, ...weighed, replies, replyOf });
  yield { phase: 'learning', done: 1 };
  // Each conversation is asked about as if the model did not know it.
  let current = -1;
  const rank = finish(ranker.prepareWithout(catalog, (example) => dialogueOf[example] === current));
  const asked: ReadyReplies = { catalog, rank };
  const margins = new MarginCounts();
  for (let example = 0; example < contexts.length; example++) {
    if (example % 16 === 0) yield { phase: 'calibrating', done: example / contexts.length };
    current = dialogueOf[example] as number;
    addMargins(margins, asked, contextOf(example), entryTextOf(merged, examples, example));
  }
  return ReplyModel.create(ranker, catalog, fitSigmoid(margins, PRIOR, PRIOR_TRUST));
}

function* learnEncoder(examples: Examples, merged: MergedReplies, seed: number): Generator<Step, ReplyModel> {
  const { contexts, replies, replyOf } = examples;
  const isHeldBack = holdBack(examples, seed);
  const learned = replyOf.map((_reply, example) => example).filter((example) => !isHeldBack(example));
  const contextOf = (index: number): ContextFeatures => contexts.at(learned[index] as number);
  yield { phase: 'learning', done: 0 };
  const table = countFeatures(learned.keys().map(contextOf), ENCODER_FREQUENCY_MIN, VECTORS_MAX);
  const replyKeys = replies.map((reply) => Uint32Array.from(replyFeatures(reply)));
  const replyBlocks = (reply: number): readonly Uint32Array[] => [replyKeys[reply] as Uint32Array];
  const replyTable = countFeatures(
    learned.values().map((example) => replyBlocks(replyOf[example] as number)),
    ENCODER_FREQUENCY_MIN,
    VECTORS_MAX,
  );
  const weighed = table.weighAll(learned.length, contextOf, BLOCK_WEIGHTS);
  const heldBack = [...replyOf.keys()]
    .filter(isHeldBack)
    .map((example) => ({ example, context: copyOf(contexts.at(example)) }));
  contexts.release();
  const run = trainVectors(
    {
      contexts: weighed,
      replies: replyTable.weighAll(replies.length, replyBlocks, [1]),
      replyOf: learned.map((example) => replyOf[example] as number),
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
  const asked = finish(
    ranker.prepare({
      texts: kept.map((entry) => known.texts[entry] as string),
      counts: Uint32Array.from(kept, (entry) => known.counts[entry] as number),
    }),
  );
  const margins = new MarginCounts();
  for (const [index, { example, context }] of heldBack.entries()) {
    if (index % 16 === 0) yield { phase: 'calibrating', done: index / heldBack.length };
    addMargins(margins, asked, context, entryTextOf(merged, examples, example));
  }
  return ReplyModel.create(ranker, mostGiven(merged.catalog), fitSigmoid(margins, PRIOR, PRIOR_TRUST));
}

function copyOf([customer, agent, older, course]: ContextFeatures): ContextFeatures {
  return [customer.slice(), agent.slice(), older.slice(), course.slice()];
}

/** The entries that were given most often, which come first, as many as can be suggested from. */
function mostGiven({ texts, counts }: ReplyCatalog): ReplyCatalog {
  if (texts.length <= REPLIES_MAX) return { texts, counts };
  const order = [...texts.keys()].sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b);
  const kept = order.slice(0, REPLIES_MAX).sort((a, b) => a - b);
  return {
    texts: kept.map((entry) => texts[entry] as string),
    counts: Uint32Array.from(kept, (entry) => counts[entry] as number),
  };
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

function entryTextOf({ catalog, entryOf }: MergedReplies, { replyOf }: Examples, example: number): string {
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
