import type { LinkifyIt } from 'linkify-it';
import type { Match } from '../entity-type.ts';
import type { NumberReader } from './numbers.ts';
import { intlLanguage, type SystemQuery } from './query.ts';

/** Finds e-mail and web addresses, telephone numbers and postal codes. */
export interface ContactReader {
  find(query: SystemQuery, entityType: string): readonly Match[];
}

/** Digits in groups, as people write telephone numbers. How many digits they are is counted afterwards. */
const PHONE = /(?<![\p{L}\p{N}.,])(?:\+ ?|\()?\d[\d\s().\u2010\u2011-]{4,30}\d(?![\p{L}\p{N}])/gu;
const DATE = /^(?:\d{4}[.-]\d{1,2}[.-]\d{1,2}|\d{1,2}[.-]\d{1,2}[.-]\d{2,4})$/u;
const PHONE_DIGITS = { min: 7, max: 15 };

/** Postal codes that no number looks like: Canada, the United Kingdom, the Netherlands, and those with a hyphen. */
const POSTAL_CODE =
  /(?<![\p{L}\p{N}])(?:[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|\d{5}-\d{3,4}|\d{4}-\d{3}|\d{3}-\d{4}|\d{2}-\d{3})(?![\p{L}\p{N}-])/giu;
const POSTAL_DIGITS = /(?<![\p{L}\p{N}.,-])\d{4,6}(?![\p{L}\p{N}]|[.,-]\d)/gu;
/** How many digits the postal codes of a region have, where they are always as many. */
const POSTAL_DIGITS_OF_REGION: Readonly<Record<string, number>> = {
  AU: 4,
  BE: 4,
  CH: 4,
  CN: 6,
  DE: 5,
  DK: 4,
  ES: 5,
  FR: 5,
  IN: 6,
  IT: 5,
  MX: 5,
  RU: 6,
  SG: 6,
  US: 5,
};

/** Loads what reads contacts. */
export async function loadContactReader(language: string, numbers: NumberReader): Promise<ContactReader> {
  const { LinkifyIt } = await import('linkify-it');
  const urls = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: false });
  const emails = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: true });
  const postalDigits =
    POSTAL_DIGITS_OF_REGION[new Intl.Locale(intlLanguage(language)).maximize().region ?? ''];
  return {
    find(query, entityType) {
      if (entityType === '@sys.phone-number') return phonesIn(query, numbers);
      if (entityType === '@sys.zip-code') return postalCodesIn(query.text, postalDigits);
      if (entityType === '@sys.url')
        return linksIn(query.text, urls).filter(({ schema }) => schema !== 'mailto:');
      return linksIn(query.text, emails).filter(({ schema }) => schema === 'mailto:');
    },
  };
}

function linksIn(text: string, linkify: LinkifyIt): (Match & { readonly schema: string })[] {
  return (linkify.match(text) ?? []).map(({ index, lastIndex, schema }) => ({
    start: index,
    end: lastIndex,
    value: text.slice(index, lastIndex),
    schema,
  }));
}

/** The digits, with the "+" of an international number; dictated ones too: "five five five, one two three four". */
function phonesIn(query: SystemQuery, numbers: NumberReader): Match[] {
  const phones: Match[] = [];
  for (const { 0: written, index } of query.text.matchAll(PHONE)) {
    const digits = written.replace(/\D/gu, '');
    if (DATE.test(written) || digits.length < PHONE_DIGITS.min || digits.length > PHONE_DIGITS.max) continue;
    const value = written.startsWith('+') ? `+${digits}` : digits;
    phones.push({ start: index, end: index + written.length, value });
  }
  for (const sequence of numbers.find(query, '@sys.number-sequence')) {
    const { length } = String(sequence.value);
    const dictated = /\p{L}/u.test(query.text.slice(sequence.start, sequence.end));
    if (dictated && length >= PHONE_DIGITS.min && length <= PHONE_DIGITS.max) phones.push(sequence);
  }
  return phones;
}

function postalCodesIn(text: string, digits: number | undefined): Match[] {
  const codes: Match[] = [];
  for (const pattern of [POSTAL_CODE, POSTAL_DIGITS]) {
    for (const { 0: code, index } of text.matchAll(pattern)) {
      if (pattern === POSTAL_DIGITS && digits !== undefined && code.length !== digits) continue;
      codes.push({ start: index, end: index + code.length, value: code.toUpperCase() });
    }
  }
  return codes;
}
