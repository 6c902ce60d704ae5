import { confidenceOf, type Sigmoid } from '../classifier/calibration.ts';
import { QuantizedRows } from '../classifier/quantized-rows.ts';
import type { Turn } from './dialogue.ts';
import { DualEncoder } from './dual-encoder.ts';
import { FeatureTable } from './feature-table.ts';
import { type ModelParts, readModelFile, writeModelFile } from './model-file.ts';
import { maskPersonalData } from './personal-data.ts';
import { type ReplyCatalog, ShapeIndex, shapeOf, similarityOf } from './reply-catalog.ts';
import { featuresOf } from './reply-features.ts';
import { EncoderRanker, NeighbourRanker, type ReadyReplies, type ReplyRanker } from './reply-ranking.ts';
import { finish, type Steps, takeTurns } from './steps.ts';

export interface ReplySuggestion {
  readonly reply: string;
  /** How likely the agent says this or nearly this next, from 0 to 1. */
  readonly confidence: number;
}

export interface SuggestOptions {
  /** How many suggestions at most. Default: 3. */
  readonly limit?: number;
  /** The least confidence of a suggestion. Default: 0.1. */
  readonly confidenceMin?: number;
  /** Suggests of these replies alone, made ready by `allow`. Default: of all that agents gave. */
  readonly allowed?: AllowedReplies;
  /**
   * What the agent has begun to write. Only replies that go on from it are suggested, the likelier for that; where none
   * does, it counts as said, and what may follow it is suggested.
   */
  readonly typed?: string;
}

/** Replies that one model may suggest. */
export interface AllowedReplies {
  readonly ready: ReadyReplies;
  /** The texts as `beginningOf` has them. */
  readonly beginnings: readonly string[];
}

const LIMIT = 3;
const CONFIDENCE_MIN = 0.1;
/** From this part of common words and pairs of words on, one of two suggestions says enough. */
export const VARIANT_SIMILARITY = 0.5;
/** Margins are kept small, and likelihoods are not: their log odds are divided by this. */
const MARGIN_UNIT = 4;

/** How likely something is said that nobody said yet, beside the best reply: so one alone is not certain. */
const UNSEEN = 0.1;

/** The score of what cannot be said. */
const IMPOSSIBLE = Number.NEGATIVE_INFINITY;

const KIND = 'PLRM';
const VERSION = 1;

/** Suggests what an agent may say next, by what agents said before. It holds masked replies and no other text. */
export class ReplyModel {
  readonly #ranker: ReplyRanker;
  readonly #all: AllowedReplies;
  readonly #calibration: Sigmoid;
  /** Of all replies; made when it is first needed. */
  #shapes: ShapeIndex | undefined;

  private constructor(ranker: ReplyRanker, all: AllowedReplies, calibration: Sigmoid) {
    this.#ranker = ranker;
    this.#all = all;
    this.#calibration = calibration;
  }

  static create(ranker: ReplyRanker, catalog: ReplyCatalog, calibration: Sigmoid): ReplyModel {
    return new ReplyModel(ranker, finish(prepare(ranker, catalog)), calibration);
  }

  /** The replies that can be suggested, personal data masked, with how often they or nearly they were given. */
  get catalog(): ReplyCatalog {
    return this.#all.ready.catalog;
  }

  /** How the model finds replies: near contexts while there are few, learned vectors from 500 examples on. */
  get method(): 'neighbours' | 'encoder' {
    return this.#ranker instanceof EncoderRanker ? 'encoder' : 'neighbours';
  }

  /**
   * The likeliest next replies, best first; of several that are nearly the same, one. None where nothing that was
   * said lately is known, and none below the least confidence.
   */
  suggest(context: readonly Turn[], options: SuggestOptions = {}): ReplySuggestion[] {
    const { limit = LIMIT, confidenceMin = CONFIDENCE_MIN, allowed = this.#all, typed = '' } = options;
    const begun = beginningOf(typed);
    if (begun === '') return this.#rank(context, allowed, { limit, confidenceMin });
    const goOn = allowed.beginnings.map((text) => text.length > begun.length && text.startsWith(begun));
    if (goOn.includes(true)) return this.#rank(context, allowed, { limit, confidenceMin, goOn });
    return this.#rank([...context, { speaker: 'agent', text: typed }], allowed, { limit, confidenceMin });
  }

  #rank(
    context: readonly Turn[],
    { ready }: AllowedReplies,
    options: { readonly limit: number; readonly confidenceMin: number; readonly goOn?: readonly boolean[] },
  ): ReplySuggestion[] {
    const { limit, confidenceMin, goOn } = options;
    const features = featuresOf(context);
    const all = this.#all.ready.rank(features);
    const ranked = ready === this.#all.ready ? all : ready.rank(features);
    if (all === undefined || ranked === undefined) return [];
    const scores = goOn ? ranked.map((score, entry) => (goOn[entry] ? score : IMPOSSIBLE)) : ranked;
    return distinctBest(scores, ready.catalog.texts, limit, all, goOn ? scores : all)
      .map(({ entry, margin }) => ({
        reply: ready.catalog.texts[entry] as string,
        confidence: confidenceOf(this.#calibration, margin),
      }))
      .filter(({ confidence }) => confidence >= confidenceMin);
  }

  /**
   * Makes replies ready to be the only ones that are suggested, as they are written, with the confidence that they have
   * among all. How often agents gave them or nearly them counts; those that nobody gave yet are suggested by what they
   * say.
   */
  allow(replies: readonly string[]): AllowedReplies {
    return finish(this.#allow(replies));
  }

  /** The same for many, while others of this thread have their turns. */
  allowInTurns(replies: readonly string[]): Promise<AllowedReplies> {
    return takeTurns(this.#allow(replies));
  }

  *#allow(replies: readonly string[]): Steps<AllowedReplies> {
    const { texts, counts } = this.catalog;
    if (this.#shapes === undefined) {
      const shapes = new ShapeIndex();
      for (const text of texts) {
        shapes.add(shapeOf(text));
        yield;
      }
      this.#shapes = shapes;
    }
    const distinct: string[] = [];
    const allowedCounts: number[] = [];
    for (const reply of new Set(replies)) {
      if (shapeOf(reply).length === 0) continue;
      const similar = this.#shapes.similarTo(shapeOf(maskPersonalData(reply)), VARIANT_SIMILARITY);
      distinct.push(reply);
      allowedCounts.push(similar.reduce((sum, entry) => sum + (counts[entry] as number), 1));
      yield;
    }
    return yield* prepare(this.#ranker, { texts: distinct, counts: Uint32Array.from(allowedCounts) });
  }

  /**
   * How well each of some replies would follow, by what they say alone: the higher the better, comparable within one
   * context. All zero where nothing that was said lately is known.
   */
  score(context: readonly Turn[], replies: readonly string[]): number[] {
    const texts = replies.map((reply) => maskPersonalData(reply));
    const ready = finish(this.#ranker.prepare({ texts, counts: new Uint32Array(texts.length).fill(1) }));
    return [...(ready.rank(featuresOf(context)) ?? new Float64Array(texts.length))];
  }

  toBytes(): Uint8Array {
    const { texts, counts } = this.catalog;
    const { header, arrays } = describeRanker(this.#ranker);
    return writeModelFile(KIND, VERSION, {
      header: { texts, calibration: this.#calibration, ranker: header },
      arrays: { counts, ...arrays },
    });
  }

  /** The model whose bytes these are. Throws ModelFileError. */
  static fromBytes(bytes: Uint8Array): ReplyModel {
    return finish(ReplyModel.#read(bytes));
  }

  /** The same, while others of this thread have their turns. */
  static readInTurns(bytes: Uint8Array): Promise<ReplyModel> {
    return takeTurns(ReplyModel.#read(bytes));
  }

  static *#read(bytes: Uint8Array): Steps<ReplyModel> {
    const { header, arrays } = readModelFile(KIND, VERSION, bytes);
    const { texts, calibration, ranker } = header as {
      texts: string[];
      calibration: Sigmoid;
      ranker: RankerHeader;
    };
    yield;
    const catalog = { texts, counts: arrays['counts'] as Uint32Array };
    const reading = readRanker({ header: ranker, arrays });
    yield;
    return new ReplyModel(reading, yield* prepare(reading, catalog), calibration);
  }
}

function* prepare(ranker: ReplyRanker, catalog: ReplyCatalog): Steps<AllowedReplies> {
  const ready = yield* ranker.prepare(catalog);
  const beginnings: string[] = [];
  for (const text of catalog.texts) {
    beginnings.push(beginningOf(text));
    yield;
  }
  return { ready, beginnings };
}

/** A text as another one may begin with it, whatever its letters' case and its spaces. */
function beginningOf(text: string): string {
  return text.normalize('NFKC').toLowerCase().trimStart().replaceAll(/\s+/gu, ' ');
}

/**
 * The best entries by their scores, without those that are variants of a better one. The margin of each is taken among
 * all replies: that few may be suggested makes none of them likelier. Where it is known that one of some is said, it is
 * taken among those, and what nobody said yet is as likely as before.
 */
export function distinctBest(
  scores: Float64Array,
  texts: readonly string[],
  limit: number,
  all: Float64Array,
  among = all,
): { entry: number; margin: number }[] {
  const most = all.reduce((a, b) => Math.max(a, b), IMPOSSIBLE);
  const sum = among.reduce((total, score) => total + Math.exp(score - most), 0);
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  const best: { entry: number; margin: number; shape: Uint32Array }[] = [];
  for (const entry of order) {
    if (best.length >= limit || scores[entry] === IMPOSSIBLE) break;
    const shape = shapeOf(texts[entry] as string);
    if (best.some((other) => similarityOf(shape, other.shape) >= VARIANT_SIMILARITY)) continue;
    const likelihood = Math.exp((scores[entry] as number) - most);
    const others = Math.max(UNSEEN, sum + UNSEEN - likelihood);
    best.push({ entry, margin: Math.log(likelihood / others) / MARGIN_UNIT, shape });
  }
  return best;
}

type RankerHeader =
  | { readonly method: 'neighbours'; readonly replies: readonly string[] }
  | { readonly method: 'encoder'; readonly dimensions: number };

function describeRanker(ranker: ReplyRanker): ModelParts {
  if (ranker instanceof EncoderRanker) {
    const { contexts, replies, contextRows, replyRows, dimensions } = ranker.encoder;
    const header: RankerHeader = { method: 'encoder', dimensions };
    return {
      header,
      arrays: {
        contextKeys: contexts.keys,
        contextRarities: contexts.rarities,
        contextBytes: contextRows.bytes,
        contextScales: contextRows.scales,
        replyKeys: replies.keys,
        replyRarities: replies.rarities,
        replyBytes: replyRows.bytes,
        replyScales: replyRows.scales,
      },
    };
  }
  const { table, starts, rows, weights, replies, replyOf } = (ranker as NeighbourRanker).examples;
  const header: RankerHeader = { method: 'neighbours', replies };
  return {
    header,
    arrays: { contextKeys: table.keys, contextRarities: table.rarities, starts, rows, weights, replyOf },
  };
}

function readRanker({ header, arrays }: ModelParts): ReplyRanker {
  const ranker = header as RankerHeader;
  const table = (keys: string, rarities: string): FeatureTable =>
    new FeatureTable(arrays[keys] as Uint32Array, arrays[rarities] as Float32Array);
  const contexts = table('contextKeys', 'contextRarities');
  if (ranker.method === 'neighbours') {
    return new NeighbourRanker({
      table: contexts,
      starts: arrays['starts'] as Int32Array,
      rows: arrays['rows'] as Int32Array,
      weights: arrays['weights'] as Float32Array,
      replies: ranker.replies,
      replyOf: arrays['replyOf'] as Int32Array,
    });
  }
  const rows = (bytes: string, scales: string): QuantizedRows =>
    new QuantizedRows(arrays[bytes] as Int8Array, arrays[scales] as Float32Array);
  const replies = table('replyKeys', 'replyRarities');
  const contextRows = rows('contextBytes', 'contextScales');
  return new EncoderRanker(
    new DualEncoder(contexts, replies, contextRows, rows('replyBytes', 'replyScales')),
  );
}
