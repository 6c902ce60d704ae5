import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../conformance/fuzz/random.ts';
import { MessageRuns } from './message-runs.ts';
import { type PageReader, readAll } from './page-readers.ts';
import type { Breaches, PollingLedger } from './polling-ledger.ts';

const PAUSE_MAX_MS = 40;
const PAGE_MAX = 1000;

/**
 * Follows conversations as the API documents it for ListMessages: a filter on what is later than the first item of
 * the previous answer, an empty page token, then all pages. It keeps nothing but what came, in the order in which it
 * came, and trusts nothing: what it missed or got twice shows in the end.
 */
export class Poller {
  readonly name: string;
  readonly seen: ReadonlyMap<PollingLedger, MessageRuns>;
  polls = 0;
  /** Polls that brought something. */
  found = 0;
  pages = 0;
  readonly #reader: PageReader;
  readonly #random: Random;
  readonly #breaches: Breaches;

  constructor(
    name: string,
    parts: {
      reader: PageReader;
      random: Random;
      ledgers: readonly PollingLedger[];
      breaches: Breaches;
    },
  ) {
    this.name = name;
    this.#reader = parts.reader;
    this.#random = parts.random;
    this.#breaches = parts.breaches;
    this.seen = new Map(parts.ledgers.map((ledger) => [ledger, new MessageRuns()]));
  }

  get messages(): number {
    return [...this.seen.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Polls until a whole round has begun after the signal. */
  async run(finished: AbortSignal): Promise<void> {
    for (;;) {
      const isLast = finished.aborted;
      for (const [ledger, seen] of this.seen) await this.#poll(ledger, seen);
      if (isLast) return;
      await sleep(this.#random.below(PAUSE_MAX_MS));
    }
  }

  async #poll(ledger: PollingLedger, seen: MessageRuns): Promise<void> {
    const { newest, conversation } = ledger;
    const last = seen.lastCreateTime;
    const filter = last === 0 ? '' : `create_time_epoch_microseconds > ${this.#quote(last)}`;
    const sizeOfPage = this.#chooseSizes();
    const came = await readAll(this.#reader, { parent: conversation, filter }, sizeOfPage);
    seen.pushReversed(came.numbers, came.createTimes);
    this.polls++;
    this.pages += came.pages;
    if (came.numbers.length > 0) this.found++;
    if (seen.lastCreateTime < newest) {
      this.#breaches.add(
        `${this.name}, ${conversation}: a poll that began after ${newest} was acknowledged ended at ${seen.lastCreateTime}`,
      );
    }
  }

  /** The API documents the value without quotes; its clients write both. */
  #quote(value: number): string {
    return this.#random.chance(0.5) ? `"${value}"` : String(value);
  }

  /** Of pages: the largest, the default, one for this poll, or another for each page. */
  #chooseSizes(): () => number {
    const random = this.#random;
    const roll = random.below(10);
    if (roll < 4) return () => PAGE_MAX;
    if (roll < 6) return () => 0;
    if (roll < 8) return () => random.between(50, PAGE_MAX);
    const size = random.between(20, PAGE_MAX);
    return () => size;
  }
}
