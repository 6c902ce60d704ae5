/**
 * How the texts of gen/tables.js are abbreviated. Words that they have often stand there once, between `~`. Each has a
 * code: a sign of these, which no text has of its own, or a backtick with one of the letters; in the order of the words.
 * In a word there may be codes of words before it.
 */
export const CODES = '!"#$%&()+,/:;<>@[]^}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The text that was abbreviated by these words. */
export function spellOut(text: string, words: readonly string[]): string {
  return text.replace(/`.|[^\w .=*?|{-]/g, (code) =>
    spellOut(words[CODES.indexOf(code.slice(-1))] ?? '', words),
  );
}
