import { type Match, withoutOverlaps } from '../entity-type.ts';
import { splitsWord, type Token } from '../tokens.ts';
import { hanNumbers, hanScale } from './han-numerals.ts';
import { type NumberWord, type NumberWords, numberWordsOf } from './number-words.ts';
import { baseLanguage, intlLanguage, oncePerQuery, type SystemQuery } from './query.ts';

/** A number in its place. */
export interface NumberMatch {
  readonly start: number;
  readonly end: number;
  readonly value: number;
  /** Letters follow at once, as in "5km": a number only for what reads the letters. */
  readonly glued: boolean;
  /** "una", "ein", "a": as much "a" as "one". A number only for what reads the word after it. */
  readonly article: boolean;
}

/** What numbers and ordinals a text says. */
export interface NumberReader {
  readonly numbers: (query: SystemQuery) => readonly NumberMatch[];
  readonly ordinals: (query: SystemQuery) => readonly Match[];
  /** "a" and "an", which are one before a unit. */
  readonly articles: (query: SystemQuery) => readonly NumberMatch[];
  /** The end of "and a half" right after a place; the place itself where it is not said. */
  readonly halfAfter: (query: SystemQuery, at: number) => number;
  find(query: SystemQuery, entityType: string): readonly Match[];
}

/** Flights have two signs of the airline, in capital letters or without a space: "to 5" is none. */
const FLIGHT =
  /(?<![\p{L}\p{N}])(?:(?:[A-Z]{2}|[A-Z]\d|\d[A-Z]) ?|(?:[a-z]{2}|[a-z]\d|\d[a-z]))\d{2,4}(?![\p{L}\p{N}])/gu;
/** Between the parts of a number that is read in pieces. */
const SEQUENCE_GAP = /^[\s-]?$/u;
/** "5k" is five thousand; "401k" is a pension. */
const PENSION = 401;
const THOUSANDS = /^k(?![\p{L}\p{N}])/iu;

/** Reads the numbers of a language: its digits, and its number words where they are known. */
export function createNumberReader(language: string): NumberReader {
  const base = baseLanguage(language);
  const digits = digitPattern(language);
  const words = numberWordsOf(base);
  const han = base === 'zh' || base === 'ja';
  const numbers = oncePerQuery((query) => {
    const spoken = words === undefined ? [] : wordNumbers(query, words);
    const written = digitNumbers(query, digits, words);
    const numerals = han ? hanNumbers(query.text).map((number) => hanNumber(query.text, number)) : [];
    return withoutOverlaps([...spoken.filter(({ ordinal }) => !ordinal), ...written, ...numerals]);
  });
  const ordinals = oncePerQuery((query) => ordinalsIn(query, numbers(query), words, han));
  return {
    numbers,
    ordinals,
    articles: ({ tokens }) =>
      tokens
        .filter(({ word }) => words?.articles.has(word))
        .map(({ start, end }) => ({ start, end, value: 1, glued: false, article: true })),
    halfAfter: (query, at) => halfAfter(query, at, words),
    find(query, entityType) {
      if (entityType === '@sys.ordinal') return ordinals(query);
      if (entityType === '@sys.number-sequence') return sequencesIn(query.text, numbers(query));
      if (entityType === '@sys.flight-number') return flightsIn(query.text);
      return numbers(query)
        .filter(({ glued, article }) => !glued && !article)
        .filter(({ value }) => entityType !== '@sys.number-integer' || Number.isInteger(value))
        .map(({ start, end, value }) => ({ start, end, value }));
    },
  };
}

interface DigitPattern {
  readonly pattern: RegExp;
  readonly group: RegExp;
  readonly decimal: string;
}

/** How a language groups digits and marks decimals. A decimal point is understood everywhere it cannot be a group. */
function digitPattern(language: string): DigitPattern {
  const parts = new Intl.NumberFormat(intlLanguage(language), { numberingSystem: 'latn' }).formatToParts(
    1234567.8,
  );
  const decimal = parts.find(({ type }) => type === 'decimal')?.value ?? '.';
  const group = parts.find(({ type }) => type === 'group')?.value ?? ',';
  const groups = /\s/u.test(group)
    ? '[ \u00a0\u202f]'
    : /['\u2019]/u.test(group)
      ? "['\u2019]"
      : `[${group}]`;
  const grouped = `\\d{1,3}(?:${groups}\\d{2,3})*${groups}\\d{3}(?!\\d)(?:[${decimal}]\\d+)?`;
  const plain = `\\d+(?:[${decimal}]\\d+|\\.\\d{1,2}(?!\\d))?`;
  return {
    pattern: new RegExp(`(${grouped})|${plain}`, 'gu'),
    group: new RegExp(groups, 'gu'),
    decimal,
  };
}

function digitNumbers(
  { text, tokens }: Pick<SystemQuery, 'text' | 'tokens'>,
  { pattern, group, decimal }: DigitPattern,
  words: NumberWords | undefined,
): NumberMatch[] {
  const numbers: NumberMatch[] = [];
  for (const { 0: digits, 1: grouped, index } of text.matchAll(pattern)) {
    const end = index + digits.length;
    // Within a word, or a part of something longer: an IP address, a date, a time, a fraction.
    if (splitsWord(text, index)) continue;
    if (/\d[./:]$/u.test(text.slice(Math.max(0, index - 2), index))) continue;
    if (/^[./:]\d/u.test(text.slice(end, end + 2))) continue;
    const plain = Number((grouped?.replace(group, '') ?? digits).replace(decimal, '.'));
    const scaled = plain === PENSION ? { scale: 1, end } : scaleAfter({ text, tokens }, end, words);
    const value = plain * scaled.scale;
    // More digits than a number can have.
    if (!Number.isFinite(value)) continue;
    const negative = /(?:^|[\s(])[-\u2212]$/u.test(text.slice(Math.max(0, index - 2), index));
    numbers.push({
      start: negative ? index - 1 : index,
      end: scaled.end,
      // Never -0, which JSON does not have.
      value: negative ? 0 - value : value,
      glued: splitsWord(text, scaled.end),
      article: false,
    });
  }
  return numbers;
}

/** What multiplies digits: "5 million", "5k", "5万". */
function scaleAfter(
  { text, tokens }: Pick<SystemQuery, 'text' | 'tokens'>,
  end: number,
  words: NumberWords | undefined,
): { scale: number; end: number } {
  const rest = text.slice(end, end + 2);
  if (THOUSANDS.test(rest)) return { scale: 1_000, end: end + 1 };
  const numeral = hanScale(rest);
  if (numeral !== undefined) return { scale: numeral, end: end + 1 };
  const at = words === undefined ? -1 : tokens.findIndex(({ start }) => start === end + 1);
  const word = words?.words.longestAt(tokens, at);
  if (at < 0 || word?.value.kind !== 'scale' || rest[0] !== ' ') return { scale: 1, end };
  return { scale: word.value.value, end: tokens[word.end - 1]?.end ?? end };
}

function hanNumber(
  text: string,
  { start, end, value }: { start: number; end: number; value: number },
): NumberMatch {
  // 一 alone is as often "a": 一个, 一下.
  return { start, end, value, glued: false, article: text.slice(start, end) === '一' };
}

interface SpokenNumber extends NumberMatch {
  readonly ordinal: boolean;
}

function wordNumbers(query: SystemQuery, words: NumberWords): SpokenNumber[] {
  const found: SpokenNumber[] = [];
  for (let at = 0; at < query.tokens.length; ) {
    const number = new SpokenNumberParser(query.tokens, at, words).parse();
    const first = query.tokens[at];
    const last = query.tokens[(number?.end ?? 0) - 1];
    if (number === undefined || first === undefined || last === undefined) {
      at += 1;
      continue;
    }
    const article = number.end === at + 1 && words.articles.has(first.word);
    found.push({
      start: first.start,
      end: last.end,
      value: number.value,
      glued: false,
      article,
      ordinal: number.ordinal,
    });
    at = number.end;
  }
  return found;
}

/** Reads one number in words, as long as it goes on: "two hundred and five thousand". */
class SpokenNumberParser {
  readonly #tokens: readonly Token[];
  readonly #words: NumberWords;
  #at: number;
  /** What is said in thousands, millions and so on. */
  #total = 0;
  /** What is said below a thousand since then. */
  #below: number | undefined;
  #lastScale = Number.POSITIVE_INFINITY;
  #said = false;

  constructor(tokens: readonly Token[], at: number, words: NumberWords) {
    this.#tokens = tokens;
    this.#at = at;
    this.#words = words;
  }

  parse(): { readonly value: number; readonly end: number; readonly ordinal: boolean } | undefined {
    const half = this.#skipHalfOf();
    this.#skipArticle();
    for (;;) {
      const and = this.#said && this.#words.and.has(this.#tokens[this.#at]?.word ?? '') ? 1 : 0;
      const next = this.#wordAt(this.#at + and);
      if (next === undefined) break;
      const { value: word, end } = next;
      if (word.kind === 'ordinal') {
        if (!this.#goesOn(word.value, and > 0)) break;
        return { value: this.#total + (this.#below ?? 0) + word.value, end, ordinal: true };
      }
      if (word.kind === 'number' ? !this.#add(word.value, and > 0) : and > 0 || !this.#multiply(word.value))
        break;
      this.#at = end;
      this.#said = true;
    }
    if (!this.#said) return undefined;
    const whole = (this.#total + (this.#below ?? 0)) * (half ? 0.5 : 1);
    const value = whole + this.#decimals() + this.#half();
    return { value, end: this.#at, ordinal: false };
  }

  #wordAt(at: number): { readonly value: NumberWord; readonly end: number } | undefined {
    const whole = this.#words.words.longestAt(this.#tokens, at);
    if (whole !== undefined) return whole;
    const value =
      this.#words.parts && runTogether(this.#tokens[at]?.word ?? '', this.#words, this.#words.parts);
    return value === undefined ? undefined : { value: { kind: 'number', value }, end: at + 1 };
  }

  /** "half a million": before a scale only, half is no number of its own. */
  #skipHalfOf(): boolean {
    const [half, article] = this.#tokens.slice(this.#at, this.#at + 2);
    if (half?.word !== 'half' || !this.#words.articles.has(article?.word ?? '')) return false;
    if (this.#wordAt(this.#at + 2)?.value.kind !== 'scale') return false;
    this.#at += 1;
    return true;
  }

  #skipArticle(): void {
    const isArticle = this.#words.articles.has(this.#tokens[this.#at]?.word ?? '');
    if (isArticle && this.#wordAt(this.#at + 1)?.value.kind === 'scale') this.#at += 1;
  }

  /** Whether a number can be a part of the one before it, or is another. */
  #goesOn(value: number, and: boolean): boolean {
    if (this.#below === undefined) return this.#total > 0 || !this.#said;
    const below = this.#below % 100;
    if (this.#below >= 100 && below === 0) return value < 100;
    if (and && !this.#words.andBeforeOnes) return false;
    if (this.#words.scores && (below === 60 || below === 80)) return value < 20;
    return below >= 20 && below % 10 === 0 && value < 10 && value > 0;
  }

  #add(value: number, and: boolean): boolean {
    if (!this.#goesOn(value, and)) return false;
    this.#below = (this.#below ?? 0) + value;
    return true;
  }

  #multiply(scale: number): boolean {
    if (scale < 1_000) {
      if ((this.#below ?? 0) >= 100) return false;
      this.#below = (this.#below ?? 1) * scale;
      return true;
    }
    if (scale >= this.#lastScale) return false;
    this.#total += (this.#below ?? 1) * scale;
    this.#below = undefined;
    this.#lastScale = scale;
    return true;
  }

  /** "point five", "coma catorce". */
  #decimals(): number {
    if (!this.#words.point.has(this.#tokens[this.#at]?.word ?? '')) return 0;
    let digits = '';
    let at = this.#at + 1;
    for (let next = this.#wordAt(at); next?.value.kind === 'number'; next = this.#wordAt(at)) {
      digits += String(next.value.value);
      at = next.end;
    }
    if (digits === '') return 0;
    this.#at = at;
    return Number(`0.${digits}`);
  }

  #half(): number {
    const half = this.#words.half.longestAt(this.#tokens, this.#at);
    if (half === undefined) return 0;
    this.#at = half.end;
    return 0.5;
  }
}

/** "fünfundzwanzig", "ventitré", "tweehonderdvijf": one word of several, from the left with the longest first. */
function runTogether(
  word: string,
  words: NumberWords,
  parts: ReadonlyMap<string, NumberWord>,
): number | undefined {
  let total = 0;
  let below: number | undefined;
  let and = false;
  for (let rest = word; rest !== ''; ) {
    const part = longestPart(rest, words, parts);
    if (part === undefined || (part !== 'and' && part.word.kind === 'ordinal')) return undefined;
    if (part === 'and') {
      and = true;
      rest = rest.slice([...words.and].find((said) => rest.startsWith(said))?.length ?? rest.length);
      continue;
    }
    const { kind, value } = part.word;
    if (kind === 'number') {
      // "fünfundzwanzig": the ones come first.
      const fits = below === undefined || below % 100 === 0 || (and && value >= 20) || below % 10 === 0;
      if (!fits) return undefined;
      below = (below ?? 0) + value;
    } else if (value < 1_000) below = (below ?? 1) * value;
    else [total, below] = [total + (below ?? 1) * value, undefined];
    and = false;
    rest = rest.slice(part.length);
  }
  return and || word === '' ? undefined : total + (below ?? 0);
}

function longestPart(
  rest: string,
  words: NumberWords,
  parts: ReadonlyMap<string, NumberWord>,
): { readonly word: NumberWord; readonly length: number } | 'and' | undefined {
  for (let length = Math.min(rest.length, 16); length > 1; length--) {
    const word = parts.get(rest.slice(0, length));
    if (word !== undefined) return { word, length };
    if (words.and.has(rest.slice(0, length))) return 'and';
  }
  return undefined;
}

function halfAfter(query: SystemQuery, at: number, words: NumberWords | undefined): number {
  const next = query.tokens.findIndex(({ start }) => start >= at);
  const half = next < 0 ? undefined : words?.half.longestAt(query.tokens, next);
  return query.tokens[(half?.end ?? 0) - 1]?.end ?? at;
}

function ordinalsIn(
  query: SystemQuery,
  numbers: readonly NumberMatch[],
  words: NumberWords | undefined,
  han: boolean,
): Match[] {
  const ordinals: Match[] = [];
  for (const { start, end, value } of numbers) {
    if (!Number.isInteger(value) || value < 1) continue;
    const ending = words?.ordinalEnding.exec(query.text.slice(end, end + 6))?.[0].length;
    if (ending !== undefined) ordinals.push({ start, end: end + ending, value });
    else if (han && query.text[start - 1] === '第') ordinals.push({ start: start - 1, end, value });
  }
  if (words !== undefined) {
    for (const { start, end, value, ordinal } of wordNumbers(query, words)) {
      if (ordinal) ordinals.push({ start, end, value });
    }
  }
  return withoutOverlaps(ordinals);
}

/** Whole numbers in a row are one sequence of digits: "one two three" is "123", and so is "12 3". */
function sequencesIn(text: string, numbers: readonly NumberMatch[]): Match[] {
  const sequences: { start: number; end: number; value: string }[] = [];
  for (const { start, end, value, glued, article } of numbers) {
    if (glued || article || !Number.isInteger(value) || value < 0) continue;
    const written = text.slice(start, end);
    const digits = /^\d+$/u.test(written) ? written : String(value);
    const before = sequences.at(-1);
    if (before !== undefined && SEQUENCE_GAP.test(text.slice(before.end, start))) {
      before.end = end;
      before.value += digits;
    } else sequences.push({ start, end, value: digits });
  }
  return sequences;
}

function flightsIn(text: string): Match[] {
  return [...text.matchAll(FLIGHT)].map(({ 0: flight, index }) => ({
    start: index,
    end: index + flight.length,
    value: flight.replace(' ', '').toUpperCase(),
  }));
}
