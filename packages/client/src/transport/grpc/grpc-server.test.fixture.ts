import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { decodeMessage, encodeMessage, messageTable } from '../../codec/codec.ts';
import type { MethodTable } from '../../codec/tables.ts';
import type { TransportCall } from '../transport.ts';
import { GrpcWire, type GrpcWireOptions } from './grpc-wire.ts';

/** The message of the tests, which sends notes both ways. */
export interface Note {
  readonly text: string;
}

const NOTE = messageTable([['test.Note text=s'], 0]);

/** A method of the kind; a call of it is `call('unary', ...)`. */
export function call(kind: MethodTable['kind'] = 'unary', more: Partial<TransportCall> = {}): TransportCall {
  const method: MethodTable = {
    name: 'Say',
    localName: 'say',
    service: 'test.Notes',
    kind,
    input: NOTE,
    output: NOTE,
    http: [],
    routing: [],
    flattened: [],
    pagedField: undefined,
  };
  return { method, headers: {}, deadline: undefined, signal: undefined, ...more };
}

/** A note, or the bytes of a message, as it stands on the wire. */
export function framed(message: string | Uint8Array, flag = 0): Buffer {
  const bytes = typeof message === 'string' ? noteBytes(message) : message;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

export function noteBytes(text: string): Uint8Array {
  return encodeMessage(NOTE, { text });
}

/** The texts of the notes that a request has, once it has ended. */
export async function requestOf(stream: ServerHttp2Stream): Promise<string[]> {
  const bytes = await buffer(stream);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    texts.push((decodeMessage(NOTE, bytes.subarray(at + 5, end)) as Note).text);
    at = end;
  }
  return texts;
}

export const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

/** Answers as a server should: with these messages, and this end. */
export function answer(
  stream: ServerHttp2Stream,
  messages: readonly (string | Buffer)[] = ['hello'],
  trailers: Record<string, string> = { 'grpc-status': '0' },
): void {
  stream.on('error', () => {});
  stream.respond(GRPC, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  for (const message of messages) stream.write(typeof message === 'string' ? framed(message) : message);
  stream.end();
}

export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, nth: number) => void;

/** A server of HTTP/2 on a free port whose streams go to the handler; `nth` counts them from 0. */
export async function openServer(handle: StreamHandler, options: ServerOptions = {}) {
  const server = createServer(options);
  const sessions: ServerHttp2Session[] = [];
  let streams = 0;
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    handle(stream, headers, streams++);
  });
  const host = await listening(server);
  return {
    host,
    sessions,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const session of sessions) session.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** A server of TCP on a free port. */
export async function openTcpServer(handle: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    handle(socket);
  });
  const host = await listening(server);
  return {
    host,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A wire to it, closed at the end of the block. */
export function openWire(host: string, options: Partial<GrpcWireOptions> = {}) {
  const wire = new GrpcWire({ host, tls: 'plaintext', ...options });
  return Object.assign(wire, { [Symbol.asyncDispose]: () => wire.close() });
}

/** A deadline so far ahead that it only ends a test that would hang. */
export function soon(ms = 10_000): number {
  return performance.now() + ms;
}
