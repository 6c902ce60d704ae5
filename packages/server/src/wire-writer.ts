/**
 * Writes protobuf fields by hand, where messages are put together from stored bytes: a field may stand anywhere
 * in a message, so a message is completed by writing fields before it.
 * https://protobuf.dev/programming-guides/encoding/
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Most nested messages are 128 to 16,383 bytes long: their length takes two bytes. */
const LENGTH_BYTES_EXPECTED = 2;

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** A message under construction, in one buffer that grows. */
export class WireWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(bytesExpected = 256) {
    this.#buffer = Buffer.allocUnsafeSlow(bytesExpected);
  }

  /** A string field. One with the default value, empty, is not written. */
  string(field: number, value: string): void {
    if (value === '') return;
    const length = Buffer.byteLength(value);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(length);
    this.#reserve(length);
    this.#at += this.#buffer.write(value, this.#at, length, 'utf8');
  }

  /**
   * The name of a resource, as a string field: the encoded name of its collection with the slash behind it, and its
   * id. In a page most bytes of names are the same, and to put texts together costs more than to copy bytes.
   */
  name(field: number, collection: Uint8Array, id: string): void {
    const length = collection.byteLength + Buffer.byteLength(id);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(length);
    this.#reserve(length);
    this.#buffer.set(collection, this.#at);
    this.#at += collection.byteLength;
    this.#at += this.#writeId(id);
  }

  #writeId(id: string): number {
    const buffer = this.#buffer;
    for (let index = 0; index < id.length; index++) {
      const code = id.charCodeAt(index);
      if (code > 0x7f) return buffer.write(id, this.#at);
      buffer[this.#at + index] = code;
    }
    return id.length;
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
    if (seconds !== 0) this.#number(1, seconds);
    if (nanos !== 0) this.#number(2, nanos);
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

  /** Bytes that are complete fields already. */
  fields(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }

  #number(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
    this.#buffer[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.byteLength * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
