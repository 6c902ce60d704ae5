import type { DualEncoder } from './dual-encoder.ts';
import type { FeatureTable } from './feature-table.ts';
import { type ReplyCatalog, shapeOf, similarityOf } from './reply-catalog.ts';
import { BLOCK_WEIGHTS, type ContextFeatures, replyFeatures } from './reply-features.ts';
import type { Steps } from './steps.ts';

/** Replies that were made ready to be ranked for many contexts. */
export interface ReadyReplies {
  readonly catalog: ReplyCatalog;
  /** The log of how likely each reply of the catalogue follows, up to a constant; undefined for a strange context. */
  rank(context: ContextFeatures): Float64Array | undefined;
}

/** A way to tell which replies follow a context. */
export interface ReplyRanker {
  /** Any replies, not only those that it learned from. */
  prepare(catalog: ReplyCatalog): Steps<ReadyReplies>;
}

/** How much the log of how often a reply was given counts: its vector tells a part of that already. */
const FREQUENCY_WEIGHT = 0.6;

/** Ranks by the vectors of context and reply, and by how often a reply was given. */
export class EncoderRanker implements ReplyRanker {
  readonly encoder: DualEncoder;

  constructor(encoder: DualEncoder) {
    this.encoder = encoder;
  }

  *prepare(catalog: ReplyCatalog): Steps<ReadyReplies> {
    const { encoder } = this;
    const { dimensions } = encoder;
    const vectors = new Float32Array(catalog.texts.length * dimensions);
    for (const [index, text] of catalog.texts.entries()) {
      vectors.set(encoder.encodeReply(replyFeatures(text)), index * dimensions);
      yield;
    }
    const frequencies = Float64Array.from(catalog.counts, (count) => FREQUENCY_WEIGHT * Math.log(count));
    const rank = (context: ContextFeatures): Float64Array | undefined => {
      if (!knowsWords(encoder.contexts, context)) return undefined;
      const vector = encoder.encodeContext(context);
      return frequencies.map((frequency, index) => frequency + product(vectors, index * dimensions, vector));
    };
    return { catalog, rank };
  }
}

/** Examples to look near ones up in: the features of contexts one after the other, and which reply followed each. */
export interface NeighbourExamples {
  readonly table: FeatureTable;
  /** Context c has the entries from starts[c] to before starts[c + 1]. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly weights: Float32Array;
  /** The distinct replies. */
  readonly replies: readonly string[];
  readonly replyOf: Int32Array;
}

const NEIGHBOURS = 50;
/** How fast what a context counts falls with its distance. */
const NEARNESS_POWER = 4;
/** What a reply has that no neighbour gave. */
const LEAST = 1e-4;
/** Replies that have less in common than this do not vote for each other. */
const VOTE_SIMILARITY_MIN = 0.3;

/** Ranks by the replies that followed the nearest contexts, and by what is like them. For few examples. */
export class NeighbourRanker implements ReplyRanker {
  readonly examples: NeighbourExamples;
  readonly #shapes: readonly Uint32Array[];
  /** Contexts and weights by the row of a feature. */
  readonly #postings: readonly { readonly context: number; readonly weight: number }[][];

  constructor(examples: NeighbourExamples) {
    this.examples = examples;
    this.#shapes = examples.replies.map(shapeOf);
    const { table, starts, rows, weights } = examples;
    const postings: { context: number; weight: number }[][] = Array.from({ length: table.size }, () => []);
    for (let context = 0; context + 1 < starts.length; context++) {
      for (let entry = starts[context] as number; entry < (starts[context + 1] as number); entry++) {
        postings[rows[entry] as number]?.push({ context, weight: weights[entry] as number });
      }
    }
    this.#postings = postings;
  }

  *prepare(catalog: ReplyCatalog): Steps<ReadyReplies> {
    return { catalog, rank: yield* this.prepareWithout(catalog, () => false) };
  }

  /** As `prepare`, but as if there were no such examples: what they are is asked anew for each context. */
  *prepareWithout(
    catalog: ReplyCatalog,
    isLeftOut: (example: number) => boolean,
  ): Steps<ReadyReplies['rank']> {
    const shapes: Uint32Array[] = [];
    for (const text of catalog.texts) {
      shapes.push(shapeOf(text));
      yield;
    }
    const votesOf = new Map<number, readonly { readonly entry: number; readonly part: number }[]>();
    const votes = (reply: number) => {
      const known = votesOf.get(reply);
      if (known !== undefined) return known;
      const own = this.examples.replies[reply];
      const found = shapes
        .map((shape, entry) => {
          const isSame = catalog.texts[entry] === own;
          return { entry, part: isSame ? 1 : similarityOf(shape, this.#shapes[reply] as Uint32Array) };
        })
        .filter(({ part }) => part >= VOTE_SIMILARITY_MIN);
      votesOf.set(reply, found);
      return found;
    };
    return (context) => {
      if (!knowsWords(this.examples.table, context)) return undefined;
      const nearest = this.#nearest(context, isLeftOut);
      if (nearest.length === 0) return undefined;
      const sums = new Float64Array(catalog.texts.length).fill(LEAST);
      for (const { example, nearness } of nearest) {
        for (const { entry, part } of votes(this.examples.replyOf[example] as number)) {
          sums[entry] = (sums[entry] as number) + part * nearness ** NEARNESS_POWER;
        }
      }
      return sums.map(Math.log);
    };
  }

  #nearest(
    context: ContextFeatures,
    isLeftOut: (example: number) => boolean,
  ): { example: number; nearness: number }[] {
    const { rows, weights } = this.examples.table.weigh(context, BLOCK_WEIGHTS);
    const sums = new Float64Array(this.examples.replyOf.length);
    for (const [index, row] of rows.entries()) {
      for (const { context: other, weight } of this.#postings[row] ?? []) {
        sums[other] = (sums[other] as number) + weight * (weights[index] as number);
      }
    }
    const longest = BLOCK_WEIGHTS.reduce((sum, weight) => sum + weight * weight, 0);
    return [...sums.entries()]
      .filter(([example, sum]) => sum > 0 && !isLeftOut(example))
      .sort(([a, sumA], [b, sumB]) => sumB - sumA || a - b)
      .slice(0, NEIGHBOURS)
      .map(([example, sum]) => ({ example, nearness: sum / longest }));
  }
}

/** Whether any word of the last turns is known: how long a conversation is says too little by itself. */
function knowsWords(table: FeatureTable, [customer, agent]: ContextFeatures): boolean {
  return table.hasAny(customer) || table.hasAny(agent);
}

function product(vectors: Float32Array, start: number, vector: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < vector.length; index++) {
    sum += (vectors[start + index] as number) * (vector[index] as number);
  }
  return sum;
}
