import { setImmediate } from 'node:timers/promises';

/** How long nobody else has a turn, in milliseconds. */
const BREATH_MS = 10;

/** Lets long work in one thread give others a turn from time to time. */
export class Breather {
  #since = performance.now();

  /** Returns at once most of the time. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < BREATH_MS) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
