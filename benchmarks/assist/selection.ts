import type { Turn } from '@parleykit/nlu';
import type { Draw } from './draw.ts';
import type { StarExample } from './star.ts';

/** The reply that was given, first, among replies of other turns. */
export interface Choice {
  readonly context: readonly Turn[];
  readonly candidates: readonly string[];
}

/** How well each candidate follows a context: the higher the better. */
export type Scorer = (context: readonly Turn[], candidates: readonly string[]) => readonly number[];

export interface Recall {
  readonly r1: number;
  readonly r3: number;
  readonly r10: number;
}

const CANDIDATES = 100;
const TRIES_MAX = 10_000;

/** Some examples by chance, each with 99 distinct replies of other turns by chance, so that frequent ones come often. */
export function drawChoices(
  examples: readonly StarExample[],
  count: number,
  pool: readonly StarExample[],
  draw: Draw,
): Choice[] {
  return draw
    .shuffled(examples)
    .slice(0, count)
    .map(({ context, reply }) => {
      const candidates = new Set([reply]);
      for (let tries = 0; candidates.size < CANDIDATES && tries < TRIES_MAX; tries++) {
        candidates.add((pool[draw.below(pool.length)] as StarExample).reply);
      }
      return { context, candidates: [...candidates] };
    });
}

/** In how many percent the given reply is among the 1, 3 and 10 best; of equal scores it comes last. */
export function measureRecall(choices: readonly Choice[], score: Scorer): Recall {
  const ranks = choices.map(({ context, candidates }) => {
    const [given = 0, ...others] = score(context, candidates);
    return others.filter((other) => other >= given).length;
  });
  return recallOf(ranks);
}

/** The same by the places that the given replies have, from 0 on. */
export function recallOf(ranks: readonly number[]): Recall {
  const within = (best: number) => (100 * ranks.filter((rank) => rank < best).length) / ranks.length;
  return { r1: within(1), r3: within(3), r10: within(10) };
}

const K1 = 1.2;
const B = 0.75;

/** BM25 of a reply by the words of the last message, with frequencies of the replies to train on. */
export function createBm25(train: readonly StarExample[]): Scorer {
  const frequencies = new Map<string, number>();
  let length = 0;
  for (const { reply } of train) {
    const words = wordsOf(reply);
    length += words.length;
    for (const word of new Set(words)) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  }
  const averageLength = length / train.length;
  const rarity = (word: string): number => {
    const frequency = frequencies.get(word) ?? 0;
    return Math.log(1 + (train.length - frequency + 0.5) / (frequency + 0.5));
  };
  return (context, candidates) => {
    const query = new Set(wordsOf(context.at(-1)?.text ?? ''));
    return candidates.map((candidate) => {
      const words = wordsOf(candidate);
      const common = Map.groupBy(
        words.filter((word) => query.has(word)),
        (word) => word,
      );
      let score = 0;
      for (const [word, { length: count }] of common) {
        score +=
          (rarity(word) * count * (K1 + 1)) / (count + K1 * (1 - B + (B * words.length) / averageLength));
      }
      return score;
    });
  };
}

/** How often a reply was given in training. */
export function createFrequency(train: readonly StarExample[]): Scorer {
  const counts = new Map<string, number>();
  for (const { reply } of train) counts.set(reply, (counts.get(reply) ?? 0) + 1);
  return (_context, candidates) => candidates.map((candidate) => counts.get(candidate) ?? 0);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
