/** What a run does, from its seed alone. */
import { Random } from '../../conformance/fuzz/random.ts';
import type { Aim, KillPoint } from './kill-control.ts';

export const KILL_KINDS = [
  'at a random moment',
  'before the COMMIT',
  'inside the COMMIT',
  'after the COMMIT',
  'before the reply',
  'while starting',
] as const;
export type KillKind = (typeof KILL_KINDS)[number];

const POINT_OF: Readonly<Partial<Record<KillKind, KillPoint>>> = {
  'before the COMMIT': 'before-commit',
  'inside the COMMIT': 'inside-commit',
  'after the COMMIT': 'after-commit',
  'before the reply': 'before-reply',
};

export interface RunPlan {
  readonly run: number;
  readonly kind: KillKind;
  /** Where the server kills itself; undefined where it is killed from outside. */
  readonly aim: Aim | undefined;
  /** When it is killed from outside, from the first write. */
  readonly killMs: number;
  /** Starts that are cut off as well, each so long after it began. */
  readonly brokenStartsMs: readonly number[];
  readonly writers: number;
  readonly followers: number;
}

/** Kinds of random numbers of a run; each has streams of its own, so that none depends on how others are drawn. */
const STREAMS_PER_RUN = 64;
const PLAN_STREAM = 0;
const CHECK_STREAM = 1;
const FIRST_WRITER_STREAM = 2;

/** Of a given kind, or of whichever comes. */
export function planRun(seed: number, run: number, onlyKind?: KillKind): RunPlan {
  const random = new Random(seed, run * STREAMS_PER_RUN + PLAN_STREAM);
  // Every kind comes as often as any other, the moment twice.
  const drawn = random.pick([...KILL_KINDS, KILL_KINDS[0]]);
  const kind = onlyKind ?? drawn;
  const point = POINT_OF[kind];
  // Small numbers more often: there the data of a run are few and the first of their kind.
  const n = random.between(1, random.pick([2, 10, 40, 120]));
  return {
    run,
    kind,
    aim: point === undefined ? undefined : { point, n, share: random.below(1500) / 1000 },
    killMs: random.below(400),
    brokenStartsMs:
      kind === 'while starting' ? Array.from({ length: random.between(1, 2) }, () => random.below(400)) : [],
    writers: random.between(3, 8),
    followers: random.between(1, 3),
  };
}

/** What the checks after a run choose. */
export function checkRandom(seed: number, run: number): Random {
  return new Random(seed, run * STREAMS_PER_RUN + CHECK_STREAM);
}

/** What one of the writers and followers of a run chooses. */
export function workerRandom(seed: number, run: number, worker: number): Random {
  return new Random(seed, run * STREAMS_PER_RUN + FIRST_WRITER_STREAM + worker);
}
