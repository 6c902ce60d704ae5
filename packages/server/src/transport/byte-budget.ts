/** What may be held at once. Budgets lie in one another: what is taken from one is taken from those around it. */
export class ByteBudget {
  readonly #limit: number;
  readonly #around: ByteBudget | undefined;
  #taken = 0;

  constructor(limit: number, around?: ByteBudget) {
    this.#limit = limit;
    this.#around = around;
  }

  /** Takes all or nothing, and says which. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit) return false;
    if (this.#around !== undefined && !this.#around.take(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
    this.#around?.give(bytes);
  }

  /** Whether hardly anything can be taken any more; of those around it, it says nothing. */
  get isNearlyFull(): boolean {
    return this.#taken > this.#limit - this.#limit / 32;
  }

  get taken(): number {
    return this.#taken;
  }
}

/** What one call holds of a budget; its first few bytes are not counted. */
export class HeldBytes {
  readonly #budget: ByteBudget;
  readonly #uncounted: number;
  #bytes = 0;
  #counted = 0;

  constructor(budget: ByteBudget, uncounted: number) {
    this.#budget = budget;
    this.#uncounted = uncounted;
  }

  /** Holds so many more, or says no. */
  add(bytes: number): boolean {
    const counted = Math.max(0, this.#bytes + bytes - this.#uncounted);
    if (counted > this.#counted && !this.#budget.take(counted - this.#counted)) return false;
    this.#bytes += bytes;
    this.#counted = counted;
    return true;
  }

  /** Lets go of so many. Where all were let go of before, there is nothing left to do. */
  remove(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
    const counted = Math.max(0, this.#bytes - this.#uncounted);
    this.#budget.give(this.#counted - counted);
    this.#counted = counted;
  }

  clear(): void {
    this.remove(this.#bytes);
  }
}
