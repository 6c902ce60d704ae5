const RFC_3339 = /^(.+:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/u;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndMinute = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/**
 * Microseconds since 1970 of a time as the API writes it; what is finer is cut off. Undefined where it is none.
 *
 * @param {string} time
 */
export function toMicros(time) {
  const [, seconds = '', fraction = '', zone = ''] = RFC_3339.exec(time) ?? [];
  const milliseconds = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1000n + BigInt(fraction.padEnd(9, '0').slice(0, 6));
}

/**
 * Such a time of microseconds since 1970.
 *
 * @param {bigint} micros
 */
export function fromMicros(micros) {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, -5);
  return `${seconds}.${String(rest).padStart(6, '0')}Z`;
}

/**
 * The time of day, to the second, in the reader's zone.
 *
 * @param {string} time
 */
export function showClock(time) {
  return clock.format(new Date(time));
}

/**
 * The day, in the reader's zone: two times have the same one exactly where they are of one day.
 *
 * @param {string} time
 */
export function showDay(time) {
  return day.format(new Date(time));
}

/**
 * The day without the year, and the time to the minute, in the reader's zone; of today the time alone.
 *
 * @param {string} time
 * @param {Date} now
 */
export function showShort(time, now) {
  const date = new Date(time);
  return date.toDateString() === now.toDateString() ? minute.format(date) : dayAndMinute.format(date);
}

/**
 * How long something took, in its two largest units.
 *
 * @param {string} from
 * @param {string} to
 */
export function showDuration(from, to) {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86_400),
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}
