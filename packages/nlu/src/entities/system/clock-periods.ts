import { baseLanguage } from './query.ts';

/** One end of a period as it is said. */
export interface SpokenHour {
  readonly hour: number;
  readonly minute: number;
  /** Whether it is said if it is before or after noon. */
  readonly halfKnown: boolean;
}

/** Hours of the day from one to another, in a text with its number words in digits. */
export interface SpokenPeriod {
  readonly start: number;
  readonly end: number;
  readonly from: SpokenHour;
  readonly to: SpokenHour;
  /** Whether nothing but the words around two numbers says that they are hours. */
  readonly isBare: boolean;
}

/** What stands before the first of two hours, and between them. An article of hours says that they are some. */
interface Frame {
  readonly before: string;
  readonly between: string;
}

const DASH = '[-\u2013\u2014]';

const FRAMES: Readonly<Record<string, readonly Frame[]>> = {
  de: [
    { before: 'von', between: `bis|${DASH}` },
    { before: 'zwischen', between: 'und' },
    { before: '', between: `bis|${DASH}` },
  ],
  en: [
    { before: 'from', between: `to|until|till|through|${DASH}` },
    { before: 'between', between: 'and' },
    { before: '', between: `to|until|till|through|${DASH}` },
  ],
  es: [
    { before: 'de|desde', between: 'a|hasta' },
    { before: 'entre', between: 'y' },
  ],
  fr: [
    { before: 'de', between: 'à|a' },
    { before: 'entre', between: 'et' },
    { before: '', between: `à|${DASH}` },
  ],
  it: [
    { before: 'dalle|dalla', between: 'alle|alla' },
    { before: 'tra|fra', between: 'e' },
  ],
  nl: [
    { before: 'van', between: `tot|${DASH}` },
    { before: 'tussen', between: 'en' },
    { before: '', between: `tot|${DASH}` },
  ],
  pt: [
    { before: 'das|da|de', between: 'às|as|à' },
    { before: 'entre', between: 'e' },
  ],
};

const ARTICLES: Readonly<Record<string, string>> = { es: 'las?', it: 'le|l’una', pt: 'as' };
/** Before the hours themselves: where these stand, numbers are hours. */
const OF_HOURS = /(?:^|\s)(?:las?|le|as|às|dalle|alle|das)\s/iu;
const UNITS: Readonly<Record<string, string>> = {
  de: 'uhr',
  en: "o[’']?\\s?clock",
  es: 'horas?|h',
  fr: 'heures?|h',
  it: 'ore',
  nl: 'uur',
  pt: 'horas?|h',
};
/** Where a bare "from 2 to 4" is one of hours: "from 2 to 4 guests" is none. */
const ENDS =
  /^(?:\W*$|\s*[,.;!?]|\s+(?:at|on|in|for|please|and|or|if|with|today|tonight|tomorrow|this|next|every|mon|tues|wednes|thurs|fri|satur|sun)(?:day)?s?\b)/iu;

/** Whether a piece of an English text is two numbers, and what follows them says that they count something else than hours. */
export function isBareCount(said: string, rest: string): boolean {
  return /^\D*\d{1,2}\D+\d{1,2}$/u.test(said) && !/[ap]\.?m\b/iu.test(said) && !ENDS.test(rest);
}

const patterns = new Map<string, readonly RegExp[]>();

/** "from 2 to 4 pm", "zwischen 14 und 16 Uhr": the hours between which something is, as a language says it. */
export function* clockPeriods(text: string, language: string): Generator<SpokenPeriod> {
  const base = baseLanguage(language);
  for (const pattern of patternsOf(base)) {
    for (const match of text.matchAll(pattern)) {
      const { from, to } = readHours(match.groups ?? {}) ?? {};
      if (from === undefined || to === undefined) continue;
      const said = match[0];
      const { minute, lastMinute, half, lastHalf, unit, lastUnit, before } = match.groups ?? {};
      const marks = [minute, lastMinute, half, lastHalf, unit, lastUnit];
      const isBare = marks.every((mark) => mark === undefined) && !OF_HOURS.test(` ${said}`);
      const end = match.index + said.length;
      // Two numbers with nothing around them are no hours, nor are those of something that follows.
      if (isBare && (!before || (base === 'en' && !ENDS.test(text.slice(end))))) continue;
      yield { start: match.index, end, from, to, isBare };
    }
  }
}

function patternsOf(language: string): readonly RegExp[] {
  let found = patterns.get(language);
  if (found === undefined) {
    const article = ARTICLES[language];
    const units = UNITS[language] ?? '';
    const hour = (prefix: string): string => {
      const [h, m, half, unit] =
        prefix === ''
          ? ['hour', 'minute', 'half', 'unit']
          : ['lastHour', 'lastMinute', 'lastHalf', 'lastUnit'];
      return (
        `${article === undefined ? '' : `(?:(?:${article})\\s)?`}(?<${h}>[01]?\\d|2[0-4])(?:[:h](?<${m}>[0-5]\\d))?` +
        `(?:\\s?(?<${half}>[ap])\\.?m\\b\\.?)?(?:\\s?(?<${unit}>${units})(?!\\p{L}))?(?![\\p{L}\\d]|[.,:]\\d)`
      );
    };
    found = (FRAMES[language] ?? []).map(({ before, between }) => {
      const opening = before === '' ? '(?<before>)' : `(?<before>${before})\\s`;
      return new RegExp(
        `(?<![\\p{L}\\d.,:/-])${opening}${hour('')}(?:\\s?(?:${between})\\s?)${hour('last')}`,
        'giu',
      );
    });
    patterns.set(language, found);
  }
  return found;
}

/** What is said of the one hour holds for the other, as far as it can: "11 to 1 pm" begins before noon. */
function readHours({
  hour,
  minute,
  half,
  lastHour,
  lastMinute,
  lastHalf,
}: Readonly<Record<string, string | undefined>>): { from: SpokenHour; to: SpokenHour } | undefined {
  const last = readHour(lastHour, lastMinute, lastHalf);
  const own = readHour(hour, minute, half);
  if (own === undefined || last === undefined) return undefined;
  if (half !== undefined || lastHalf === undefined || own.halfKnown) return { from: own, to: last };
  const same = readHour(hour, minute, lastHalf);
  const other = readHour(hour, minute, lastHalf.toLowerCase() === 'p' ? 'a' : 'p');
  const from = same !== undefined && minutesOf(same) < minutesOf(last) ? same : other;
  return from && { from, to: last };
}

function readHour(
  said: string | undefined,
  minute: string | undefined,
  half: string | undefined,
): SpokenHour | undefined {
  const hour = Number(said);
  const minutes = Number(minute ?? 0);
  if (half === undefined) {
    return { hour: hour % 24, minute: minutes, halfKnown: hour > 12 || hour === 0 };
  }
  if (hour === 0 || hour > 12) return undefined;
  return { hour: (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0), minute: minutes, halfKnown: true };
}

function minutesOf({ hour, minute }: SpokenHour): number {
  return 60 * hour + minute;
}
