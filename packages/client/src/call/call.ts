import type { HeaderSource } from '../auth/header-source.ts';
import { apiClientHeader, type ClientInfo } from '../client-info.ts';
import { checkMessage } from '../codec/codec.ts';
import type { MethodTable } from '../codec/tables.ts';
import { type ApiError, apiError } from '../errors.ts';
import type {
  Headers,
  Transport,
  TransportCall,
  TransportReply,
  TransportStream,
} from '../transport/transport.ts';
import { type CallOptions, type CallPlan, planCall } from './call-options.ts';
import { type CallRuntime, platformRuntime } from './call-runtime.ts';
import { routingHeader } from './request-headers.ts';
import { Backoff, isRepeatable } from './retry.ts';

/** A transport with what it knows of who is calling. */
export interface CallTransport extends Transport {
  /** Asked before each attempt; undefined for nobody. */
  readonly credentials?: HeaderSource | undefined;
  readonly clientInfo?: ClientInfo | undefined;
}

/** How long a call may take by default, with all its attempts: as Google's own clients have it. */
export const TIMEOUT_MS = 60_000;

/**
 * Makes a call with one request and one answer, again where that is safe and may help (see RetryPolicy). What is wrong
 * with request or options is an InvalidRequestError, and nothing is sent; all else that goes wrong is an ApiError, at the
 * latest when the time of the call is over.
 */
export async function callUnary(
  transport: CallTransport,
  method: MethodTable,
  request: object,
  options?: CallOptions,
  runtime: CallRuntime = platformRuntime,
): Promise<TransportReply> {
  const call = new Call(transport, method, planCall(options), runtime);
  checkMessage(method.input, request);
  const routing = routingHeader(method, request);
  // So that a caller who uses its object for the next call does not change this one. What is nested in it is not copied:
  // that would cost large requests as much as encoding them.
  const own = { ...request };
  const { retry } = call.plan;
  let backoff: Backoff | undefined;
  for (;;) {
    try {
      return await transport.unary(await call.attempt(routing), own);
    } catch (error) {
      if (retry === undefined || !isRepeatable(method, own)) throw error;
      backoff ??= new Backoff(retry, call, runtime);
      const pause = backoff.next(error);
      if (pause === undefined) throw error;
      await call.wait(pause);
    }
  }
}

/**
 * Makes a call in which either side, or both, send many messages. It is made once. Requests are checked as they go out;
 * errors are those of `callUnary`, and are thrown to whoever iterates.
 */
export function callStream(
  transport: CallTransport,
  method: MethodTable,
  requests: AsyncIterable<object> | Iterable<object>,
  options?: CallOptions,
  runtime: CallRuntime = platformRuntime,
): TransportStream {
  return new CallStream(openStream(transport, method, requests, options, runtime));
}

async function openStream(
  transport: CallTransport,
  method: MethodTable,
  requests: AsyncIterable<object> | Iterable<object>,
  options: CallOptions | undefined,
  runtime: CallRuntime,
): Promise<TransportStream> {
  const call = new Call(transport, method, planCall(options), runtime);
  if (method.kind !== 'server_streaming') {
    return transport.stream(await call.attempt(undefined), checked(method, requests));
  }
  for await (const request of checked(method, requests)) {
    const routing = routingHeader(method, request);
    return transport.stream(await call.attempt(routing), [{ ...request }]);
  }
  return transport.stream(await call.attempt(routingHeader(method, {})), [{}]);
}

async function* checked(
  method: MethodTable,
  requests: AsyncIterable<object> | Iterable<object>,
): AsyncGenerator<object, void, undefined> {
  for await (const request of requests) {
    checkMessage(method.input, request);
    yield request;
  }
}

const NOBODY: Headers = Object.freeze({});

/** A call under way, from its first attempt to its last. */
class Call {
  readonly plan: CallPlan;
  /** By the runtime's clock. */
  readonly start: number;
  /** Undefined for none. */
  readonly deadline: number | undefined;
  readonly #transport: CallTransport;
  readonly #method: MethodTable;
  readonly #runtime: CallRuntime;

  constructor(transport: CallTransport, method: MethodTable, plan: CallPlan, runtime: CallRuntime) {
    const streamsRequests = method.kind === 'client_streaming' || method.kind === 'bidi_streaming';
    const timeoutMs = plan.timeoutMs ?? (streamsRequests ? Number.POSITIVE_INFINITY : TIMEOUT_MS);
    this.plan = plan;
    this.start = runtime.now();
    this.deadline = timeoutMs === Number.POSITIVE_INFINITY ? undefined : this.start + timeoutMs;
    this.#transport = transport;
    this.#method = method;
    this.#runtime = runtime;
  }

  /** What the transport needs for one attempt. */
  attempt(routing: string | undefined): TransportCall | Promise<TransportCall> {
    const { signal } = this.plan;
    if (signal?.aborted) throw aborted(signal);
    const { credentials } = this.#transport;
    if (credentials === undefined) return this.#attemptAs(NOBODY, routing);
    return this.#sign(credentials).then((signed) => this.#attemptAs(signed, routing));
  }

  #attemptAs(signed: Headers, routing: string | undefined): TransportCall {
    const { signal, headers } = this.plan;
    return {
      method: this.#method,
      headers: {
        'x-goog-api-client': clientHeaderOf(this.#transport),
        ...(routing === undefined ? {} : { 'x-goog-request-params': routing }),
        ...signed,
        ...headers,
      },
      deadline: this.deadline,
      signal,
    };
  }

  /** Resolves after a pause; rejects where the call ends before. */
  wait(pauseMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const release = this.#untilEnded((error) => {
        cancel();
        reject(error);
      });
      const cancel = this.#runtime.after(pauseMs, () => {
        release();
        resolve();
      });
    });
  }

  async #sign(credentials: HeaderSource): Promise<Headers> {
    const controller = new AbortController();
    const release = this.#untilEnded((error) => controller.abort(error));
    try {
      return await credentials(controller.signal);
    } finally {
      release();
    }
  }

  /** Says when the call is aborted or its time is over, once, until what is answered is called. */
  #untilEnded(end: (error: ApiError) => void): () => void {
    const { signal } = this.plan;
    const abort = (): void => {
      release();
      if (signal !== undefined) end(aborted(signal));
    };
    const expire = (): void => {
      release();
      end(apiError('DEADLINE_EXCEEDED', `${this.#method.name} was not answered before its deadline`));
    };
    const cancel =
      this.deadline === undefined
        ? undefined
        : this.#runtime.after(this.deadline - this.#runtime.now(), expire);
    const release = (): void => {
      cancel?.();
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort);
    return release;
  }
}

function aborted(signal: AbortSignal): ApiError {
  return apiError('CANCELLED', 'the call was aborted', { cause: signal.reason });
}

const clientHeaders = new WeakMap<CallTransport, string>();

function clientHeaderOf(transport: CallTransport): string {
  let header = clientHeaders.get(transport);
  if (header === undefined) {
    header = apiClientHeader(transport.kind, transport.clientInfo);
    clientHeaders.set(transport, header);
  }
  return header;
}

/** A stream that is still being opened. */
class CallStream implements TransportStream {
  readonly headers: Promise<Headers>;
  readonly trailers: Promise<Headers>;
  readonly #opened: Promise<TransportStream>;

  constructor(opened: Promise<TransportStream>) {
    this.#opened = opened;
    this.headers = opened.then((stream) => stream.headers);
    this.trailers = opened.then((stream) => stream.trailers);
    // Who iterates hears of errors there, and need not ask for these.
    this.headers.catch(() => undefined);
    this.trailers.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<object> {
    yield* await this.#opened;
  }
}
