import { PhraseTrie } from '../phrase-trie.ts';
import { tokenWords } from '../tokens.ts';
import { baseLanguage, intlLanguage } from './query.ts';
import type { Unit } from './unit-names.ts';

/** "tomorrow", "last week", "next month": a unit of the calendar, so many units from the present one. */
export interface RelativeUnit {
  readonly unit: 'second' | 'day' | 'week' | 'month' | 'quarter' | 'year' | 'weekend';
  readonly offset: number;
}

/** Half open hours of a day: "morning" is from 8 to 12. */
export interface DayPart {
  readonly from: number;
  readonly to: number;
  /** "tonight" names its day, "morning" does not. */
  readonly today: boolean;
}

/** What stands around a duration and makes it a point in time: "in" before or "ago" after it. */
export interface RelativeMarker {
  readonly sign: 1 | -1;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** "last 3 days": all days from there to now. */
  readonly isPeriod?: boolean;
}

/** The words of a language for days and times, as far as Unicode's locale data has them, and what is said beside. */
export interface CalendarWords {
  readonly relative: PhraseTrie<RelativeUnit>;
  /** Monday is 1. */
  readonly weekdays: PhraseTrie<number>;
  /** January is 1. */
  readonly months: PhraseTrie<number>;
  readonly dayParts: PhraseTrie<DayPart>;
  readonly markers: readonly RelativeMarker[];
  /** Words before a day or a time that belong to the sentence: "on", "at". */
  readonly leading: ReadonlySet<string>;
}

const MORNING: DayPart = { from: 8, to: 12, today: false };
const AFTERNOON: DayPart = { from: 12, to: 16, today: false };
const EVENING: DayPart = { from: 16, to: 20, today: false };
const NIGHT: DayPart = { from: 20, to: 24, today: false };

const DAY_PARTS: Readonly<Record<string, readonly (readonly [names: string, part: DayPart])[]>> = {
  de: [
    ['vormittag|vormittags|am vormittag', MORNING],
    ['nachmittag|nachmittags|am nachmittag', AFTERNOON],
    ['abend|abends|am abend', EVENING],
    ['nacht|nachts|in der nacht', NIGHT],
    ['heute abend', { ...EVENING, today: true }],
    ['heute nacht', { ...NIGHT, today: true }],
  ],
  en: [
    ['morning|in the morning', MORNING],
    ['afternoon|in the afternoon', AFTERNOON],
    ['evening|in the evening', EVENING],
    ['night|at night', NIGHT],
    ['this morning', { ...MORNING, today: true }],
    ['this afternoon', { ...AFTERNOON, today: true }],
    ['this evening', { ...EVENING, today: true }],
    ['tonight', { ...NIGHT, today: true }],
  ],
  es: [
    ['de la mañana|por la mañana|en la mañana', MORNING],
    ['tarde|de la tarde|por la tarde|en la tarde', AFTERNOON],
    ['noche|de la noche|por la noche|en la noche', NIGHT],
    ['esta mañana', { ...MORNING, today: true }],
    ['esta tarde', { ...AFTERNOON, today: true }],
    ['esta noche', { ...NIGHT, today: true }],
  ],
  fr: [
    ['matin|du matin|le matin', MORNING],
    ['après-midi|de l’après-midi|l’après-midi', AFTERNOON],
    ['soir|du soir|le soir', EVENING],
    ['nuit|la nuit|de la nuit', NIGHT],
    ['ce matin', { ...MORNING, today: true }],
    ['cet après-midi', { ...AFTERNOON, today: true }],
    ['ce soir', { ...EVENING, today: true }],
    ['cette nuit', { ...NIGHT, today: true }],
  ],
  it: [
    ['mattina|di mattina|del mattino', MORNING],
    ['pomeriggio|di pomeriggio|del pomeriggio', AFTERNOON],
    ['sera|di sera', EVENING],
    ['notte|di notte', NIGHT],
    ['stamattina', { ...MORNING, today: true }],
    ['stasera', { ...EVENING, today: true }],
    ['stanotte', { ...NIGHT, today: true }],
  ],
  pt: [
    ['da manhã|de manhã|pela manhã', MORNING],
    ['tarde|da tarde|à tarde|de tarde', AFTERNOON],
    ['noite|da noite|à noite|de noite', NIGHT],
    ['esta manhã', { ...MORNING, today: true }],
    ['esta tarde', { ...AFTERNOON, today: true }],
    ['esta noite', { ...NIGHT, today: true }],
  ],
};

const WEEKENDS: Readonly<Record<string, readonly (readonly [names: string, offset: number])[]>> = {
  de: [
    ['wochenende|am wochenende|dieses wochenende', 0],
    ['nächstes wochenende', 1],
  ],
  en: [
    ['weekend|the weekend|this weekend', 0],
    ['next weekend', 1],
    ['last weekend', -1],
  ],
  es: [
    ['fin de semana|este fin de semana', 0],
    ['próximo fin de semana', 1],
  ],
  fr: [
    ['week-end|weekend|ce week-end|ce weekend', 0],
    ['week-end prochain|weekend prochain', 1],
  ],
  it: [
    ['fine settimana|weekend|questo weekend', 0],
    ['prossimo fine settimana|prossimo weekend', 1],
  ],
  pt: [
    ['fim de semana|este fim de semana', 0],
    ['próximo fim de semana', 1],
  ],
};

/** What is said beside the words of the locale data. */
const MORE_MARKERS: Readonly<Record<string, readonly RelativeMarker[]>> = {
  de: [...periods(-1, 'letzten vergangenen'), ...periods(1, 'nachsten kommenden')],
  en: [
    { sign: 1, before: [], after: ['from', 'now'] },
    { sign: 1, before: [], after: ['from', 'today'] },
    { sign: 1, before: [], after: ['later'] },
    ...periods(-1, 'last past previous'),
    ...periods(1, 'next'),
  ],
  es: [
    { sign: 1, before: ['en'], after: [] },
    ...periods(-1, 'ultimos ultimas'),
    ...periods(1, 'proximos proximas'),
  ],
  it: [
    { sign: 1, before: ['fra'], after: [] },
    ...periods(-1, 'ultimi ultime'),
    ...periods(1, 'prossimi prossime'),
  ],
  pt: [
    { sign: 1, before: ['daqui', 'a'], after: [] },
    { sign: -1, before: [], after: ['atras'] },
    ...periods(-1, 'ultimos ultimas'),
    ...periods(1, 'proximos proximas'),
  ],
};

function periods(sign: 1 | -1, words: string): RelativeMarker[] {
  return words.split(' ').map((word) => ({ sign, before: [word], after: [], isPeriod: true }));
}

const LEADING: Readonly<Record<string, string>> = {
  de: 'am an den der um gegen ab bis zum vom',
  en: 'on at by the for from until till before after around about',
  es: 'el la las los a al en del de para',
  fr: 'le la à au pour du de vers',
  it: 'il la le alle a al per dalle di',
  nl: 'op om de',
  pt: 'o a ao no na às as à para de do',
};

/** The words of a language for days and times. `units` are the names of units, which the markers are told apart from. */
export function calendarWords(language: string, units: PhraseTrie<Unit>): CalendarWords {
  const locale = intlLanguage(language);
  const base = baseLanguage(language);
  const relative = new PhraseTrie<RelativeUnit>();
  const dayParts = new PhraseTrie<DayPart>();
  for (const [names, offset] of WEEKENDS[base] ?? []) {
    for (const name of names.split('|')) relative.add(tokenWords(name), { unit: 'weekend', offset });
  }
  for (const [names, part] of DAY_PARTS[base] ?? []) {
    for (const name of names.split('|')) dayParts.add(tokenWords(name), part);
  }
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  for (const unit of ['second', 'day', 'week', 'month', 'quarter', 'year'] as const) {
    for (const offset of unit === 'second' ? [0] : [0, 1, -1, 2, -2]) {
      const parts = format.formatToParts(offset, unit);
      // "in 2 weeks" is a duration and a marker.
      if (parts.some(({ type }) => type === 'integer')) continue;
      const words = tokenWords(parts.map(({ value }) => value).join(''));
      relative.add(words, { unit, offset });
      // "la semaine prochaine" is said without its article too.
      if (words.length > 2 && (words[0]?.length ?? 0) <= 2) relative.add(words.slice(1), { unit, offset });
    }
  }
  return {
    relative,
    weekdays: weekdaysOf(locale),
    months: monthsOf(locale),
    dayParts,
    markers: [...markersOf(locale, units), ...(MORE_MARKERS[base] ?? [])],
    leading: new Set((LEADING[base] ?? '').split(' ').flatMap((word) => tokenWords(word))),
  };
}

function weekdaysOf(locale: string): PhraseTrie<number> {
  const weekdays = new PhraseTrie<number>();
  for (const weekday of ['long', 'short'] as const) {
    const format = new Intl.DateTimeFormat(locale, { weekday, timeZone: 'UTC' });
    for (let day = 1; day <= 7; day++) {
      // 1 January 2024 was a Monday.
      const words = tokenWords(format.format(Date.UTC(2024, 0, day)));
      if (words.join('').length > 1) weekdays.add(words, day);
    }
  }
  return weekdays;
}

/** The names of months, as they stand alone and after a day. */
function monthsOf(locale: string): PhraseTrie<number> {
  const months = new PhraseTrie<number>();
  for (const options of [{ month: 'long' }, { month: 'long', day: 'numeric' }] as const) {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
    for (let month = 1; month <= 12; month++) {
      const parts = format.formatToParts(Date.UTC(2024, month - 1, 1));
      const name = tokenWords(parts.find(({ type }) => type === 'month')?.value ?? '');
      // Where months have numbers, they have no names.
      if (!/^\d/u.test(name.join(''))) months.add(name, month);
    }
  }
  return months;
}

/** The words around a duration in "in 2 hours" and "2 hours ago", without the name of the unit. */
function markersOf(locale: string, units: PhraseTrie<Unit>): RelativeMarker[] {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const markers: RelativeMarker[] = [];
  for (const sign of [1, -1] as const) {
    for (const unit of ['minute', 'hour', 'day', 'week', 'month', 'year'] as const) {
      const parts = format.formatToParts(5 * sign, unit);
      const number = parts.findIndex(({ type }) => type === 'integer');
      const before = tokenWords(parts[number - 1]?.value ?? '');
      const after = tokenWords(parts[number + 1]?.value ?? '').map((word) => ({ word, start: 0, end: 0 }));
      const name = units.longestAt(after, 0)?.end ?? (before.length > 0 ? after.length : 0);
      const rest = after.slice(name).map(({ word }) => word);
      if (name > 0 && before.length + rest.length > 0) markers.push({ sign, before, after: rest });
    }
  }
  const known = new Map(markers.map((marker) => [JSON.stringify(marker), marker]));
  return [...known.values()];
}
