import { fromJson, toJson } from '../../codec/codec.ts';
import type { MethodTable } from '../../codec/tables.ts';
import { ApiError, apiError, ClientOptionsError, InvalidRequestError } from '../../errors.ts';
import type {
  Headers,
  TlsOptions,
  Transport,
  TransportCall,
  TransportReply,
  TransportStream,
} from '../transport.ts';
import { Attempt } from './attempt.ts';
import { errorOfAnswer } from './error-answer.ts';
import { type Fetch, FetchSender } from './fetch-sender.ts';
import { type HttpForm, httpFormOf } from './http-rule.ts';
import { JsonList } from './json-list.ts';
import { createNodeSender } from './node-sender.ts';
import { type HttpAnswer, type Sender, tooLarge } from './sender.ts';

/** Where a RestWire leads to, and how. */
export interface RestWireOptions {
  /** With its port, such as `dialogflow.googleapis.com:443`. */
  readonly host: string;
  readonly tls: TlsOptions | 'plaintext';
  /**
   * In place of node:http, which Node is called by where this is left out; other runtimes use their own fetch. It takes
   * no TLS options: what makes its connections has its own.
   */
  readonly fetch?: Fetch | undefined;
  /** How many connections node:http may open; calls beyond that wait for one. 64 by default. */
  readonly socketsMax?: number | undefined;
  /** The most that an answer may have, decompressed; more is RESOURCE_EXHAUSTED. 256 MiB by default. */
  readonly messageBytesMax?: number | undefined;
}

const SOCKETS_MAX = 64;
/** Not much more fits into a string, which JSON is read from. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
const NO_TRAILERS: Headers = Object.freeze({});

/**
 * Calls over HTTP with JSON, by the google.api.http rules of each method. A method without one, and one that streams
 * requests, is refused by an InvalidRequestError before anything is sent. A read is sent again, once, where a connection
 * that was kept proves to be closed.
 */
export class RestWire implements Transport {
  readonly kind = 'rest';
  readonly host: string;
  readonly #options: RestWireOptions;
  readonly #messageBytesMax: number;
  readonly #attempts = new Set<Attempt>();
  #sender: Promise<Sender> | undefined;
  #closed = false;

  constructor(options: RestWireOptions) {
    const { host, tls, fetch, messageBytesMax } = options;
    if (!/^(?:\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+):\d+$/i.test(host)) {
      throw new ClientOptionsError(
        `the host must be given with its port, such as localhost:8470, not '${host}'`,
      );
    }
    if (
      fetch !== undefined &&
      tls !== 'plaintext' &&
      Object.values(tls).some((value) => value !== undefined)
    ) {
      throw new ClientOptionsError('fetch takes no TLS options: give them to what makes its connections');
    }
    this.host = host;
    this.#options = options;
    this.#messageBytesMax = messageBytesMax ?? MESSAGE_BYTES_MAX;
  }

  async unary(call: TransportCall, request: object): Promise<TransportReply> {
    const form = formOf(call.method, request);
    const attempt = this.#begin(call);
    try {
      const answer = await this.#open(form, call.headers, attempt);
      const bytes = await answer.bytes(this.#messageBytesMax);
      if (!isGood(answer)) throw refusalOf(answer, bytes);
      return new RestReply(messageOf(call.method, bytes, answer), answer);
    } finally {
      attempt.release();
    }
  }

  stream(call: TransportCall, requests: AsyncIterable<object> | Iterable<object>): TransportStream {
    const opened = this.#openStream(call, requests);
    return new RestStream(call.method, opened, this.#messageBytesMax);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const attempt of this.#attempts) attempt.end(apiError('CANCELLED', 'the client was closed'));
    (await this.#sender?.catch(() => undefined))?.close();
  }

  async #openStream(
    call: TransportCall,
    requests: AsyncIterable<object> | Iterable<object>,
  ): Promise<OpenStream> {
    const { method } = call;
    if (method.kind !== 'server_streaming') {
      throw new InvalidRequestError(
        `${method.name} cannot be called over REST, which streams answers alone: use gRPC`,
      );
    }
    const form = formOf(method, await firstOf(requests));
    const attempt = this.#begin(call);
    try {
      // Compressed, its elements would not be there before the whole is.
      const headers = { ...call.headers, 'accept-encoding': 'identity' };
      const answer = await this.#open(form, headers, attempt);
      if (!isGood(answer)) throw refusalOf(answer, await answer.bytes(this.#messageBytesMax));
      return { answer, attempt };
    } catch (error) {
      attempt.release();
      throw error;
    }
  }

  #begin(call: TransportCall): Attempt {
    if (this.#closed) throw apiError('CANCELLED', 'the client is closed');
    return new Attempt(call, this.#attempts);
  }

  async #open(form: HttpForm, headers: Headers, attempt: Attempt): Promise<HttpAnswer> {
    this.#sender ??= createSender(this.#options);
    const sender = await this.#sender;
    return await sender.open(form, headers, attempt);
  }
}

/**
 * node:http where there is Node itself, unless a fetch was given; Deno and Bun have a fetch that is better than what
 * they have of node:http, which serves them where TLS options are to be obeyed.
 */
async function createSender(options: RestWireOptions): Promise<Sender> {
  const { host, tls, fetch, socketsMax = SOCKETS_MAX } = options;
  const versions = globalThis.process?.versions;
  const isNode =
    versions?.node !== undefined && versions['deno'] === undefined && versions['bun'] === undefined;
  const special = tls !== 'plaintext' && Object.values(tls).some((value) => value !== undefined);
  if (fetch === undefined && (isNode || special)) {
    return await createNodeSender({ host, tls, socketsMax, compressed: !isLoopback(host) });
  }
  return new FetchSender(tls === 'plaintext' ? 'http' : 'https', host, fetch ?? globalThis.fetch);
}

/** To compress what does not leave the machine costs more than it saves. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]):/i.test(host);
}

function formOf(method: MethodTable, request: object): HttpForm {
  return httpFormOf(method, toJson(method.input, request));
}

async function firstOf(requests: AsyncIterable<object> | Iterable<object>): Promise<object> {
  for await (const request of requests) return request;
  return {};
}

function isGood(answer: HttpAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function refusalOf({ status, headers }: HttpAnswer, bytes: Uint8Array): ApiError {
  return errorOfAnswer(status, headers, tryParse(bytes));
}

function tryParse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

function messageOf(method: MethodTable, bytes: Uint8Array, answer: HttpAnswer): object {
  // What has no fields may be answered by no body.
  if (bytes.length === 0 && method.output.typeName === 'google.protobuf.Empty') return {};
  try {
    return fromJson(method.output, JSON.parse(decoder.decode(bytes)));
  } catch (cause) {
    throw unreadable(method, answer, cause);
  }
}

function unreadable(method: MethodTable, { status, headers }: HttpAnswer, cause: unknown): ApiError {
  const type = headers['content-type'] ?? 'no type';
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `the answer to ${method.name}, of ${type}, is not the JSON of a ${method.output.typeName}: ${why}`;
  return apiError('INTERNAL', message, { cause, headers, httpStatus: status });
}

/** Looks for the headers when somebody asks for them, which few do. */
class RestReply implements TransportReply {
  readonly message: object;
  readonly trailers = NO_TRAILERS;
  readonly #answer: HttpAnswer;

  constructor(message: object, answer: HttpAnswer) {
    this.message = message;
    this.#answer = answer;
  }

  get headers(): Headers {
    return this.#answer.headers;
  }
}

interface OpenStream {
  readonly answer: HttpAnswer;
  readonly attempt: Attempt;
}

class RestStream implements TransportStream {
  readonly headers: Promise<Headers>;
  readonly trailers: Promise<Headers>;
  readonly #method: MethodTable;
  readonly #opened: Promise<OpenStream>;
  readonly #messageBytesMax: number;
  #end: (trailers: Headers) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(method: MethodTable, opened: Promise<OpenStream>, messageBytesMax: number) {
    this.#method = method;
    this.#opened = opened;
    this.#messageBytesMax = messageBytesMax;
    this.headers = opened.then(({ answer }) => answer.headers);
    this.trailers = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Who iterates hears of errors there, and need not ask for these.
    this.headers.catch(this.#fail);
    this.trailers.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<object> {
    const { answer, attempt } = await this.#opened;
    try {
      yield* this.#messages(answer);
      this.#end(NO_TRAILERS);
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      // Without effect but where the loop was left early.
      this.#fail(apiError('CANCELLED', 'the rest of the answer was not waited for'));
      attempt.release();
    }
  }

  async *#messages(answer: HttpAnswer): AsyncGenerator<object> {
    const text = new TextDecoder('utf-8', { fatal: true });
    const list = new JsonList();
    try {
      for await (const chunk of answer.chunks()) {
        const elements = list.push(text.decode(chunk, { stream: true }));
        if (list.pending > this.#messageBytesMax) throw tooLarge(this.#messageBytesMax);
        for (const element of elements) yield this.#message(element, answer);
      }
      list.push(text.decode());
      list.end();
    } catch (error) {
      throw error instanceof ApiError ? error : unreadable(this.#method, answer, error);
    }
  }

  #message(element: string, answer: HttpAnswer): object {
    const json: unknown = JSON.parse(element);
    // Where an answer that has begun well goes wrong, its last element says so.
    if (typeof json === 'object' && json !== null && 'error' in json && Object.keys(json).length === 1) {
      throw errorOfAnswer(answer.status, answer.headers, json);
    }
    return fromJson(this.#method.output, json);
  }
}
