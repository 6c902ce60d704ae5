import { ListMessagesResponseSchema, MessageSchema } from '@parleykit/proto/v2beta1';

/**
 * Reads of encoded messages only what a poller compares: the number with which the content begins, and the
 * create_time. Decoding whole messages would take longer than the server needs to answer them.
 */

const MESSAGES = ListMessagesResponseSchema.field.messages.number;
const NEXT_PAGE_TOKEN = ListMessagesResponseSchema.field.nextPageToken.number;
const CONTENT = MessageSchema.field.content.number;
const CREATE_TIME = MessageSchema.field.createTime.number;

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Called for each message; `createTime` in microseconds. */
export type Visit = (number: number, createTime: number) => void;

/**
 * Visits the messages of an encoded ListMessagesResponse, or of a BatchCreateMessagesResponse, whose messages stand
 * in the same field. Answers the token of the next page, empty where there is none.
 */
export function scanMessages(bytes: Buffer, visit: Visit): string {
  const scan = new Scan(bytes);
  let token = '';
  while (scan.at < bytes.byteLength) {
    const tag = scan.varint();
    if (tag === ((MESSAGES << 3) | LENGTH_DELIMITED)) {
      scanMessage(scan, scan.varint(), visit);
    } else if (tag === ((NEXT_PAGE_TOKEN << 3) | LENGTH_DELIMITED)) {
      const length = scan.varint();
      token = bytes.toString('latin1', scan.at, scan.at + length);
      scan.at += length;
    } else {
      scan.skip(tag & 7);
    }
  }
  return token;
}

function scanMessage(scan: Scan, length: number, visit: Visit): void {
  const end = scan.at + length;
  let number = -1;
  let createTime = -1;
  while (scan.at < end) {
    const tag = scan.varint();
    if (tag === ((CONTENT << 3) | LENGTH_DELIMITED)) {
      const contentEnd = scan.varint() + scan.at;
      number = scan.decimal(contentEnd);
      scan.at = contentEnd;
    } else if (tag === ((CREATE_TIME << 3) | LENGTH_DELIMITED)) {
      createTime = scanTimestamp(scan, scan.varint());
    } else {
      scan.skip(tag & 7);
    }
  }
  if (scan.at !== end || number < 0 || createTime < 0) {
    throw new Error('a message lacks its number or its create_time');
  }
  visit(number, createTime);
}

function scanTimestamp(scan: Scan, length: number): number {
  const end = scan.at + length;
  let seconds = 0;
  let nanos = 0;
  while (scan.at < end) {
    const field = scan.varint() >> 3;
    if (field === 1) seconds = scan.varint();
    else nanos = scan.varint();
  }
  if (nanos % 1000 !== 0) throw new Error('a create_time is finer than microseconds');
  return seconds * 1_000_000 + nanos / 1000;
}

class Scan {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new Error('the reply ends within a number');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** The digits up to something else; -1 where there is none. Stays where it is. */
  decimal(end: number): number {
    let value = -1;
    for (let at = this.at; at < end; at++) {
      const digit = (this.#bytes[at] ?? 0) - 48;
      if (digit < 0 || digit > 9) return value;
      value = Math.max(value, 0) * 10 + digit;
    }
    return value;
  }

  skip(wireType: number): void {
    if (wireType === LENGTH_DELIMITED) {
      const length = this.varint();
      this.at += length;
    } else if (wireType === VARINT) this.varint();
    else if (wireType === FIXED_64) this.at += 8;
    else if (wireType === FIXED_32) this.at += 4;
    else throw new Error(`the wire type ${wireType} is not known`);
  }
}
