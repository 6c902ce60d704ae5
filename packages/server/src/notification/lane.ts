import type { StoredEvent } from '../storage/store.ts';

/** How many events of one conversation are held in memory; the others are read when their turn comes. */
export const LANE_EVENTS_MAX = 16;

/**
 * What waits to be told of one conversation, in its order. Only the first events are in memory: where the rest begins
 * is known, so that a conversation with many events, and many conversations with events, take little room.
 */
export class Lane {
  readonly partition: string;
  /** Whether a call is under way; then it is nobody else's to change. */
  flying = false;
  /** Whether events of it are being given up, which are not the one that a call is about. */
  burying = false;
  /** Runs while it is left alone after a failure. */
  pause: NodeJS.Timeout | undefined;
  /** Failures in a row of the first event. */
  failures = 0;
  /** How often the first event was refused for good. */
  refusals = 0;
  /** A batch was refused for good: it is told one by one, so that only the culprit is given up. */
  singly = false;
  #events: StoredEvent[] = [];
  /** The number from which on there may be events that are not in memory. */
  #restFrom: number | undefined;
  /** How far the first event is told, where it is about messages: up to, and not including, this position. */
  #told = { number: 0, position: 0 };

  constructor(partition: string) {
    this.partition = partition;
  }

  /** Whether it must be left alone for now. */
  get busy(): boolean {
    return this.flying || this.burying;
  }

  /** How many events it holds in memory. */
  get held(): number {
    return this.#events.length;
  }

  get first(): StoredEvent | undefined {
    return this.#events[0];
  }

  /** The number below which nothing of it waits; undefined where nothing waits at all. */
  get firstNumber(): number | undefined {
    return this.#events[0]?.number ?? this.#restFrom;
  }

  /** The number from which its next events must be read; undefined where they are in memory, or there are none. */
  get readFrom(): number | undefined {
    return this.#events.length === 0 ? this.#restFrom : undefined;
  }

  /** The position from which on an event is to be told. */
  positionIn(number: number): number {
    return this.#told.number === number ? this.#told.position : 0;
  }

  /** Takes the next event in, or notes that it is there. */
  add(event: StoredEvent): void {
    if (this.#restFrom === undefined && this.#events.length < LANE_EVENTS_MAX) this.#events.push(event);
    else this.#restFrom ??= event.number;
  }

  /** Takes in what was read from `readFrom` on; `restFrom` is where the rest begins, if there may be one. */
  refill(events: readonly StoredEvent[], restFrom: number | undefined): void {
    // The first one may have been taken away, and what failed with it.
    if (events[0]?.number !== this.#restFrom) this.#forgetFailures();
    this.#events = [...events];
    this.#restFrom = restFrom;
  }

  /** The first event is told up to a position. */
  toldUpTo(position: number): void {
    if (this.first !== undefined) this.#told = { number: this.first.number, position };
  }

  /** The first event is told, or given up. */
  finishFirst(): void {
    this.#events.shift();
    this.#forgetFailures();
    this.singly = false;
  }

  /** Forgets events that are told no more. */
  drop(numbers: ReadonlySet<number>): void {
    if (this.firstNumber !== undefined && numbers.has(this.firstNumber)) this.#forgetFailures();
    this.#events = this.#events.filter(({ number }) => !numbers.has(number));
  }

  /** Holds nothing in memory until it is read again. */
  unload(): void {
    this.#restFrom = this.firstNumber;
    this.#events = [];
  }

  /** The same, but for the first event, which a call is about. */
  unloadRest(): void {
    const [, second] = this.#events;
    if (second === undefined) return;
    this.#restFrom = second.number;
    this.#events.length = 1;
  }

  #forgetFailures(): void {
    this.failures = 0;
    this.refusals = 0;
  }
}
