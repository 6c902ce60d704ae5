/** What the call engine takes from the world around it. */
export interface CallRuntime {
  /** Milliseconds by the clock of `performance.now()`, as deadlines are given to transports. */
  now(): number;
  /** From 0 up to but not including 1. */
  random(): number;
  /** Runs something once, later; what it answers keeps that from happening. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest that a timer can be set to. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The world as it is. */
export const platformRuntime: CallRuntime = {
  now: () => performance.now(),
  random: () => Math.random(),
  after(delayMs, run) {
    if (delayMs > TIMER_MS_MAX) return () => undefined;
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
