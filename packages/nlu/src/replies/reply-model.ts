import { confidenceOf, type Sigmoid } from '../classifier/calibration.ts';
import { QuantizedRows } from '../classifier/quantized-rows.ts';
import type { Turn } from './dialogue.ts';
import { DualEncoder } from './dual-encoder.ts';
import { FeatureTable } from './feature-table.ts';
import { type ModelParts, readModelFile, writeModelFile } from './model-file.ts';
import { maskPersonalData } from './personal-data.ts';
import { type ReplyCatalog, shapeOf, similarityOf } from './reply-catalog.ts';
import { featuresOf } from './reply-features.ts';
import { EncoderRanker, NeighbourRanker, type ReadyReplies, type ReplyRanker } from './reply-ranking.ts';

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
}

/** Replies that one model may suggest. */
export interface AllowedReplies {
  readonly ready: ReadyReplies;
}

const LIMIT = 3;
const CONFIDENCE_MIN = 0.1;
/** From this part of common words and pairs of words on, one of two suggestions says enough. */
export const VARIANT_SIMILARITY = 0.5;
/** Margins are kept small, and likelihoods are not: their log odds are divided by this. */
const MARGIN_UNIT = 4;

/** How likely something is said that nobody said yet, beside the best reply: so one alone is not certain. */
const UNSEEN = 0.1;

const KIND = 'PLRM';
const VERSION = 1;

/** Suggests what an agent may say next, by what agents said before. It holds masked replies and no other text. */
export class ReplyModel {
  readonly #ranker: ReplyRanker;
  readonly #ready: ReadyReplies;
  readonly #calibration: Sigmoid;

  constructor(ranker: ReplyRanker, catalog: ReplyCatalog, calibration: Sigmoid) {
    this.#ranker = ranker;
    this.#ready = ranker.prepare(catalog);
    this.#calibration = calibration;
  }

  /** The replies that can be suggested, personal data masked, with how often they or nearly they were given. */
  get catalog(): ReplyCatalog {
    return this.#ready.catalog;
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
    const { limit = LIMIT, confidenceMin = CONFIDENCE_MIN, allowed } = options;
    const { ready } = allowed ?? { ready: this.#ready };
    const features = featuresOf(context);
    const all = this.#ready.rank(features);
    const scores = ready === this.#ready ? all : ready.rank(features);
    if (all === undefined || scores === undefined) return [];
    return distinctBest(scores, ready.catalog.texts, limit, all)
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
    const { texts, counts } = this.catalog;
    const shapes = texts.map(shapeOf);
    const distinct = [...new Set(replies)].filter((text) => shapeOf(text).length > 0);
    const allowedCounts = distinct.map((reply) => {
      const shape = shapeOf(maskPersonalData(reply));
      return shapes.reduce(
        (sum, other, entry) =>
          similarityOf(shape, other) >= VARIANT_SIMILARITY ? sum + (counts[entry] as number) : sum,
        1,
      );
    });
    return { ready: this.#ranker.prepare({ texts: distinct, counts: Uint32Array.from(allowedCounts) }) };
  }

  /**
   * How well each of some replies would follow, by what they say alone: the higher the better, comparable within one
   * context. All zero where nothing that was said lately is known.
   */
  score(context: readonly Turn[], replies: readonly string[]): number[] {
    const texts = replies.map((reply) => maskPersonalData(reply));
    const ready = this.#ranker.prepare({ texts, counts: new Uint32Array(texts.length).fill(1) });
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
    const { header, arrays } = readModelFile(KIND, VERSION, bytes);
    const { texts, calibration, ranker } = header as {
      texts: string[];
      calibration: Sigmoid;
      ranker: RankerHeader;
    };
    const catalog = { texts, counts: arrays['counts'] as Uint32Array };
    return new ReplyModel(readRanker({ header: ranker, arrays }), catalog, calibration);
  }
}

/**
 * The best entries by their scores, without those that are variants of a better one. The margin of each is taken among
 * all replies: that few may be suggested makes none of them likelier.
 */
export function distinctBest(
  scores: Float64Array,
  texts: readonly string[],
  limit: number,
  all: Float64Array,
): { entry: number; margin: number }[] {
  const most = all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = all.reduce((total, score) => total + Math.exp(score - most), 0);
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  const best: { entry: number; margin: number; shape: Uint32Array }[] = [];
  for (const entry of order) {
    if (best.length >= limit || scores[entry] === Number.NEGATIVE_INFINITY) break;
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
