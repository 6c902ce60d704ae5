import { CODES } from '../codec/abbreviations.ts';

/** How many pieces of a text a word may have. */
const PIECES_MAX = 8;

/** What texts are made of, and what a word may begin and end with. */
const PIECE = /`.|[A-Z]?[a-z]+|[A-Z]+_?|\d+|./g;

/** The words by which texts become shortest, those that save most first: see src/codec/abbreviations.ts. */
export function chooseWords(texts: readonly string[]): string[] {
  const words: string[] = [];
  let rest = texts;
  for (let place = 0; place < CODES.length; place++) {
    const word = mostSaving(rest, codeAt(place).length);
    if (word === undefined) break;
    words.push(word);
    rest = rest.map((text) => replaceWord(text, word, codeAt(place)));
  }
  return words;
}

/** The text with codes for words. */
export function abbreviate(text: string, words: readonly string[]): string {
  return words.reduce((rest, word, place) => replaceWord(rest, word, codeAt(place)), text);
}

function codeAt(place: number): string {
  const code = CODES.charAt(place);
  return /\w/.test(code) ? `\`${code}` : code;
}

function mostSaving(texts: readonly string[], codeLength: number): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const pieces = text.match(PIECE) ?? [];
    for (let start = 0; start < pieces.length; start++) {
      let word = '';
      for (const piece of pieces.slice(start, start + PIECES_MAX)) {
        word += piece;
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
  }
  let [best, most]: [string | undefined, number] = [undefined, 0];
  for (const [word, count] of counts) {
    const saved = (word.length - codeLength) * count - word.length - 1;
    if (saved > most) [best, most] = [word, saved];
  }
  return best;
}

/** A letter behind a backtick belongs to that, and begins no word. */
function replaceWord(text: string, word: string, code: string): string {
  const [first = '', ...others] = text.split(word);
  return others.reduce((done, piece) => done + (done.endsWith('`') ? word : code) + piece, first);
}
