import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Headers } from '../transport.ts';
import type { Connection } from './connection.ts';
import type { Connections, Waiter } from './connections.ts';
import type { Expiring } from './deadlines.ts';
import { causeText, type Failure } from './failure.ts';
import type { FrameSource } from './frame-source.ts';
import { FrameReader, type Inflate } from './frames.ts';
import { failureOfHttpAnswer, failureOfReset, isGrpc, RESET, statusOf } from './reply-status.ts';
import { type ListenedStream, letGo, listen, type StreamListener } from './stream-listener.ts';
import { timeoutHeader } from './timeout-header.ts';

/** How often a call is sent again that the server has said it never looked at. */
const MOST_REPLAYS = 1;

const NOTHING: Headers = Object.freeze({});

export interface CallOptions {
  /** Names and values by turns, all but `grpc-timeout`. */
  readonly head: readonly string[];
  /** By `performance.now()`. */
  readonly deadline: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly messageBytesMax: number;
}

/** How a call ended. */
export interface Ending {
  readonly failure: Failure | undefined;
  /** Of what the requests threw, where it was that; it goes to the caller as it is. */
  readonly thrown: unknown;
  readonly headers: Headers;
  readonly trailers: Headers;
}

/** Who is told of the answer to a call. */
export interface CallListener {
  /** The answer has begun. */
  headers(headers: Headers): void;
  /** Takes a message, or answers why it cannot: then the call is over. */
  message(bytes: Uint8Array): Failure | undefined;
  /** The last that is told, in every case. */
  end(ending: Ending): void;
}

/**
 * A call from the wait for a connection to its end, in bytes. It ends by itself at its deadline and when its signal is
 * aborted, wherever it is by then.
 */
export class Call implements Waiter, Expiring, StreamListener {
  readonly #connections: Connections;
  readonly #options: CallOptions;
  /** One frame is all that is sent; a source has any number. */
  readonly #requests: Uint8Array | FrameSource;
  #listener: CallListener | undefined;
  #isOver = false;
  #isWaiting = false;
  #isPaused = false;
  #replays = 0;

  // Of the present attempt.
  #stream: ListenedStream | undefined;
  #connection: Connection | undefined;
  #reader: FrameReader | undefined;
  #inflate: Inflate | undefined;
  #headers: Headers | undefined;
  #httpStatus = 0;
  #trailers: Headers | undefined;
  #error: Error | undefined;

  constructor(
    connections: Connections,
    options: CallOptions,
    requests: Uint8Array | FrameSource,
    listener: CallListener,
  ) {
    this.#connections = connections;
    this.#options = options;
    this.#requests = requests;
    this.#listener = listener;
    this.#reader = new FrameReader(options.messageBytesMax);
  }

  start(): void {
    const { signal, deadline } = this.#options;
    if (signal?.aborted) {
      this.#cancelled();
      return;
    }
    signal?.addEventListener('abort', this.#cancelled);
    if (deadline !== undefined) {
      if (deadline <= performance.now()) {
        this.expire();
        return;
      }
      this.#connections.deadlines.add(this, deadline);
    }
    this.#seek();
  }

  /** Ends the call here and tells the server that nobody waits for the answer. */
  cancel(failure: Failure): void {
    this.#end(failure);
  }

  /** Takes no more messages for now. A few may be told all the same. */
  pause(): void {
    this.#isPaused = true;
    // A whole answer is taken, lest the connection ends before it is read.
    if (this.#trailers === undefined) this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.resume();
  }

  ready(connection: Connection): void {
    this.#isWaiting = false;
    this.#begin(connection);
  }

  failed(failure: Failure): void {
    this.#isWaiting = false;
    this.#end(failure);
  }

  expire(): void {
    this.#end({ code: 'DEADLINE_EXCEEDED', message: this.#late() });
  }

  readonly #cancelled = (): void => {
    const cause: unknown = this.#options.signal?.reason;
    this.#end({ code: 'CANCELLED', message: 'the call was aborted', cause });
  };

  #late(): string {
    if (this.#stream === undefined) return 'the deadline passed before there was a connection for the call';
    return `the deadline passed before the answer ${this.#headers === undefined ? 'began' : 'was complete'}`;
  }

  #seek(): void {
    const connection = this.#connections.find();
    if (connection !== undefined) {
      this.#begin(connection);
      return;
    }
    this.#isWaiting = true;
    this.#connections.wait(this);
  }

  #begin(connection: Connection): void {
    let stream: ListenedStream | undefined;
    try {
      stream = connection.request(this.#head());
    } catch (cause) {
      this.#end({ code: 'INTERNAL', message: `the headers cannot be sent: ${causeText(cause)}`, cause });
      return;
    }
    if (stream === undefined) {
      this.#seek();
      return;
    }
    this.#stream = stream;
    this.#connection = connection;
    listen(stream, this);
    if (this.#requests instanceof Uint8Array) stream.end(this.#requests);
    else this.#send(stream, this.#requests).catch((thrown: unknown) => this.#threw(stream, thrown));
  }

  #head(): readonly string[] {
    const { head, deadline } = this.#options;
    if (deadline === undefined) return head;
    // Node keeps the list: concat makes it no longer than it needs to be.
    return head.concat('grpc-timeout', timeoutHeader(deadline - performance.now()));
  }

  /** Sends requests as they are made and as the server takes them. */
  async #send(stream: ClientHttp2Stream, source: FrameSource): Promise<void> {
    for (let index = 0; ; index++) {
      const frame = await source.at(index);
      if (stream !== this.#stream || stream.destroyed || stream.closed) return;
      if (frame === undefined) {
        stream.end();
        return;
      }
      if (!stream.write(frame)) await drained(stream);
    }
  }

  #threw(stream: ClientHttp2Stream, thrown: unknown): void {
    if (stream !== this.#stream) return;
    this.#end({ code: 'CANCELLED', message: 'the requests ended with an error', cause: thrown }, thrown);
  }

  began(incoming: IncomingHttpHeaders): void {
    if (this.#isOver) return;
    this.#connection?.heard();
    this.#headers = headersOf(incoming);
    this.#httpStatus = Number(incoming[':status']);
    if (!(this.#requests instanceof Uint8Array)) this.#requests.keepNothing();
    const encoding = this.#headers['grpc-encoding'] ?? 'identity';
    if (encoding !== 'identity') this.#inflate = this.#connection?.inflater(encoding);
    // What ends with its headers has its status there; whatever else is not gRPC has none to wait for.
    if (!isGrpc(this.#headers) && statusOf(this.#headers) === undefined) {
      this.#end(failureOfHttpAnswer(this.#headers, this.#httpStatus));
      return;
    }
    if (encoding !== 'identity' && this.#inflate === undefined) {
      this.#end({ code: 'INTERNAL', message: `the answer has the unknown encoding ${encoding}` });
      return;
    }
    this.#listener?.headers(this.#headers);
  }

  received(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#connection?.heard();
    this.#reader?.push(chunk);
    for (;;) {
      const message = this.#reader?.next(this.#inflate);
      if (message === undefined) return;
      const failure = message instanceof Uint8Array ? this.#listener?.message(message) : message;
      if (failure !== undefined) {
        this.#end(failure);
        return;
      }
      if (this.#isOver) return;
    }
  }

  trailed(incoming: IncomingHttpHeaders): void {
    if (this.#isOver) return;
    this.#connection?.heard();
    this.#trailers = headersOf(incoming);
    if (this.#isPaused) this.#stream?.resume();
  }

  ended(): void {
    const stream = this.#stream;
    if (this.#isOver || this.#headers === undefined || stream === undefined) return;
    const status = this.#status();
    if (status !== undefined) {
      this.#conclude(status);
      return;
    }
    // A stream that was reset, or whose connection is lost, tells why when it is closed.
    const isReset = (stream.rstCode ?? RESET.NO_ERROR) !== RESET.NO_ERROR;
    if (!isReset && !this.#connection?.isBroken)
      this.#end(failureOfHttpAnswer(this.#headers, this.#httpStatus));
  }

  erred(error: Error): void {
    this.#error ??= error;
  }

  closed(): void {
    const [stream, connection] = [this.#stream, this.#connection];
    if (this.#isOver || stream === undefined || connection === undefined) return;
    const status = this.#status();
    if (status !== undefined) {
      this.#conclude(status);
      return;
    }
    if (this.#isUnseen(stream, connection)) {
      this.#replay();
      return;
    }
    this.#end(this.#broken(stream, connection));
  }

  /** What the server said of how it went; without trailers it is in the headers. */
  #status(): 'OK' | Failure | undefined {
    const last = this.#trailers ?? this.#headers;
    return last === undefined ? undefined : statusOf(last);
  }

  #isUnseen(stream: ClientHttp2Stream, connection: Connection): boolean {
    const isUnseen = stream.rstCode === RESET.REFUSED_STREAM || connection.hasDropped(stream.id);
    const canReplay = this.#requests instanceof Uint8Array || this.#requests.isReplayable;
    return isUnseen && canReplay && this.#headers === undefined && this.#replays < MOST_REPLAYS;
  }

  #replay(): void {
    this.#replays++;
    if (this.#stream !== undefined) letGo(this.#stream);
    this.#stream = undefined;
    this.#connection = undefined;
    this.#error = undefined;
    this.#seek();
  }

  /** Why a stream is closed that did not come to its end. */
  #broken(stream: ClientHttp2Stream, connection: Connection): Failure {
    const reset = stream.rstCode ?? RESET.NO_ERROR;
    if (connection.failure !== undefined) return connection.failure;
    // Node lets streams end with codes of its own when the connection does.
    if (connection.isBroken || (connection.isGoingAway && reset === RESET.INTERNAL_ERROR)) {
      return {
        code: 'UNAVAILABLE',
        message: 'the connection was lost before the answer was complete',
        cause: this.#error,
      };
    }
    if (reset !== RESET.NO_ERROR) return failureOfReset(reset, this.#error);
    if (this.#headers !== undefined) return failureOfHttpAnswer(this.#headers, this.#httpStatus);
    return { code: 'INTERNAL', message: 'the server ended the stream without an answer', cause: this.#error };
  }

  #conclude(status: 'OK' | Failure): void {
    if (status !== 'OK') {
      this.#end(status);
      return;
    }
    if (!this.#reader?.isTruncated) {
      this.#end(undefined);
      return;
    }
    this.#end({ code: 'INTERNAL', message: 'the answer ends in the middle of a message' });
  }

  #end(failure: Failure | undefined, thrown?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connections.deadlines.delete(this);
    this.#options.signal?.removeEventListener('abort', this.#cancelled);
    if (this.#isWaiting) this.#connections.forget(this);
    const stream = this.#stream;
    // A server that has answered may still be owed requests that nobody needs any more.
    if (stream !== undefined && !stream.closed && (failure !== undefined || !stream.writableEnded)) {
      stream.close(RESET.CANCEL);
    }
    if (stream !== undefined) letGo(stream);
    if (!(this.#requests instanceof Uint8Array)) this.#requests.stop().catch(() => {});
    const isTrailersOnly = this.#trailers === undefined && this.#headers?.['grpc-status'] !== undefined;
    const headers = this.#headers ?? NOTHING;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#reader = undefined;
    listener?.end({
      failure,
      thrown,
      headers,
      trailers: this.#trailers ?? (isTrailersOnly ? headers : NOTHING),
    });
  }
}

function headersOf(incoming: IncomingHttpHeaders): Headers {
  const headers: Record<string, string> = {};
  for (const name in incoming) {
    const value = incoming[name];
    if (value === undefined || name.startsWith(':')) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

/** Resolves when a stream can be written to again, or never will be. */
function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
