import { COLON, type JsonOutput, QUOTE } from './json-output.ts';
import type { WireReader } from './wire-reader.ts';

const SECONDS_PER_DAY = 24 * 60 * 60;
/** https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/timestamp.proto */
const TIMESTAMP_SECONDS_MIN = Date.parse('0001-01-01T00:00:00Z') / 1000;
const TIMESTAMP_SECONDS_MAX = Date.parse('9999-12-31T23:59:59Z') / 1000;
/** https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/duration.proto */
const DURATION_SECONDS_MAX = 315_576_000_000;
const NANOS_MAX = 999_999_999;

/** Times that are written one after the other mostly lie within one day. */
let lastDay = 0;
let lastDate = '1970-01-01';

/** Reads the google.protobuf.Timestamp up to `end` and writes its JSON; a RangeError where it has none. */
export function writeTimestamp(wire: WireReader, out: JsonOutput, end: number): void {
  const { seconds, nanos } = readTime(wire, end);
  if (!(seconds >= TIMESTAMP_SECONDS_MIN && seconds <= TIMESTAMP_SECONDS_MAX)) throw outOfRange();
  if (nanos < 0 || nanos > NANOS_MAX) throw outOfRange();
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  if (day !== lastDay) {
    lastDate = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, 'YYYY-MM-DD'.length);
    lastDay = day;
  }
  const time = seconds - day * SECONDS_PER_DAY;
  out.character(QUOTE);
  out.ascii(lastDate);
  out.ascii('T');
  out.digits(Math.floor(time / 3600), 2);
  out.character(COLON);
  out.digits(Math.floor(time / 60) % 60, 2);
  out.character(COLON);
  out.digits(time % 60, 2);
  writeFraction(out, nanos);
  out.ascii('Z"');
}

/** Reads the google.protobuf.Duration up to `end` and writes its JSON; a RangeError where it has none. */
export function writeDuration(wire: WireReader, out: JsonOutput, end: number): void {
  const { seconds, nanos } = readTime(wire, end);
  if (Math.abs(seconds) > DURATION_SECONDS_MAX || Math.abs(nanos) > NANOS_MAX) throw outOfRange();
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) throw outOfRange();
  out.ascii(seconds === 0 && nanos < 0 ? '"-' : '"');
  out.ascii(String(seconds));
  writeFraction(out, Math.abs(nanos));
  out.ascii('s"');
}

/** Both messages are made of the same two fields. */
function readTime(wire: WireReader, end: number): { seconds: number; nanos: number } {
  let seconds = 0;
  let nanos = 0;
  while (wire.pos < end) {
    const tag = wire.tag();
    if (tag === 0x08) seconds = Number(wire.int64());
    else if (tag === 0x10) nanos = wire.int32();
    else throw new TypeError('a time has no more than seconds and nanos');
  }
  return { seconds, nanos };
}

/** Three, six or nine digits, as few as will do. */
function writeFraction(out: JsonOutput, nanos: number): void {
  if (nanos === 0) return;
  out.ascii('.');
  if (nanos % 1_000_000 === 0) out.digits(nanos / 1_000_000, 3);
  else if (nanos % 1_000 === 0) out.digits(nanos / 1_000, 6);
  else out.digits(nanos, 9);
}

function outOfRange(): RangeError {
  return new RangeError('JSON has no such time');
}
