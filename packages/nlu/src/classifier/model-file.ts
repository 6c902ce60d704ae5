import { crc32 } from 'node:zlib';

/** Why bytes are no model: of something else, of another version, not all of them, or not as they were written. */
export type IntentModelFault = 'foreign' | 'version' | 'truncated' | 'corrupt';

const MESSAGES: Readonly<Record<IntentModelFault, string>> = {
  foreign: 'not an intent model',
  version: 'an intent model of another version: train it again',
  truncated: 'an intent model that was cut short',
  corrupt: 'an intent model that was changed after it was written',
};

/** Bytes that cannot be used as a model. */
export class IntentModelError extends Error {
  override readonly name = 'IntentModelError';
  readonly fault: IntentModelFault;

  constructor(fault: IntentModelFault) {
    super(MESSAGES[fault]);
    this.fault = fault;
  }
}

/** Goes up when the form of the file, the features or what the weights mean changes. */
const VERSION = 2;
/** "PNLU" to a reader of the same byte order, and something else to any other. */
const MAGIC = 0x554c4e50;
const HEAD_WORDS = 4;
const HEAD_BYTES = 4 * HEAD_WORDS;

type Section = Uint8Array | Int8Array | Uint16Array | Uint32Array | Float32Array;

/** Writes sections after a head that tells their whole length and checksum. */
export function writeSections(sections: readonly Section[]): Uint8Array {
  const length = sections.reduce((sum, { byteLength }) => sum + 4 + padded(byteLength), HEAD_BYTES);
  const file = new Uint8Array(length);
  const words = new Uint32Array(file.buffer);
  let at = HEAD_BYTES;
  for (const section of sections) {
    words[at / 4] = section.byteLength;
    file.set(new Uint8Array(section.buffer, section.byteOffset, section.byteLength), at + 4);
    at += 4 + padded(section.byteLength);
  }
  words.set([MAGIC, VERSION, length, crc32(file.subarray(HEAD_BYTES))]);
  return file;
}

/** Reads sections in the order in which they were written. */
export class SectionReader {
  readonly #file: Uint8Array;
  readonly #words: Uint32Array;
  #at = HEAD_BYTES;

  /** Throws IntentModelError where the file is not whole. */
  constructor(bytes: Uint8Array) {
    if (bytes.length < HEAD_BYTES) throw new IntentModelError(bytes.length === 0 ? 'truncated' : 'foreign');
    // A copy of its own lies where words can be read.
    this.#file = new Uint8Array(padded(bytes.length));
    this.#file.set(bytes);
    this.#words = new Uint32Array(this.#file.buffer);
    const [magic, version, length = 0, checksum] = this.#words;
    if (magic !== MAGIC) throw new IntentModelError('foreign');
    if (version !== VERSION) throw new IntentModelError('version');
    if (bytes.length < length) throw new IntentModelError('truncated');
    if (bytes.length > length) throw new IntentModelError('corrupt');
    if (crc32(bytes.subarray(HEAD_BYTES)) !== checksum) throw new IntentModelError('corrupt');
  }

  bytes(): Uint8Array {
    const length = this.#words[this.#at / 4] as number;
    const from = this.#at + 4;
    this.#at = from + padded(length);
    return this.#file.subarray(from, from + length);
  }

  signed(): Int8Array {
    const { buffer, byteOffset, length } = this.bytes();
    return new Int8Array(buffer, byteOffset, length);
  }

  halfWords(): Uint16Array {
    const { buffer, byteOffset, length } = this.bytes();
    return new Uint16Array(buffer, byteOffset, length / 2);
  }

  words(): Uint32Array {
    const { buffer, byteOffset, length } = this.bytes();
    return new Uint32Array(buffer, byteOffset, length / 4);
  }

  floats(): Float32Array {
    const { buffer, byteOffset, length } = this.bytes();
    return new Float32Array(buffer, byteOffset, length / 4);
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
