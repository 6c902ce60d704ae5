/**
 * The ports to models that run elsewhere: what understands text by vectors, and what writes text. Whoever holds a port
 * need not know whether an endpoint or a stand-in in process answers.
 */

/** What failed, of a call to a model. */
export type ModelFailure =
  /** No connection, or none that speaks HTTP. */
  | 'unreachable'
  /** Silence for longer than agreed. */
  | 'timeout'
  /** The endpoint asks to be left alone for a while; while that lasts, nothing is sent to it. */
  | 'rate-limited'
  /** Another status than 200. */
  | 'status'
  /** An answer of another form than asked for. */
  | 'malformed'
  /** An answer of more bytes than agreed. */
  | 'too-large'
  /** An answer that ended before its end. */
  | 'cut-short';

/** A call that failed by the model or the way to it. Its message never holds the key of the endpoint. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly failure: ModelFailure;
  /** The HTTP status, where the endpoint gave one other than 200. */
  readonly status: number | undefined;
  /** For how long the endpoint asked to be left alone, where it did. */
  readonly retryAfterMs: number | undefined;

  constructor(
    failure: ModelFailure,
    message: string,
    details: { readonly status?: number; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message);
    this.failure = failure;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Vectors of texts, in the order of the texts, all of one length. */
export interface Embedding {
  /** Which model made them: only vectors of one model can be compared. */
  readonly model: string;
  readonly vectors: readonly Float32Array[];
}

export interface TextEmbedder {
  /** Throws ModelError, or the signal's reason once it is aborted. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface GenerationRequest {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens?: number;
  /** From 0, the most likely words, upwards. Absent: as the endpoint has it. */
  readonly temperature?: number;
  /** Only the most likely words, of which the likelihoods add up to it, are chosen from. Absent: as the endpoint has it. */
  readonly topP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** The form of the answer, where it is to be JSON. */
  readonly json?: JsonForm;
}

export interface JsonForm {
  /** Letters, digits, dashes and underscores. */
  readonly name: string;
  /** A JSON Schema, which the endpoint is asked to keep to. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Whether the answer is what was asked for: not every endpoint keeps to a schema. */
  readonly accepts: (value: unknown) => boolean;
}

export interface Generation {
  readonly model: string;
  readonly text: string;
  /** The text as JSON, accepted, where the request asked for it. */
  readonly value?: unknown;
  /** Why it ended: whole, at the limit of tokens, or by the endpoint's filter. */
  readonly finish: 'stop' | 'length' | 'filter';
}

export interface TextGenerator {
  /** Throws ModelError, or the signal's reason once it is aborted. */
  generate(request: GenerationRequest, signal?: AbortSignal): Promise<Generation>;
  /** The answer's text in pieces as they are written. Throws as `generate` does, possibly after some pieces. */
  stream(request: GenerationRequest, signal?: AbortSignal): AsyncIterable<string>;
}

/** One call, for whoever counts them. */
export interface ModelCall {
  readonly operation: 'embed' | 'generate' | 'stream';
  readonly model: string;
  /** `aborted`: the caller wanted no answer any more. */
  readonly outcome: 'ok' | 'aborted' | ModelFailure;
  /** Whether the stand-in answered instead. */
  readonly fellBack: boolean;
  /** Of the call itself, without the stand-in. */
  readonly milliseconds: number;
}
