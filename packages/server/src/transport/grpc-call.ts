import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import {
  callerGone,
  deadlineExceeded,
  internal,
  requestTimeout,
  ServiceError,
  serverStopping,
  tooMuchUnderWay,
} from '../errors.ts';
import { CALL_BYTES_UNCOUNTED, REQUEST_BYTES_MAX } from '../limits.ts';
import type { Log } from '../log.ts';
import type { IncomingCall } from '../rpc/call-context.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { type ByteBudget, HeldBytes } from './byte-budget.ts';
import { ANSWER_HEADERS, OK_TRAILERS, toTrailers, toTrailersOnly } from './grpc-answer.ts';
import type { RequestHead } from './grpc-head.ts';
import { compressedFrame, frame, frameReply, MessageReader } from './grpc-messages.ts';
import { MessageQueue } from './message-queue.ts';
import { createRequestId } from './request-id.ts';
import type { Turns } from './turns.ts';

/** A method as gRPC sees it: messages are bytes, and what is thrown is what the caller is told. */
export type GrpcMethod =
  | {
      readonly kind: 'unary';
      readonly answer: (request: Uint8Array, call: IncomingCall) => Promise<Uint8Array | EncodedReply>;
    }
  | {
      readonly kind: 'stream';
      /** Whether the request may be any number of messages, for as long as the caller likes. */
      readonly requestStream: boolean;
      /** Whether it goes on until the caller ends it: a server that stops does not wait for that. */
      readonly lasting?: boolean;
      readonly answer: (requests: AsyncIterable<Uint8Array>, call: IncomingCall) => AsyncIterable<Uint8Array>;
    };

export interface CallOptions {
  readonly head: RequestHead;
  readonly log: Log;
  /** When the work is begun. */
  readonly turns: Turns;
  /** Of the connection. */
  readonly budget: ByteBudget;
  /** How long the caller may neither send the rest of its request nor take its answer. */
  readonly stallMs: number;
}

/** One call on one stream: reads its request, has it answered, and ends the stream whatever happens. */
export class GrpcCall implements IncomingCall {
  readonly wire = 'grpc';
  readonly requestId = createRequestId();
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #encoding: string;
  readonly #log: Log;
  readonly #turns: Turns;
  readonly #budget: ByteBudget;
  readonly #requestBytes: HeldBytes;
  readonly #replyBytes: HeldBytes;
  /** By the clock that nobody sets. */
  readonly #deadline: number;
  #timer: NodeJS.Timeout | undefined;
  #reader: MessageReader | undefined;
  #abort: AbortController | undefined;
  /** Whether what ends the call is decided; nothing else is sent then. */
  #answered = false;
  /** Whether the method has answered, so that there is no work to call off. */
  #worked = false;
  /** Whether more must come of a request that does not last as long as the caller likes. */
  #expectsMore = false;
  #trailers = OK_TRAILERS;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: CallOptions) {
    const { head, log, turns, budget, stallMs } = options;
    this.#stream = stream;
    this.#headers = headers;
    this.#encoding = head.encoding;
    this.#log = log;
    this.#turns = turns;
    this.#budget = budget;
    this.#requestBytes = new HeldBytes(budget, CALL_BYTES_UNCOUNTED);
    this.#replyBytes = new HeldBytes(budget, CALL_BYTES_UNCOUNTED);
    this.#deadline = Number.POSITIVE_INFINITY;
    if (head.timeoutMs !== undefined) {
      this.#deadline = performance.now() + head.timeoutMs;
      this.#timer = setTimeout(() => this.#expire(), head.timeoutMs);
    }
    // Anything that moves on the stream puts this off.
    stream.setTimeout(stallMs);
    stream.on('timeout', () => this.#stalled());
    stream.once('close', () => this.#closed());
  }

  /** Has the call answered. To be called once. */
  serve(method: GrpcMethod): void {
    if (method.kind === 'unary') this.#serveUnary(method.answer);
    else this.#serveStream(method);
  }

  /** Ends it early. */
  stop(): void {
    this.#refuse(serverStopping());
  }

  header(name: string): string | undefined {
    // What is gRPC's own is no metadata, and what is binary no text.
    if (name.startsWith('grpc-') || name.endsWith('-bin')) return undefined;
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Made on first use: most calls are answered before anybody could ask. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#over)
        this.#abort.abort(performance.now() >= this.#deadline ? deadlineExceeded() : callerGone());
    }
    return this.#abort.signal;
  }

  /** Whether nobody waits for the answer any more. The deadline is looked at: a busy server runs timers late. */
  get #over(): boolean {
    return this.#answered || this.#stream.destroyed || performance.now() >= this.#deadline;
  }

  #serveUnary(answer: Extract<GrpcMethod, { kind: 'unary' }>['answer']): void {
    let request: Uint8Array = Buffer.alloc(0);
    this.#read(true, {
      // It is held until the call is over.
      message: (message) => {
        request = message;
      },
      end: () => {
        if (performance.now() >= this.#deadline) this.#refuse(deadlineExceeded());
        // Work is not begun for a reply that could not be held.
        else if (this.#budget.isNearlyFull) this.#refuse(tooMuchUnderWay());
        else {
          this.#turns.start(this.#budget, () => {
            if (this.#over) return;
            answer(request, this).then(
              (reply) => this.#reply(reply),
              (error: unknown) => this.#fail(error),
            );
          });
        }
      },
    });
  }

  #serveStream({ requestStream, answer }: Extract<GrpcMethod, { kind: 'stream' }>): void {
    const requests = new MessageQueue({
      taken: (held) => this.#requestBytes.remove(held),
      pause: () => this.#stream.pause(),
      resume: () => this.#stream.resume(),
    });
    this.#read(!requestStream, {
      message: (message, held) => requests.add(message, held),
      end: () => requests.end(),
    });
    this.#stream.once('close', () => requests.destroy());
    this.#sendAll(() => answer(requests, this)).catch((error: unknown) => this.#fail(error));
  }

  #read(
    single: boolean,
    sink: { readonly message: (message: Buffer, held: number) => void; readonly end: () => void },
  ): void {
    const stream = this.#stream;
    const reader = new MessageReader(
      {
        message: sink.message,
        end: () => {
          this.#expectsMore = false;
          if (!this.#answered) sink.end();
        },
        refuse: (error) => this.#refuse(error),
        hold: (bytes) => this.#requestBytes.add(bytes),
      },
      { encoding: this.#encoding, single, bytesMax: REQUEST_BYTES_MAX },
    );
    this.#reader = reader;
    this.#expectsMore = single;
    stream.on('data', (chunk: Buffer) => reader.read(chunk)).once('end', () => reader.end());
  }

  /** The whole answer of a unary call. */
  #reply(reply: Uint8Array | EncodedReply): void {
    this.#worked = true;
    if (this.#over) return;
    const isReady = reply instanceof EncodedReply;
    if (this.#encoding === 'identity') this.#finish(isReady ? frameReply(reply) : frame(reply));
    else {
      compressedFrame(isReady ? reply.bytes : reply, this.#encoding).then(
        (framed) => this.#finish(framed),
        (error: unknown) => this.#fail(error),
      );
    }
  }

  async #sendAll(answer: () => AsyncIterable<Uint8Array>): Promise<void> {
    for await (const message of answer()) {
      if (this.#over) return;
      const framed =
        this.#encoding === 'identity' ? frame(message) : await compressedFrame(message, this.#encoding);
      if (this.#answered || !this.#hold(framed)) return;
      this.#respond();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#stream.write(framed, () => {
        this.#replyBytes.remove(framed.byteLength);
        resolve();
      });
      if (this.#stream.writableNeedDrain) await promise;
    }
    this.#worked = true;
    this.#finish();
  }

  /** Ends a call that went well. */
  #finish(last?: Buffer): void {
    if (this.#answered || this.#stream.destroyed) return;
    if (last !== undefined && !this.#hold(last)) return;
    this.#answered = true;
    this.#respond();
    if (last === undefined) this.#stream.end();
    else this.#stream.end(last);
  }

  /** By the protocol's table of codes the caller sees RESOURCE_EXHAUSTED where there is no room. */
  #hold(framed: Buffer): boolean {
    const room = this.#replyBytes.add(framed.byteLength);
    if (!room) this.#stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return room;
  }

  #respond(): void {
    const stream = this.#stream;
    if (stream.headersSent) return;
    const headers =
      this.#encoding === 'identity' ? ANSWER_HEADERS : { ...ANSWER_HEADERS, 'grpc-encoding': this.#encoding };
    stream.once('wantTrailers', () => {
      stream.sendTrailers(this.#trailers);
      this.#leave();
    });
    stream.respond(headers, { waitForTrailers: true });
  }

  /** What the dispatcher did not see is told here: it has logged its own faults. */
  #fail(error: unknown): void {
    this.#worked = true;
    if (error instanceof ServiceError) {
      this.#refuse(error);
      return;
    }
    this.#log.error('gRPC failed', { requestId: this.requestId, error });
    this.#refuse(internal(this.requestId));
  }

  #refuse(error: ServiceError): void {
    const stream = this.#stream;
    if (this.#answered || stream.destroyed || stream.closed) return;
    this.#answered = true;
    if (stream.headersSent) {
      this.#trailers = toTrailers(error);
      stream.end();
      return;
    }
    stream.respond(toTrailersOnly(error), { endStream: true });
    this.#leave();
  }

  #expire(): void {
    this.#refuse(deadlineExceeded());
    this.#callOff(deadlineExceeded);
  }

  #callOff(reason: () => ServiceError): void {
    if (!this.#worked) this.#abort?.abort(reason());
  }

  #stalled(): void {
    if (this.#stream.writableLength > 0) this.#stream.close(constants.NGHTTP2_CANCEL);
    else if (this.#expectsMore) this.#refuse(requestTimeout());
  }

  /** The answer is complete. */
  #leave(): void {
    this.#reader?.destroy();
    leave(this.#stream);
  }

  #closed(): void {
    clearTimeout(this.#timer);
    this.#answered = true;
    this.#callOff(callerGone);
    this.#reader?.destroy();
    this.#requestBytes.clear();
    this.#replyBytes.clear();
  }
}

/** The answer is complete: what the caller would still send is not wanted, and keeps no connection open. */
export function leave(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  if (stream.state.remoteClose === 1) stream.resume();
  else {
    // A reset overtakes the headers that wait for the end of this turn to be sent.
    setImmediate(() => {
      stream.close(constants.NGHTTP2_NO_ERROR);
      // One that was paused with something still to be read would never end.
      stream.resume();
    });
  }
}
