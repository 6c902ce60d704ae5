import { EventStream } from './event-stream.ts';
import { ModelError } from './model-ports.ts';

export interface EndpointOptions {
  /** Up to and with the version: `http://127.0.0.1:8080/v1`. */
  readonly url: string;
  /** Sent as bearer token. */
  readonly apiKey?: string;
  /** How long an answer may take; of one in pieces, each piece. Default: 10 seconds. */
  readonly timeoutMs?: number;
  /** How many bytes of an answer are read at most. Default: 8 MiB. */
  readonly maxResponseBytes?: number;
  /** Milliseconds since the epoch. Default: the system's. */
  readonly now?: () => number;
}

const TIMEOUT_MS = 10_000;
const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
/** A longer pause that an endpoint asks for is not believed: it would be out of use until the next start. */
const PAUSE_MS_MAX = 60_000;
/** Of what the endpoint says about its failure. */
const REASON_BYTES_MAX = 16 * 1024;
const REASON_LENGTH_MAX = 200;

/**
 * An HTTP endpoint that takes and gives JSON. No request outlasts its time, no answer outgrows its bytes, and no error
 * tells the key. It follows no redirect, which could carry the key elsewhere.
 */
export class ModelEndpoint {
  readonly now: () => number;
  readonly #url: string;
  readonly #apiKey: string | undefined;
  readonly #timeoutMs: number;
  readonly #maxResponseBytes: number;
  #pausedUntil = 0;

  /** Throws TypeError for an address or a key that cannot be sent. */
  constructor(options: EndpointOptions) {
    const url = URL.parse(options.url);
    if (url === null || !/^https?:$/u.test(url.protocol))
      throw new TypeError('the URL of a model must be http(s)');
    // They would be in every error that names the address.
    if (url.username !== '' || url.password !== '' || url.search !== '') {
      throw new TypeError('the URL of a model must hold no credentials and no query');
    }
    if (options.apiKey !== undefined && !/^[\x21-\x7e]+$/u.test(options.apiKey)) {
      throw new TypeError('the key of a model must be printable ASCII without spaces');
    }
    this.now = options.now ?? Date.now;
    this.#url = `${url.origin}${url.pathname.replace(/\/+$/u, '')}`;
    this.#apiKey = options.apiKey;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxResponseBytes = options.maxResponseBytes ?? RESPONSE_BYTES_MAX;
  }

  /** The JSON that answers a request. Throws ModelError, or the signal's reason. */
  async post(path: string, body: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    using patience = new Patience(this.#timeoutMs, signal);
    const response = await this.#send(path, body, 'application/json', patience);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#read(response, path, patience)) chunks.push(chunk);
    try {
      return JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      throw new ModelError('malformed', `${this.#url}${path} answered with what is no JSON`);
    }
  }

  /** The data of the events that answer a request, as they come. Throws ModelError, or the signal's reason. */
  async *postForEvents(path: string, body: unknown, signal: AbortSignal | undefined): AsyncGenerator<string> {
    using patience = new Patience(this.#timeoutMs, signal);
    const response = await this.#send(path, body, 'text/event-stream', patience);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await response.body?.cancel();
      throw new ModelError('malformed', `${this.#url}${path} answered with no stream of events`);
    }
    const events = new EventStream();
    for await (const chunk of this.#read(response, path, patience)) {
      // Time in which the caller looks at the events is not the endpoint's.
      patience.pause();
      yield* events.feed(chunk);
      patience.renew();
    }
  }

  async #send(path: string, body: unknown, accept: string, patience: Patience): Promise<Response> {
    const pausedMs = this.#pausedUntil - this.now();
    if (pausedMs > 0) {
      const message = `${this.#url}${path} asked to be left alone for ${pausedMs} ms more`;
      throw new ModelError('rate-limited', message, { retryAfterMs: pausedMs });
    }
    const headers = new Headers({ accept, 'content-type': 'application/json' });
    if (this.#apiKey !== undefined) headers.set('authorization', `Bearer ${this.#apiKey}`);
    const request = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'manual' } as const;
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, { ...request, signal: patience.signal });
    } catch (error) {
      patience.throwIfOver(`${this.#url}${path}`);
      throw new ModelError('unreachable', `${this.#url}${path} cannot be reached: ${codeOf(error)}`);
    }
    if (response.status === 200) return response;
    throw await this.#refusal(path, response);
  }

  async *#read(response: Response, path: string, patience: Patience): AsyncGenerator<Uint8Array> {
    const chunks = response.body?.values() ?? [];
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        bytes += chunk.byteLength;
        if (bytes > this.#maxResponseBytes) {
          const message = `${this.#url}${path} answered with more than ${this.#maxResponseBytes} bytes`;
          throw new ModelError('too-large', message);
        }
        yield chunk;
      }
    } catch (error) {
      if (error instanceof ModelError) throw error;
      patience.throwIfOver(`${this.#url}${path}`);
      throw new ModelError('cut-short', `${this.#url}${path} broke off its answer: ${codeOf(error)}`);
    }
  }

  async #refusal(path: string, response: Response): Promise<ModelError> {
    const { status } = response;
    const retryAfterMs = this.#retryAfterMs(response);
    if (retryAfterMs !== undefined) this.#pausedUntil = this.now() + Math.min(retryAfterMs, PAUSE_MS_MAX);
    const reason = await readReason(response);
    const message = `${this.#url}${path} answered ${status}${reason === '' ? '' : `: ${this.#withoutKey(reason)}`}`;
    return new ModelError(status === 429 ? 'rate-limited' : 'status', message, { status, retryAfterMs });
  }

  /** https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
  #retryAfterMs(response: Response): number | undefined {
    const value = response.headers.get('retry-after');
    if (value === null || (response.status !== 429 && response.status !== 503)) return undefined;
    const ms = /^\d+$/u.test(value) ? Number(value) * 1000 : Date.parse(value) - this.now();
    return ms > 0 ? ms : undefined;
  }

  /** Endpoints repeat a key that they refuse. Shortened after it was taken out, or half of it could stay. */
  #withoutKey(reason: string): string {
    const safe = this.#apiKey === undefined ? reason : reason.replaceAll(this.#apiKey, '***');
    return safe.slice(0, REASON_LENGTH_MAX).toWellFormed();
  }
}

/** What the endpoint says of its failure, as far as it says so in the usual form; else nothing. */
async function readReason(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body?.values() ?? []) {
      bytes += chunk.byteLength;
      if (bytes > REASON_BYTES_MAX) return '';
      chunks.push(chunk);
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const { error } = body as { error?: unknown };
    const message: unknown = typeof error === 'string' ? error : (error as { message?: unknown }).message;
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

/** The code of a failed connection. The messages of such errors are for people who run programs, not for logs. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  return typeof cause?.code === 'string' ? cause.code : 'no connection';
}

/** How long a caller waits: until its own signal, or until nothing has come for the agreed time. */
class Patience {
  readonly signal: AbortSignal;
  readonly #silence = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    caller?.throwIfAborted();
    this.#caller = caller;
    this.#timeoutMs = timeoutMs;
    this.signal =
      caller === undefined ? this.#silence.signal : AbortSignal.any([caller, this.#silence.signal]);
    this.renew();
  }

  renew(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#silence.abort(), this.#timeoutMs);
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  /** Throws what ended the waiting, if anything did. */
  throwIfOver(address: string): void {
    this.#caller?.throwIfAborted();
    if (!this.#silence.signal.aborted) return;
    throw new ModelError('timeout', `${address} was silent for ${this.#timeoutMs} ms`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
