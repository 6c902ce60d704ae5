/** Chance that is the same for the same seed (xorshift, 32 bits). */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x6c078965) >>> 0 || 1;
  }

  /** A whole number from 0 to before the limit. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((this.#state >>> 0) / 0x1_0000_0000) * limit);
  }

  shuffled<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let index = shuffled.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
    }
    return shuffled;
  }
}
