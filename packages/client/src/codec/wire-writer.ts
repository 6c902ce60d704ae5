import { encodeUtf8 } from './utf8.ts';

const FIRST_SIZE = 1024;
/** What is larger is not kept for the next message. */
const KEPT_SIZE = 64 * 1024;

/** The buffer of the writer before, unless one is at work: values are the callers' own and may call back. */
let spare: Uint8Array | undefined;

/** Writes protobuf values one after the other; it does not know what they are for. */
export class WireWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #pos = 0;

  constructor() {
    this.#bytes = spare ?? new Uint8Array(FIRST_SIZE);
    this.#view = new DataView(this.#bytes.buffer);
    spare = undefined;
  }

  /** A copy of all that was written, behind so many zeros. */
  finish(room: number): Uint8Array {
    const result = new Uint8Array(room + this.#pos);
    result.set(this.#bytes.subarray(0, this.#pos), room);
    if (this.#bytes.length <= KEPT_SIZE) spare = this.#bytes;
    return result;
  }

  #ensure(size: number): void {
    const needed = this.#pos + size;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#pos));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Begins something that is preceded by its length: where, for `end`. */
  begin(): number {
    this.#ensure(1);
    this.#pos += 1;
    return this.#pos;
  }

  /** Ends what began there. Most is shorter than 128 bytes, so that one byte is left for its length. */
  end(start: number): void {
    const length = this.#pos - start;
    let extra = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) extra += 1;
    if (extra > 0) {
      this.#ensure(extra);
      this.#bytes.copyWithin(start + extra, start, this.#pos);
    }
    this.#pos = start - 1;
    this.uint32(length);
    this.#pos += length;
  }

  uint32(value: number): void {
    this.#ensure(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#pos++] = rest;
  }

  /** Negative ones take ten bytes, as those of 64 bits do. */
  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.int64(BigInt(value));
  }

  sint32(value: number): void {
    this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  int64(value: bigint): void {
    this.#ensure(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.#bytes[this.#pos++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#pos++] = Number(rest);
  }

  sint64(value: bigint): void {
    this.int64((value << 1n) ^ (value >> 63n));
  }

  fixed32(value: number): void {
    this.#ensure(4);
    this.#view.setUint32(this.#pos, value, true);
    this.#pos += 4;
  }

  fixed64(value: bigint): void {
    this.#ensure(8);
    this.#view.setBigUint64(this.#pos, BigInt.asUintN(64, value), true);
    this.#pos += 8;
  }

  float(value: number): void {
    this.#ensure(4);
    this.#view.setFloat32(this.#pos, value, true);
    this.#pos += 4;
  }

  double(value: number): void {
    this.#ensure(8);
    this.#view.setFloat64(this.#pos, value, true);
    this.#pos += 8;
  }

  string(text: string): void {
    const start = this.begin();
    this.#ensure(text.length * 3);
    this.#pos += encodeUtf8(text, this.#bytes, this.#pos);
    this.end(start);
  }

  bytes(value: Uint8Array): void {
    this.uint32(value.length);
    this.#ensure(value.length);
    this.#bytes.set(value, this.#pos);
    this.#pos += value.length;
  }
}
