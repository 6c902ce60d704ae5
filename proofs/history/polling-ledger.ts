import { MessageRuns } from './message-runs.ts';

/** A batch as its writer saw it: what of it was new, and between which times it became visible. */
export interface Acknowledgement {
  readonly createTime: number;
  /** The number of its first new message; those after it follow. */
  readonly first: number;
  readonly count: number;
  /** Of one monotonic clock, in milliseconds. */
  readonly invoked: number;
  readonly completed: number;
}

/** What goes against a promise, in words; counts all, keeps the first few. */
export class Breaches {
  static readonly #KEPT = 40;
  readonly texts: string[] = [];
  count = 0;

  add(text: string): void {
    this.count++;
    if (this.texts.length < Breaches.#KEPT) this.texts.push(text);
  }
}

/** What the writers were told of one conversation. */
export class PollingLedger {
  /** Its resource name. */
  readonly conversation: string;
  readonly participants: readonly string[];
  readonly #acknowledgements: Acknowledgement[] = [];
  #newest = 0;

  constructor(conversation: string, participants: readonly string[]) {
    this.conversation = conversation;
    this.participants = participants;
  }

  /** The latest create_time that was acknowledged so far: a list that begins now shows no less. */
  get newest(): number {
    return this.#newest;
  }

  get batches(): number {
    return this.#acknowledgements.length;
  }

  acknowledge(acknowledgement: Acknowledgement): void {
    this.#acknowledgements.push(acknowledgement);
    this.#newest = Math.max(this.#newest, acknowledgement.createTime);
  }

  /** What the conversation must hold, oldest first. */
  messages(): MessageRuns {
    const messages = new MessageRuns();
    for (const { createTime, first, count } of this.#inOrder()) {
      for (let offset = 0; offset < count; offset++) messages.push(first + offset, createTime);
    }
    return messages;
  }

  /** Says where create_time contradicts itself, or the order in which batches were acknowledged and begun. */
  check(breaches: Breaches): void {
    const batches = this.#inOrder();
    let earliestLater = Number.POSITIVE_INFINITY;
    for (let index = batches.length - 1; index >= 0; index--) {
      const batch = batches[index];
      if (batch === undefined) continue;
      if (batches[index + 1]?.createTime === batch.createTime) {
        breaches.add(`${this.conversation}: two batches have the create_time ${batch.createTime}`);
      }
      if (earliestLater < batch.invoked) {
        breaches.add(
          `${this.conversation}: the batch of ${batch.createTime} began after a later one was acknowledged`,
        );
      }
      earliestLater = Math.min(earliestLater, batch.completed);
    }
  }

  #inOrder(): Acknowledgement[] {
    return this.#acknowledgements.toSorted((a, b) => a.createTime - b.createTime);
  }
}
