import { connect, type Socket } from 'node:net';

/** https://www.rfc-editor.org/rfc/rfc9113#section-6 */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const CANCEL = Buffer.from([0, 0, 0, 8]);

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const WINDOW_MAX = 2 ** 31 - 1;
const WINDOW_DEFAULT = 65_535;

/** An HTTP/2 connection that opens streams as no library would let it. */
export class FloodConnection {
  /** Streams that the server has answered whole, or reset. */
  over = 0;
  /** Streams that the server has begun to answer. */
  answered = 0;
  /** How many streams the server lets be open; known once it has said so. */
  streamsMax: number | undefined;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #nextStream = 1;

  constructor(port: number, { window = WINDOW_MAX }: { readonly window?: number } = {}) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // Servers cut it off, and may.
    this.#socket.on('error', () => this.#socket.destroy());
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(INITIAL_WINDOW_SIZE);
    settings.writeUInt32BE(window, 2);
    const connectionWindow = Buffer.alloc(4);
    connectionWindow.writeUInt32BE(WINDOW_MAX - WINDOW_DEFAULT);
    this.#socket.write(
      Buffer.concat([
        PREFACE,
        encodeFrame(SETTINGS, 0, 0, settings),
        encodeFrame(WINDOW_UPDATE, 0, 0, connectionWindow),
      ]),
    );
  }

  get closed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  /** Whether what was written before is still on its way: a flood that piles up in its own memory is none. */
  get congested(): boolean {
    return this.#socket.writableLength > 1024 * 1024;
  }

  /** The number of a new stream. */
  open(): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    return stream;
  }

  write(frames: readonly Buffer[]): void {
    if (!this.closed) this.#socket.write(Buffer.concat(frames));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      this.#take(this.#rest.readUInt8(3), this.#rest.readUInt8(4), this.#rest.subarray(9, end));
      this.#rest = this.#rest.subarray(end);
    }
  }

  #take(type: number, flags: number, payload: Buffer): void {
    if (type === HEADERS) this.answered++;
    if (type === RST_STREAM || ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0)) {
      this.over++;
    }
    if (type !== SETTINGS || (flags & ACK) !== 0) return;
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === MAX_CONCURRENT_STREAMS) this.streamsMax = payload.readUInt32BE(at + 2);
    }
    this.write([encodeFrame(SETTINGS, ACK, 0)]);
  }
}

/** Headers of a gRPC call, which leave the request open. */
export function headersFrame(stream: number, path: string): Buffer {
  return encodeFrame(HEADERS, END_HEADERS, stream, encodeHeaders(path));
}

/** The whole of a request, which ends it. */
export function dataFrame(stream: number, bytes: Buffer): Buffer {
  return encodeFrame(DATA, END_STREAM, stream, bytes);
}

export function resetFrame(stream: number): Buffer {
  return encodeFrame(RST_STREAM, 0, stream, CANCEL);
}

function encodeFrame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** As literals that enter no table and use no Huffman code, all shorter than 127 bytes. */
function encodeHeaders(path: string): Buffer {
  const headers = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const text = (value: string): Buffer =>
    Buffer.from(`${String.fromCharCode(value.length)}${value}`, 'latin1');
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}
