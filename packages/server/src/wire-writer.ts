/**
 * Writes protobuf fields by hand, where messages are put together from stored bytes: a field may stand anywhere
 * in a message, so a message is completed by writing fields before it.
 * https://protobuf.dev/programming-guides/encoding/
 */

const VARINT = 0;
const BITS_64 = 1;
const LENGTH_DELIMITED = 2;
const BITS_32 = 5;

/** Most nested messages are 128 to 16,383 bytes long: their length takes two bytes. */
const LENGTH_BYTES_EXPECTED = 2;

const LOOP_BYTES_MAX = 48;

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** How many bytes in front of what was written are nobody's: room for what the wire puts before a message. */
export const ROOM_BEFORE = 5;

const DESK_BYTES = 64 * 1024;

/**
 * Where the next message is written before it is copied out in its size. Memory outside of the heap that every answer
 * takes anew would have V8 collect all garbage ten times a second.
 */
let desk: Buffer | undefined;

/** A message under construction. */
export class WireWriter {
  #buffer: Buffer;
  #at = 0;

  constructor() {
    this.#buffer = desk ?? Buffer.allocUnsafeSlow(DESK_BYTES);
    desk = undefined;
  }

  /** A string field. One with the default value, empty, is not written. */
  string(field: number, value: string): void {
    if (value !== '') this.text(field, value);
  }

  /** As `string`, in a place where what is empty is written too, such as a list. */
  text(field: number, value: string): void {
    this.#tag(field, LENGTH_DELIMITED);
    if (value.length <= LOOP_BYTES_MAX && this.#ascii(value)) return;
    const length = Buffer.byteLength(value);
    this.#varint(length);
    this.#reserve(length);
    this.#at += this.#buffer.write(value, this.#at, length, 'utf8');
  }

  /** Writes a short text of ASCII characters with its length; nothing, where it has others. */
  #ascii(value: string): boolean {
    this.#reserve(1 + value.length);
    const buffer = this.#buffer;
    const start = this.#at + 1;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      buffer[start + index] = code;
    }
    buffer[this.#at] = value.length;
    this.#at = start + value.length;
    return true;
  }

  /**
   * A string field from pieces that are encoded already. In a page most bytes of names are the same, and to put texts
   * together costs more than to copy bytes.
   */
  joined(field: number, head: Buffer, tail: Buffer, tailFrom = 0, tailTo = tail.length): void {
    const length = head.length + tailTo - tailFrom;
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(length);
    this.#reserve(length);
    this.#copy(head, 0, head.length);
    this.#copy(tail, tailFrom, tailTo);
  }

  /** A google.protobuf.Timestamp, from microseconds since the epoch (not before it). */
  timestamp(field: number, microseconds: number): void {
    const seconds = Math.floor(microseconds / 1_000_000);
    const nanos = (microseconds % 1_000_000) * 1000;
    // Its fields have numbers below 16: their tags are one byte each.
    const secondsBytes = seconds === 0 ? 0 : 1 + varintLength(seconds);
    const nanosBytes = nanos === 0 ? 0 : 1 + varintLength(nanos);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(secondsBytes + nanosBytes);
    if (seconds !== 0) this.number(1, seconds);
    if (nanos !== 0) this.number(2, nanos);
  }

  /** A message field whose fields are written by `write`. */
  nested(field: number, write: () => void): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#reserve(LENGTH_BYTES_EXPECTED);
    const start = this.#at;
    this.#at += LENGTH_BYTES_EXPECTED;
    write();
    const length = this.#at - start - LENGTH_BYTES_EXPECTED;
    const lengthBytes = varintLength(length);
    if (lengthBytes !== LENGTH_BYTES_EXPECTED) {
      this.#reserve(lengthBytes);
      this.#buffer.copyWithin(start + lengthBytes, start + LENGTH_BYTES_EXPECTED, this.#at);
    }
    this.#at = start;
    this.#varint(length);
    this.#at += length;
  }

  /** Begins a message field whose fields are written next, and are few as a rule. Answers what `end` takes. */
  begin(field: number): number {
    this.#tag(field, LENGTH_DELIMITED);
    this.#reserve(1);
    this.#at += 1;
    return this.#at;
  }

  /** Ends the message field that was begun last. */
  end(start: number): void {
    const end = this.#at;
    const length = end - start;
    const further = varintLength(length) - 1;
    if (further > 0) {
      this.#reserve(further);
      this.#buffer.copyWithin(start + further, start, end);
    }
    this.#at = start - 1;
    this.#varint(length);
    this.#at = end + further;
  }

  /** What stands in front of a message field of a known length, whose fields are written next. */
  prefix(field: number, length: number): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(length);
  }

  /** How much is written: a mark for `repeat` and `overwrite`, until a message in which it lies is complete. */
  get at(): number {
    return this.#at;
  }

  /** Writes once more what was written between two marks. Answers where. */
  repeat(from: number, to: number): number {
    const start = this.#at;
    this.#reserve(to - from);
    this.#buffer.copyWithin(start, from, to);
    this.#at += to - from;
    return start;
  }

  /** Puts a few bytes in the place of those at a mark. */
  overwrite(mark: number, bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) this.#buffer[mark + index] = bytes[index] ?? 0;
  }

  /** Bytes that are complete fields already. */
  fields(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  /** As `fields`, for a part of a buffer. */
  fieldsFrom(source: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    this.#copy(source, from, to);
  }

  /** What was written, with `ROOM_BEFORE` in front of it. Nothing can be written any more. */
  finish(): Buffer {
    const whole = Buffer.allocUnsafeSlow(ROOM_BEFORE + this.#at);
    this.#buffer.copy(whole, ROOM_BEFORE, 0, this.#at);
    if (this.#buffer.byteLength === DESK_BYTES) desk = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    return whole.subarray(ROOM_BEFORE);
  }

  /** A field of an integer that is not negative, or of an enum. */
  number(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  bytes(field: number, value: Uint8Array): void {
    this.prefix(field, value.byteLength);
    this.fields(value);
  }

  /** As `number`, for integers of any sign and size. */
  integer(field: number, value: number | bigint): void {
    this.#tag(field, VARINT);
    this.#integer(value);
  }

  /** A list of integers or enums, in one field. */
  packed(field: number, values: readonly (number | bigint)[]): void {
    if (values.length === 0) return;
    const start = this.begin(field);
    for (const value of values) this.#integer(value);
    this.end(start);
  }
  float(field: number, value: number): void {
    this.#tag(field, BITS_32);
    this.#reserve(4);
    this.#at = this.#buffer.writeFloatLE(value, this.#at);
  }

  double(field: number, value: number): void {
    this.#tag(field, BITS_64);
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** A call into native code costs as much as a loop over so many bytes. */
  #copy(source: Buffer, from: number, to: number): void {
    if (to - from > LOOP_BYTES_MAX) this.#at += source.copy(this.#buffer, this.#at, from, to);
    else for (let at = from; at < to; at++) this.#buffer[this.#at++] = source[at] ?? 0;
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    // Beyond 31 bits the fast operators would cut it off.
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80))
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
    for (; rest >= 0x80; rest >>>= 7) this.#buffer[this.#at++] = rest | 0x80;
    this.#buffer[this.#at++] = rest;
  }

  #integer(value: number | bigint): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.#varint(Number(value));
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#buffer[this.#at++] = Number(rest);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.byteLength * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
