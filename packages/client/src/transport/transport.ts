import type { MethodTable } from '../codec/tables.ts';

/** Names in lower case; a header that came several times is joined by `, `. */
export type Headers = Readonly<Record<string, string>>;

/** One attempt at a call, as every transport takes it. Nothing in it changes while it is under way. */
export interface TransportCall {
  readonly method: MethodTable;
  /** Everything that is sent beside the request, the routing header and `x-goog-api-client` included. */
  readonly headers: Headers;
  /** Milliseconds by `performance.now()` from which on nobody waits for the answer; undefined for as long as it takes. */
  readonly deadline: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a call was answered, with what came beside it. */
export interface TransportReply {
  readonly message: object;
  readonly headers: Headers;
  readonly trailers: Headers;
}

/** An answer in many messages. Leaving the loop early cancels the call. */
export interface TransportStream extends AsyncIterable<object> {
  /** Resolves when the answer has begun. */
  readonly headers: Promise<Headers>;
  /** Resolves when it has ended well. */
  readonly trailers: Promise<Headers>;
}

/**
 * Brings calls to a server and answers back. Messages are plain objects of the shape that the codec defines, the same
 * over every transport, and so are errors: whatever goes wrong is thrown as an ApiError (see errors.ts), within the
 * deadline. A transport makes one attempt, but for what the protocol itself promises was never looked at
 * (REFUSED_STREAM, GOAWAY): retrying is its caller's business.
 */
export interface Transport {
  readonly kind: 'grpc' | 'rest';
  /** The host and port that it speaks to, such as `dialogflow.googleapis.com:443`. */
  readonly host: string;
  unary(call: TransportCall, request: object): Promise<TransportReply>;
  /** For methods that stream, in either direction. */
  stream(call: TransportCall, requests: AsyncIterable<object> | Iterable<object>): TransportStream;
  /** Ends what is under way with CANCELLED and lets go of all connections; calls after it are refused. */
  close(): Promise<void>;
}

/** How a connection is protected. Certificates and keys are PEM; what is left out is as Node has it by default. */
export interface TlsOptions {
  /** The authorities that the server's certificate may come from. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The client's own certificate with those that lead up to its authority; needs `key`. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** The name that the server's certificate is for, where that is not the host. */
  readonly servername?: string | undefined;
  /** False takes every certificate: for tests alone. */
  readonly rejectUnauthorized?: boolean | undefined;
}
