/** Timers hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Who is told that its time is over. */
export interface Expiring {
  expire(): void;
}

/**
 * The deadlines of calls, by `performance.now()`. There is one timer for all of them, as calls are many and nearly all
 * end long before theirs. It keeps the process alive while anybody is here.
 */
export class Deadlines {
  readonly #deadlines = new Map<Expiring, number>();
  #timer: NodeJS.Timeout | undefined;
  /** What the timer is set to: never too late, but too early where the one that it was set for has left. */
  #next = Number.POSITIVE_INFINITY;

  add(waiter: Expiring, deadline: number): void {
    this.#deadlines.set(waiter, deadline);
    if (deadline < this.#next) this.#set(deadline);
    else if (this.#deadlines.size === 1) this.#timer?.ref();
  }

  /** Whoever leaves is told nothing. */
  delete(waiter: Expiring): void {
    if (this.#deadlines.delete(waiter) && this.#deadlines.size === 0) this.#timer?.unref();
  }

  #set(next: number): void {
    clearTimeout(this.#timer);
    this.#next = next;
    const left = Math.ceil(next - performance.now());
    this.#timer = setTimeout(() => this.#expire(), Math.min(left, LONGEST_TIMER_MS));
  }

  #expire(): void {
    const now = performance.now();
    this.#timer = undefined;
    this.#next = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const [waiter, deadline] of this.#deadlines) {
      if (deadline > now) {
        next = Math.min(next, deadline);
        continue;
      }
      this.#deadlines.delete(waiter);
      waiter.expire();
    }
    if (next < this.#next) this.#set(next);
  }
}
