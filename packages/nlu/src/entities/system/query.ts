import type { Token } from '../tokens.ts';

/** A text in which system entities are looked for, and when and where it is said. */
export interface SystemQuery {
  /** As `plainText()` gives it. */
  readonly text: string;
  readonly tokens: readonly Token[];
  /** BCP 47: "en", "pt-BR". */
  readonly language: string;
  readonly nowMs: number;
  /** A name of the IANA time zone database: "Europe/Berlin". */
  readonly timeZone: string;
  /** The entity type that was asked for, if one was. */
  readonly answers: string | undefined;
}

/** The zeros of the scripts' decimal digits; the other nine come after each. */
const ZEROS = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
  0x1040, 0x17e0, 0x1810, 0xff10,
];
const DIGIT = /[^\P{Nd}0-9]/gu;
/** What says nothing and disturbs the recognisers: controls, directions, and half a surrogate pair. */
const NOISE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu;

/**
 * A text without what disturbs recognisers, in the same number of UTF-16 units: digits of all scripts are 0 to 9, and
 * control characters and lone surrogates are spaces.
 */
export function plainText(text: string): string {
  return text
    .replace(NOISE, (noise) => ' '.repeat(noise.length))
    .replaceAll('\u0130', 'I')
    .replace(DIGIT, (digit) => {
      const code = digit.charCodeAt(0);
      const zero = digit.length === 1 ? ZEROS.findLast((start) => start <= code) : undefined;
      return zero !== undefined && code - zero < 10 ? String(code - zero) : digit;
    });
}

/** "pt" of "pt-BR". */
export function baseLanguage(language: string): string {
  return language.split('-')[0]?.toLowerCase() ?? '';
}

/** A language that `Intl` knows, English for anything else: what is no language tag at all must not throw. */
export function intlLanguage(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

/** Remembers what was computed for a query for as long as the query is there: several recognisers build on it. */
export function oncePerQuery<T>(compute: (query: SystemQuery) => T): (query: SystemQuery) => T {
  const known = new WeakMap<SystemQuery, { readonly result: T }>();
  return (query) => {
    let entry = known.get(query);
    if (entry === undefined) {
      entry = { result: compute(query) };
      known.set(query, entry);
    }
    return entry.result;
  };
}
