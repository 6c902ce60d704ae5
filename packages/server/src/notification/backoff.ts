const BASE_MS = 200;
const MAX_MS = 30_000;

/** However long a receiver asks to be left alone, it is asked again after this. */
const ASKED_MAX_MS = 300_000;

/**
 * How long to wait after so many failures in a row, from 1, in milliseconds: anything up to a bound that doubles, so
 * that those who failed together do not come back together; but no less than what was asked for.
 */
export function backoffMs(failures: number, askedMs = 0, random: () => number = Math.random): number {
  const bound = Math.min(MAX_MS, BASE_MS * 2 ** (failures - 1));
  return Math.max(random() * bound, Math.min(askedMs, ASKED_MAX_MS));
}
