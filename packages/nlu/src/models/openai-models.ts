import { type EndpointOptions, ModelEndpoint } from './model-endpoint.ts';
import {
  type Embedding,
  type Generation,
  type GenerationRequest,
  type JsonForm,
  type ModelCall,
  ModelError,
  type TextEmbedder,
  type TextGenerator,
} from './model-ports.ts';

export interface ModelOptions extends EndpointOptions {
  /** As the endpoint calls it. */
  readonly model: string;
  /** Told of every call when it ends, also of those that were aborted. It must not throw. */
  readonly onCall?: (call: ModelCall) => void;
}

export interface EmbedderOptions extends ModelOptions {
  /** Answers when the endpoint fails. */
  readonly fallback?: TextEmbedder;
  /** How many texts a request holds at most. Default: 64. */
  readonly batchSize?: number;
}

export interface GeneratorOptions extends ModelOptions {
  /** Answers when the endpoint fails; of a stream, only while nothing of it was given out. */
  readonly fallback?: TextGenerator;
}

const BATCH_SIZE = 64;

/** Vectors by an endpoint that speaks OpenAI's form of `/v1/embeddings`. Throws TypeError for options it cannot use. */
export function createEmbedder(options: EmbedderOptions): TextEmbedder {
  return new OpenAiEmbedder(options);
}

/** Text by an endpoint that speaks OpenAI's form of `/v1/chat/completions`. Throws TypeError as `createEmbedder`. */
export function createGenerator(options: GeneratorOptions): TextGenerator {
  return new OpenAiGenerator(options);
}

class OpenAiEmbedder implements TextEmbedder {
  readonly #endpoint: ModelEndpoint;
  readonly #options: EmbedderOptions;

  constructor(options: EmbedderOptions) {
    this.#endpoint = new ModelEndpoint(options);
    this.#options = options;
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding> {
    const { fallback } = this.#options;
    const record = startRecord('embed', this.#options, this.#endpoint.now);
    try {
      const embedding = await this.#embedAll(texts, signal);
      record('ok', false);
      return embedding;
    } catch (error) {
      if (!recordFailure(record, error, fallback !== undefined) || fallback === undefined) throw error;
    }
    return fallback.embed(texts, signal);
  }

  async #embedAll(texts: readonly string[], signal: AbortSignal | undefined): Promise<Embedding> {
    const { model, batchSize = BATCH_SIZE } = this.#options;
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += batchSize) {
      const batch = texts.slice(start, start + batchSize);
      // Endpoints refuse an empty text, and half of a surrogate pair.
      const input = batch.map((text) => (text === '' ? ' ' : text.toWellFormed()));
      const request = { model, input, encoding_format: 'float' };
      vectors.push(...readVectors(await this.#endpoint.post('/embeddings', request, signal), batch.length));
    }
    if (new Set(vectors.map(({ length }) => length)).size > 1) throw malformed('vectors of several lengths');
    return { model, vectors };
  }
}

class OpenAiGenerator implements TextGenerator {
  readonly #endpoint: ModelEndpoint;
  readonly #options: GeneratorOptions;

  constructor(options: GeneratorOptions) {
    this.#endpoint = new ModelEndpoint(options);
    this.#options = options;
  }

  async generate(request: GenerationRequest, signal?: AbortSignal): Promise<Generation> {
    const { model, fallback } = this.#options;
    const record = startRecord('generate', this.#options, this.#endpoint.now);
    try {
      const body = await this.#endpoint.post('/chat/completions', toBody(model, request), signal);
      const generation = readGeneration(model, body, request.json);
      record('ok', false);
      return generation;
    } catch (error) {
      if (!recordFailure(record, error, fallback !== undefined) || fallback === undefined) throw error;
    }
    return fallback.generate(request, signal);
  }

  async *stream(request: GenerationRequest, signal?: AbortSignal): AsyncGenerator<string> {
    const { model, fallback } = this.#options;
    const record = startRecord('stream', this.#options, this.#endpoint.now);
    let canFallBack = fallback !== undefined;
    try {
      const body = { ...toBody(model, request), stream: true };
      for await (const piece of readPieces(this.#endpoint.postForEvents('/chat/completions', body, signal))) {
        canFallBack = false;
        yield piece;
      }
      record('ok', false);
      return;
    } catch (error) {
      if (!recordFailure(record, error, canFallBack) || fallback === undefined || !canFallBack) throw error;
    } finally {
      // Where nobody listens any more, neither line above was reached.
      record('aborted', false);
    }
    yield* fallback.stream(request, signal);
  }
}

type Record = (outcome: ModelCall['outcome'], fellBack: boolean) => void;

/** What tells of a call that begins now, once: later calls of it do nothing. */
function startRecord(
  operation: ModelCall['operation'],
  { model, onCall }: ModelOptions,
  now: () => number,
): Record {
  const start = now();
  let isTold = false;
  return (outcome, fellBack) => {
    if (isTold) return;
    isTold = true;
    onCall?.({ operation, model, outcome, fellBack, milliseconds: now() - start });
  };
}

/** Whether a stand-in may answer: the model failed, and the caller still waits. */
function recordFailure(record: Record, error: unknown, canFallBack: boolean): boolean {
  const isFailure = error instanceof ModelError;
  record(isFailure ? error.failure : 'aborted', isFailure && canFallBack);
  return isFailure;
}

function toBody(model: string, request: GenerationRequest): object {
  const { messages, maxTokens, temperature, topP, seed, stop, json } = request;
  return {
    model,
    messages: messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    seed,
    stop,
    response_format: json && {
      type: 'json_schema',
      json_schema: { name: json.name, schema: json.schema, strict: true },
    },
  };
}

function readVectors(body: unknown, count: number): Float32Array[] {
  const { data } = asObject(body);
  if (!Array.isArray(data) || data.length !== count) throw malformed(`no list of ${count} vectors`);
  const vectors: Float32Array[] = new Array(count);
  for (const [position, each] of data.entries()) {
    const { embedding, index = position } = asObject(each);
    if (typeof index !== 'number' || !(index in data) || vectors[index] !== undefined) {
      throw malformed('vectors of unclear order');
    }
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every(Number.isFinite)) {
      throw malformed('a vector that holds no numbers');
    }
    vectors[index] = Float32Array.from(embedding as number[]);
  }
  return vectors;
}

function readGeneration(model: string, body: unknown, json: JsonForm | undefined): Generation {
  const { message, finish_reason: reason } = firstChoice(body);
  const { content } = asObject(message);
  if (typeof content !== 'string') throw malformed('no text');
  const finish = reason === 'length' ? 'length' : reason === 'content_filter' ? 'filter' : 'stop';
  if (json === undefined) return { model, text: content, finish };
  if (finish !== 'stop') throw new ModelError('cut-short', 'the model ended before its JSON did');
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw malformed('a text that is no JSON');
  }
  if (!json.accepts(value)) throw malformed('JSON of another form than asked for');
  return { model, text: content, value, finish };
}

async function* readPieces(events: AsyncIterable<string>): AsyncGenerator<string> {
  let isFinished = false;
  for await (const event of events) {
    if (event === '[DONE]') return;
    let body: unknown;
    try {
      body = JSON.parse(event);
    } catch {
      throw malformed('an event that is no JSON');
    }
    if (asObject(body)['error'] !== undefined)
      throw new ModelError('status', 'the model failed while it answered');
    // The last event of some endpoints tells of tokens only.
    const { choices } = asObject(body);
    if (Array.isArray(choices) && choices.length === 0) continue;
    const { delta, finish_reason: reason } = firstChoice(body);
    const { content } = asObject(delta);
    if (typeof content === 'string' && content !== '') yield content;
    if (typeof reason === 'string') isFinished = true;
  }
  if (!isFinished) throw new ModelError('cut-short', 'the stream of the model ended before its answer did');
}

function firstChoice(body: unknown): Readonly<{ [field: string]: unknown }> {
  const { choices } = asObject(body);
  if (!Array.isArray(choices)) throw malformed('no choices');
  return asObject(choices[0]);
}

function asObject(value: unknown): Readonly<{ [field: string]: unknown }> {
  if (typeof value !== 'object' || value === null) throw malformed('something other than an object');
  return value as Readonly<{ [field: string]: unknown }>;
}

function malformed(what: string): ModelError {
  return new ModelError('malformed', `the model answered with ${what}`);
}
