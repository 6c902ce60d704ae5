import { checkDepth, Fault } from './fault.ts';
import { decodeUtf8 } from './utf8.ts';

/** https://protobuf.dev/programming-guides/encoding/#structure */
export const VARINT = 0;
export const BIT64 = 1;
export const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
export const BIT32 = 5;

/**
 * Reads protobuf values one after the other; it does not know what they are for. A value may be read beyond `end`,
 * which whoever reads a message has to look at once it is through; what is malformed otherwise is a Fault.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  pos = 0;
  /** Where the innermost message that is being read ends. */
  end: number;
  /** How many messages are being read, one inside of the other. */
  depth: number;
  /** A stack for whoever reads messages: where the open ones have their fields. */
  readonly places: number[] = [];
  placesUsed = 0;

  constructor(bytes: Uint8Array, depth = 0) {
    const { buffer, byteOffset, length } = bytes;
    // A Buffer's slices would be views and Buffers.
    this.bytes = bytes.constructor === Uint8Array ? bytes : new Uint8Array(buffer, byteOffset, length);
    this.view = new DataView(buffer, byteOffset, length);
    this.end = bytes.length;
    this.depth = depth;
  }

  /** Reads a length and makes `end` the end of what follows: what it was before, for `close`. */
  open(): number {
    const outer = this.end;
    const length = this.uint32();
    if (this.pos + length > outer) throw truncated();
    this.end = this.pos + length;
    return outer;
  }

  close(outer: number): void {
    if (this.pos !== this.end) throw truncated();
    this.end = outer;
  }

  enter(): void {
    checkDepth(this.depth);
    this.depth += 1;
  }

  leave(): void {
    this.depth -= 1;
  }

  /** Skips the value behind a tag. */
  skip(tag: number): void {
    if (tag < 8) throw new Fault('a tag is malformed');
    switch (tag & 7) {
      case VARINT:
        this.#varint();
        return;
      case BIT64:
        this.pos += 8;
        return;
      case LENGTH_DELIMITED: {
        const length = this.uint32();
        this.pos += length;
        return;
      }
      case START_GROUP:
        this.#skipGroup(tag >>> 3);
        return;
      case BIT32:
        this.pos += 4;
        return;
      default:
        throw new Fault(`the wire type ${tag & 7} is out of place`);
    }
  }

  #skipGroup(number: number): void {
    this.enter();
    for (;;) {
      if (this.pos >= this.end) throw truncated();
      const tag = this.uint32();
      if ((tag & 7) !== END_GROUP) this.skip(tag);
      else if (tag >>> 3 === number) break;
      else throw new Fault('a group ends that has not begun');
    }
    this.leave();
  }

  uint32(): number {
    const byte = this.bytes[this.pos];
    if (byte === undefined || byte >= 0x80) return this.#varint() >>> 0;
    this.pos += 1;
    return byte;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    return this.#varint() !== 0 || this.#high !== 0;
  }

  uint64(): bigint {
    const low = BigInt(this.#varint() >>> 0);
    return this.#high === 0 ? low : (BigInt(this.#high >>> 0) << 32n) | low;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  sint64(): bigint {
    const value = this.uint64();
    return (value >> 1n) ^ -(value & 1n);
  }

  /** Exact within 2^53, and beyond it still out of the range of whatever is a number here. */
  int64AsNumber(): number {
    const low = this.#varint() >>> 0;
    return this.#high * 2 ** 32 + low;
  }

  fixed32(): number {
    return this.view.getUint32(this.#skipFixed(4), true);
  }

  fixed64(): bigint {
    return this.view.getBigUint64(this.#skipFixed(8), true);
  }

  float(): number {
    return this.view.getFloat32(this.#skipFixed(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.#skipFixed(8), true);
  }

  string(): string {
    const start = this.#skipSpan();
    return decodeUtf8(this.bytes, start, this.pos);
  }

  /** Copied, so that nobody is left with a view of a buffer that is used again. */
  copyOfBytes(): Uint8Array {
    const start = this.#skipSpan();
    return this.bytes.slice(start, this.pos);
  }

  /** What follows the length that stands at a position, not copied. */
  spanAt(pos: number): Uint8Array {
    const before = this.pos;
    this.pos = pos;
    const start = this.#skipSpan();
    const span = this.bytes.subarray(start, this.pos);
    this.pos = before;
    return span;
  }

  /** Skips so many bytes: where they begin. */
  #skipFixed(size: number): number {
    this.pos += size;
    if (this.pos > this.bytes.length) throw truncated();
    return this.pos - size;
  }

  /** Reads a length and skips what follows: where that begins. */
  #skipSpan(): number {
    const length = this.uint32();
    const start = this.pos;
    if (start + length > this.end) throw truncated();
    this.pos = start + length;
    return start;
  }

  /** The upper half of the varint that was read last. */
  #high = 0;

  /** The lower 32 bits, signed, of a varint of up to ten bytes. */
  #varint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.bytes[this.pos];
      if (byte === undefined) throw truncated();
      this.pos += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#high = high;
        return low;
      }
    }
    throw new Fault('a varint is too long');
  }
}

export function truncated(): Fault {
  return new Fault('the bytes end in the middle of a value');
}
