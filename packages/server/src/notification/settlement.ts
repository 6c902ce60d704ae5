import { ConflictError, type EventCount, type Store, type StoredEvent } from '../storage/store.ts';

/** How long told events are gathered before they are taken out of the outbox. */
const GATHER_MS = 20;

/** So many end the gathering early, and so many more have delivery wait: a kill would have them told again. */
const GATHER_MAX = 256;
const UNSETTLED_MAX = 2048;

/** After the store has failed. */
const RETRY_MS = 1_000;

/**
 * Takes events that were told out of the outbox, many at a time: to be told must not cost a sync of the disk each.
 */
export class Settlement {
  readonly #store: Store;
  readonly #onSettled: (settled: EventCount) => void;
  /** By number. */
  #gathered = new Map<number, StoredEvent>();
  /** On their way to the disk. */
  #leaving: ReadonlyMap<number, StoredEvent> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;

  /** `onSettled` is told what has left the outbox. */
  constructor(store: Store, onSettled: (settled: EventCount) => void) {
    this.#store = store;
    this.#onSettled = onSettled;
  }

  /** Whether so much waits to be settled that nothing more should be told. */
  get isFull(): boolean {
    return this.#gathered.size + this.#leaving.size >= UNSETTLED_MAX;
  }

  has(number: number): boolean {
    return this.#gathered.has(number) || this.#leaving.has(number);
  }

  add(event: StoredEvent): void {
    this.#gathered.set(event.number, event);
    if (this.#gathered.size >= GATHER_MAX) this.#startFlush();
    else this.#timer ??= setTimeout(() => this.#startFlush(), GATHER_MS);
  }

  /** Resolves when all that was added is settled, or could not be. */
  async flush(): Promise<void> {
    await this.#flushing;
    this.#startFlush();
    await this.#flushing;
  }

  /** The last flush. What cannot be settled is told again after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    clearTimeout(this.#timer);
  }

  #startFlush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flushing !== undefined || this.#gathered.size === 0) return;
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      if (this.#closed) return;
      if (this.#gathered.size >= GATHER_MAX && this.#timer === undefined) this.#startFlush();
      else if (this.#gathered.size > 0) this.#timer ??= setTimeout(() => this.#startFlush(), GATHER_MS);
    });
  }

  /** A change per conversation, all at once: the store groups them. */
  async #flush(): Promise<void> {
    const leaving = this.#gathered;
    this.#leaving = leaving;
    this.#gathered = new Map();
    const groups = Map.groupBy(leaving.values(), ({ partition }) => partition);
    const failed: StoredEvent[] = [];
    await Promise.all(
      Array.from(groups, async ([partition, events]) => {
        if (!(await this.#settle(partition, events))) failed.push(...events);
      }),
    );
    this.#leaving = new Map();
    for (const event of failed) this.#gathered.set(event.number, event);
    if (failed.length > 0 && !this.#closed) this.#timer = setTimeout(() => this.#startFlush(), RETRY_MS);
  }

  /** Answers whether the events are gone. */
  async #settle(partition: string, events: readonly StoredEvent[]): Promise<boolean> {
    try {
      await this.#store.commit({ partition, settle: events.map(({ number }) => number) });
      this.#onSettled({
        count: events.length,
        bytes: events.reduce((sum, { data }) => sum + data.byteLength, 0),
      });
      return true;
    } catch (error) {
      if (!(error instanceof ConflictError)) return false;
      // One of them has been taken away by somebody else, who has counted it.
      if (events.length === 1) {
        this.#onSettled({ count: 0, bytes: 0 });
        return true;
      }
      const settled = await Promise.all(events.map((event) => this.#settle(partition, [event])));
      return settled.every(Boolean);
    }
  }
}
