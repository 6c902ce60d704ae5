import { setTimeout as sleep } from 'node:timers/promises';
import { fromJson } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { ConversationEvent_Type as EventType } from '@parleykit/proto/v2beta1';
import { contentOf, EventSink, type Push, readEvent } from '../../conformance/event-sink.ts';
import type { Random } from '../../conformance/fuzz/random.ts';
import type { Told } from './check.ts';

/** Longer than most pushes take. */
const SLOW_MS_MAX = 30;

/** Longer than a server waits after as many failures in a row as there may be. */
const PATIENCE_MS = 20_000;

/** What was told, and when it is said to have happened: in microseconds. */
export interface DatedTold extends Told {
  readonly publishTime: number;
}

/** A receiver of events that refuses some, breaks off some, is slow with others, and keeps what it has acknowledged. */
export class Receiver implements AsyncDisposable {
  /** In the order in which it came. */
  readonly told: DatedTold[] = [];
  /** All that came. */
  pushes = 0;
  /** Pushes that were refused or broken off by the receiver. */
  refused = 0;
  /** Pushes that have no whole answer yet. */
  underWay = 0;
  /** Pushes that the sender broke off. */
  abandoned = 0;
  readonly #sink = new EventSink();

  /** `onPush` is called with each push, before it is answered. */
  constructor(random: Random, onPush: () => void) {
    this.#sink.answer = (push, response) => {
      this.pushes++;
      this.underWay++;
      const dice = random.below(100);
      const breaksOff = dice === 3 || dice === 4;
      response.on('close', () => {
        this.underWay--;
        if (!breaksOff && !response.writableFinished) this.abandoned++;
      });
      onPush();
      // What was read is not needed any more.
      this.#sink.taken.length = 0;
      if (breaksOff || dice < 3) this.refused++;
      if (breaksOff) response.destroy();
      else if (dice < 3) response.writeHead(dice === 0 ? 503 : 500).end();
      else {
        this.told.push(read(push));
        if (dice < 10) setTimeout(() => response.end(), random.below(SLOW_MS_MAX));
        else if (dice < 30) setImmediate(() => response.end());
        else response.end();
      }
    };
  }

  /** Answers the URL for `--events`. */
  async open(): Promise<string> {
    return `http://127.0.0.1:${await this.#sink.open()}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink.close();
  }
}

function read(push: Push): DatedTold {
  const { conversation, type } = readEvent(push);
  const { messageId: id, publishTime } = push.message;
  const { seconds, nanos } = fromJson(TimestampSchema, publishTime);
  return {
    id,
    conversation,
    what: contentOf(push) ?? EventType[type] ?? '',
    publishTime: Number(seconds) * 1_000_000 + nanos / 1000,
  };
}

/**
 * Resolves once a server has nothing left to tell, or has told nothing for longer than it may wait after a failure;
 * answers how many events it has left.
 */
export async function untilAllIsTold({ url }: { readonly url: string }): Promise<number> {
  let [waiting, since] = [await waitingOf(url), performance.now()];
  while (waiting > 0 && performance.now() - since < PATIENCE_MS) {
    await sleep(5);
    const now = await waitingOf(url);
    if (now !== waiting) [waiting, since] = [now, performance.now()];
  }
  return waiting;
}

async function waitingOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^parley_events_waiting (\d+)$/mu.exec(text)?.[1] ?? Number.NaN);
}
