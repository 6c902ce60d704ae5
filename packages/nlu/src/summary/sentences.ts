/** Of one sentence; what is longer is cut where it stops being read as one. In characters. */
const SENTENCE_LENGTH_MAX = 400;

/** Knows the ends of sentences in any script; the language that is named here makes no difference to it. */
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a text, without the spaces around them; no more than `count`. A line ends a sentence, too. */
export function splitSentences(text: string, count: number): string[] {
  const sentences: string[] = [];
  for (const line of text.split(/[\r\n\u2028\u2029]+/u)) {
    for (const { segment } of segmenter.segment(line)) {
      if (sentences.length === count) return sentences;
      const sentence = segment.trim().replace(/\s+/gu, ' ');
      if (sentence !== '') sentences.push(shorten(sentence));
    }
  }
  return sentences;
}

function shorten(sentence: string): string {
  if (sentence.length <= SENTENCE_LENGTH_MAX) return sentence;
  // Half of a surrogate pair may be left of the last character.
  const cut = sentence.slice(0, SENTENCE_LENGTH_MAX - 1).replace(/\p{Cs}$/u, '');
  const space = cut.lastIndexOf(' ');
  return `${space > SENTENCE_LENGTH_MAX / 2 ? cut.slice(0, space) : cut}…`;
}
