import { englishTimes } from './english-dates.ts';

/** A time of the day as a language says it, in a text with its number words in digits. */
export interface SpokenTime {
  readonly start: number;
  readonly end: number;
  readonly hour: number;
  readonly minute: number;
  /** Whether it is said if the time is before or after noon. */
  readonly halfKnown: boolean;
}

/** "halb 8", "half 8": half an hour before, in German and Dutch. */
const HALF_BEFORE = /(?<!\p{L})(?:halb|half) (1[0-2]|[1-9])(?!\d|:\d)(?: (?:uhr|uur))?(?!\p{L})/giu;
/** "8 heures et demie", "8 heures et quart", "8 heures moins le quart". */
const FRENCH = /(?<!\d)([01]?\d|2[0-3]) heures? (et demie?|et quart|moins le quart)(?!\p{L})/giu;

/** The times that a language says with words for halves and quarters. */
export function spokenTimes(text: string, language: string): SpokenTime[] {
  if (language === 'en') return [...englishTimes(text)];
  if (language === 'de' || language === 'nl') {
    return [...text.matchAll(HALF_BEFORE)].map(({ 0: said, 1: hour, index }) => ({
      start: index,
      end: index + said.length,
      hour: (Number(hour) + 11) % 12,
      minute: 30,
      halfKnown: false,
    }));
  }
  if (language !== 'fr') return [];
  return [...text.matchAll(FRENCH)].map(({ 0: said, 1: hour, 2: part = '', index }) => {
    const minutes = 60 * Number(hour) + (/demi/iu.test(part) ? 30 : /et/iu.test(part) ? 15 : -15);
    const ofDay = (minutes + 24 * 60) % (24 * 60);
    const place = { start: index, end: index + said.length };
    return { ...place, hour: Math.floor(ofDay / 60), minute: ofDay % 60, halfKnown: false };
  });
}
