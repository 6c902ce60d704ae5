import { setTimeout as sleep } from 'node:timers/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  BatchCreateMessagesRequestSchema,
  Conversations,
  type CreateMessageRequestSchema,
} from '@parleykit/proto/v2beta1';
import type { Random } from '../../conformance/fuzz/random.ts';
import { pathOf } from '../../conformance/wires.ts';
import type { GrpcChannel } from './grpc-channel.ts';
import { scanMessages } from './message-scan.ts';
import type { Breaches, PollingLedger } from './polling-ledger.ts';

/** Messages that are still to be written, numbered from 0. */
export class Numbers {
  readonly total: number;
  #next = 0;

  constructor(total: number) {
    this.total = total;
  }

  get taken(): number {
    return this.#next;
  }

  /** Up to `count` numbers that follow each other; none once all are taken. */
  take(count: number): number[] {
    const first = this.#next;
    this.#next = Math.min(this.total, first + count);
    return Array.from({ length: this.#next - first }, (_, offset) => first + offset);
  }
}

const BATCH_CREATE = pathOf(Conversations.method.batchCreateMessages);
const BATCH_MAX = 300;
const PAUSE_MS = 5;
const FILLER = 'the caller asks whether the parcel that was sent on Monday has left the depot yet '.repeat(2);
/** Send times are a microsecond apart: each number has its own. */
const FIRST_SEND_TIME = 1_700_000_000;

interface Answer {
  readonly numbers: readonly number[];
  readonly createTimes: readonly number[];
}

/** What writers do beside writing, in percent of the batches. */
const RESENT = 4;
const RACING = 4;
const MIXED = 4;

/**
 * Writes batches and single messages into random conversations until the numbers are used up. Now and then it sends
 * a batch once more, twice at the same time, or with some old messages among the new ones, as importers do that
 * do not know what became of a call; that must change nothing of what others see.
 */
export class PollingWriter {
  readonly #channel: GrpcChannel;
  readonly #random: Random;
  readonly #numbers: Numbers;
  readonly #ledgers: readonly PollingLedger[];
  readonly #breaches: Breaches;
  readonly #isAhead: () => boolean;
  /** Of each conversation, the last batch that this writer has written to it. */
  readonly #written = new Map<
    PollingLedger,
    { readonly numbers: readonly number[]; readonly createTime: number }
  >();
  batches = 0;
  repeats = 0;

  constructor(parts: {
    channel: GrpcChannel;
    random: Random;
    numbers: Numbers;
    ledgers: readonly PollingLedger[];
    breaches: Breaches;
    /** Whether the pollers are to catch up first. */
    isAhead: () => boolean;
  }) {
    this.#channel = parts.channel;
    this.#random = parts.random;
    this.#numbers = parts.numbers;
    this.#ledgers = parts.ledgers;
    this.#breaches = parts.breaches;
    this.#isAhead = parts.isAhead;
  }

  async run(): Promise<void> {
    const random = this.#random;
    for (;;) {
      while (this.#isAhead()) await sleep(PAUSE_MS);
      const fresh = this.#numbers.take(random.chance(0.25) ? 1 : random.between(1, BATCH_MAX));
      if (fresh.length === 0) return;
      const ledger = random.pick(this.#ledgers);
      const roll = random.below(100);
      if (roll < MIXED) await this.#writeMixed(ledger, fresh);
      else if (roll < MIXED + RACING) await this.#writeTwice(ledger, fresh);
      else await this.#write(ledger, fresh, fresh);
      if (roll >= 100 - RESENT) await this.#resend(ledger);
    }
  }

  /** Sends numbers of which `fresh` are new, and notes what became of them. */
  async #write(ledger: PollingLedger, numbers: readonly number[], fresh: readonly number[]): Promise<Answer> {
    const invoked = performance.now();
    const answer = await this.#send(ledger, numbers);
    const completed = performance.now();
    this.batches++;
    this.#checkNumbers(ledger, numbers, answer);
    const [first = -1] = fresh;
    const createTime = answer.createTimes[numbers.indexOf(first)] ?? -1;
    ledger.acknowledge({ createTime, first, count: fresh.length, invoked, completed });
    for (const [index, number] of numbers.entries()) {
      const isNew = number >= first && number < first + fresh.length;
      if (isNew && answer.createTimes[index] !== createTime) {
        this.#breaches.add(
          `${ledger.conversation}: message ${number} has another create_time than its batch`,
        );
      }
    }
    this.#written.set(ledger, { numbers: fresh, createTime });
    return answer;
  }

  async #writeTwice(ledger: PollingLedger, fresh: readonly number[]): Promise<void> {
    this.repeats++;
    const [one, other] = await Promise.all([this.#write(ledger, fresh, fresh), this.#send(ledger, fresh)]);
    if (one.createTimes.join() !== other.createTimes.join() || one.numbers.join() !== other.numbers.join()) {
      this.#breaches.add(`${ledger.conversation}: two racing equal batches from ${fresh[0]} on differ`);
    }
  }

  async #writeMixed(ledger: PollingLedger, fresh: readonly number[]): Promise<void> {
    const written = this.#written.get(ledger);
    const old =
      written?.numbers.filter(() => this.#random.chance(0.3)).slice(0, BATCH_MAX - fresh.length) ?? [];
    if (old.length > 0) this.repeats++;
    const mixed = [...old];
    for (const number of fresh) mixed.splice(this.#placeAfterAllBefore(mixed, number, fresh), 0, number);
    const answer = await this.#write(ledger, mixed, fresh);
    for (const [index, number] of mixed.entries()) {
      if (old.includes(number) && answer.createTimes[index] !== written?.createTime) {
        this.#breaches.add(`${ledger.conversation}: message ${number}, sent again, is answered as a new one`);
      }
    }
  }

  /** The new messages stay in their order; the old ones lie anywhere among them. */
  #placeAfterAllBefore(mixed: readonly number[], number: number, fresh: readonly number[]): number {
    const before = number === fresh[0] ? 0 : mixed.indexOf(number - 1) + 1;
    return this.#random.between(before, Math.min(mixed.length, before + 2));
  }

  async #resend(ledger: PollingLedger): Promise<void> {
    const written = this.#written.get(ledger);
    if (written === undefined) return;
    this.repeats++;
    const answer = await this.#send(ledger, written.numbers);
    this.#checkNumbers(ledger, written.numbers, answer);
    if (answer.createTimes.some((createTime) => createTime !== written.createTime)) {
      this.#breaches.add(
        `${ledger.conversation}: the batch of ${written.createTime}, sent again, became another`,
      );
    }
  }

  #checkNumbers(ledger: PollingLedger, sent: readonly number[], { numbers }: Answer): void {
    if (sent.length !== numbers.length || sent.some((number, index) => number !== numbers[index])) {
      this.#breaches.add(
        `${ledger.conversation}: the batch from ${sent[0]} on is answered with other messages`,
      );
    }
  }

  async #send({ conversation, participants }: PollingLedger, batch: readonly number[]): Promise<Answer> {
    const requests = batch.map(
      (number): MessageInitShape<typeof CreateMessageRequestSchema> => ({
        parent: conversation,
        message: {
          content: `${number} ${FILLER.slice(0, (number * 31) % FILLER.length)}`,
          participant: participants[number % participants.length] ?? '',
          sendTime: {
            seconds: BigInt(FIRST_SEND_TIME + Math.floor(number / 1_000_000)),
            nanos: (number % 1_000_000) * 1000,
          },
        },
      }),
    );
    const request = create(BatchCreateMessagesRequestSchema, { parent: conversation, requests });
    const bytes = toBinary(BatchCreateMessagesRequestSchema, request);
    const numbers: number[] = [];
    const createTimes: number[] = [];
    scanMessages(await this.#channel.send(BATCH_CREATE, bytes), (number, createTime) => {
      numbers.push(number);
      createTimes.push(createTime);
    });
    return { numbers, createTimes };
  }
}
