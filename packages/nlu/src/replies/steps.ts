import { setImmediate } from 'node:timers/promises';

/** Work that yields often, so that whoever drives it can let others take their turns. */
export type Steps<T> = Generator<void, T>;

/** Longer than this nobody else is kept waiting. */
const TURN_MS = 4;

/** Does all of it at once. */
export function finish<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Does it a little at a time; everybody else of this thread has a turn in between. */
export async function takeTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const until = performance.now() + TURN_MS;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < until);
    await setImmediate();
  }
}
