/** https://protobuf.dev/programming-guides/encoding/#structure */
export const VARINT = 0;
export const BIT64 = 1;
export const LENGTH_DELIMITED = 2;
export const BIT32 = 5;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads protobuf values one after the other; it does not know what they are for. Whatever is malformed is an
 * Error. Positions are set as well as read, since what is looked up first need not be what is wanted first.
 * https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  pos = 0;
  readonly view: DataView;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The number of a field, which is not to be above 2^25, and in the lowest three bits the wire type of its value. */
  tag(): number {
    const start = this.pos;
    const tag = this.uint32();
    if (tag < 8 || this.pos - start > 4) throw new RangeError('a tag is malformed');
    return tag;
  }

  /** Skips the value behind a tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        while (this.#byte() >= 0x80);
        return;
      case BIT64:
        this.pos += 8;
        return;
      case LENGTH_DELIMITED:
        this.pos = this.end();
        return;
      case BIT32:
        this.pos += 4;
        return;
      default:
        throw new TypeError(`the wire type ${tag & 7} is not in use`);
    }
  }

  /** Reads the length of what follows: where that ends. */
  end(): number {
    const length = this.uint32();
    const end = this.pos + length;
    if (end > this.#bytes.length) throw new RangeError('the bytes end too early');
    return end;
  }

  uint32(): number {
    const byte = this.#bytes[this.pos];
    if (byte === undefined || byte >= 0x80) return this.#low32() >>> 0;
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

  /** A number where that is exact at once, as it is for all but huge and negative values. */
  uint64(): number | bigint {
    const start = this.pos;
    let value = 0;
    // Seven times seven bits stay below 2^53.
    for (let factor = 1; factor < 2 ** 49; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    this.pos = start;
    return this.#uint64();
  }

  /** See {@link uint64}. */
  int64(): number | bigint {
    const value = this.uint64();
    return typeof value === 'bigint' ? BigInt.asIntN(64, value) : value;
  }

  sint64(): bigint {
    const value = BigInt(this.uint64());
    return (value >> 1n) ^ -(value & 1n);
  }

  bool(): boolean {
    return Number(this.uint64()) !== 0;
  }

  fixed32(): number {
    this.pos += 4;
    return this.view.getUint32(this.pos - 4, true);
  }

  sfixed32(): number {
    return this.fixed32() | 0;
  }

  fixed64(): bigint {
    this.pos += 8;
    return this.view.getBigUint64(this.pos - 8, true);
  }

  sfixed64(): bigint {
    return BigInt.asIntN(64, this.fixed64());
  }

  float(): number {
    this.pos += 4;
    return this.view.getFloat32(this.pos - 4, true);
  }

  double(): number {
    this.pos += 8;
    return this.view.getFloat64(this.pos - 8, true);
  }

  /** The bytes up to `end`, not copied. */
  bytesTo(end: number): Uint8Array {
    const start = this.pos;
    this.pos = end;
    return this.#bytes.subarray(start, end);
  }

  /** Text that has to be UTF-8. */
  string(): string {
    return utf8.decode(this.bytesTo(this.end()));
  }

  #byte(): number {
    const byte = this.#bytes[this.pos];
    if (byte === undefined) throw new RangeError('the bytes end too early');
    this.pos += 1;
    return byte;
  }

  /** The lower 32 bits of a varint, which has up to ten bytes whatever its type: a negative int32 has ten. */
  #low32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint is too long');
  }

  #uint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a varint is too long');
  }
}
