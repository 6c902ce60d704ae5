import type { NumberReader } from './numbers.ts';
import type { SystemQuery } from './query.ts';

/** A text with its number words in digits and single spaces, and where its pieces stand in the text itself. */
export interface DigitizedText {
  readonly text: string;
  place(start: number, end: number): { readonly start: number; readonly end: number };
}

/**
 * "seven pm" as "7 pm": whoever reads times reads digits. And no two spaces in a row: on a thousand of them the parser of
 * Portuguese dates takes forty seconds.
 */
export function digitize(query: SystemQuery, { numbers }: NumberReader): DigitizedText {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  const copy = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const isSpace = /\s/u.test(query.text[at] ?? '');
      if (isSpace && text.endsWith(' ')) {
        ends[ends.length - 1] = at + 1;
        continue;
      }
      text += isSpace ? ' ' : query.text[at];
      starts.push(at);
      ends.push(at + 1);
    }
  };
  let copied = 0;
  let before: { readonly end: number; readonly value: number } | undefined;
  for (const { start, end, value, article } of numbers(query)) {
    const isWord =
      !article && Number.isInteger(value) && value >= 0 && !/\d/u.test(query.text.slice(start, end));
    if (!isWord) continue;
    const between = query.text.slice(before?.end ?? 0, start);
    if (before !== undefined && isHourAndMinute(before.value, value) && between === ' ') {
      text += ':';
      starts.push(before.end);
      ends.push(start);
    } else copy(copied, start);
    before = { end, value };
    for (const digit of String(value)) {
      text += digit;
      starts.push(start);
      ends.push(end);
    }
    copied = end;
  }
  copy(copied, query.text.length);
  return {
    text,
    place: (start, end) => ({ start: starts[start] ?? query.text.length, end: ends[end - 1] ?? 0 }),
  };
}

/** "five fifteen": two number words in a row that are no one number say a time, as "5:15". */
function isHourAndMinute(hour: number, minute: number): boolean {
  return hour >= 1 && hour <= 12 && minute >= 10 && minute <= 59;
}
