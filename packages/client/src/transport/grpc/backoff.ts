/** https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md, but with the whole of each pause left to chance. */
const FIRST_MS = 1000;
const FACTOR = 1.6;
const LONGEST_MS = 120_000;

/** When to connect again after connecting failed. Times are milliseconds by one clock of the caller's. */
export class Backoff {
  readonly #random: () => number;
  #ceiling = FIRST_MS;
  #until = Number.NEGATIVE_INFINITY;

  /** `random` answers a number from 0 up to 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  failed(now: number): void {
    this.#until = now + this.#random() * this.#ceiling;
    this.#ceiling = Math.min(this.#ceiling * FACTOR, LONGEST_MS);
  }

  succeeded(): void {
    this.#ceiling = FIRST_MS;
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** Whether it is too early to try again. */
  isOn(now: number): boolean {
    return now < this.#until;
  }
}
