import type { ParsedComponents, ParsedResult } from 'chrono-node';
import { Temporal } from 'temporal-polyfill';
import { type Match, withoutOverlaps } from '../entity-type.ts';
import { splitsWord, tokenize } from '../tokens.ts';
import { type CalendarWords, calendarWords, type RelativeUnit } from './calendar-words.ts';
import { loadChronoParser } from './chrono-parsers.ts';
import { clockPeriods, isBareCount, type SpokenHour, type SpokenPeriod } from './clock-periods.ts';
import {
  dayPartPoints,
  type Expression,
  join,
  type Period,
  type Place,
  type Point,
  plainDate,
  range,
} from './date-expressions.ts';
import { DateValues, matchesOf, type Placed } from './date-values.ts';
import { type DigitizedText, digitize, type Replacement } from './digitized-text.ts';
import { englishDaysOfMonth, isOtherEnglishWord, readableEnglish } from './english-dates.ts';
import type { NumberReader } from './numbers.ts';
import { baseLanguage, intlLanguage, oncePerQuery, type SystemQuery } from './query.ts';
import { spokenTimes } from './spoken-times.ts';
import type { Quantity, UnitReader } from './units.ts';

/** What the library takes for the beginning of a point in time and is one of a duration: "for 3 days". */
const DURATION_REST = /^(?:[\s,]|\b(?:for|about|within|and)\b)*$/iu;
const CLOCK = /(?<![\p{L}\p{N}.,:])([01]?\d|2[0-3])(?::([0-5]\d)|[hH]([0-5]\d)?)(?![\p{L}\p{N}:])/gu;
/** Where "19h" is a time and not a duration. */
const HOUR_LANGUAGES: ReadonlySet<string> = new Set(['es', 'fr', 'it', 'pt']);
/** Words that may stand beside a weekday and do not change which one it is. */
const TIME_WORDS: ReadonlySet<string> = new Set([
  'noon',
  'midnight',
  'uhr',
  'oclock',
  'clock',
  'heures',
  'horas',
  'uur',
]);
const NUMERIC_DATE = /(?<![\p{L}\p{N}])(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?![\p{L}\p{N}])/gu;

/** Reads the days and times of a language. */
export interface DateReader {
  find(query: SystemQuery, entityType: string): readonly Match[];
}

/** What a language has for days and times. */
interface DateLanguage {
  readonly isEnglish: boolean;
  readonly words: CalendarWords;
  /** The durations of a text, which distances from now are made of. */
  readonly durations: (query: SystemQuery) => readonly Quantity[];
  readonly digitized: (query: SystemQuery) => DigitizedText;
  /** Days after tomorrow and times like "half past seven" in digits too. */
  readonly parseable: (query: SystemQuery) => DigitizedText;
  readonly parse: Awaited<ReturnType<typeof loadChronoParser>>;
  /** Whether people leave it open if a time is before or after noon: in Britain too, whatever its clocks show. */
  readonly clockOfTwelve: boolean;
  /** "day", "month" and "year" as dates in digits have them. */
  readonly order: readonly string[];
}

/** Loads what reads the days and times of a language. */
export async function loadDateReader(
  language: string,
  numbers: NumberReader,
  units: UnitReader,
): Promise<DateReader> {
  const locale = intlLanguage(language);
  const isEnglish = baseLanguage(language) === 'en';
  const hours = new Intl.DateTimeFormat(locale, { hour: 'numeric' }).resolvedOptions();
  const words = calendarWords(language, units.names);
  const digitized = oncePerQuery((query) => digitize(query, numbers));
  const of: DateLanguage = {
    isEnglish,
    words,
    durations: units.durations,
    digitized,
    parseable: oncePerQuery((query) =>
      digitize(query, numbers, [...daysInDigits(query, words), ...timesInDigits(digitized(query), language)]),
    ),
    parse: await loadChronoParser(language),
    clockOfTwelve: isEnglish || hours.hour12 === true,
    order: new Intl.DateTimeFormat(locale, { dateStyle: 'short' })
      .formatToParts()
      .flatMap(({ type }) => (type === 'day' || type === 'month' || type === 'year' ? [type] : [])),
  };
  const expressions = oncePerQuery((query) => new DateFinder(query, of).find());
  return {
    find: (query, entityType) => matchesOf(entityType, expressions(query)),
  };
}

/** "après-demain" as a date in digits: the parsers of some languages read the "demain" in it. */
function daysInDigits({ tokens, nowMs, timeZone }: SystemQuery, { relative }: CalendarWords): Replacement[] {
  return relative
    .find(tokens)
    .filter(({ value }) => value.unit === 'day' && Math.abs(value.offset) > 1)
    .map(({ start, end, value }) => {
      const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone);
      return { start, end, text: now.toPlainDate().add({ days: value.offset }).toString() };
    });
}

function timesInDigits({ text, place }: DigitizedText, language: string): Replacement[] {
  return spokenTimes(text, baseLanguage(language)).map(({ start, end, hour, minute, halfKnown }) => {
    const clock = `${halfKnown && hour === 0 ? 12 : hour}:${String(minute).padStart(2, '0')}`;
    const half = !halfKnown || hour > 12 ? '' : hour < 12 ? ' am' : ' pm';
    return { ...place(start, end), text: `${clock}${half}` };
  });
}

/** Finds the expressions of one text. */
class DateFinder {
  readonly #query: SystemQuery;
  readonly #of: DateLanguage;
  readonly #now: Temporal.ZonedDateTime;
  readonly #today: Temporal.PlainDate;

  constructor(query: SystemQuery, of: DateLanguage) {
    this.#query = query;
    this.#of = of;
    this.#now = Temporal.Instant.fromEpochMilliseconds(query.nowMs).toZonedDateTimeISO(query.timeZone);
    this.#today = this.#now.toPlainDate();
  }

  find(): Placed[] {
    const durations = this.#of.durations(this.#query);
    const relative = this.#relativeDurations(durations);
    const candidates = [
      ...relative,
      ...this.#relativeUnits(),
      ...this.#clockPeriods(),
      ...this.#clockTimes(),
      ...this.#daysOfMonth(),
      ...this.#dayParts(),
      ...(this.#of.parse === undefined ? this.#plainDates() : this.#parsed(durations, relative)),
    ];
    const values = new DateValues(this.#now, this.#of);
    return this.#joined(withoutOverlaps(candidates)).map((expression) => values.placed(expression));
  }

  /** "in 2 hours", "3 days ago", "two weeks from now". */
  #relativeDurations(durations: readonly Quantity[]): Expression[] {
    const { tokens } = this.#query;
    const found: Expression[] = [];
    for (const duration of durations) {
      const first = tokens.findIndex(({ start }) => start >= duration.start);
      const next = tokens.findIndex(({ start }) => start >= duration.end);
      const after = next < 0 ? tokens.length : next;
      for (const marker of this.#of.words.markers) {
        const from = first - marker.before.length;
        const saysBefore = marker.before.every((word, at) => tokens[from + at]?.word === word);
        const saysAfter = marker.after.every((word, at) => tokens[after + at]?.word === word);
        const point = saysBefore && saysAfter ? this.#fromNow(duration, marker.sign) : undefined;
        if (point === undefined) continue;
        const start = tokens[from]?.start ?? duration.start;
        const end = Math.max(duration.end, tokens[after + marker.after.length - 1]?.end ?? 0);
        const today = { date: this.#today };
        if (marker.isPeriod !== true) {
          found.push({ start, end, kind: point.instant === undefined ? 'date' : 'date-time', from: point });
        } else {
          const isDays = point.date !== undefined;
          const present = isDays ? today : { instant: this.#now };
          const [first, last] = marker.sign === 1 ? [present, point] : [point, present];
          found.push({ start, end, kind: isDays ? 'date-period' : 'time-period', from: first, to: last });
        }
      }
    }
    return found;
  }

  #fromNow({ amount, unit }: Quantity, sign: 1 | -1): Point | undefined {
    try {
      if (unit.calendar === true || unit.symbol === 'day' || unit.symbol === 'wk') {
        const size = unit.calendar === true ? (unit.size ?? 0) : (unit.size ?? 0) / 86_400;
        const count = sign * amount * size;
        if (!Number.isInteger(count)) return undefined;
        const { year, month, day } = this.#today.add(
          unit.calendar === true ? { months: count } : { days: count },
        );
        const date = plainDate(year, month, day);
        return date && { date };
      }
      const instant = this.#now.add({ milliseconds: Math.round(sign * amount * (unit.size ?? 0) * 1_000) });
      return plainDate(instant.year, instant.month, instant.day) && { instant };
    } catch (error) {
      // Beyond what a calendar holds: "in 1e9 years".
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** "next week", "this month", "now"; and "tomorrow" where no parser knows the language's word. */
  #relativeUnits(): Expression[] {
    const found: Expression[] = [];
    for (const { start, end, value } of this.#of.words.relative.find(this.#query.tokens)) {
      if (value.unit === 'second')
        found.push({ start, end, kind: 'date-time', from: { instant: this.#now } });
      else if (value.unit === 'day') {
        if (this.#of.parse !== undefined) continue;
        found.push({ start, end, kind: 'date', from: { date: this.#today.add({ days: value.offset }) } });
      } else found.push({ start, end, kind: 'date-period', ...this.#period(value) });
    }
    return found;
  }

  #period({ unit, offset }: RelativeUnit): Period {
    const today = this.#today;
    const monday = today.subtract({ days: today.dayOfWeek - 1 });
    const january = today.with({ month: 1, day: 1 });
    const period = (first: Temporal.PlainDate, length: Temporal.DurationLike): Period => ({
      from: { date: first },
      to: { date: first.add(length).subtract({ days: 1 }) },
    });
    if (unit === 'weekend') return period(monday.add({ days: 5 + 7 * offset }), { days: 2 });
    if (unit === 'week') return period(monday.add({ days: 7 * offset }), { days: 7 });
    if (unit === 'month') return period(today.with({ day: 1 }).add({ months: offset }), { months: 1 });
    if (unit === 'year') return period(january.add({ years: offset }), { years: 1 });
    const quarter = Math.floor((today.month - 1) / 3) + offset;
    return period(january.add({ months: 3 * quarter }), { months: 3 });
  }

  #dayParts(): Expression[] {
    return this.#of.words.dayParts.find(this.#query.tokens).map(({ start, end, value }) => ({
      start,
      end,
      kind: 'time-period',
      isDayPart: true,
      ...dayPartPoints(value, value.today ? this.#today : undefined),
    }));
  }

  /** "from 2 to 4 pm", "zwischen 14 und 16 Uhr". */
  #clockPeriods(): Expression[] {
    const { text, place } = this.#of.parseable(this.#query);
    const dayParts = this.#of.words.dayParts.find(this.#query.tokens);
    // "de 2 a 4" could count anything, but for "de la tarde".
    const areHours = ({ isBare, start, end }: SpokenPeriod): boolean => {
      const after = place(start, end).end;
      const isSaid = dayParts.some((part) => part.start >= after && part.start - after <= 1);
      return !isBare || this.#of.isEnglish || isSaid || this.#query.answers === '@sys.time-period';
    };
    const point = ({ hour, minute, halfKnown }: SpokenHour): Point => ({
      time: Temporal.PlainTime.from({ hour, minute }),
      halfKnown,
    });
    const periods = [...clockPeriods(text, this.#query.language)].filter(areHours);
    return periods.map(({ start, end, from, to }) => ({
      ...place(start, end),
      kind: 'time-period',
      from: point(from),
      to: point(to),
    }));
  }

  /** "19:30", "19h"; and any number where a time was asked for. */
  #clockTimes(): Expression[] {
    const { text, language, answers } = this.#query;
    const found: Expression[] = [];
    for (const { 0: said, 1: hour, 2: minute, 3: afterHour, index } of text.matchAll(CLOCK)) {
      if (minute === undefined && !HOUR_LANGUAGES.has(baseLanguage(language))) continue;
      const time = Temporal.PlainTime.from({ hour: Number(hour), minute: Number(minute ?? afterHour ?? 0) });
      const from = this.#clock(time, minute === undefined);
      found.push({ start: index, end: index + said.length, kind: 'time', from });
    }
    const hour = /^\s*([01]?\d|2[0-3])\s*$/u.exec(this.#of.digitized(this.#query).text)?.[1];
    if (hour !== undefined && (answers === '@sys.time' || answers === '@sys.date-time')) {
      const from = this.#clock(Temporal.PlainTime.from({ hour: Number(hour) }), false);
      found.push({ start: 0, end: text.length, kind: 'time', from });
    }
    return found;
  }

  /** "the 21st": the next one. */
  #daysOfMonth(): Expression[] {
    if (!this.#of.isEnglish) return [];
    return [...englishDaysOfMonth(this.#query.text)].flatMap(({ start, end, day }): Expression[] => {
      const months = [0, 1, 2].map((later) => this.#today.with({ day: 1 }).add({ months: later }));
      const date = months
        .flatMap(({ year, month }) => plainDate(year, month, day) ?? [])
        .find((candidate) => Temporal.PlainDate.compare(candidate, this.#today) >= 0);
      return date === undefined
        ? []
        : [{ ...this.#withoutLeading({ start, end }), kind: 'date', from: { date } }];
    });
  }

  #clock(time: Temporal.PlainTime, halfKnown: boolean): Point {
    return { time, halfKnown: halfKnown || time.hour > 12 || time.hour === 0 };
  }

  /** Weekdays and dates in digits, where no parser knows the language. */
  #plainDates(): Expression[] {
    const found: Expression[] = [];
    for (const { start, end, value } of this.#of.words.weekdays.find(this.#query.tokens)) {
      const days = (value - this.#today.dayOfWeek + 7) % 7;
      found.push({ start, end, kind: 'date', from: { date: this.#today.add({ days }) } });
    }
    for (const { 0: said, 1: one = '', 3: two = '', 4: three = '', index } of this.#query.text.matchAll(
      NUMERIC_DATE,
    )) {
      const names = one.length === 4 ? (['year', 'month', 'day'] as const) : this.#of.order;
      const fields = Object.fromEntries(names.map((name, at) => [name, Number([one, two, three][at])]));
      const year = (fields['year'] ?? 0) + ((fields['year'] ?? 0) < 100 ? 2_000 : 0);
      const date = plainDate(year, fields['month'] ?? 0, fields['day'] ?? 0);
      if (date !== undefined)
        found.push({ start: index, end: index + said.length, kind: 'date', from: { date } });
    }
    return found;
  }

  #parsed(durations: readonly Quantity[], relative: readonly Expression[]): Expression[] {
    const digitized = this.#of.parseable(this.#query);
    const text = this.#of.isEnglish ? readableEnglish(digitized.text) : digitized.text;
    const found: Expression[] = [];
    for (const result of this.#of.parse?.(text, this.#today) ?? []) {
      const isZoned = result.start.isCertain('timezoneOffset') && !this.#of.isEnglish;
      const said = isZoned ? result.text.replace(/\s\p{L}+$/u, '') : result.text;
      const place = this.#trimmed(digitized.place(result.index, result.index + said.length));
      if (this.#isNoPoint(result, place, durations, relative)) continue;
      const expression = this.#expression(result, place);
      if (expression === undefined) continue;
      const rest = text.slice(result.index + said.length);
      if (this.#of.isEnglish && expression.kind === 'time-period' && isBareCount(said, rest)) continue;
      const placeOf = (start: number, end: number): Place =>
        digitized.place(result.index + start, result.index + end);
      const parts = expression.kind === 'date-time' ? this.#split(result.text, expression, placeOf) : [];
      found.push(parts.length === 0 ? expression : { ...expression, parts });
    }
    return found;
  }

  /** What the library takes for a day or a time and is a duration, or a word that is more often another. */
  #isNoPoint(
    result: ParsedResult,
    { start, end }: Place,
    durations: readonly Quantity[],
    relative: readonly Expression[],
  ): boolean {
    const { text } = this.#query;
    // A piece of a word, or of a number: "fr" of "früh", "a 1" of "cuesta 1.250".
    if (splitsWord(text, start) || splitsWord(text, end) || /^[.,]\d/u.test(text.slice(end, end + 2)))
      return true;
    const hasDay = result.start.isCertain('day') || result.start.isCertain('weekday');
    if (!hasDay && result.start.isCertain('hour') && this.#isBeforeMonth(end)) return true;
    if (this.#of.isEnglish && isOtherEnglishWord(text, start, end)) return true;
    // Distances from now in hours are not left to the library: it reads "in a honey" as one.
    const isDistance = result.start.isCertain('second') && result.start.isCertain('timezoneOffset');
    if (isDistance && !/\d:\d/u.test(result.text)) return true;
    const isIn = (outer: Place): boolean => outer.start <= start && outer.end >= end;
    if (relative.some(isIn) || durations.some(isIn)) return true;
    // What is left of it without the durations that it has words of.
    let rest = '';
    for (let at = start; at < end; at++) {
      if (!durations.some((duration) => duration.start <= at && at < duration.end)) rest += text[at];
    }
    return rest.length < end - start && DURATION_REST.test(rest);
  }

  /** "del 5 al 8 de enero": numbers before a month are days, whatever time they could be. */
  #isBeforeMonth(end: number): boolean {
    const { tokens } = this.#query;
    const next = tokens.findIndex(({ start }) => start >= end);
    const skipped = this.#of.words.leading.has(tokens[next]?.word ?? '') ? 1 : 0;
    return next >= 0 && this.#of.words.months.longestAt(tokens, next + skipped) !== undefined;
  }

  #expression(result: ParsedResult, place: Place): Expression | undefined {
    const from = this.#point(result.start, result.text);
    if (from === undefined) return undefined;
    if (result.end) {
      const to = this.#point(result.end, result.text);
      return to === undefined
        ? undefined
        : range(place, 'to' in from ? from.from : from, 'to' in to ? to.to : to);
    }
    const trimmed = this.#withoutLeading(place);
    if ('to' in from) return { ...trimmed, kind: 'date-period', ...from };
    if (from.instant !== undefined || (from.date !== undefined && from.time !== undefined)) {
      return { ...trimmed, kind: 'date-time', from };
    }
    if (from.date === undefined) return { ...trimmed, kind: 'time', from };
    return { ...this.#withoutDayPart(trimmed), kind: 'date', from };
  }

  /** What is certain of a result: a point, or the month or year that it names. */
  #point(said: ParsedComponents, text: string): Point | Period | undefined {
    const [year, month, day] = [said.get('year') ?? 0, said.get('month') ?? 0, said.get('day') ?? 0];
    const hasDay = said.isCertain('day') || said.isCertain('weekday');
    const hasTime = said.isCertain('hour');
    if (!hasDay && !hasTime) {
      return said.isCertain('month') || said.isCertain('year')
        ? this.#calendarPeriod(said, year, month)
        : undefined;
    }
    const date = hasDay ? this.#ahead(said, plainDate(year, month, day), text) : undefined;
    if (!hasTime) return date && { date };
    const time = Temporal.PlainTime.from({
      hour: said.get('hour') ?? 0,
      minute: said.get('minute') ?? 0,
      second: said.get('second') ?? 0,
    });
    // Outside of English, what the library takes for the zone is a word: "9h et midi".
    if (said.isCertain('timezoneOffset') && (this.#of.isEnglish || /\d(?:z|[+-]\d+:?\d*)$/iu.test(text))) {
      const offsetMinutes = said.get('timezoneOffset') ?? 0;
      return {
        instant: inOffset(date ?? this.#today, time, offsetMinutes).withTimeZone(this.#query.timeZone),
      };
    }
    const clock = this.#clock(time, said.isCertain('meridiem'));
    return date === undefined ? clock : { ...clock, date };
  }

  #calendarPeriod(said: ParsedComponents, year: number, month: number): Period | undefined {
    if (!said.isCertain('month')) {
      const first = plainDate(year, 1, 1);
      return first && { from: { date: first }, to: { date: first.with({ month: 12, day: 31 }) } };
    }
    const { year: thisYear, month: thisMonth } = this.#today;
    const first = plainDate(
      said.isCertain('year') ? year : month < thisMonth ? thisYear + 1 : thisYear,
      month,
      1,
    );
    return first && { from: { date: first }, to: { date: first.with({ day: first.daysInMonth }) } };
  }

  /** A weekday without more, and a day without a year, are the next ones, not those that have passed. */
  #ahead(
    said: ParsedComponents,
    date: Temporal.PlainDate | undefined,
    text: string,
  ): Temporal.PlainDate | undefined {
    if (date === undefined || Temporal.PlainDate.compare(date, this.#today) >= 0) return date;
    if (said.isCertain('day')) return said.isCertain('year') ? date : date.add({ years: 1 });
    return this.#saysPlainWeekday(text) ? date.add({ days: 7 }) : date;
  }

  /** Whether a text has no word like "last" beside the weekday and the time. */
  #saysPlainWeekday(text: string): boolean {
    const tokens = tokenize(text);
    const known = [...this.#of.words.weekdays.find(tokens), ...this.#of.words.dayParts.find(tokens)];
    return tokens.every(
      ({ word, start, end }) =>
        word.length < 3 ||
        /^\d/u.test(word) ||
        TIME_WORDS.has(word) ||
        this.#of.words.leading.has(word) ||
        known.some((place) => place.start <= start && place.end >= end),
    );
  }

  /** Where a date and a time in one divide, as each half is understood by itself. */
  #split(text: string, whole: Expression, placeOf: (start: number, end: number) => Place): Expression[] {
    const at = /\s/u.test(text) ? /(?<=\s)(?=\S)/gu : /(?!^)/gu;
    let best: Expression[] = [];
    for (const { index } of text.matchAll(at)) {
      const parts = [
        { text: text.slice(0, index), from: 0 },
        { text: text.slice(index), from: index },
      ].flatMap(({ text: half, from }) => {
        const result = this.#of.parse?.(half, this.#today)[0];
        const place = result && placeOf(from + result.index, from + result.index + result.text.length);
        return (result && place && this.#expression(result, this.#trimmed(place))) ?? [];
      });
      const date = parts.find(({ kind }) => kind === 'date');
      const time = parts.find(({ kind }) => kind === 'time');
      const sameDate = date?.from.date && whole.from.date?.equals(date.from.date);
      const sameTime = time?.from.time && whole.from.time?.equals(time.from.time);
      // "10 am tomorrow" divides after "10" too; what covers more is understood better.
      if (sameDate && sameTime && covered(parts) > covered(best)) best = parts;
    }
    return best;
  }

  /** Without the spaces and punctuation that the library takes along. */
  #trimmed({ start, end }: Place): Place {
    return { start, end: start + this.#query.text.slice(start, end).replace(/[\s,;.!?]+$/u, '').length };
  }

  #withoutLeading(place: Place): Place {
    const inside = this.#query.tokens.filter(({ start, end }) => start >= place.start && end <= place.end);
    const first = inside.find(({ word }) => !this.#of.words.leading.has(word));
    return { start: first?.start ?? place.start, end: place.end };
  }

  /** "tomorrow morning" is a day and a part of it. */
  #withoutDayPart(place: Place): Place {
    const part = this.#of.words.dayParts
      .find(this.#query.tokens)
      .find(({ start, end }) => start >= place.start && end <= place.end);
    if (part === undefined) return place;
    if (part.start > place.start)
      return { start: place.start, end: this.#query.text.slice(0, part.start).trimEnd().length };
    const rest = this.#query.tokens.find(({ start }) => start >= part.end);
    return rest === undefined || rest.start >= place.end ? place : { start: rest.start, end: place.end };
  }

  /** Neighbours that say one thing together: "tomorrow" and "at 7pm", "7" and "in the evening". */
  #joined(expressions: readonly Expression[]): Expression[] {
    const joined: Expression[] = [];
    for (const expression of expressions) {
      const before = joined.at(-1);
      const together =
        before !== undefined && this.#areNeighbours(before, expression)
          ? join(before, expression)
          : undefined;
      if (together === undefined) joined.push(expression);
      else joined[joined.length - 1] = together;
    }
    return joined;
  }

  #areNeighbours(before: Place, after: Place): boolean {
    const between = this.#query.text.slice(before.end, after.start);
    return (
      tokenize(between).every(({ word }) => this.#of.words.leading.has(word) || word.length < 3) &&
      between.length < 12
    );
  }
}

function inOffset(
  date: Temporal.PlainDate,
  time: Temporal.PlainTime,
  offsetMinutes: number,
): Temporal.ZonedDateTime {
  return date.toZonedDateTime({ timeZone: 'UTC', plainTime: time }).subtract({ minutes: offsetMinutes });
}

function covered(places: readonly Place[]): number {
  return places.reduce((sum, { start, end }) => sum + end - start, 0);
}
