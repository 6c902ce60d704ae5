import { englishTimes, type SpokenTime } from './english-dates.ts';

/** "halb 8", "half 8": half an hour before, in German and Dutch. */
const HALF_BEFORE = /(?<!\p{L})(?:halb|half) (1[0-2]|[1-9])(?!\d|:\d)(?: (?:uhr|uur))?(?!\p{L})/giu;
/** "Viertel nach 7", "kwart voor 8". */
const QUARTER =
  /(?<!\p{L})(?:viertel (nach|vor)|kwart (over|voor)) (1[0-2]|[1-9])(?!\d|:\d)(?: (?:uhr|uur))?(?!\p{L})/giu;
/** "8 menos cuarto", "8 y cuarto". */
const SPANISH = /(?<!\d)(1[0-2]|[1-9]) (menos|y) cuarto(?!\p{L})/giu;
const NOONS_AND_MIDNIGHTS: Readonly<Record<string, RegExp>> = {
  de: /(?<!\p{L})(?:(mittags?)|mitternacht)(?!\p{L})/giu,
  es: /(?<!\p{L})(?:(mediod[ií]a)|medianoche)(?!\p{L})/giu,
  fr: /(?<!\p{L}|-)(?:(midi)|minuit)(?!\p{L})/giu,
  it: /(?<!\p{L})(?:(mezzogiorno)|mezzanotte)(?!\p{L})/giu,
  nl: /(?<!\p{L})middernacht(?!\p{L})/giu,
  pt: /(?<!\p{L})(?:(meio[- ]dia)|meia[- ]noite)(?!\p{L})/giu,
};
/** "8 heures et demie", "8 heures et quart", "8 heures moins le quart". */
const FRENCH = /(?<!\d)([01]?\d|2[0-3]) heures? (et demie?|et quart|moins le quart)(?!\p{L})/giu;

/** The times that a language says with words for halves and quarters, for noon and for midnight. */
export function spokenTimes(text: string, language: string): SpokenTime[] {
  if (language === 'en') return [...englishTimes(text)];
  return [...partsOfHours(text, language), ...noonsAndMidnights(text, language)];
}

function* partsOfHours(text: string, language: string): Generator<SpokenTime> {
  if (language === 'de' || language === 'nl') {
    for (const { 0: said, 1: hour, index } of text.matchAll(HALF_BEFORE)) {
      yield spoken(index, said, 60 * ((Number(hour) + 11) % 12) + 30);
    }
    for (const { 0: said, 1: german, 2: dutch, 3: hour, index } of text.matchAll(QUARTER)) {
      yield spoken(index, said, 60 * Number(hour) + (/^vo/iu.test(german ?? dutch ?? '') ? -15 : 15));
    }
  }
  if (language === 'fr') {
    for (const { 0: said, 1: hour, 2: part = '', index } of text.matchAll(FRENCH)) {
      yield spoken(
        index,
        said,
        60 * Number(hour) + (/demi/iu.test(part) ? 30 : /et/iu.test(part) ? 15 : -15),
      );
    }
  }
  if (language === 'es') {
    for (const { 0: said, 1: hour, 2: side, index } of text.matchAll(SPANISH)) {
      yield spoken(index, said, 60 * Number(hour) + (/menos/iu.test(side ?? '') ? -15 : 15));
    }
  }
}

function* noonsAndMidnights(text: string, language: string): Generator<SpokenTime> {
  const words = NOONS_AND_MIDNIGHTS[language];
  if (words === undefined) return;
  for (const { 0: said, 1: noon, index } of text.matchAll(words)) {
    yield spoken(index, said, noon === undefined ? 0 : 12 * 60);
  }
}

/** So many minutes after midnight. Which half of the day it is in, is not said. */
function spoken(start: number, said: string, minutes: number): SpokenTime {
  const ofDay = (minutes + 24 * 60) % (24 * 60);
  return {
    start,
    end: start + said.length,
    hour: Math.floor(ofDay / 60),
    minute: ofDay % 60,
    halfKnown: false,
  };
}
