/** Days and times that English says in a way that the parser of dates does not read, or reads where there are none. */

/** Words for days that are more often something else: they count alone, or after one of the others. */
const AMBIGUOUS = /^(?:sat|sun|wed|mar|may|march|(?:the |a )?second|sec)$/iu;
const BEFORE_AMBIGUOUS = /\b(?:on|in|by|of|from|to|until|till|since|before|after|every|for)\s+$/iu;
const BETWEEN = /\bbetween(\s+\S.{0,30}?\s)and(?=\s)/giu;
const MONTH_THE = /(?<=\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* )the(?= \d)/giu;
/** "half past 7", "at 10 to 9", "10 to 9 pm", "20 past 7", but not "5 to 9 people" nor "from 10 to 12 pm". */
const CLOCK =
  /\b(half|(?:a )?quarter|[1-5]?\d minutes?|(?<=\b(?:at|by|until|around) )[1-5]?\d|(?<!\b(?:from|between) )[1-5]?\d(?= \w+ \d+ ?[ap]\.?m\b)|[1-5]?[05](?= past )|2[05](?= to \d+\W*$)) (past|to|after) (1[0-2]|0?[1-9])(?![\p{N}:])(?:\s?([ap])\.?m\b)?/giu;
const AFTER_AT = /\b(?:at|by|until|around) $/iu;
/** What the parser takes the minutes of from whatever else is said. */
const NOON_OR_MIDNIGHT = /\b(?:12 )?(noon|midday|midnight)\b/giu;
/** "the 21st", "Monday the 8th", where it ends there or goes on with a time: "the 21st floor" is none. */
const DAY_OF_MONTH =
  /\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?the (\d{1,2})(?:st|nd|rd|th)(?=\W*$|[,.;!?]|\s+(?:at|in|for|from|to|till|until|through|by|and|or|please|with|around)\b)/giu;

/** The text in a form of the same length that the parser reads: "from 3 to 5" of "between 3 and 5", "May 5th". */
export function readableEnglish(text: string): string {
  return text
    .replace(BETWEEN, (said) => `from   ${said.slice(7, -3)}to `)
    .replace(MONTH_THE, (said) => ' '.repeat(said.length));
}

/** Whether a piece that the parser takes for a day is more likely another word. */
export function isOtherEnglishWord(text: string, start: number, end: number): boolean {
  if (!AMBIGUOUS.test(text.slice(start, end))) return false;
  return text.trim().length !== end - start && !BEFORE_AMBIGUOUS.test(text.slice(0, start));
}

/** A time of the day as a language says it, in a text with its number words in digits. */
export interface SpokenTime {
  readonly start: number;
  readonly end: number;
  readonly hour: number;
  readonly minute: number;
  /** Whether it is said if the time is before or after noon. */
  readonly halfKnown: boolean;
}

/** Times like "half past seven", number words being digits. The hour is below 12 where no half of the day is said. */
export function* englishTimes(text: string): Generator<SpokenTime> {
  for (const { 0: whole, 1: part = '', 2: side = '', 3: said, 4: half = '', index } of text.matchAll(CLOCK)) {
    const isTo = side.toLowerCase() === 'to';
    const minutes = /half/iu.test(part) ? 30 : /quarter/iu.test(part) ? 15 : Number.parseInt(part, 10);
    if (isTo && minutes === 30) continue;
    // "2 to 4 pm" are two hours; "10 to 9 pm" could not be.
    const isPeriod = /^\d+$/u.test(part) && (minutes % 5 !== 0 || minutes < Number(said));
    if (isTo && isPeriod && !AFTER_AT.test(text.slice(0, index))) continue;
    const base = (Number(said) % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
    const ofDay = (60 * base + (isTo ? -minutes : minutes) + 24 * 60) % (24 * 60);
    const place = { start: index, end: index + whole.length };
    yield { ...place, hour: Math.floor(ofDay / 60), minute: ofDay % 60, halfKnown: half !== '' };
  }
  for (const { 0: whole, 1: word = '', index } of text.matchAll(NOON_OR_MIDNIGHT)) {
    const hour = /midnight/iu.test(word) ? 0 : 12;
    yield { start: index, end: index + whole.length, hour, minute: 0, halfKnown: true };
  }
}

/** Days without their month, like "the 21st". */
export function* englishDaysOfMonth(text: string): Generator<{ start: number; end: number; day: number }> {
  for (const { 0: whole, 1: day, index } of text.matchAll(DAY_OF_MONTH)) {
    yield { start: index, end: index + whole.length, day: Number(day) };
  }
}
