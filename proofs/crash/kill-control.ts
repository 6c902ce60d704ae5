/** What the starter of a server and the threads of that server say to each other about a kill. */

/** Points of a commit; the first stands for none. */
export const POINTS = ['', 'before-commit', 'inside-commit', 'after-commit', 'before-reply'] as const;
export type KillPoint = Exclude<(typeof POINTS)[number], ''>;

export interface Aim {
  readonly point: KillPoint;
  /** At which commit from now on, from 1. */
  readonly n: number;
  /** How far into the commit, where the point is inside it: as a share of what short commits have taken. */
  readonly share: number;
}

/** Indexes of the numbers that the threads share. */
export const at = { point: 0, left: 1, share: 2, phase: 3, commitMicroseconds: 4, length: 5 } as const;

/** How far the two threads have come that together kill the process inside a commit. */
export const PHASES = { idle: 0, called: 1, looking: 2, began: 3 } as const;

export interface ControlData {
  readonly isKiller: true;
  readonly control: Int32Array;
  /** A file in which the last words before the kill are written. */
  readonly mark: number;
}

/** The environment variable that names that file. */
export const MARK_VARIABLE = 'PROOFS_MARK_FILE';
