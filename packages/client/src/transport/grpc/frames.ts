import type { Failure } from './failure.ts';

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: a flag, the length in four bytes, the message. */
export const PREFIX_BYTES = 5;

/** A message as it stands on the wire, not compressed: the prefix is written into the room that is left for it. */
export function frame(roomAndMessage: Uint8Array): Uint8Array {
  const length = roomAndMessage.length - PREFIX_BYTES;
  roomAndMessage[0] = 0;
  roomAndMessage[1] = length >>> 24;
  roomAndMessage[2] = length >>> 16;
  roomAndMessage[3] = length >>> 8;
  roomAndMessage[4] = length;
  return roomAndMessage;
}

/** Makes a compressed message whole again, or throws: a RangeError where it would be longer than `bytesMax`. */
export type Inflate = (bytes: Uint8Array, bytesMax: number) => Uint8Array;

const EMPTY = new Uint8Array(0);

/**
 * Takes the bytes of an answer as they come and gives its messages, however the one is cut up into the other.
 * A message may share its memory with what was pushed.
 */
export class FrameReader {
  readonly #bytesMax: number;
  /** What is read from, with `#at` the first byte that is not read yet; `#later` comes behind it. */
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  #later: Uint8Array[] = [];
  /** How many bytes are not read yet, in all. */
  #held = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Uint8Array): void {
    if (this.#held === 0) {
      this.#chunk = chunk;
      this.#at = 0;
    } else {
      this.#later.push(chunk);
    }
    this.#held += chunk.length;
  }

  /** Whether the bytes so far end in the middle of a message. */
  get isTruncated(): boolean {
    return this.#held > 0;
  }

  /** The next message, inflated; undefined until all of it is there. Nothing comes after a failure. */
  next(inflate: Inflate | undefined): Uint8Array | Failure | undefined {
    if (this.#held < PREFIX_BYTES) return undefined;
    this.#gather(PREFIX_BYTES);
    const { flag, length } = this.#prefix();
    if (flag > 1)
      return { code: 'INTERNAL', message: `a message of the answer has the unknown flag ${flag}` };
    if (flag === 1 && inflate === undefined) {
      return {
        code: 'INTERNAL',
        message: 'a message of the answer is flagged as compressed, but no encoding is named',
      };
    }
    if (length > this.#bytesMax) return tooLarge(`${length} bytes`, this.#bytesMax);
    if (this.#held < PREFIX_BYTES + length) return undefined;
    this.#gather(PREFIX_BYTES + length);
    const start = this.#at + PREFIX_BYTES;
    const bytes = this.#chunk.subarray(start, start + length);
    this.#at = start + length;
    this.#held -= PREFIX_BYTES + length;
    return flag === 1 && inflate !== undefined ? this.#inflated(bytes, inflate) : bytes;
  }

  #prefix(): { flag: number; length: number } {
    const view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset + this.#at, PREFIX_BYTES);
    return { flag: view.getUint8(0), length: view.getUint32(1) };
  }

  /** Sees to it that so many bytes lie in one piece. */
  #gather(bytes: number): void {
    if (this.#chunk.length - this.#at >= bytes) return;
    const whole = new Uint8Array(this.#held);
    let at = 0;
    for (const part of [this.#chunk.subarray(this.#at), ...this.#later]) {
      whole.set(part, at);
      at += part.length;
    }
    this.#chunk = whole;
    this.#at = 0;
    this.#later = [];
  }

  #inflated(bytes: Uint8Array, inflate: Inflate): Uint8Array | Failure {
    try {
      return inflate(bytes, this.#bytesMax);
    } catch (cause) {
      if (cause instanceof RangeError) return tooLarge('more', this.#bytesMax);
      return { code: 'INTERNAL', message: 'a message of the answer cannot be inflated', cause };
    }
  }
}

function tooLarge(size: string, bytesMax: number): Failure {
  return {
    code: 'RESOURCE_EXHAUSTED',
    message: `a message of the answer has ${size} where ${bytesMax} bytes are taken at most`,
  };
}
