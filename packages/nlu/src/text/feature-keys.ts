/** Which features a text has. */
export interface FeatureShape {
  /** Words in a row at most: 2 makes features of single words and of pairs. */
  readonly wordGrams: number;
  /** How far apart two words may stand that make a feature in whichever order: 1 is next to one another. Absent: none. */
  readonly wordPairsWithin?: number;
  /** Characters in a row within a word, borders included, at least and at most. Absent: none. */
  readonly characterGrams?: readonly [from: number, to: number];
}

/** The features of one text in the order of the text, repeated as often as they occur. */
export interface FeatureKeys {
  readonly words: number[];
  readonly characters: number[];
}

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** What tells the kinds apart, so that "a" the word is not "a" the character. */
const WORD_KIND = 0x57;
const PAIR_KIND = 0x50;
const CHARACTER_KIND = 0x43;
/** No character of a word: before and after it. */
const BORDER = 0x20;

/**
 * The features of a text by its words. A feature is an unsigned 32-bit key, the same for the same words and
 * characters in every process and version, so that keys can be kept. Two features of one key are as rare as chance has
 * it: about five in a vocabulary of 200,000.
 */
export function featureKeys(words: readonly string[], shape: FeatureShape): FeatureKeys {
  const keys: FeatureKeys = { words: [], characters: [] };
  for (let index = 0; index < words.length; index++) {
    let hash = mix(BASIS, WORD_KIND);
    for (let length = 0; length < shape.wordGrams && index + length < words.length; length++) {
      if (length > 0) hash = mix(hash, BORDER);
      hash = mixAll(hash, words[index + length] ?? '');
      keys.words.push(finish(hash));
    }
  }
  if (shape.wordPairsWithin !== undefined) pushWordPairs(words, shape.wordPairsWithin, keys.words);
  if (shape.characterGrams !== undefined) {
    for (const word of words) pushCharacterGrams(` ${word} `, shape.characterGrams, keys.characters);
  }
  return keys;
}

function pushWordPairs(words: readonly string[], within: number, keys: number[]): void {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    for (let distance = 1; distance <= within && index + distance < words.length; distance++) {
      const other = words[index + distance] ?? '';
      const [first, second] = word < other ? [word, other] : [other, word];
      keys.push(finish(mixAll(mix(mixAll(mix(BASIS, PAIR_KIND), first), BORDER), second)));
    }
  }
}

/** A word that is shorter than the shortest row makes one feature, whole. */
function pushCharacterGrams(bordered: string, [from, to]: readonly [number, number], keys: number[]): void {
  const shortest = Math.min(from, bordered.length);
  for (let start = 0; start + shortest <= bordered.length; start++) {
    const end = Math.min(start + to, bordered.length);
    let hash = mix(BASIS, CHARACTER_KIND);
    for (let index = start; index < end; index++) {
      hash = mix(hash, bordered.charCodeAt(index));
      if (index - start + 1 >= shortest) keys.push(finish(hash));
    }
  }
}

function mixAll(hash: number, text: string): number {
  let mixed = hash;
  for (let index = 0; index < text.length; index++) mixed = mix(mixed, text.charCodeAt(index));
  return mixed;
}

/** A step of FNV-1a, on a character as a whole. */
function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, PRIME);
}

/** Spreads what FNV leaves in the low bits over all of them (the finish of MurmurHash3). */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
