import { Status } from '../../../gen/tables.js';
import { decodeMessage, encodeMessage, messageTable } from '../../codec/codec.ts';
import type { MessageTable, MethodTable } from '../../codec/tables.ts';
import {
  type ApiError,
  apiError,
  ClientOptionsError,
  type ErrorDetail,
  InvalidRequestError,
} from '../../errors.ts';
import type {
  Headers,
  TlsOptions,
  Transport,
  TransportCall,
  TransportReply,
  TransportStream,
} from '../transport.ts';
import { Call, type CallOptions, type Ending } from './call.ts';
import { authorityOf } from './connection.ts';
import { Connections } from './connections.ts';
import { causeText, type Failure } from './failure.ts';
import { FrameSource } from './frame-source.ts';
import { frame, PREFIX_BYTES } from './frames.ts';
import { ReplyStream } from './reply-stream.ts';

/** Where a GrpcWire leads to, and how. */
export interface GrpcWireOptions {
  /** Such as `dialogflow.googleapis.com` or `[::1]:8470`; the port is 443 where none is named. */
  readonly host: string;
  readonly tls: TlsOptions | 'plaintext';
  readonly userAgent?: string | undefined;
  /** The most that a message of an answer may have, inflated; any number of bytes by default, as in Google's clients. */
  readonly messageBytesMax?: number | undefined;
  /** How long the server may take to accept a connection; 20 seconds by default. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * After how much silence while calls are under way the server is asked whether it is still there; 30 seconds by
   * default, `Infinity` for never. The interval doubles when the server finds that too often.
   */
  readonly keepaliveMs?: number | undefined;
  /** How long it may take to answer that before the connection is given up; 20 seconds by default. */
  readonly keepaliveTimeoutMs?: number | undefined;
}

const CLOSED: Failure = { code: 'CANCELLED', message: 'the client was closed' };

/** gRPC over connections of its own: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export class GrpcWire implements Transport {
  readonly kind = 'grpc';
  readonly host: string;
  readonly #connections: Connections;
  readonly #messageBytesMax: number;
  readonly #pseudoHeaders: readonly string[];
  readonly #commonHeaders: readonly string[];

  constructor(options: GrpcWireOptions) {
    const { hostname, port } = splitHost(options.host);
    this.host = authorityOf({ hostname, port });
    this.#messageBytesMax = options.messageBytesMax ?? Number.POSITIVE_INFINITY;
    this.#connections = new Connections({
      hostname,
      port,
      tls: options.tls,
      connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
      keepaliveMs: options.keepaliveMs ?? 30_000,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 20_000,
    });
    this.#pseudoHeaders = [
      ...[':method', 'POST'],
      ...[':scheme', options.tls === 'plaintext' ? 'http' : 'https'],
      ...[':authority', this.host],
    ];
    this.#commonHeaders = [
      ...['te', 'trailers'],
      ...['content-type', 'application/grpc'],
      ...['user-agent', options.userAgent ?? 'grpc-node-parley'],
      ...['grpc-accept-encoding', 'identity,deflate,gzip'],
    ];
  }

  unary(call: TransportCall, request: object): Promise<TransportReply> {
    const { input, output } = call.method;
    return new Promise((resolve, reject) => {
      const options = this.#optionsOf(call);
      const framed = frameOf(input, request);
      let message: object | undefined;
      const listener = {
        headers: () => {},
        message: (bytes: Uint8Array): Failure | undefined => {
          if (message !== undefined) return wrongCount(call.method, 'several');
          const decoded = decode(output, bytes);
          if ('failure' in decoded) return decoded.failure;
          message = decoded.message;
          return undefined;
        },
        end: (ending: Ending): void => {
          const { headers, trailers } = ending;
          if (ending.failure === undefined && message !== undefined) resolve({ message, headers, trailers });
          else reject(errorOf(ending.failure ?? wrongCount(call.method, 'no'), ending));
        },
      };
      new Call(this.#connections, options, framed, listener).start();
    });
  }

  stream(call: TransportCall, requests: AsyncIterable<object> | Iterable<object>): TransportStream {
    const { kind, input, output } = call.method;
    const reply = new ReplyStream();
    const isSingle = kind === 'client_streaming' || kind === 'unary';
    let messages = 0;
    const listener = {
      headers: (headers: Headers) => reply.begin(headers),
      message: (bytes: Uint8Array): Failure | undefined => {
        messages++;
        if (isSingle && messages > 1) return wrongCount(call.method, 'several');
        const decoded = decode(output, bytes);
        if ('failure' in decoded) return decoded.failure;
        reply.put(decoded.message);
        return undefined;
      },
      end: (ending: Ending): void => {
        const none = isSingle && messages === 0 ? wrongCount(call.method, 'no') : undefined;
        const failure = ending.failure ?? none;
        if (failure === undefined) reply.end(ending.headers, ending.trailers);
        else reply.fail(ending.thrown ?? errorOf(failure, ending));
      },
    };
    try {
      const source = new FrameSource(requests, (request) => frameOf(input, request));
      const running = new Call(this.#connections, this.#optionsOf(call), source, listener);
      reply.from({
        pause: () => running.pause(),
        resume: () => running.resume(),
        cancel: () => running.cancel({ code: 'CANCELLED', message: 'the answer was not read to its end' }),
      });
      running.start();
    } catch (error) {
      reply.fail(error);
    }
    return reply;
  }

  close(): Promise<void> {
    return this.#connections.close(CLOSED);
  }

  #optionsOf({ method, headers, deadline, signal }: TransportCall): CallOptions {
    const head = this.#pseudoHeaders.concat(
      ':path',
      `/${method.service}/${method.name}`,
      this.#commonHeaders,
    );
    for (const name in headers) {
      const value = headers[name] ?? '';
      checkHeader(name, value);
      head.push(name, value);
    }
    return { head, deadline, signal, messageBytesMax: this.#messageBytesMax };
  }
}

function frameOf(table: MessageTable, request: object): Uint8Array {
  return frame(encodeMessage(table, request, PREFIX_BYTES));
}

function decode(table: MessageTable, bytes: Uint8Array): { message: object } | { failure: Failure } {
  try {
    return { message: decodeMessage(table, bytes) };
  } catch (cause) {
    const message = `the answer cannot be read: ${causeText(cause)}`;
    return { failure: { code: 'INTERNAL', message, cause } };
  }
}

function errorOf(failure: Failure, { headers, trailers }: Ending): ApiError {
  const { code, message, cause, httpStatus } = failure;
  const details = failure.details === undefined ? [] : detailsOf(failure.details);
  return apiError(code, message, { details, headers, trailers, httpStatus, cause });
}

/** The details of an encoded google.rpc.Status; none where it cannot be read, since the error matters more. */
function detailsOf(status: Uint8Array): readonly ErrorDetail[] {
  try {
    return (decodeMessage(messageTable(Status), status) as { details: readonly ErrorDetail[] }).details;
  } catch {
    return [];
  }
}

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md has UNIMPLEMENTED for that. */
function wrongCount(method: MethodTable, count: 'no' | 'several'): Failure {
  const message = `the answer to ${method.name} has ${count} message${count === 'no' ? '' : 's'} instead of one`;
  return { code: 'UNIMPLEMENTED', message };
}

function splitHost(host: string): { hostname: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.%]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(host) ?? [];
  const hostname = bracketed ?? plain;
  const number = Number(port ?? 443);
  if (hostname === undefined || number > 65_535)
    throw new ClientOptionsError(`${host} is not a host and a port`);
  return { hostname, port: number };
}

/** All but those that gRPC and HTTP/2 have for themselves. */
const HEADER_NAME =
  /^(?!grpc-|(?:te|content-type|host|connection|transfer-encoding|upgrade|keep-alive)$)[\da-z_.-]+$/;

function checkHeader(name: string, value: string): void {
  if (!HEADER_NAME.test(name)) {
    throw new InvalidRequestError(`${JSON.stringify(name)} cannot be sent as a header`);
  }
  if (!/^[\x20-\x7e]*$/.test(value)) {
    throw new InvalidRequestError(`the header ${name} has characters that gRPC cannot send`);
  }
}
