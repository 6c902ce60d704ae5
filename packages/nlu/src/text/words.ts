/** A word is letters, marks and digits in a row, or one pictograph: "👍" answers a question too. */
const WORD = /[\p{L}\p{M}\p{N}]+|\p{Extended_Pictographic}/gu;
/** Scripts that are written without spaces between words. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;
const UNSPACED_RUN = new RegExp(`(${UNSPACED.source}+)`, 'u');

const LETTER = /[\p{L}\p{N}]/u;

/** Which dictionary it takes, it tells by the script: the language that is named here makes no difference. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * The words of a normalised text, in order. Chinese, Japanese, Thai, Lao, Khmer and Burmese are split by dictionary,
 * everything else at what is neither a letter, a mark nor a digit.
 */
export function splitWords(normalized: string): string[] {
  const words: string[] = normalized.match(WORD) ?? [];
  if (!UNSPACED.test(normalized)) return words;
  return words.flatMap((word) => (UNSPACED.test(word) ? splitUnspaced(word) : [word]));
}

function splitUnspaced(word: string): string[] {
  const words: string[] = [];
  for (const run of word.split(UNSPACED_RUN)) {
    if (!UNSPACED.test(run)) {
      if (run !== '') words.push(run);
      continue;
    }
    // Where a letter stands alone that no dictionary knows, it is word-like or not by its neighbours.
    for (const { segment, isWordLike } of segmenter.segment(run)) {
      if (isWordLike || LETTER.test(segment)) words.push(segment);
    }
  }
  return words;
}
