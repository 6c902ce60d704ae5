import type { Match } from '../entity-type.ts';
import { PhraseTrie } from '../phrase-trie.ts';
import { splitsWord, tokenize, tokenWords } from '../tokens.ts';
import type { NumberMatch, NumberReader } from './numbers.ts';
import { oncePerQuery, type SystemQuery } from './query.ts';
import { currencyNames, currencyOfCode, type Measure, type Unit, unitNames } from './unit-names.ts';

/** An amount of something in its place. */
export interface Quantity {
  readonly start: number;
  readonly end: number;
  readonly amount: number;
  readonly unit: Unit;
}

/** Amounts with their units, and the units alone, of one language. */
export interface UnitReader {
  readonly names: PhraseTrie<Unit>;
  readonly durations: (query: SystemQuery) => readonly Quantity[];
  find(query: SystemQuery, entityType: string): readonly Match[];
}

/** As many characters after a number as the name of a unit takes. */
const NAME_CHARACTERS_MAX = 48;
/** Between a number and its unit: nothing, a space, or the hyphen of "a 6-month-old". */
const JOINT = /^[\s\u00a0\u202f]?[-\u2011]?[\s\u00a0\u202f]?$/u;
/** Between the parts of one amount: "1 hour and 30 minutes", "2 Stunden, 5 Minuten". */
const CONNECTIVE = /^\s*(?:,|and|und|et|y|e|en|和)?\s*$/iu;
/** "half an hour", "a quarter of an hour", "einer halben Stunde": fractions of a unit, which are no numbers elsewhere. */
const FRACTION =
  /\b(?:(?:a )?(?:half|quarter)\b(?: of)?(?: an?)?|(?:eine[rn]? )?halben?|(?:une )?demie?|media|(?:uma )?meia)(?=[\s-])/giu;
const OF_AGE = /^[\s-]?(?:years?|months?)?[\s-]?(?:old|of age|alt|de edad|de idade|d'âge|di età|y\/o)\b/iu;
const AGED = /\b(?:aged?|edad(?: de)?|idade(?: de)?|âgée? de|alter(?: von)?)[\s:]+$/iu;
const ALL_MEASURES: Readonly<Record<string, Measure>> = {
  '@sys.temperature': 'temperature',
  '@sys.unit-area': 'area',
  '@sys.unit-information': 'information',
  '@sys.unit-length': 'length',
  '@sys.unit-speed': 'speed',
  '@sys.unit-volume': 'volume',
  '@sys.unit-weight': 'weight',
};

/** Reads the amounts of a language, with the names of units and currencies that Unicode's locale data has. */
export function createUnitReader(
  language: string,
  { numbers, ordinals, articles, halfAfter }: NumberReader,
): UnitReader {
  const names = new PhraseTrie<Unit>();
  for (const [name, unit] of unitNames(language)) names.add(tokenWords(name), unit);
  const amountsOf = oncePerQuery((query: SystemQuery) => {
    // "1st" is no stone.
    const ordered = new Set(ordinals(query).map(({ start }) => start));
    return [...numbers(query).filter(({ start }) => !ordered.has(start)), ...articles(query)];
  });
  const quantities = oncePerQuery((query: SystemQuery) =>
    amountsOf(query).flatMap((number) => quantityAt(query.text, number, names) ?? []),
  );
  const durations = oncePerQuery((query: SystemQuery) => {
    const whole = quantities(query).filter(({ unit }) => unit.measure === 'duration');
    const parts = [...whole, ...fractionsIn(query.text, names)].map((part): Quantity => {
      const end = halfAfter(query, part.end);
      return end === part.end ? part : { ...part, end, amount: part.amount + 0.5 };
    });
    return joinAll(query.text, parts);
  });
  const currencies = lazily(() => new CurrencyFinder(language));
  return {
    names,
    durations,
    find(query, entityType) {
      if (entityType === '@sys.unit-currency') return currencies().find(query, amountsOf(query));
      if (entityType === '@sys.currency-name') return currencies().findNames(query);
      if (entityType === '@sys.duration') return durations(query).map(toMatch);
      if (entityType === '@sys.age') return agesIn(query.text, durations(query));
      if (entityType === '@sys.percentage') return percentagesIn(quantities(query));
      const measure = ALL_MEASURES[entityType.replace(/-name$/u, '')];
      if (entityType.endsWith('-name')) return namesIn(query, names, measure);
      return quantities(query)
        .filter(({ unit }) => unit.measure === measure)
        .map(toMatch);
    },
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function toMatch({ start, end, amount, unit }: Quantity): Match {
  return { start, end, value: { amount, unit: unit.symbol } };
}

/** The unit named right after a place. */
function unitAt(text: string, at: number, names: PhraseTrie<Unit>): { unit: Unit; end: number } | undefined {
  const rest = text.slice(at, at + NAME_CHARACTERS_MAX);
  const tokens = tokenize(rest);
  const first = tokens[0];
  if (first === undefined || !JOINT.test(rest.slice(0, first.start))) return undefined;
  const named = names.longestAt(tokens, 0);
  const last = tokens[(named?.end ?? 0) - 1];
  return named === undefined || last === undefined ? undefined : { unit: named.value, end: at + last.end };
}

function quantityAt(text: string, number: NumberMatch, names: PhraseTrie<Unit>): Quantity | undefined {
  const named = unitAt(text, number.end, names);
  if (named === undefined) return undefined;
  return { start: number.start, end: named.end, amount: number.value, unit: named.unit };
}

/** Durations of several parts become one amount of the smallest unit: "1 hour and 30 minutes" is 90 minutes. */
function joinAll(text: string, parts: readonly Quantity[]): Quantity[] {
  const durations: Quantity[] = [];
  for (const part of parts.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const before = durations.at(-1);
    if (before !== undefined && part.start < before.end) continue;
    const joined = before === undefined ? undefined : joinDurations(text, before, part);
    if (joined === undefined) durations.push(part);
    else durations[durations.length - 1] = joined;
  }
  return durations;
}

function fractionsIn(text: string, names: PhraseTrie<Unit>): Quantity[] {
  const fractions: Quantity[] = [];
  for (const { 0: said, index } of text.matchAll(FRACTION)) {
    const named = unitAt(text, index + said.length, names);
    if (named === undefined || named.unit.measure !== 'duration') continue;
    const amount = /quarter/iu.test(said) ? 0.25 : 0.5;
    fractions.push({ start: index, end: named.end, amount, unit: named.unit });
  }
  return fractions;
}

function joinDurations(text: string, one: Quantity, other: Quantity): Quantity | undefined {
  const ratio = (one.unit.size ?? 0) / (other.unit.size ?? 0);
  const sameCalendar = (one.unit.calendar ?? false) === (other.unit.calendar ?? false);
  if (!(ratio > 1) || !sameCalendar || !CONNECTIVE.test(text.slice(one.end, other.start))) return undefined;
  return { start: one.start, end: other.end, amount: one.amount * ratio + other.amount, unit: other.unit };
}

/** "25 years old", "aged 25 years"; the same time without these words is an age where one is asked for. */
function agesIn(text: string, durations: readonly Quantity[]): Match[] {
  const ages: Match[] = [];
  for (const duration of durations) {
    if (!['yr', 'mo', 'wk', 'day'].includes(duration.unit.symbol)) continue;
    const old = OF_AGE.exec(text.slice(duration.end, duration.end + 24))?.[0].length ?? 0;
    const aged = AGED.exec(text.slice(Math.max(0, duration.start - 16), duration.start))?.[0].length ?? 0;
    ages.push({ ...toMatch(duration), start: duration.start - aged, end: duration.end + old });
  }
  return ages;
}

function percentagesIn(quantities: readonly Quantity[]): Match[] {
  return quantities
    .filter(({ unit }) => unit.measure === 'percentage')
    .map(({ start, end, amount }) => ({ start, end, value: `${amount}%` }));
}

function namesIn(query: SystemQuery, names: PhraseTrie<Unit>, measure: Measure | undefined): Match[] {
  return names
    .find(query.tokens)
    .filter(({ start, end, value }) => value.measure === measure && end - start > 1)
    .map(({ start, end, value }) => ({ start, end, value: value.symbol }));
}

/** Amounts of money: "€5", "5 euros", "20 dollars and 5 cents", "USD 20". */
class CurrencyFinder {
  readonly #names = new PhraseTrie<{ readonly currency: string; readonly minor: boolean }>();
  readonly #signs: readonly (readonly [sign: string, currency: string])[];

  constructor(language: string) {
    const { names, signs } = currencyNames(language);
    for (const [name, currency] of names) this.#names.add(tokenWords(name), currency);
    this.#signs = [...signs].sort(([one], [other]) => other.length - one.length);
  }

  findNames(query: SystemQuery): Match[] {
    return this.#names
      .find(query.tokens)
      .filter(({ value }) => !value.minor)
      .map(({ start, end, value }) => ({ start, end, value: value.currency }));
  }

  find({ text }: SystemQuery, numbers: readonly NumberMatch[]): Match[] {
    const parts = numbers
      .flatMap((number) => this.#before(text, number) ?? this.#after(text, number) ?? [])
      .sort((a, b) => a.start - b.start || b.end - a.end);
    const sums: Money[] = [];
    for (const part of parts) {
      const last = sums.at(-1);
      if (last !== undefined && part.start < last.end) continue;
      const joins = part.minor && last?.minor === false && CONNECTIVE.test(text.slice(last.end, part.start));
      if (last === undefined || !joins) sums.push(part);
      else
        sums[sums.length - 1] = {
          ...last,
          end: part.end,
          amount: toCents(last.amount + part.amount),
          minor: true,
        };
    }
    return sums.map(({ start, end, amount, currency }) => ({ start, end, value: { amount, currency } }));
  }

  /** "$20", "US$ 20", "USD 20". */
  #before(text: string, { start: at, end, value: amount, article }: NumberMatch): Money | undefined {
    if (article) return undefined;
    const before = text.slice(Math.max(0, at - 6), at).trimEnd();
    const written = text.slice(Math.max(0, at - 6), at);
    if (written.length - before.length > 1) return undefined;
    const signs = this.#signs.find(
      ([sign]) => before.toUpperCase().endsWith(sign) && startsWord(before, sign.length),
    );
    const currency = signs?.[1] ?? (startsWord(before, 3) ? currencyOfCode(before.slice(-3)) : undefined);
    if (currency === undefined) return undefined;
    const start = at - (written.length - before.length) - (signs?.[0].length ?? 3);
    return { start, end, amount, currency, minor: false };
  }

  /** "20 dollars", "20$", "20 USD", "5 cents". */
  #after(text: string, { start, end: at, value }: NumberMatch): Money | undefined {
    const rest = text.slice(at, at + NAME_CHARACTERS_MAX);
    const tokens = tokenize(rest);
    const first = tokens[0];
    if (first === undefined || !JOINT.test(rest.slice(0, first.start))) return undefined;
    const named = this.#names.longestAt(tokens, 0);
    const end = at + (tokens[(named?.end ?? 1) - 1]?.end ?? 0);
    if (named !== undefined) {
      const { currency, minor } = named.value;
      return { start, end, amount: minor ? toCents(value / 100) : value, currency, minor };
    }
    const currency = currencyOfCode(rest.slice(first.start, first.end));
    return currency === undefined ? undefined : { start, end, amount: value, currency, minor: false };
  }
}

/** "USD" at the end of "in USD" is a word, at the end of "AUSD" it is none. */
function startsWord(text: string, length: number): boolean {
  return !splitsWord(text, text.length - length);
}

function toCents(amount: number): number {
  return Math.round(amount * 100) / 100;
}

interface Money {
  readonly start: number;
  readonly end: number;
  readonly amount: number;
  readonly currency: string;
  readonly minor: boolean;
}
