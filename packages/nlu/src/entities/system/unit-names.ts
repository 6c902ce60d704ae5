import { baseLanguage, intlLanguage } from './query.ts';

/** What units measure. */
export type Measure =
  | 'area'
  | 'duration'
  | 'information'
  | 'length'
  | 'percentage'
  | 'speed'
  | 'temperature'
  | 'volume'
  | 'weight';

/** A unit by the symbol that values have; a duration's size is in seconds, or in months where the calendar decides. */
export interface Unit {
  readonly measure: Measure;
  readonly symbol: string;
  readonly size?: number;
  readonly calendar?: boolean;
}

/** The units that `Intl` knows the names of, in every language. */
const UNITS: Readonly<Record<string, Unit>> = {
  acre: { measure: 'area', symbol: 'acre' },
  hectare: { measure: 'area', symbol: 'ha' },
  millisecond: { measure: 'duration', symbol: 'ms', size: 0.001 },
  second: { measure: 'duration', symbol: 's', size: 1 },
  minute: { measure: 'duration', symbol: 'min', size: 60 },
  hour: { measure: 'duration', symbol: 'h', size: 3_600 },
  day: { measure: 'duration', symbol: 'day', size: 86_400 },
  week: { measure: 'duration', symbol: 'wk', size: 604_800 },
  month: { measure: 'duration', symbol: 'mo', size: 1, calendar: true },
  year: { measure: 'duration', symbol: 'yr', size: 12, calendar: true },
  byte: { measure: 'information', symbol: 'B' },
  kilobyte: { measure: 'information', symbol: 'KB' },
  megabyte: { measure: 'information', symbol: 'MB' },
  gigabyte: { measure: 'information', symbol: 'GB' },
  terabyte: { measure: 'information', symbol: 'TB' },
  petabyte: { measure: 'information', symbol: 'PB' },
  bit: { measure: 'information', symbol: 'bit' },
  kilobit: { measure: 'information', symbol: 'kbit' },
  megabit: { measure: 'information', symbol: 'Mbit' },
  gigabit: { measure: 'information', symbol: 'Gbit' },
  terabit: { measure: 'information', symbol: 'Tbit' },
  millimeter: { measure: 'length', symbol: 'mm' },
  centimeter: { measure: 'length', symbol: 'cm' },
  meter: { measure: 'length', symbol: 'm' },
  kilometer: { measure: 'length', symbol: 'km' },
  inch: { measure: 'length', symbol: 'inch' },
  foot: { measure: 'length', symbol: 'ft' },
  yard: { measure: 'length', symbol: 'yd' },
  mile: { measure: 'length', symbol: 'mile' },
  percent: { measure: 'percentage', symbol: '%' },
  'kilometer-per-hour': { measure: 'speed', symbol: 'km/h' },
  'meter-per-second': { measure: 'speed', symbol: 'm/s' },
  'mile-per-hour': { measure: 'speed', symbol: 'mph' },
  celsius: { measure: 'temperature', symbol: 'C' },
  fahrenheit: { measure: 'temperature', symbol: 'F' },
  milliliter: { measure: 'volume', symbol: 'ml' },
  liter: { measure: 'volume', symbol: 'L' },
  gallon: { measure: 'volume', symbol: 'gallon' },
  'fluid-ounce': { measure: 'volume', symbol: 'fl oz' },
  gram: { measure: 'weight', symbol: 'g' },
  kilogram: { measure: 'weight', symbol: 'kg' },
  ounce: { measure: 'weight', symbol: 'oz' },
  pound: { measure: 'weight', symbol: 'lb' },
  stone: { measure: 'weight', symbol: 'st' },
};

const SQUARE_KILOMETER: Unit = { measure: 'area', symbol: 'km2' };
const SQUARE_METER: Unit = { measure: 'area', symbol: 'm2' };
const SQUARE_FOOT: Unit = { measure: 'area', symbol: 'sq ft' };
const SQUARE_MILE: Unit = { measure: 'area', symbol: 'sq mi' };
const CUBIC_METER: Unit = { measure: 'volume', symbol: 'm3' };
const TON: Unit = { measure: 'weight', symbol: 't' };

/** Symbols of any language that `Intl` does not have. */
const SYMBOLS: readonly (readonly [name: string, unit: Unit])[] = [
  ['m2', SQUARE_METER],
  ['km2', SQUARE_KILOMETER],
  ['ft2', SQUARE_FOOT],
  ['sq ft', SQUARE_FOOT],
  ['sqft', SQUARE_FOOT],
  ['sqm', SQUARE_METER],
  ['m3', CUBIC_METER],
  ['t', TON],
];

/** What people say beside the names that `Intl` has. */
const SAID: Readonly<Record<string, readonly (readonly [names: string, unit: Unit | undefined])[]>> = {
  de: [
    ['Quadratmeter', SQUARE_METER],
    ['Quadratkilometer', SQUARE_KILOMETER],
    ['Kubikmeter', CUBIC_METER],
    ['Tonne|Tonnen', TON],
    ['Kilo|Kilos', UNITS['kilogram']],
    ['Std', UNITS['hour']],
    ['Grad', UNITS['celsius']],
  ],
  en: [
    ['square meter|square meters|square metre|square metres|sq m', SQUARE_METER],
    ['square kilometer|square kilometers|square kilometre|square kilometres|sq km', SQUARE_KILOMETER],
    ['square foot|square feet', SQUARE_FOOT],
    ['square mile|square miles|sq mi', SQUARE_MILE],
    ['cubic meter|cubic meters|cubic metre|cubic metres', CUBIC_METER],
    ['ton|tons|tonne|tonnes', TON],
    ['millimetre|millimetres', UNITS['millimeter']],
    ['centimetre|centimetres', UNITS['centimeter']],
    ['metre|metres', UNITS['meter']],
    ['kilometre|kilometres|klicks', UNITS['kilometer']],
    [
      'kilometres per hour|kilometer an hour|kilometers an hour|km per hour|km an hour|kph|kmh',
      UNITS['kilometer-per-hour'],
    ],
    ['mile an hour|miles an hour', UNITS['mile-per-hour']],
    ['metres per second|m per second', UNITS['meter-per-second']],
    ['inches', UNITS['inch']],
    ['litre|litres', UNITS['liter']],
    ['millilitre|millilitres', UNITS['milliliter']],
    ['kilo|kilos|kgs', UNITS['kilogram']],
    ['lbs', UNITS['pound']],
    ['gig|gigs', UNITS['gigabyte']],
    ['meg|megs', UNITS['megabyte']],
    ['secs', UNITS['second']],
    ['mins', UNITS['minute']],
    ['hrs', UNITS['hour']],
    ['yo|years', UNITS['year']],
    ['per cent|pct|percentage', UNITS['percent']],
    ['celsius|centigrade|degrees c|degree c', UNITS['celsius']],
    ['fahrenheit|degrees f|degree f|f', UNITS['fahrenheit']],
  ],
  es: [
    ['metro cuadrado|metros cuadrados', SQUARE_METER],
    ['kilómetro cuadrado|kilómetros cuadrados', SQUARE_KILOMETER],
    ['metro cúbico|metros cúbicos', CUBIC_METER],
    ['tonelada|toneladas', TON],
    ['kilo|kilos', UNITS['kilogram']],
    ['grado|grados', UNITS['celsius']],
  ],
  fr: [
    ['mètre carré|mètres carrés', SQUARE_METER],
    ['kilomètre carré|kilomètres carrés', SQUARE_KILOMETER],
    ['mètre cube|mètres cubes', CUBIC_METER],
    ['tonne|tonnes', TON],
    ['kilo|kilos', UNITS['kilogram']],
    ['degré|degrés', UNITS['celsius']],
  ],
  it: [
    ['metro quadrato|metri quadrati', SQUARE_METER],
    ['tonnellata|tonnellate', TON],
    ['chilo|chili', UNITS['kilogram']],
    ['grado|gradi', UNITS['celsius']],
  ],
  ja: [
    ['歳|才', UNITS['year']],
    ['キロ', UNITS['kilometer']],
  ],
  pt: [
    ['metro quadrado|metros quadrados', SQUARE_METER],
    ['tonelada|toneladas', TON],
    ['quilo|quilos', UNITS['kilogram']],
    ['grau|graus', UNITS['celsius']],
  ],
  zh: [
    ['个小时|个钟头', UNITS['hour']],
    ['岁', UNITS['year']],
    ['公斤', UNITS['kilogram']],
  ],
};

/** Abbreviations that say something else as often: "5 m" is metres, but "2 a" is nothing, nor "5 in a row" inches. */
const NO_NAMES = /^(?:in|(?![mglhscftb])\p{scx=Latin})$/iu;
/** The numbers that have a form of their own in some language. */
const COUNTS = [1, 2, 3, 5, 11, 100, 1.5];

/** The names of all units in a language, the more certain reading of a name first. */
export function* unitNames(language: string): Generator<readonly [name: string, unit: Unit]> {
  const locale = intlLanguage(language);
  for (const [names, unit] of SAID[baseLanguage(language)] ?? []) {
    if (unit !== undefined) for (const name of names.split('|')) yield [name, unit];
  }
  if (baseLanguage(language) === 'en') {
    const degree =
      new Intl.Locale(locale).maximize().region === 'US' ? UNITS['fahrenheit'] : UNITS['celsius'];
    for (const name of ['degree', 'degrees', '°']) if (degree !== undefined) yield [name, degree];
  } else if (UNITS['celsius'] !== undefined) yield ['°', UNITS['celsius']];
  for (const unitDisplay of ['long', 'short', 'narrow'] as const) {
    for (const [name, unit] of Object.entries(UNITS)) {
      for (const written of namesOf(locale, name, unitDisplay)) {
        if (!NO_NAMES.test(written)) yield [written, unit];
      }
    }
  }
  for (const [name, unit] of inflectedNames(locale)) {
    const named = UNITS[unit];
    if (named !== undefined) yield [name, named];
  }
  yield* SYMBOLS;
}

function namesOf(locale: string, unit: string, unitDisplay: 'long' | 'short' | 'narrow'): Set<string> {
  const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay });
  const names = new Set<string>();
  for (const count of COUNTS) {
    const parts = format.formatToParts(count);
    // Where something stands before the number, the name alone is half of it.
    if (parts[0]?.type !== 'integer') continue;
    const name = parts
      .filter(({ type }) => type === 'unit' || type === 'percentSign')
      .map(({ value }) => value)
      .join(' ');
    if (name !== '') names.add(name.replace(/\.$/u, ''));
  }
  return names;
}

/** The names of units after "in" and "vor", which some languages inflect: "vor 5 Tagen". */
function* inflectedNames(locale: string): Generator<readonly [name: string, unit: string]> {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  for (const unit of ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const) {
    for (const count of [1, 2, 5, -1, -2, -5]) {
      const parts = format.formatToParts(count, unit);
      const number = parts.findIndex(({ type }) => type === 'integer');
      // Without a word before the number, what comes after it is more than the name of the unit.
      if (number > 0 && parts[number + 1] !== undefined) yield [parts[number + 1]?.value ?? '', unit];
    }
  }
}

/** Of currencies with the same plain name ("dollars") the first here has it, after the language's own. */
const PLAIN_NAME_FIRST = (
  'USD EUR GBP JPY INR CNY KRW CHF MXN BRL RUB SEK NOK DKK PLN TRY AED SAR ILS THB MYR IDR ZAR NGN KES EGP ' +
  'CZK HUF RON BGN UAH VND PHP ARS CLP COP PEN CAD AUD NZD HKD SGD TWD'
).split(' ');
/** Languages whose names of currencies begin with the plain name: "dólares estadounidenses". */
const PLAIN_NAME_LEADS: ReadonlySet<string> = new Set(['ca', 'es', 'fr', 'it', 'pt', 'ro']);
/** The currency of a language's region, where the region has its own "dollar", "peso", "rupee" or "pound". */
const OF_REGION: Readonly<Record<string, string>> = {
  AR: 'ARS',
  AU: 'AUD',
  CA: 'CAD',
  CL: 'CLP',
  CO: 'COP',
  HK: 'HKD',
  MX: 'MXN',
  NZ: 'NZD',
  PH: 'PHP',
  SG: 'SGD',
  TW: 'TWD',
};
const MINOR_UNITS: Readonly<Record<string, string>> = {
  de: 'Cent Cents',
  en: 'cent cents',
  es: 'céntimo céntimos centavo centavos',
  fr: 'centime centimes',
  it: 'centesimo centesimi',
  pt: 'centavo centavos cêntimo cêntimos',
};
const SAID_CURRENCIES: Readonly<Record<string, readonly (readonly [name: string, currency: string])[]>> = {
  en: [
    ['buck', 'USD'],
    ['bucks', 'USD'],
    ['quid', 'GBP'],
    ['yens', 'JPY'],
    ['rs', 'INR'],
  ],
  zh: [
    ['元', 'CNY'],
    ['块', 'CNY'],
    ['块钱', 'CNY'],
  ],
};

/** Codes that people write in small letters too. Most others are words: "5 try", "4 all", "2 top". */
const FAMILIAR_CODES: ReadonlySet<string> = new Set(
  'AUD BRL CAD CHF CNY EUR GBP INR JPY KRW MXN NZD USD'.split(' '),
);
const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** The currency that a code in a text stands for. */
export function currencyOfCode(written: string): string | undefined {
  const code = written.toUpperCase();
  return CODES.has(written) || FAMILIAR_CODES.has(code) ? code : undefined;
}

interface NamedCurrency {
  readonly currency: string;
  readonly minor: boolean;
}

/** The names of currencies in a language, and the signs that stand before an amount, in capital letters. */
export function currencyNames(language: string): {
  names: (readonly [name: string, currency: NamedCurrency])[];
  signs: Map<string, string>;
} {
  const locale = intlLanguage(language);
  const base = baseLanguage(language);
  const own = OF_REGION[new Intl.Locale(locale).region ?? ''];
  const first = [...new Set([...(own === undefined ? [] : [own]), ...PLAIN_NAME_FIRST])];
  const names: (readonly [string, NamedCurrency])[] = [];
  const plain: (readonly [string, NamedCurrency])[] = [];
  const signs = new Map<string, string>(
    base === 'en' || base === 'hi'
      ? [
          ['RS', 'INR'],
          ['RS.', 'INR'],
        ]
      : [],
  );
  for (const currency of new Set([...first, ...CODES])) {
    for (const name of currencyForms(locale, currency)) {
      names.push([name, { currency, minor: false }]);
      const word = name.split(' ').at(PLAIN_NAME_LEADS.has(base) ? 0 : -1) ?? '';
      if (first.includes(currency) && word.length > 2) plain.push([word, { currency, minor: false }]);
    }
    for (const sign of currencySigns(locale, currency)) if (!signs.has(sign)) signs.set(sign, currency);
  }
  for (const [name, currency] of SAID_CURRENCIES[base] ?? []) names.push([name, { currency, minor: false }]);
  const minorOf = own ?? (base === 'en' ? 'USD' : base === 'pt' ? 'BRL' : 'EUR');
  for (const name of MINOR_UNITS[base]?.split(' ') ?? [])
    names.push([name, { currency: minorOf, minor: true }]);
  const written = [...signs].map(([sign, currency]) => [sign, { currency, minor: false }] as const);
  return { names: [...names, ...plain, ...written], signs };
}

function currencyForms(locale: string, currency: string): Set<string> {
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'name',
    maximumFractionDigits: 0,
  });
  return new Set(
    [1, 2, 5].flatMap(
      (count) => format.formatToParts(count).find(({ type }) => type === 'currency')?.value ?? [],
    ),
  );
}

/** Narrow signs that are letters are those of many: "kr", "R", "km". */
function currencySigns(locale: string, currency: string): string[] {
  return (['symbol', 'narrowSymbol'] as const).flatMap((currencyDisplay) => {
    const format = new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay });
    const sign =
      format
        .formatToParts(1)
        .find(({ type }) => type === 'currency')
        ?.value.toUpperCase() ?? '';
    return sign === currency || (currencyDisplay === 'narrowSymbol' && !/\p{Sc}/u.test(sign)) ? [] : [sign];
  });
}
