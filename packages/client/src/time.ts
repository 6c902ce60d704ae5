import { Fault } from './codec/fault.ts';
import { formatTimestamp, parseTimestamp, type Time } from './codec/timestamp.ts';

const MICROS_PER_SECOND = 1_000_000n;

/** A time of an answer as a Date, which has milliseconds: what is below them is cut off. A TypeError for no time. */
export function toDate(timestamp: string): Date {
  const { seconds, nanos } = timeOf(timestamp);
  return new Date(seconds * 1000 + Math.floor(nanos / 1_000_000));
}

/**
 * A time of an answer as microseconds since 1970-01-01T00:00:00Z, which is as exact as the API's own times are; what
 * is below them is cut off. A TypeError for no time.
 */
export function toEpochMicros(timestamp: string): bigint {
  const { seconds, nanos } = timeOf(timestamp);
  return BigInt(seconds) * MICROS_PER_SECOND + BigInt(Math.floor(nanos / 1_000));
}

/** What {@link toEpochMicros} has made of a time: RFC 3339 in UTC. A TypeError beyond the years 1 to 9999. */
export function fromEpochMicros(micros: bigint): string {
  const fraction = ((micros % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND;
  const seconds = (micros - fraction) / MICROS_PER_SECOND;
  return orTypeError(() => formatTimestamp({ seconds: Number(seconds), nanos: Number(fraction) * 1_000 }));
}

function timeOf(timestamp: string): Time {
  return orTypeError(() => parseTimestamp(timestamp));
}

function orTypeError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Fault ? new TypeError(error.message) : error;
  }
}
