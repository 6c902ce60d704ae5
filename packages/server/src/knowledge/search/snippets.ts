import { normalizeText, splitWords } from '@parleykit/nlu';

const SNIPPET_LENGTH = 240;
const SENTENCE = /[^.!?。\n]+(?:[.!?。]+|\n|$)/gu;

/** The part of a passage in which most of the words of a query stand: sentences from there on, as far as they fit. */
export function snippetOf(passage: string, words: ReadonlySet<string>): string {
  if (passage.length <= SNIPPET_LENGTH) return passage;
  const sentences = passage.match(SENTENCE) ?? [passage];
  const counts = sentences.map(
    (sentence) => new Set(splitWords(normalizeText(sentence)).filter((word) => words.has(word))).size,
  );
  const best = counts.indexOf(Math.max(...counts));
  let snippet = '';
  for (const sentence of sentences.slice(best)) {
    if (snippet !== '' && snippet.length + sentence.length > SNIPPET_LENGTH) break;
    snippet += sentence;
  }
  return snippet.slice(0, SNIPPET_LENGTH).trim().toWellFormed();
}
