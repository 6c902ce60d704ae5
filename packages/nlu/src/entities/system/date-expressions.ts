import { Temporal } from 'temporal-polyfill';
import type { DayPart } from './calendar-words.ts';

/** What an expression says: a day, a time, both, or a period of either. */
export type Kind = 'date' | 'time' | 'date-time' | 'date-period' | 'time-period' | 'date-time-period';

/** A day, a time, or both, as far as they are said. */
export interface Point {
  readonly date?: Temporal.PlainDate;
  readonly time?: Temporal.PlainTime;
  /** Whether it is said if the time is before or after noon. */
  readonly halfKnown?: boolean;
  /** Said by its distance from now: it has no parts of its own. */
  readonly instant?: Temporal.ZonedDateTime;
}

/** A piece of a text that says a day, a time or a period of either. `parts` are pieces of it that say less. */
export interface Expression {
  readonly start: number;
  readonly end: number;
  readonly kind: Kind;
  readonly from: Point;
  readonly to?: Point;
  readonly parts?: readonly Expression[];
  /** "in the evening" after a time says which half of the day it is in. */
  readonly isDayPart?: boolean;
}

/** From one point to another, both included. */
export interface Period {
  readonly from: Point;
  readonly to: Point;
}

/** A piece of a text. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

const LAST_SECOND = Temporal.PlainTime.from('23:59:59');

/** From one point to another; what the one says, the other need not repeat. */
export function range(place: Place, from: Point, to: Point): Expression | undefined {
  if (from.instant !== undefined || to.instant !== undefined) return undefined;
  const first = from.date ?? to.date;
  const times = from.time !== undefined || to.time !== undefined;
  if (first === undefined) return { ...place, kind: 'time-period', from, to };
  let last = to.date ?? first;
  // "from Saturday to Monday": the Monday after.
  if (Temporal.PlainDate.compare(last, first) < 0) last = last.add({ days: 7 });
  if (Temporal.PlainDate.compare(last, first) < 0) return undefined;
  const kind = times ? 'date-time-period' : 'date-period';
  return { ...place, kind, from: { ...from, date: first }, to: { ...to, date: last } };
}

/** Two neighbours as one expression, if they make one. */
export function join(one: Expression, other: Expression): Expression | undefined {
  const place = { start: one.start, end: other.end };
  const kinds = `${one.kind} ${other.kind}`;
  if (other.isDayPart === true && (one.kind === 'time' || one.kind === 'date-time')) {
    return one.from.halfKnown === false ? { ...inHalf(one, other), ...place } : undefined;
  }
  if (other.isDayPart === true && one.isDayPart !== true && one.kind === 'time-period') {
    return periodInHalf({ ...one, ...place }, other);
  }
  const date = one.kind === 'date' ? one : other;
  const rest = one.kind === 'date' ? other : one;
  if (kinds === 'date time' || kinds === 'time date') {
    return { ...place, kind: 'date-time', from: { ...date.from, ...rest.from }, parts: [one, other] };
  }
  if (kinds === 'date time-period' || kinds === 'time-period date') {
    return {
      ...place,
      kind: 'date-time-period',
      from: { ...rest.from, ...date.from },
      to: { ...rest.to, ...date.from },
      parts: [one, other],
    };
  }
  return undefined;
}

/** Hours that a part of the day follows: "from 7 to 9" and "in the evening"; of "from 11 to 1 in the afternoon" the second is. */
function periodInHalf(period: Expression, part: Expression): Expression | undefined {
  const { from, to = from } = period;
  const day = part.from.date === undefined ? {} : { date: part.from.date };
  const last = to.halfKnown === false ? pointInHalf(to, part) : to;
  if (last.time === undefined || last.time.hour >= 12 !== isLate(part)) return undefined;
  const first = from.halfKnown === false ? pointInHalf(from, part) : from;
  const isBefore = first.time !== undefined && Temporal.PlainTime.compare(first.time, last.time) < 0;
  return {
    ...period,
    from: { ...(isBefore ? first : { ...from, halfKnown: true }), ...day },
    to: { ...last, ...day },
  };
}

function isLate(part: Expression): boolean {
  return (part.from.time?.hour ?? 0) >= 12;
}

function pointInHalf(point: Point, part: Expression): Point {
  const said = point.time;
  if (said === undefined) return point;
  const late = isLate(part);
  const hour = late && said.hour < 12 ? said.hour + 12 : !late && said.hour === 12 ? 0 : said.hour;
  return { ...point, time: said.with({ hour }), halfKnown: true };
}

/** A time that a part of the day follows: "7" and "in the evening". */
function inHalf(time: Expression, part: Expression): Expression {
  const from = pointInHalf(time.from, part);
  if (from === time.from) return time;
  const parts = time.parts?.map((piece) =>
    piece.kind === 'time' ? { ...inHalf(piece, part), end: part.end } : piece,
  );
  return { ...time, from, ...(parts === undefined ? {} : { parts }) };
}

/** The hours of a part of the day, on a day if it is known. */
export function dayPartPoints({ from, to }: DayPart, date: Temporal.PlainDate | undefined): Period {
  const end = to === 24 ? LAST_SECOND : Temporal.PlainTime.from({ hour: to });
  const day = date === undefined ? {} : { date };
  return { from: { ...day, time: Temporal.PlainTime.from({ hour: from }) }, to: { ...day, time: end } };
}

/** A day of the years from 1 to 9999, if there is such a day. */
export function plainDate(year: number, month: number, day: number): Temporal.PlainDate | undefined {
  if (!(year >= 1 && year <= 9_999 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const date = Temporal.PlainDate.from({ year, month, day });
  return date.day === day ? date : undefined;
}
