import { withoutOverlaps } from '../entity-type.ts';
import type { NumberMatch, NumberReader } from './numbers.ts';
import type { SystemQuery } from './query.ts';

/** A text with its number words in digits and single spaces, and where its pieces stand in the text itself. */
export interface DigitizedText {
  readonly text: string;
  place(start: number, end: number): { readonly start: number; readonly end: number };
}

/** A piece of a text and what is put in its place. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * "seven pm" as "7 pm": whoever reads times reads digits. Chinese numerals are left to who reads the words around them.
 * `more` are replaced too, before numbers. And there are no two spaces in a row: on a thousand of them the parser of
 * Portuguese dates takes forty seconds.
 */
export function digitize(
  query: SystemQuery,
  { numbers }: NumberReader,
  more: readonly Replacement[] = [],
): DigitizedText {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  const add = (written: string, { start, end }: { readonly start: number; readonly end: number }): void => {
    text += written;
    for (let at = 0; at < written.length; at++) {
      starts.push(start);
      ends.push(end);
    }
  };
  const copy = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const character = query.text[at] ?? '';
      const isSpace = /\s/u.test(character);
      if (isSpace && text.endsWith(' ')) ends[ends.length - 1] = at + 1;
      else add(isSpace ? ' ' : character, { start: at, end: at + 1 });
    }
  };
  let copied = 0;
  for (const replacement of replacementsOf(query, numbers(query), more)) {
    copy(copied, replacement.start);
    add(replacement.text, replacement);
    copied = replacement.end;
  }
  copy(copied, query.text.length);
  return {
    text,
    place: (start, end) => ({ start: starts[start] ?? query.text.length, end: ends[end - 1] ?? 0 }),
  };
}

function replacementsOf(
  { text }: SystemQuery,
  numbers: readonly NumberMatch[],
  more: readonly Replacement[],
): Replacement[] {
  const replacements: Replacement[] = [];
  let before: { readonly end: number; readonly value: number } | undefined;
  for (const { start, end, value, article } of numbers) {
    const isWord = !article && value >= 0 && !/[\d\p{scx=Han}]/u.test(text.slice(start, end));
    if (!isWord || !Number.isInteger(2 * value)) continue;
    const last = replacements.at(-1);
    if (last !== undefined && before?.end === start - 1 && isHourAndMinute(before.value, value)) {
      replacements[replacements.length - 1] = { start: last.start, end, text: `${last.text}:${value}` };
    } else replacements.push({ start, end, text: clockDigits(value) });
    before = { end, value };
  }
  return withoutOverlaps([...more, ...replacements]);
}

/** "ocho y media" is 8:30 where times are read, and half of anything else there is none. */
function clockDigits(value: number): string {
  return Number.isInteger(value) ? String(value) : `${Math.floor(value)}:30`;
}

/** "five fifteen": two number words in a row that are no one number say a time, as "5:15". */
function isHourAndMinute(hour: number, minute: number): boolean {
  return hour >= 1 && hour <= 12 && minute >= 10 && minute <= 59;
}
