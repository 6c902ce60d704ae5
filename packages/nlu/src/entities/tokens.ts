import { normalizeText } from '../text/normalization.ts';

/** A word in its place: as it is compared, and the UTF-16 offsets of what was written. */
export interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Letters and digits in a row, with the invisible characters between them and the ends that apostrophes add ("what's");
 * a pictograph; or a sign that values are told apart by ("C++", "C#", "AT&T").
 */
const TOKEN =
  /[\p{L}\p{N}][\p{L}\p{M}\p{N}\p{Cf}]*(?:['\u2019](?:s|t|m|d|re|ve|ll)(?![\p{L}\p{M}\p{N}'\u2019]))?|[\p{S}#&%@*]/giu;

/** Scripts without spaces between words: their characters are tokens, so that a value is found wherever it stands. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;
const UNSPACED_CHARACTER = new RegExp(`${UNSPACED.source}\\p{M}*|(?:(?!${UNSPACED.source}).)+`, 'gsu');
const WORD_CHARACTER = /[\p{L}\p{M}\p{N}]/u;
const TRAILING_FORMATS = /\p{Cf}+$/u;

/** The words of a text in their places, compared as `normalizeText()` does. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: run, index } of text.matchAll(TOKEN)) {
    if (!UNSPACED.test(run)) {
      addToken(tokens, run, index);
      continue;
    }
    for (const { 0: part, index: within } of run.matchAll(UNSPACED_CHARACTER)) {
      addToken(tokens, part, index + within);
    }
  }
  return tokens;
}

function addToken(tokens: Token[], run: string, start: number): void {
  const written = run.replace(TRAILING_FORMATS, '');
  const word = normalizeText(written).trim();
  if (word !== '') tokens.push({ word, start, end: start + written.length });
}

/** The words of a text as `tokenize()` compares them. */
export function tokenWords(text: string): string[] {
  return tokenize(text).map(({ word }) => word);
}

/** Whether a place in a text lies within a word. In scripts without spaces none does. */
export function splitsWord(text: string, at: number): boolean {
  const before = text[at - 1] ?? '';
  const after = text[at] ?? '';
  return WORD_CHARACTER.test(before) && WORD_CHARACTER.test(after) && !UNSPACED.test(before + after);
}
