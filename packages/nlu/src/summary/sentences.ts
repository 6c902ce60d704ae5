/** Of one sentence; what is longer is cut where it stops being read as one. In characters. */
const SENTENCE_LENGTH_MAX = 400;

/** Knows the ends of sentences in any script; the language that is named here makes no difference to it. */
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** What stands before a name and ends no sentence, though it ends with a full stop. */
const TITLE_LAST = /(?<![\p{L}\p{N}])(?:Dr|Dra|Hr|Mme|Mr|Mrs|Ms|Mx|Prof|Sr|Sra|St)\.\s+$/u;

/** The sentences of a text, without the spaces around them; no more than `count`. A line ends a sentence, too. */
export function splitSentences(text: string, count: number): string[] {
  const sentences: string[] = [];
  for (const part of text.split(/[\r\n\u2028\u2029]+/u)) {
    const line = part.trim();
    let start = 0;
    for (const { segment, index } of segmenter.segment(line)) {
      if (sentences.length === count) return sentences;
      if (TITLE_LAST.test(segment)) continue;
      const end = index + segment.length;
      const sentence = line.slice(start, end).trim().replace(/\s+/gu, ' ');
      start = end;
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
