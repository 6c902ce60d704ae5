import { featureKeys } from '../text/feature-keys.ts';
import { normalizeText } from '../text/normalization.ts';
import { splitWords } from '../text/words.ts';
import { CONTEXT_TURNS_MAX, TURN_LENGTH_MAX, type Turn } from './dialogue.ts';
import type { FeatureKeyList } from './feature-table.ts';

/** What a turn brings in, whichever place it has. */
export interface TurnFeatures {
  readonly speaker: Turn['speaker'];
  /** Words, pairs of neighbours with its beginning and end, and parts of words. */
  readonly grams: readonly number[];
  /** Its words alone. */
  readonly words: readonly number[];
  /** All of its words in their order. */
  readonly whole: number;
}

/**
 * The features of what came before a reply, as keys, in blocks that count by themselves: the last turn of the
 * customer, the last of the agent, the words of all that is older, and the course of things: the agent's last turns as
 * wholes, how long the conversation is, and who spoke last.
 */
export type ContextFeatures = readonly [
  customer: FeatureKeyList,
  agent: FeatureKeyList,
  older: FeatureKeyList,
  course: FeatureKeyList,
];

/** How much each block of a context counts. */
export const BLOCK_WEIGHTS = [1, 1, 0.5, 0.5] as const;

/** Beginning and end of a turn: no word holds such a character. */
const BORDER = '\u0000';
const [BORDER_KEY] = featureKeys([BORDER], { wordGrams: 1 }).words;
/** What tells the same words in other places apart. */
const Place = {
  CUSTOMER: 1,
  AGENT: 2,
  OLDER_CUSTOMER: 3,
  OLDER_AGENT: 4,
  COURSE: 5,
  LENGTH: 6,
  LAST: 7,
} as const;
/** How many of the agent's turns count as wholes. */
const WHOLE_TURNS = 3;
const LENGTH_MAX = 12;

/** The words that a turn or a reply is compared by. */
export function wordsOf(text: string): string[] {
  return splitWords(normalizeText(text.slice(0, TURN_LENGTH_MAX)));
}

export function turnFeatures({ speaker, text }: Turn): TurnFeatures {
  const words = wordsOf(text);
  return {
    speaker,
    grams: gramsOf(words, 2),
    words: featureKeys(words, { wordGrams: 1 }).words,
    whole: featureKeys([words.join(' ')], { wordGrams: 1 }).words[0] ?? 0,
  };
}

/** The features of a reply: up to three words in a row, its beginning and end among them, and parts of words. */
export function replyFeatures(text: string): number[] {
  return gramsOf(wordsOf(text), 3);
}

/** The features of what was said. Of a long conversation, the last turns count. */
export function featuresOf(context: readonly Turn[]): ContextFeatures {
  return contextFeatures(context.slice(-CONTEXT_TURNS_MAX).map(turnFeatures));
}

/** The features of a context by those of its turns, which are no more than count. */
export function contextFeatures(turns: readonly TurnFeatures[]): ContextFeatures {
  const customer = new Set<number>();
  const agent = new Set<number>();
  const older = new Set<number>();
  const course = new Set<number>();
  const seen = { customer: 0, agent: 0 };
  for (const { speaker, grams, words, whole } of turns.toReversed()) {
    const before = seen[speaker]++;
    if (speaker === 'agent' && before < WHOLE_TURNS) course.add(placed(whole, Place.COURSE + 8 * before));
    if (before > 0) {
      const place = speaker === 'agent' ? Place.OLDER_AGENT : Place.OLDER_CUSTOMER;
      for (const key of words) older.add(placed(key, place));
    } else if (speaker === 'agent') {
      for (const key of grams) agent.add(placed(key, Place.AGENT));
    } else {
      for (const key of grams) customer.add(placed(key, Place.CUSTOMER));
    }
  }
  course.add(placed(Math.min(turns.length, LENGTH_MAX), Place.LENGTH));
  course.add(placed(turns.at(-1)?.speaker === 'agent' ? 1 : 0, Place.LAST));
  return [[...customer], [...agent], [...older], [...course]];
}

function gramsOf(words: readonly string[], rowMax: number): number[] {
  if (words.length === 0) return [];
  const rows = featureKeys([BORDER, ...words, BORDER], { wordGrams: rowMax }).words;
  const parts = featureKeys(words, { wordGrams: 1, characterGrams: [4, 4] }).characters;
  const grams = new Set([...rows, ...parts]);
  // Every text has its borders.
  grams.delete(BORDER_KEY as number);
  return [...grams];
}

function placed(key: number, place: number): number {
  const mixed = Math.imul(key ^ Math.imul(place, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
