/** What a run does, from its seed alone. */
import { Random } from '../../conformance/fuzz/random.ts';
import type { Aim } from '../crash/kill-control.ts';

/** Things of which so many are waited for. */
export type Happening = 'asked' | 'pushed' | 'answered';

/** When the server is killed. */
export type Kill =
  | { readonly at: 'moment'; readonly ms: number }
  | { readonly at: Happening; readonly count: number }
  | { readonly at: 'commit'; readonly aim: Aim };

/** How far the project's clock is moved, and how. */
export interface Advance {
  readonly seconds: number;
  /** Nobody speaks meanwhile: all that was said goes. */
  readonly purges: boolean;
  /** How many turns are answered before. */
  readonly after: number;
  /** Whether it is killed before it is answered; else it is when all goes on. */
  readonly isKilled: boolean;
  /** When it is killed then, as a share of what it takes; or at which of its commits. */
  readonly share: number;
  readonly aim: Aim | undefined;
}

export interface RunPlan {
  readonly kill: Kill;
  readonly advance: Advance | undefined;
  /** Starts after it that are cut off as well, each so long after it began. */
  readonly brokenStartsMs: readonly number[];
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const STREAMS_PER_RUN = 64;

/** By then a server has started, and does what is due. */
const START_MS_MAX = 900;

/** Answers what each of the workers of a run draws from: none depends on how others draw. */
export function streamOf(seed: number, run: number, worker: number): Random {
  return new Random(seed, run * STREAMS_PER_RUN + worker + 1);
}

export function planRun(seed: number, run: number): RunPlan {
  const random = new Random(seed, run * STREAMS_PER_RUN);
  return {
    kill: planKill(random),
    advance: random.chance(0.4) ? planAdvance(random) : undefined,
    brokenStartsMs: random.chance(0.15) ? [random.below(START_MS_MAX)] : [],
  };
}

function planKill(random: Random): Kill {
  const dice = random.below(10);
  if (dice < 2) return { at: 'moment', ms: random.below(600) };
  if (dice < 5) return { at: 'asked', count: random.between(1, 40) };
  if (dice < 7) return { at: 'pushed', count: random.between(1, 80) };
  return { at: 'commit', aim: planAim(random, random.pick([5, 40, 100])) };
}

function planAdvance(random: Random): Advance {
  const hours = random.pick([1, 2, 5, 5, 25, 25, 29 * 24, 30 * 24 + 2, 31 * 24]);
  return {
    // To the second, so that no two conversations end at whole hours from each other.
    seconds: hours * HOUR + random.below(HOUR),
    purges: hours * HOUR > 2 * DAY,
    after: random.between(0, 60),
    isKilled: random.chance(0.7),
    share: random.below(1200) / 1000,
    aim: random.chance(0.5) ? planAim(random, 12) : undefined,
  };
}

function planAim(random: Random, most: number): Aim {
  return {
    point: random.pick(['before-commit', 'inside-commit', 'after-commit', 'before-reply']),
    n: random.between(1, most),
    share: random.below(1500) / 1000,
  };
}
