import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Code } from '@parleykit/proto/rpc';
import { deadlineExceeded, requestTimeout, type ServiceError, tooMuchUnderWay } from '../errors.ts';
import { CALL_BYTES_UNCOUNTED, REQUEST_BYTES_MAX } from '../limits.ts';
import { type ByteBudget, HeldBytes } from './byte-budget.ts';
import { DETAILS_TRAILER, toTrailers, toTrailersOnly } from './grpc-answer.ts';
import { MessageFilter } from './grpc-messages.ts';

export interface StreamShape {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

export interface StreamOptions {
  readonly shape: StreamShape;
  /** Of the messages that are flagged as compressed. */
  readonly encoding: string;
  readonly budget: ByteBudget;
  readonly stallMs: number;
}

type Listener = (...values: unknown[]) => void;

/**
 * A stream as grpc-js sees it: the request comes filtered, the answer goes out in our words, and memory is counted
 * both ways. It does so by standing before four methods of the stream: `emit` for what comes, `respond`, `write` and
 * `sendTrailers` for what goes.
 */
export class GrpcStream {
  readonly #stream: ServerHttp2Stream;
  readonly #respond: ServerHttp2Stream['respond'];
  readonly #shape: StreamShape;
  readonly #filter: MessageFilter;
  readonly #requestBytes: HeldBytes;
  readonly #replyBytes: HeldBytes;
  readonly #stallMs: number;
  /** Whether what answers the call is decided. */
  #answered = false;
  /** Whether nothing more can be sent. */
  #ended = false;
  #writing = 0;

  constructor(stream: ServerHttp2Stream, options: StreamOptions) {
    this.#stream = stream;
    this.#shape = options.shape;
    this.#stallMs = options.stallMs;
    this.#requestBytes = new HeldBytes(options.budget, CALL_BYTES_UNCOUNTED);
    this.#replyBytes = new HeldBytes(options.budget, CALL_BYTES_UNCOUNTED);
    this.#respond = stream.respond.bind(stream);
    this.#filter = this.#filterRequest(options);
    this.#guardAnswer();
    stream.on('timeout', () => this.#stalled());
    if (!this.#shape.requestStream) stream.setTimeout(this.#stallMs);
    stream.once('close', () => {
      this.#filter.destroy();
      this.#requestBytes.clear();
      this.#replyBytes.clear();
    });
  }

  #filterRequest({ encoding, budget }: StreamOptions): MessageFilter {
    const emit = this.#stream.emit.bind(this.#stream) as (event: string, ...values: unknown[]) => boolean;
    const filter = new MessageFilter(
      {
        pass: (bytes) => void emit('data', bytes),
        end: () => {
          // Work is not begun for a reply that could not be held.
          if (budget.isNearlyFull) {
            this.#refuse(tooMuchUnderWay());
            return;
          }
          if (this.#writing === 0) this.#stream.setTimeout(0);
          emit('end');
        },
        refuse: (error) => this.#refuse(error),
        hold: (bytes) => this.#requestBytes.add(bytes),
        messageEnded: () => {
          // The one request of a unary call is held until that is over; those of a stream come and go.
          if (this.#shape.requestStream) this.#requestBytes.clear();
        },
      },
      { encoding, single: !this.#shape.requestStream, bytesMax: REQUEST_BYTES_MAX },
    );
    this.#stream.emit = ((event: string, ...values: unknown[]): boolean => {
      if (event === 'data') filter.read(values[0] as Buffer);
      else if (event === 'end') filter.end();
      else return emit(event, ...values);
      return true;
    }) as ServerHttp2Stream['emit'];
    return filter;
  }

  #guardAnswer(): void {
    const stream = this.#stream;
    stream.respond = (headers = {}, options) => {
      if (this.#answered) return;
      if (options?.endStream === true) this.#answer(restate(headers as OutgoingHttpHeaders));
      else this.#respond(headers, options);
    };
    const sendTrailers = stream.sendTrailers.bind(stream);
    stream.sendTrailers = (headers) => {
      if (this.#ended) return;
      this.#ended = true;
      sendTrailers(headers);
      this.#leave();
    };
    const write = stream.write.bind(stream) as (chunk: Buffer, done: Listener) => boolean;
    stream.write = ((chunk: Buffer, done: Listener): boolean => {
      if (this.#answered) return true;
      if (!this.#replyBytes.add(chunk.length)) {
        // By the protocol's table of codes the caller sees RESOURCE_EXHAUSTED.
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        return false;
      }
      if (this.#writing++ === 0) stream.setTimeout(this.#stallMs);
      return write(chunk, (...values) => {
        this.#replyBytes.remove(chunk.length);
        if (--this.#writing === 0) stream.setTimeout(0);
        done(...values);
      });
    }) as ServerHttp2Stream['write'];
  }

  #stalled(): void {
    if (this.#stream.headersSent) this.#stream.close(constants.NGHTTP2_CANCEL);
    else this.#refuse(requestTimeout());
  }

  /** What grpc-js still says after this is not heard. */
  #refuse(error: ServiceError): void {
    const stream = this.#stream;
    if (this.#answered || stream.destroyed || stream.closed) return;
    if (!stream.headersSent) {
      this.#answer(toTrailersOnly(error));
      return;
    }
    this.#answered = true;
    stream.prependOnceListener('wantTrailers', () => stream.sendTrailers(toTrailers(error)));
    stream.end();
  }

  #answer(headers: OutgoingHttpHeaders): void {
    this.#answered = true;
    this.#ended = true;
    this.#respond(headers, { endStream: true });
    this.#leave();
  }

  #leave(): void {
    this.#filter.destroy();
    if (!this.#stream.readableEnded) leave(this.#stream);
  }
}

/** The answer is complete: what the caller would still send is not wanted, and keeps no connection open. */
export function leave(stream: ServerHttp2Stream): void {
  if (stream.state.remoteClose === 1) stream.resume();
  // A reset overtakes the headers that wait for the end of this turn to be sent.
  else setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}

/** What grpc-js refuses by itself has none of our details. With a filtered request only the deadline is left. */
function restate(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const isOurs = DETAILS_TRAILER in headers || headers['grpc-status'] === Code.OK;
  return isOurs || headers['grpc-status'] !== Code.DEADLINE_EXCEEDED
    ? headers
    : toTrailersOnly(deadlineExceeded());
}
