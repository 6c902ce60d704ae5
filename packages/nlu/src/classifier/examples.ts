import { createRandom, shuffle } from './random.ts';
import { wordsOf } from './vocabulary.ts';

/** An intent and what people say when they mean it. */
export interface IntentPhrases {
  readonly name: string;
  readonly phrases: readonly string[];
}

/** What a classifier learns from. */
export interface TrainingSet {
  /** Intents of the same name are one. An intent without phrases is never an answer. */
  readonly intents: readonly IntentPhrases[];
  /** What none of the intents is for. */
  readonly negatives?: readonly string[];
}

/** The different texts of a training set, and which classes each belongs to. */
export interface Examples {
  /** Names of the classes that are intents. One more class follows where there are negatives. */
  readonly intents: readonly string[];
  readonly classes: number;
  readonly texts: readonly (readonly string[])[];
  /** By class: the texts that belong to it, ascending. */
  readonly members: readonly Int32Array[];
}

/**
 * Sorts a training set out. The same words under several intents are one text of all of them, so that no intent
 * learns to reject its own phrase. Phrases without a word say nothing.
 */
export function collectExamples({ intents, negatives = [] }: TrainingSet): Examples {
  const texts: string[][] = [];
  const numbers = new Map<string, number>();
  const numberOf = (words: string[]): number => {
    const key = words.join(' ');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, texts.length);
    return texts.push(words) - 1;
  };
  const byIntent = new Map<string, Set<number>>();
  const collect = (phrases: readonly string[], into: Set<number>): void => {
    for (const phrase of phrases) {
      const words = wordsOf(phrase);
      if (words.length > 0) into.add(numberOf(words));
    }
  };
  for (const { name, phrases } of intents) {
    const into = byIntent.get(name) ?? new Set();
    collect(phrases, into);
    if (into.size > 0) byIntent.set(name, into);
  }
  const rejected = new Set<number>();
  collect(negatives, rejected);
  const members = [...byIntent.values(), ...(rejected.size > 0 ? [rejected] : [])];
  return {
    intents: [...byIntent.keys()],
    classes: members.length,
    texts,
    members: members.map((numbers) => Int32Array.from(numbers).sort()),
  };
}

/** Deals the texts of every class evenly into folds, at random: the fold of each text. */
export function dealFolds({ texts, members }: Examples, folds: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const foldOf = new Uint8Array(texts.length).fill(folds);
  let next = 0;
  for (const texts of members) {
    const order = Int32Array.from(texts);
    shuffle(order, order.length, random);
    for (const text of order) {
      if (foldOf[text] === folds) foldOf[text] = next++ % folds;
    }
  }
  return foldOf;
}
