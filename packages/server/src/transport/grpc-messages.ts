import { promisify } from 'node:util';
import { createGunzip, createInflate, deflate, type Gunzip, gzip, type Inflate } from 'node:zlib';
import {
  messageCorrupt,
  messageCountInvalid,
  messageFlagInvalid,
  messageTruncated,
  requestTooLarge,
  type ServiceError,
  tooMuchUnderWay,
} from '../errors.ts';
import type { EncodedReply } from '../rpc/encoded-reply.ts';

/** How messages may be compressed, by the values of `grpc-encoding`. */
const inflaters: Readonly<Record<string, () => Gunzip | Inflate>> = {
  gzip: () => createGunzip(),
  deflate: () => createInflate(),
};

/** The value of `grpc-accept-encoding`. */
export const ACCEPTED_ENCODINGS = ['identity', ...Object.keys(inflaters)].join(',');

export function isEncodingKnown(encoding: string): boolean {
  return encoding === 'identity' || Object.hasOwn(inflaters, encoding);
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: a flag, the length in four bytes, the message. */
const PREFIX_BYTES = 5;

/** From which size on a reply is worth compressing. */
const COMPRESSED_FROM_BYTES = 1024;

const deflaters: Readonly<Record<string, (bytes: Uint8Array) => Promise<Buffer>>> = {
  gzip: promisify(gzip),
  deflate: promisify(deflate),
};

/** A message as it stands on the wire, not compressed. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  framed.set(message, PREFIX_BYTES);
  return writePrefix(framed, flag);
}

/** As `frame`, in place where there is room for the prefix. */
export function frameReply({ bytes, roomBefore }: EncodedReply): Buffer {
  if (roomBefore < PREFIX_BYTES) return frame(bytes);
  const framed = Buffer.from(bytes.buffer, bytes.byteOffset - PREFIX_BYTES, bytes.byteLength + PREFIX_BYTES);
  return writePrefix(framed, 0);
}

function writePrefix(framed: Buffer, flag: number): Buffer {
  framed[0] = flag;
  framed.writeUInt32BE(framed.byteLength - PREFIX_BYTES, 1);
  return framed;
}

/** A message as it stands on the wire, compressed if that makes it smaller. */
export async function compressedFrame(message: Uint8Array, encoding: string): Promise<Buffer> {
  const deflater = message.byteLength < COMPRESSED_FROM_BYTES ? undefined : deflaters[encoding];
  const compressed = await deflater?.(message);
  return compressed === undefined || compressed.byteLength >= message.byteLength
    ? frame(message)
    : frame(compressed, 1);
}

/** What a MessageReader needs to know and whom it tells. */
export interface MessageSink {
  /** Takes a whole message, inflated, and how many of the bytes that are held were needed for it. */
  message(message: Buffer, held: number): void;
  /** The request has ended, in order. */
  end(): void;
  /** Nothing is told after this. */
  refuse(error: ServiceError): void;
  /** Asks for memory before it is used. */
  hold(bytes: number): boolean;
}

/**
 * Reads the messages of one request. Compressed ones are inflated piece by piece, so that a small one which becomes
 * a large one is noticed while it grows.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #encoding: string;
  readonly #single: boolean;
  readonly #bytesMax: number;
  readonly #prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  /** How much of the prefix is there; all of it while a message is read. */
  #prefixed = 0;
  /** How much of the message is still to come. */
  #missing = 0;
  #pieces: Buffer[] = [];
  #messages = 0;
  #inflater: Inflater | undefined;
  /** What came while a message was being inflated. */
  #waiting: Buffer[] = [];
  #ended = false;
  #refused = false;

  constructor(
    sink: MessageSink,
    options: { readonly encoding: string; readonly single: boolean; readonly bytesMax: number },
  ) {
    this.#sink = sink;
    this.#encoding = options.encoding;
    this.#single = options.single;
    this.#bytesMax = options.bytesMax;
  }

  read(chunk: Buffer): void {
    if (this.#refused) return;
    if (!this.#sink.hold(chunk.length)) this.#refuse(tooMuchUnderWay());
    else if (this.#isInflating()) this.#waiting.push(chunk);
    else this.#parse(chunk);
  }

  /** No more is coming. */
  end(): void {
    this.#ended = true;
    if (this.#refused || this.#isInflating()) return;
    if (this.#prefixed > 0) this.#refuse(messageTruncated());
    else if (this.#single && this.#messages === 0) this.#refuse(messageCountInvalid());
    else this.#sink.end();
  }

  /** Lets go of what is under way. */
  destroy(): void {
    this.#refused = true;
    this.#waiting = [];
    this.#pieces = [];
    this.#inflater?.destroy();
  }

  #parse(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#prefixed < PREFIX_BYTES) {
        if (this.#prefixed === 0 && !this.#begin(chunk[at] ?? 0)) return;
        at += this.#readPrefix(chunk, at);
        if (this.#prefixed < PREFIX_BYTES) return;
        if (!this.#beginMessage()) return;
      }
      const piece = chunk.subarray(at, at + this.#missing);
      at += piece.length;
      this.#missing -= piece.length;
      if (this.#inflater === undefined) this.#pieces.push(piece);
      else this.#inflater.write(piece);
      if (this.#missing > 0) return;
      if (this.#inflater !== undefined) {
        this.#waiting.push(chunk.subarray(at));
        this.#inflater.close();
        return;
      }
      this.#endMessage(this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces));
      if (this.#refused) return;
    }
  }

  /** Looks at the first byte of a message. */
  #begin(flag: number): boolean {
    if (this.#single && this.#messages > 0) return this.#refuse(messageCountInvalid());
    if (flag > 1 || (flag === 1 && this.#encoding === 'identity')) {
      return this.#refuse(messageFlagInvalid(flag));
    }
    return true;
  }

  #readPrefix(chunk: Buffer, at: number): number {
    const bytes = chunk.copy(this.#prefix, this.#prefixed, at, at + PREFIX_BYTES - this.#prefixed);
    this.#prefixed += bytes;
    return bytes;
  }

  /** Looks at the whole prefix of a message. */
  #beginMessage(): boolean {
    this.#missing = this.#length;
    if (this.#missing > this.#bytesMax) return this.#refuse(requestTooLarge(this.#bytesMax));
    if (this.#prefix[0] === 1) {
      this.#inflater = new Inflater(this.#encoding, this.#bytesMax, {
        hold: (bytes) => this.#sink.hold(bytes),
        refuse: (error) => this.#refuse(error),
        done: (message) => this.#inflated(message),
      });
    }
    return true;
  }

  /** How long the message is on the wire. */
  get #length(): number {
    return this.#prefix.readUInt32BE(1);
  }

  #endMessage(message: Buffer): void {
    const inflated = this.#prefix[0] === 1 ? message.length : 0;
    this.#pieces = [];
    this.#prefixed = 0;
    this.#messages++;
    this.#sink.message(message, PREFIX_BYTES + this.#length + inflated);
  }

  #inflated(message: Buffer): void {
    if (this.#refused) return;
    this.#inflater = undefined;
    this.#endMessage(message);
    // Each of these may be the next message to be inflated, behind which the others wait on.
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [index, chunk] of waiting.entries()) {
      if (this.#refused) return;
      this.#parse(chunk);
      if (this.#isInflating()) {
        this.#waiting.push(...waiting.slice(index + 1));
        return;
      }
    }
    if (this.#ended) this.end();
  }

  /** Asked of a method, since the compiler does not know that parsing may have begun a message. */
  #isInflating(): boolean {
    return this.#inflater?.closed === true;
  }

  #refuse(error: ServiceError): false {
    if (!this.#refused) {
      this.destroy();
      this.#sink.refuse(error);
    }
    return false;
  }
}

/** Inflates one message. */
class Inflater {
  readonly #zlib: Gunzip | Inflate;
  #closed = false;

  constructor(
    encoding: string,
    bytesMax: number,
    sink: {
      hold(bytes: number): boolean;
      refuse(error: ServiceError): void;
      done(message: Buffer): void;
    },
  ) {
    const zlib = inflaters[encoding]?.();
    if (zlib === undefined) throw new Error(`no inflater for ${encoding}`);
    this.#zlib = zlib;
    const pieces: Buffer[] = [];
    let bytes = 0;
    zlib.on('data', (piece: Buffer) => {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > bytesMax) sink.refuse(requestTooLarge(bytesMax));
      else if (!sink.hold(piece.length)) sink.refuse(tooMuchUnderWay());
    });
    zlib.on('error', (error) => sink.refuse(messageCorrupt(encoding, error)));
    zlib.on('end', () => sink.done(Buffer.concat(pieces, bytes)));
  }

  /** Whether all of the message was written. */
  get closed(): boolean {
    return this.#closed;
  }

  write(piece: Buffer): void {
    this.#zlib.write(piece);
  }

  close(): void {
    this.#closed = true;
    this.#zlib.end();
  }

  destroy(): void {
    this.#zlib.destroy();
  }
}
