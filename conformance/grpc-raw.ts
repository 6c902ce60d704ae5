import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SessionOptions,
} from 'node:http2';
import { connect, type Socket } from 'node:net';
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { ErrorInfoSchema, type Status, StatusSchema } from '@parleykit/proto/rpc';
import type { Target } from './target.ts';
import { pathOf } from './wires.ts';

/** What came back on one stream. */
export interface StreamAnswer {
  /** Of the first headers; empty where the stream was reset before any. */
  readonly headers: IncomingHttpHeaders;
  /** Whether those headers were all of the answer. */
  readonly trailersOnly: boolean;
  readonly messages: readonly Buffer[];
  /** `grpc-status`, wherever it stood; undefined where there is none. */
  readonly code: number | undefined;
  readonly message: string;
  /** The ErrorInfo in `grpc-status-details-bin`. */
  readonly reason: string | undefined;
  /** With which code the stream was reset; 0 where it ended. */
  readonly rstCode: number;
}

/** A request as it goes out on one stream. */
export interface StreamRequest {
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Written one after the other. */
  readonly chunks?: readonly Uint8Array[];
  /** Whether the request is ended; else the stream stays open towards the server. */
  readonly end?: boolean;
}

/** An HTTP/2 connection on which a test says exactly what it means. */
export async function openSession(
  { url }: Target,
  options?: SessionOptions,
): Promise<ClientHttp2Session & AsyncDisposable> {
  const session = connectHttp2(url, options);
  session.on('error', () => {});
  await once(session, 'connect');
  return Object.assign(session, {
    async [Symbol.asyncDispose]() {
      if (session.destroyed) return;
      const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
      session.destroy();
      await closed;
    },
  });
}

/** Opens a stream and waits until it is over. */
export async function send(session: ClientHttp2Session, request: StreamRequest): Promise<StreamAnswer> {
  const stream = session.request(
    {
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: request.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...request.headers,
    },
    { endStream: false },
  );
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let trailersOnly = false;
  const received: Buffer[] = [];
  stream.on('response', (value, flags) => {
    headers = value;
    trailersOnly = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  });
  stream.on('trailers', (value) => {
    trailers = value;
  });
  stream.on('data', (chunk: Buffer) => received.push(chunk));
  // What a stream ended with is in its rstCode.
  stream.on('error', () => {});
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  for (const chunk of request.chunks ?? []) stream.write(chunk);
  if (request.end !== false) stream.end();
  await closed;
  const status = { ...headers, ...trailers };
  const details = decodeDetails(status['grpc-status-details-bin']);
  return {
    headers,
    trailersOnly,
    messages: splitMessages(Buffer.concat(received)),
    code: status['grpc-status'] === undefined ? undefined : Number(status['grpc-status']),
    message: decodeURIComponent(String(status['grpc-message'] ?? '')),
    reason: details?.details.map((any) => anyUnpack(any, ErrorInfoSchema)).find((info) => info !== undefined)
      ?.reason,
    rstCode: stream.rstCode ?? 0,
  };
}

function decodeDetails(value: unknown): Status | undefined {
  if (value === undefined) return undefined;
  return fromBinary(StatusSchema, Buffer.from(String(value), 'base64'));
}

/** A message with gRPC's prefix. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function splitMessages(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

/** The path of a method and a framed message for it. */
export function requestOf<I extends DescMessage>(
  method: DescMethod & { readonly input: I },
  message: MessageInitShape<I>,
): { readonly path: string; readonly chunks: [Buffer] } {
  return {
    path: pathOf(method),
    chunks: [frame(toBinary(method.input, create(method.input, message)))],
  };
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const FrameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;

export const FrameFlag = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function encodeFrame(
  type: number,
  { flags = 0, stream = 0, payload = Buffer.alloc(0) }: Partial<Omit<Http2Frame, 'type'>> = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Headers as literals that enter no table and use no Huffman code: https://www.rfc-editor.org/rfc/rfc7541 */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const length = (bytes: number): Buffer => {
    if (bytes < 127) return Buffer.from([bytes]);
    const rest = [127];
    for (let left = bytes - 127; ; left >>>= 7) {
      rest.push(left < 128 ? left : (left & 127) | 128);
      if (left < 128) return Buffer.from(rest);
    }
  };
  const text = (value: string): Buffer[] => [length(Buffer.byteLength(value)), Buffer.from(value)];
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), ...text(name), ...text(value)]),
  );
}

/** The headers of a call. */
export function callHeaders(path: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'parley',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** A connection on which a test writes frames that no library would. */
export class FrameConnection implements AsyncDisposable {
  readonly socket: Socket;
  readonly #frames: Http2Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #waiting: (() => void)[] = [];

  static async open({ host, port }: Target, settings = Buffer.alloc(0)): Promise<FrameConnection> {
    const socket = connect({ host, port, allowHalfOpen: true });
    await once(socket, 'connect');
    const connection = new FrameConnection(socket);
    socket.write(Buffer.concat([PREFACE, encodeFrame(FrameType.settings, { payload: settings })]));
    await connection.frame(({ type, flags }) => type === FrameType.settings && flags === 0);
    socket.write(encodeFrame(FrameType.settings, { flags: FrameFlag.ack }));
    return connection;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // A connection that the server ends is seen by its end.
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#wake());
  }

  get frames(): readonly Http2Frame[] {
    return this.#frames;
  }

  write(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The first frame of that kind, received already or to come; undefined where the connection ends before. */
  async frame(isWanted: (frame: Http2Frame) => boolean): Promise<Http2Frame | undefined> {
    for (let seen = 0; ; ) {
      const found = this.#frames.slice(seen).find(isWanted);
      if (found !== undefined || this.socket.closed) return found;
      seen = this.#frames.length;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      this.#frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#rest.subarray(9, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
