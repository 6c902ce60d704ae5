import { Temporal } from 'temporal-polyfill';
import type { EntityValue, Match } from '../entity-type.ts';
import type { Expression, Place, Point } from './date-expressions.ts';

/** An expression with what it says as each entity type. */
export interface Placed extends Place {
  readonly values: Readonly<Record<string, EntityValue | undefined>>;
  readonly parts: readonly Placed[];
}

const NOON = Temporal.PlainTime.from('12:00');

/** Says when the expressions of a text are, in the form of Dialogflow's values. */
export class DateValues {
  readonly #now: Temporal.ZonedDateTime;
  readonly #today: Temporal.PlainDate;
  readonly #clockOfTwelve: boolean;

  /** `clockOfTwelve`: whether people leave it open if a time is before or after noon. */
  constructor(now: Temporal.ZonedDateTime, { clockOfTwelve }: { readonly clockOfTwelve: boolean }) {
    this.#now = now;
    this.#today = now.toPlainDate();
    this.#clockOfTwelve = clockOfTwelve;
  }

  /** An expression with its values, as of now. */
  placed({ start, end, kind, from, to, parts = [] }: Expression): Placed {
    const whole = parts.length === 0;
    const place = { start, end, parts: parts.map((part) => this.placed(part)) };
    if (kind === 'date') {
      const date = this.#day(from);
      return { ...place, values: { '@sys.date': date, '@sys.date-time': date } };
    }
    if (kind === 'time') {
      const time = this.#next(from);
      return { ...place, values: { '@sys.time': time, '@sys.date-time': time } };
    }
    if (kind === 'date-time') {
      const time = this.#next(from);
      const apart = whole ? { '@sys.date': this.#day(from), '@sys.time': time } : {};
      return { ...place, values: { ...apart, '@sys.date-time': { date_time: time } } };
    }
    if (kind === 'date-period') {
      const period = { startDate: this.#day(from), endDate: this.#day(to ?? from) };
      return { ...place, values: { '@sys.date-period': period, '@sys.date-time': period } };
    }
    const [startTime, endTime] = this.#hours(from, to ?? from);
    const hours = { startTime, endTime };
    if (kind === 'time-period') {
      const today = from.date === undefined ? {} : { '@sys.date': this.#day(from) };
      return { ...place, values: { ...today, '@sys.time-period': hours, '@sys.date-time': hours } };
    }
    const period = { startDateTime: startTime, endDateTime: endTime };
    return {
      ...place,
      values: { ...(whole ? { '@sys.time-period': hours } : {}), '@sys.date-time': period },
    };
  }

  /** A day has no time: noon stands for it. */
  #day({ date, instant }: Point): string {
    return this.#at(date ?? instant?.toPlainDate() ?? this.#today, NOON);
  }

  /** A time without a day is the next one; one that may be before or after noon is whichever comes first. */
  #next({ date, time, halfKnown, instant }: Point): string {
    if (instant !== undefined) return written(instant);
    if (date !== undefined) return this.#at(date, time ?? NOON);
    const said = time ?? NOON;
    const times =
      halfKnown === true || !this.#clockOfTwelve
        ? [said]
        : [said, said.add({ hours: 12 })].sort(Temporal.PlainTime.compare);
    const next = times.find(
      (candidate) => Temporal.PlainTime.compare(candidate, this.#now.toPlainTime()) > 0,
    );
    return next === undefined
      ? this.#at(this.#today.add({ days: 1 }), times[0] ?? said)
      : this.#at(this.#today, next);
  }

  #hours(from: Point, to: Point): [startTime: string, endTime: string] {
    if (from.instant !== undefined && to.instant !== undefined) {
      return [written(from.instant), written(to.instant)];
    }
    let first = from.time ?? NOON;
    let last = to.time ?? first;
    const backwards = Temporal.PlainTime.compare(last, first) <= 0;
    if (backwards && to.halfKnown === false && last.hour < 12) last = last.add({ hours: 12 });
    const isPassed = (): boolean => Temporal.PlainTime.compare(last, this.#now.toPlainTime()) <= 0;
    const isOpen = from.halfKnown === false && to.halfKnown === false && last.hour < 12;
    // "from 2 to 4" is whichever comes first, as "at 2" is.
    if (
      this.#clockOfTwelve &&
      isOpen &&
      first.hour < 12 &&
      (from.date ?? to.date) === undefined &&
      isPassed()
    ) {
      first = first.add({ hours: 12 });
      last = last.add({ hours: 12 });
    }
    const passed = isPassed();
    const date = from.date ?? to.date ?? this.#today.add({ days: passed ? 1 : 0 });
    const lastDate = to.date ?? date;
    const overnight = Temporal.PlainTime.compare(last, first) < 0 && lastDate.equals(date);
    return [this.#at(date, first), this.#at(overnight ? lastDate.add({ days: 1 }) : lastDate, last)];
  }

  #at(date: Temporal.PlainDate, plainTime: Temporal.PlainTime): string {
    return written(date.toZonedDateTime({ timeZone: this.#now.timeZoneId, plainTime }));
  }
}

function written(instant: Temporal.ZonedDateTime): string {
  return instant.toString({ timeZoneName: 'never', smallestUnit: 'second' });
}

/** What expressions, or else their parts, say as an entity type. */
export function matchesOf(entityType: string, expressions: readonly Placed[]): Match[] {
  return expressions.flatMap(({ start, end, values, parts }) => {
    const value = values[entityType];
    return value === undefined ? matchesOf(entityType, parts) : [{ start, end, value }];
  });
}
