import { Fault } from './fault.ts';

const SECONDS_PER_DAY = 86_400;
/** Days from 0001-01-01 to 1970-01-01, and on to the end of the year 9999. */
const DAYS_MIN = -719_162;
const DAYS_END = 2_932_897;

/** A point in time, or a span of it; the nanoseconds have the sign of the seconds in a span, and none in a point. */
export interface Time {
  readonly seconds: number;
  readonly nanos: number;
}

/** Times that come one after the other mostly lie within one day. */
let lastDay = 0;
let lastDate = '1970-01-01';

/** As RFC 3339 in UTC with 0, 3, 6 or 9 digits; a Fault beyond the years 1 to 9999. */
export function formatTimestamp({ seconds, nanos }: Time): string {
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  if (!(day >= DAYS_MIN && day < DAYS_END && nanos >= 0 && nanos < 1e9)) throw new Fault('no point in time');
  if (day !== lastDay) {
    lastDate = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, 10);
    lastDay = day;
  }
  const time = seconds - day * SECONDS_PER_DAY;
  const hours = Math.floor(time / 3600);
  const minutes = Math.floor(time / 60) % 60;
  return `${lastDate}T${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(time % 60)}${fraction(nanos)}Z`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** Three, six or nine digits, as few as will do. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  if (nanos % 1_000_000 === 0) return `.${String(nanos / 1_000_000).padStart(3, '0')}`;
  if (nanos % 1_000 === 0) return `.${String(nanos / 1_000).padStart(6, '0')}`;
  return `.${String(nanos).padStart(9, '0')}`;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** Reads RFC 3339 with up to nine digits and any offset; a Fault for anything else and beyond the years 1 to 9999. */
export function parseTimestamp(text: string): Time {
  const hasOffset = /\d$/.test(text);
  const end = text.length - (hasOffset ? '+00:00' : 'Z').length;
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  const nanos = end === 19 ? 0 : digits(text, 20, end) * 10 ** (29 - end);
  const offset = hasOffset ? offsetAt(text, end) : 0;
  const days = daysSinceEpoch(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10));
  const seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
  const valid = RFC3339.test(text) && hour < 24 && minute < 60 && second < 60;
  if (!valid || !(seconds >= DAYS_MIN * SECONDS_PER_DAY && seconds < DAYS_END * SECONDS_PER_DAY)) {
    throw new Fault('not a time as RFC 3339 has it');
  }
  return { seconds, nanos };
}

/** The seconds that `+02:00` is ahead of UTC; NaN where there is no such offset. */
function offsetAt(text: string, pos: number): number {
  const hours = digits(text, pos + 1, pos + 3);
  const minutes = digits(text, pos + 4, pos + 6);
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (text[pos] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** The number that the digits from `start` up to `end` are, for who makes sure that they are digits. */
function digits(text: string, start: number, end: number): number {
  let value = 0;
  for (let pos = start; pos < end; pos++) value = value * 10 + text.charCodeAt(pos) - 0x30;
  return value;
}

/** The same point in time as answers write it. Most of what comes is so already. */
export function normalizeTimestamp(text: string): string {
  const time = parseTimestamp(text);
  const { nanos } = time;
  const decimals = nanos === 0 ? 0 : nanos % 1_000_000 === 0 ? 4 : nanos % 1_000 === 0 ? 7 : 10;
  const canonical = text.length === 20 + decimals && text[10] === 'T' && text[19 + decimals] === 'Z';
  return canonical ? text : formatTimestamp(time);
}

/** NaN for days that the calendar has not. http://howardhinnant.github.io/date_algorithms.html#days_from_civil */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 ? (leap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= length)) return Number.NaN;
  // Years that begin in March have the day that is sometimes missing at their end.
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

const DURATION_SECONDS_MAX = 315_576_000_000;

/** As seconds with 0, 3, 6 or 9 digits and an `s`; a Fault beyond 10,000 years. */
export function formatDuration({ seconds, nanos }: Time): string {
  if (!(Math.abs(seconds) <= DURATION_SECONDS_MAX && Math.abs(nanos) < 1e9) || seconds * nanos < 0) {
    throw new Fault('no span of time');
  }
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** Reads seconds with up to nine digits and an `s` behind; a Fault for anything else and beyond 10,000 years. */
export function parseDuration(text: string): Time {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(text);
  if (match === null) throw new Fault('not seconds with an s behind them');
  const [, sign, whole = '', decimals = ''] = match;
  const factor = sign === '-' ? -1 : 1;
  // Adding zero makes the one of the two zeros that there is in answers.
  const seconds = factor * Number(whole) + 0;
  const nanos = factor * Number(decimals.padEnd(9, '0')) + 0;
  if (Math.abs(seconds) > DURATION_SECONDS_MAX) throw new Fault('no span of time');
  return { seconds, nanos };
}
