import type { Draw } from '../assist/draw.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** A text with one letter left out, put in, put for another or swapped with what follows. */
export function withTypo(text: string, draw: Draw): string {
  const places = [...text.matchAll(/[a-z]/giu)].map(({ index }) => index);
  const at = places[draw.below(places.length)];
  if (at === undefined) return text;
  const [before, letter, after] = [text.slice(0, at), text[at] ?? '', text.slice(at + 1)];
  const other = LETTERS[draw.below(LETTERS.length)] ?? '';
  const edits = [
    before + after,
    before + other + letter + after,
    before + other + after,
    before + after.slice(0, 1) + letter + after.slice(1),
  ];
  return edits[draw.below(edits.length)] ?? text;
}
