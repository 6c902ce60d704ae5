/** How long one turn of the event loop may go on starting work. */
const TURN_MS = 1;

/**
 * Starts work at once while a turn of the event loop is young, and in later turns, callers in rotation, when it is not.
 * One read of a connection can bring hundreds of calls: begun one behind the other, they would have everybody else
 * wait for all of them.
 */
export class Turns {
  readonly #queues = new Map<object, (() => void)[]>();
  #began: number | undefined;

  /** `caller` is who has its share of each turn, such as a connection. */
  start(caller: object, work: () => void): void {
    if (this.#queues.size === 0 && performance.now() - this.#turnBegan() < TURN_MS) {
      work();
      return;
    }
    if (this.#queues.size === 0) setImmediate(() => this.#drain());
    const queue = this.#queues.get(caller);
    if (queue === undefined) this.#queues.set(caller, [work]);
    else queue.push(work);
  }

  #turnBegan(): number {
    if (this.#began === undefined) {
      this.#began = performance.now();
      setImmediate(() => {
        this.#began = undefined;
      });
    }
    return this.#began;
  }

  /** Always does something, however late it is. */
  #drain(): void {
    const end = performance.now() + TURN_MS;
    do {
      const [first] = this.#queues;
      if (first === undefined) return;
      const [caller, queue] = first;
      // Behind all others, with what it still wants.
      this.#queues.delete(caller);
      const work = queue.shift();
      if (queue.length > 0) this.#queues.set(caller, queue);
      work?.();
    } while (performance.now() < end);
    if (this.#queues.size > 0) setImmediate(() => this.#drain());
  }
}
