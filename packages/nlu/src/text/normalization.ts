/**
 * Marks that people leave out when they type: of Latin, Greek and Cyrillic letters, the points of Hebrew, the vowel
 * signs of Arabic and its stretching stroke. The marks of other scripts are as good as letters and stay.
 */
const DROPPED_MARKS = /[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]/gu;

/** Invisible: directions, joiners, variation selectors, soft hyphens, byte order marks. */
const FORMATS = /\p{Cf}|\p{Variation_Selector}/gu;
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
const APOSTROPHES = /[\u2018\u2019\u201b\u02bc\u02bb\u0060\u00b4\uff07]/gu;

/** Letters that a keyboard without them writes as others, and that Unicode does not take apart. */
const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ı: 'i',
  ς: 'σ',
};
const FOLDABLE = new RegExp(`[${Object.keys(FOLDED).join('')}]`, 'gu');

/** Ends of a word after an apostrophe that people write without it: "what's", "dont", "we'll". */
const CONTRACTION = /(?<=[\p{L}\p{N}])'(?=(?:s|t|m|d|re|ve|ll)(?![\p{L}\p{N}']))/gu;
const PLAIN = /^[\x20-\x26\x28-\x40\x5b-\x5f\x61-\x7e]*$/u;

/**
 * A text as it is compared: compatibility forms made plain, lower case, without the marks and the invisible
 * characters that people leave out. "What's" becomes "whats", and any other apostrophe and control character a space.
 * Half of a surrogate pair becomes U+FFFD. Normalising twice changes nothing more.
 */
export function normalizeText(text: string): string {
  if (PLAIN.test(text)) return text;
  // Once more behind the compatibility forms: some letters have an apostrophe in theirs.
  const plain = text.toWellFormed().replace(APOSTROPHES, "'").normalize('NFKD').replace(APOSTROPHES, "'");
  return plain
    .replace(FORMATS, '')
    .toLowerCase()
    .replace(DROPPED_MARKS, '')
    .replace(FOLDABLE, (letter) => FOLDED[letter] ?? letter)
    .replace(CONTROLS, ' ')
    .replace(CONTRACTION, '')
    .replaceAll("'", ' ')
    .normalize('NFC');
}
