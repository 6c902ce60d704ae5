import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';

/** Who is told of what comes over a stream. */
export interface StreamListener {
  /** The headers of the answer are there. */
  began(headers: IncomingHttpHeaders): void;
  received(chunk: Uint8Array): void;
  trailed(headers: IncomingHttpHeaders): void;
  /** All that the server sends is read. */
  ended(): void;
  erred(error: Error): void;
  /** The last that is told. */
  closed(): void;
}

const LISTENER = Symbol('listener');

/**
 * A stream that can be let go of. Node keeps streams for a while after their end, and the garbage collector carries them
 * about with all that they lead to: so the functions that listen are the same for all streams, and what they tell is one
 * link that can be cut.
 */
export interface ListenedStream extends ClientHttp2Stream {
  [LISTENER]?: StreamListener | undefined;
}

export function listen(stream: ListenedStream, listener: StreamListener): void {
  stream[LISTENER] = listener;
  stream.on('response', onResponse);
  stream.on('data', onData);
  stream.on('trailers', onTrailers);
  stream.on('end', onEnd);
  stream.on('error', onError);
  stream.on('close', onClose);
}

/** Nothing more is told; errors of the stream stay caught. */
export function letGo(stream: ListenedStream): void {
  stream[LISTENER] = undefined;
}

function onResponse(this: ListenedStream, headers: IncomingHttpHeaders): void {
  this[LISTENER]?.began(headers);
}

function onData(this: ListenedStream, chunk: Uint8Array): void {
  this[LISTENER]?.received(chunk);
}

function onTrailers(this: ListenedStream, headers: IncomingHttpHeaders): void {
  this[LISTENER]?.trailed(headers);
}

function onEnd(this: ListenedStream): void {
  this[LISTENER]?.ended();
}

function onError(this: ListenedStream, error: Error): void {
  this[LISTENER]?.erred(error);
}

function onClose(this: ListenedStream): void {
  this[LISTENER]?.closed();
}
