import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PrivateAddressError, requirePublicLiteral } from './public-address.ts';

/** What kind of a failure it is, for who does something about it. */
export type OutboundFailure =
  /** The host is or resolves to an address to which calls may not go. */
  | 'refused-address'
  /** No connection, or one that broke, or an answer that is not HTTP. */
  | 'connection'
  | 'timeout'
  | 'too-large'
  | 'redirect'
  /** An answer that is neither a success nor a redirect. */
  | 'status'
  | 'aborted';

/** A call that the server made came to nothing. The message is one line for people, and fit for a log. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly kind: OutboundFailure;
  /** Of the answer, where its head arrived. */
  readonly status: number | undefined;
  /** How long the answer asks to wait before the call is made again, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of what a refusal says, in one line. It may repeat what was sent: it is not for the log. */
  readonly excerpt: string;
  /** Where a redirect leads, as it says. */
  readonly location: string | undefined;

  constructor(
    kind: OutboundFailure,
    message: string,
    more: {
      status?: number | undefined;
      retryAfterMs?: number | undefined;
      excerpt?: string;
      location?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.status = more.status;
    this.retryAfterMs = more.retryAfterMs;
    this.excerpt = more.excerpt ?? '';
    this.location = more.location;
  }
}

export interface OutboundRequest {
  /** Left out where the call has none. */
  readonly body?: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  /** What the answer's body may hold. */
  readonly responseBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OutboundReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How much of what an answer says is repeated, in characters. */
const EXCERPT_LENGTH = 200;

/** One call, from its first byte to the last of the answer. */
export class Exchange {
  readonly #url: URL;
  readonly #request: OutboundRequest;
  readonly #call: ClientRequest;
  readonly #settled = Promise.withResolvers<OutboundReply>();
  readonly #deadline: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#fail(aborted(this.#url));
  /** Of the answer, once its head is there. */
  #response: IncomingMessage | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #broke = false;

  constructor(url: URL, request: OutboundRequest, call: ClientRequest) {
    this.#url = url;
    this.#request = request;
    this.#call = call;
    this.#deadline = setTimeout(() => this.#fail(this.#tooLate()), request.timeoutMs);
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
    const broke = (error: Error): void => {
      this.#broke = true;
      this.#fail(this.#broken(error));
    };
    call.on('error', broke);
    call.on('close', () => broke(new Error('the connection was closed')));
    call.on('response', (response) => this.#receive(response));
    call.end(request.body);
  }

  get reply(): Promise<OutboundReply> {
    return this.#settled.promise;
  }

  /** Whether it failed on a kept connection that was closed before anything of an answer came. */
  get metClosing(): boolean {
    return this.#broke && this.#call.reusedSocket && this.#response === undefined;
  }

  #receive(response: IncomingMessage): void {
    this.#response = response;
    response.on('error', (error) => this.#fail(this.#broken(error)));
    response.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.byteLength;
      if (this.#bytes > this.#request.responseBytesMax) this.#fail(this.#tooLarge(response));
    });
    response.on('end', () => this.#finish(response));
  }

  #finish(response: IncomingMessage): void {
    const { statusCode: status = 0 } = response;
    const body = Buffer.concat(this.#chunks);
    if (!isSuccess(status)) {
      this.#fail(this.#refused(response, body));
      return;
    }
    this.#release();
    this.#settled.resolve({ status, headers: response.headers, body });
  }

  /** Only the first failure counts, and none after the end. */
  #fail(error: OutboundError): void {
    this.#release();
    this.#settled.reject(error);
    // A connection whose answer was read to its end can be kept.
    if (this.#response?.complete !== true) this.#call.destroy();
  }

  #release(): void {
    clearTimeout(this.#deadline);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
  }

  #tooLate(): OutboundError {
    const { timeoutMs } = this.#request;
    const what = this.#response === undefined ? 'did not answer' : 'did not finish its answer';
    return this.#error('timeout', `${what} within ${timeoutMs} ms`);
  }

  /** What a refusal says matters more than its length. */
  #tooLarge(response: IncomingMessage): OutboundError {
    if (!isSuccess(response.statusCode ?? 0)) return this.#refused(response, Buffer.concat(this.#chunks));
    return this.#error('too-large', `answered more than ${this.#request.responseBytesMax} bytes`);
  }

  #refused({ statusCode = 0, statusMessage = '', headers }: IncomingMessage, body: Buffer): OutboundError {
    const answer = `answered ${statusCode} ${printable(statusMessage)}`.trimEnd();
    if (statusCode >= 300 && statusCode < 400) {
      const target = printable(headers.location ?? 'nowhere');
      const { location } = headers;
      return this.#error(
        'redirect',
        `${answer} and sends calls on to ${target}: redirects are not followed`,
        {
          location,
        },
      );
    }
    return this.#error('status', answer, {
      excerpt: printable(body.toString('utf8', 0, EXCERPT_LENGTH * 4)),
    });
  }

  #broken(error: Error): OutboundError {
    if (error instanceof PrivateAddressError) return refusedAddress(error);
    // Where a name has several addresses, each attempt has its error.
    const [reason = error] = error instanceof AggregateError ? (error.errors as Error[]) : [];
    const what = this.#response === undefined ? 'cannot be reached' : 'broke off its answer';
    return this.#error('connection', `${what}: ${printable(reason.message)}`, { cause: error });
  }

  #error(
    kind: OutboundFailure,
    text: string,
    more: { excerpt?: string; location?: string | undefined; cause?: unknown } = {},
  ): OutboundError {
    const status = this.#response?.statusCode;
    const retryAfterMs = readRetryAfter(this.#response?.headers['retry-after']);
    return new OutboundError(kind, `${this.#url.host} ${text}`, { ...more, status, retryAfterMs });
  }
}

export function aborted(url: URL): OutboundError {
  return new OutboundError('aborted', `the call to ${url.host} was given up`);
}

/** Throws OutboundError where a URL names an address that is not public. */
export function refusePrivateHost(url: URL): void {
  try {
    requirePublicLiteral(url.hostname);
  } catch (error) {
    throw error instanceof PrivateAddressError ? refusedAddress(error) : error;
  }
}

function refusedAddress(error: PrivateAddressError): OutboundError {
  return new OutboundError('refused-address', error.message, { cause: error });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** What others say, as a part of one line. */
export function printable(text: string): string {
  return text
    .replace(/[\p{C}\p{Z}\uFFFD]+/gu, ' ')
    .trim()
    .slice(0, EXCERPT_LENGTH)
    .toWellFormed();
}

/** Seconds, or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function readRetryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
