import { type QuantizedRows, quantizeRows } from '../classifier/quantized-rows.ts';
import { type FeatureVectors, SHARPNESS } from './encoder-training.ts';
import type { FeatureKeyList, FeatureTable } from './feature-table.ts';
import { BLOCK_WEIGHTS, type ContextFeatures } from './reply-features.ts';

const REPLY_WEIGHTS = [1];

/**
 * Gives contexts and replies vectors of one length, whose product tells how well the one answers the other: the log of
 * a likelihood, up to a constant of the context.
 */
export class DualEncoder {
  readonly contexts: FeatureTable;
  readonly replies: FeatureTable;
  readonly contextRows: QuantizedRows;
  readonly replyRows: QuantizedRows;

  constructor(
    contexts: FeatureTable,
    replies: FeatureTable,
    contextRows: QuantizedRows,
    replyRows: QuantizedRows,
  ) {
    this.contexts = contexts;
    this.replies = replies;
    this.contextRows = contextRows;
    this.replyRows = replyRows;
  }

  get dimensions(): number {
    return this.contextRows.outputs;
  }

  /** The vector of a context, of length 1; of zeros where nothing of it is known. */
  encodeContext(features: ContextFeatures): Float32Array {
    const { rows, weights } = this.contexts.weigh(features, BLOCK_WEIGHTS);
    return scaleTo(this.contextRows.multiply(rows, weights), 1);
  }

  /** The vector of a reply; of zeros where nothing of it is known. */
  encodeReply(features: FeatureKeyList): Float32Array {
    const { rows, weights } = this.replies.weigh([features], REPLY_WEIGHTS);
    return scaleTo(this.replyRows.multiply(rows, weights), SHARPNESS);
  }
}

/** An encoder from what was learned: the vectors of features as bytes. */
export function quantizeEncoder(
  contexts: FeatureTable,
  replies: FeatureTable,
  vectors: FeatureVectors,
): DualEncoder {
  const quantize = (rows: Float32Array) => quantizeRows(rows, vectors.dimensions);
  return new DualEncoder(contexts, replies, quantize(vectors.contexts), quantize(vectors.replies));
}

function scaleTo(vector: Float32Array, length: number): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares === 0) return vector;
  const factor = length / Math.sqrt(squares);
  return vector.map((value) => value * factor);
}
