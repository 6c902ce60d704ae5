import type { Chrono, ParsedResult } from 'chrono-node';
import { baseLanguage, intlLanguage } from './query.ts';

interface Locale {
  readonly casual: Chrono;
  readonly GB?: Chrono;
}

/** The languages that the library reads; each is loaded by itself. */
const LOCALES: Readonly<Record<string, () => Promise<Locale>>> = {
  ar: () => import('chrono-node/ar'),
  de: () => import('chrono-node/de'),
  en: () => import('chrono-node/en'),
  es: () => import('chrono-node/es'),
  fi: () => import('chrono-node/fi'),
  fr: () => import('chrono-node/fr'),
  id: () => import('chrono-node/id'),
  it: () => import('chrono-node/it'),
  ja: () => import('chrono-node/ja'),
  nl: () => import('chrono-node/nl'),
  pt: () => import('chrono-node/pt'),
  ru: () => import('chrono-node/ru'),
  sv: () => import('chrono-node/sv'),
  uk: () => import('chrono-node/uk'),
  vi: () => import('chrono-node/vi'),
  zh: () => import('chrono-node/zh'),
};
/**
 * What is parsed of a text, in UTF-16 units: as much as Dialogflow takes, and half of that where one expression of the
 * library takes a second for as much of one word over and over.
 */
const PARSED_LENGTH_MAX = 256;
const SLOW_LANGUAGES: ReadonlySet<string> = new Set(['ru', 'uk']);
/** Regions that write the month first. */
const MONTH_FIRST: ReadonlySet<string | undefined> = new Set(['US', 'PH', undefined]);

/** Whether written dates are read in a language, not relative days, weekdays and digits alone. */
export function readsDates(language: string): boolean {
  return baseLanguage(language) in LOCALES;
}

/** Loads what parses the dates of a language, if there is something. The parser takes noon of the present day. */
export async function loadChronoParser(
  language: string,
): Promise<
  ((text: string, today: { year: number; month: number; day: number }) => ParsedResult[]) | undefined
> {
  const locale = await LOCALES[baseLanguage(language)]?.();
  if (locale === undefined) return undefined;
  const monthFirst = MONTH_FIRST.has(new Intl.Locale(intlLanguage(language)).region);
  const lengthMax = PARSED_LENGTH_MAX / (SLOW_LANGUAGES.has(baseLanguage(language)) ? 2 : 1);
  const parser = (monthFirst ? undefined : locale.GB) ?? locale.casual;
  // The library computes in the zone of the machine. Noon exists on every day of every zone, and only the parts of
  // its results are used, never its instants.
  return (text, { year, month, day }) =>
    parser.parse(text.slice(0, lengthMax), new Date(year, month - 1, day, 12));
}
