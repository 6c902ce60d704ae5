import type { Socket } from 'node:net';
import { openTcpServer } from './grpc-server.test.fixture.ts';

/** https://www.rfc-editor.org/rfc/rfc9113#name-frame-definitions */
export const FRAME = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7 };
export const END_STREAM = 1;
const ACK = 1;
export const END_HEADERS = 4;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly body: Buffer;
}

/** One connection whose frames are written by hand. Settings are exchanged by itself, all else is up to the test. */
export class RawConnection {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(type: number, stream: number, body: Uint8Array = Buffer.alloc(0), flags = 0): void {
    this.socket.write(frameOf(type, stream, body, flags));
  }

  headers(stream: number, headers: Record<string, string>, flags = 0): void {
    this.send(FRAME.HEADERS, stream, headerBlock(headers), flags | END_HEADERS);
  }

  data(stream: number, body: Uint8Array, flags = 0): void {
    this.send(FRAME.DATA, stream, body, flags);
  }

  reset(stream: number, code: number): void {
    this.send(FRAME.RST_STREAM, stream, uint32(code));
  }

  goaway(lastStream: number, code = 0, reason = ''): void {
    this.send(FRAME.GOAWAY, 0, Buffer.concat([uint32(lastStream), uint32(code), Buffer.from(reason)]));
  }

  /** Says that it has the ping. */
  pong(body: Uint8Array): void {
    this.send(FRAME.PING, 0, body, ACK);
  }
}

export function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

export function frameOf(type: number, stream: number, body: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** Without compression, and for names and values that are shorter than 127 bytes. */
export function headerBlock(headers: Record<string, string>): Buffer {
  const parts = Object.entries(headers).flatMap(([name, value]) => [
    Buffer.of(0),
    ...[name, value].flatMap((text) => [Buffer.of(text.length), Buffer.from(text, 'latin1')]),
  ]);
  return Buffer.concat(parts);
}

/** A server that greets with SETTINGS and gives all frames but SETTINGS to the handler; `nth` counts connections from 0. */
export function openRawServer(handle: (frame: Frame, connection: RawConnection, nth: number) => void) {
  let connections = 0;
  return openTcpServer((socket) => {
    const connection = new RawConnection(socket);
    const nth = connections++;
    let bytes = Buffer.alloc(0);
    let isGreeted = false;
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isGreeted && bytes.length >= PREFACE.length) {
        isGreeted = true;
        bytes = bytes.subarray(PREFACE.length);
        connection.send(FRAME.SETTINGS, 0);
      }
      while (isGreeted && bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const length = bytes.readUIntBE(0, 3);
        const [type, flags, stream] = [bytes.readUInt8(3), bytes.readUInt8(4), bytes.readUInt32BE(5)];
        const body = bytes.subarray(9, 9 + length);
        bytes = bytes.subarray(9 + length);
        if (type === FRAME.SETTINGS && (flags & ACK) === 0)
          connection.send(FRAME.SETTINGS, 0, undefined, ACK);
        else handle({ type, flags, stream, body }, connection, nth);
      }
    });
  });
}
