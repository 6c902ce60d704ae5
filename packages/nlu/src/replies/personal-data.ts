import { linkifyit } from 'linkify-it';
import { TURN_LENGTH_MAX, type Turn } from './dialogue.ts';

/** What stands in for what was masked. */
export const Mask = {
  LINK: '[link]',
  EMAIL: '[email]',
  CARD: '[card]',
  PHONE: '[phone]',
  NUMBER: '[number]',
  NAME: '[name]',
} as const;

/** Links, also those that begin with no scheme. */
const links = linkifyit({ fuzzyLink: true, fuzzyIP: true, fuzzyEmail: false });
const EMAIL = /[\p{L}\p{N}.!#$%&*+/=?^_{|}~-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu;
/** Capitals and digits, as in the codes of orders and bookings. */
const CODE = /(?<![\p{L}\p{N}_])[\p{Lu}\p{Nd}](?:-?[\p{Lu}\p{Nd}])+(?![\p{L}\p{N}_])/gu;
/** Digits with what people put between them: "+1 (555) 010-9999", "4111 1111 1111 1111", "12/05/1980", "19.99". */
const DIGITS = /[+(]{0,2}\p{Nd}(?:[ ().,:/\-\u2010-\u2015]{0,2}\p{Nd})*/gu;

const CAPITALISED = String.raw`\p{Lu}[\p{L}\p{M}'’-]{1,30}`;
/** How people give their names: what follows is a name however it is written. */
const INTRODUCTION = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:my (?:full |first |last )?name is|my name['’]s|name:|call me|mi nombre es|me llamo|je m['’]appelle|ich hei(?:ß|ss)e|mein name ist|mi chiamo|meu nome é) (\p{L}[\p{L}\p{M}'’-]{1,30}(?: ${CAPITALISED}){0,2})`,
  'giu',
);
/** What a name may follow; if one does, it begins with a capital. */
const PRESENCE = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:[Tt]his is|I am|I['’]m|[Ii]t['’]s) (${CAPITALISED}(?: ${CAPITALISED}){0,2})`,
  'gu',
);
/** Titles, and the names after them. */
const ADDRESS = new RegExp(
  String.raw`(?<=(?<![\p{L}\p{N}])(?:[Mm]rs?\.?|[Mm]s\.?|[Mm]iss|[Dd]r\.?|[Pp]rof\.?|Herr|Frau|[Mm]onsieur|[Mm]adame|[Ss]eñora?) )${CAPITALISED}(?: ${CAPITALISED})?`,
  'gu',
);
/** What a reply begins with before the name of whom it greets. */
const GREETING = new RegExp(
  `(?<=^(?:[Hh]i|[Hh]ello|[Hh]ey|[Dd]ear|[Hh]allo|[Hh]ola|[Bb]onjour|[Cc]iao|[Gg]ood (?:morning|afternoon|evening)|[Tt]hanks|[Tt]hank you|[Ww]elcome),? )${CAPITALISED}(?=[,.!?]|$)`,
  'u',
);
/** What begins with a capital after these words and is no name. */
const NO_NAMES = new Set(
  'again all and dr everyone for from here is it madam miss mr mrs ms not okay please prof sir so sorry sure that the there this we you'.split(
    ' ',
  ),
);

/**
 * The names by which people introduce themselves in these turns, each part for itself, with a capital: "Ada" and
 * "Okafor" of "my name is ada Okafor". Those of whom no such sentence tells are not found.
 */
export function namesGiven(turns: readonly Turn[]): Set<string> {
  const names = new Set<string>();
  for (const { text } of turns) {
    const part = text.slice(0, TURN_LENGTH_MAX);
    for (const pattern of [INTRODUCTION, PRESENCE]) {
      for (const [, name = ''] of part.matchAll(pattern)) {
        for (const word of name.split(' ')) {
          if (!NO_NAMES.has(word.toLowerCase())) names.add(word.charAt(0).toUpperCase() + word.slice(1));
        }
      }
    }
  }
  return names;
}

/**
 * A text without what may tell of a person: links, addresses of e-mail, numbers of cards and telephones, codes, all
 * other numbers of three digits or more, the names that are given, and those that a title or a greeting announces.
 * A name that nothing announces stays: without a list of all names it is a word like others.
 */
export function maskPersonalData(text: string, names: Iterable<string> = []): string {
  let masked = maskLinks(text.toWellFormed().replace(EMAIL, Mask.EMAIL))
    .replace(CODE, (code) => (/\p{L}/u.test(code) && countDigits(code) >= 2 ? Mask.NUMBER : code))
    .replace(DIGITS, maskDigits)
    .replace(ADDRESS, Mask.NAME)
    .replace(GREETING, (word) => (NO_NAMES.has(word.toLowerCase()) ? word : Mask.NAME));
  for (const name of names) {
    if (name.length < 2 || !masked.includes(name)) continue;
    const whole = new RegExp(String.raw`(?<![\p{L}\p{N}])${RegExp.escape(name)}(?![\p{L}\p{N}])`, 'gu');
    masked = masked.replace(whole, Mask.NAME);
  }
  return masked.replaceAll(/\[name\](?: \[name\])+/gu, Mask.NAME);
}

function maskLinks(text: string): string {
  let masked = '';
  let end = 0;
  for (const { index, lastIndex } of links.match(text) ?? []) {
    masked += `${text.slice(end, index)}${Mask.LINK}`;
    end = lastIndex;
  }
  return masked + text.slice(end);
}

/** How people write "at any time". */
const ALWAYS = '24/7';

function maskDigits(number: string): string {
  const count = countDigits(number);
  if (count < 3 || number === ALWAYS) return number;
  if (count >= 13 && count <= 19 && hasCheckDigit(number)) return Mask.CARD;
  return count >= 7 && count <= 15 && /^[+(0]|[ ()-]/u.test(number) ? Mask.PHONE : Mask.NUMBER;
}

function countDigits(text: string): number {
  return text.match(/\p{Nd}/gu)?.length ?? 0;
}

/** As the numbers of payment cards have it: https://en.wikipedia.org/wiki/Luhn_algorithm */
function hasCheckDigit(number: string): boolean {
  let sum = 0;
  for (const [index, digit] of (number.match(/\d/gu) ?? []).reverse().entries()) {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}
