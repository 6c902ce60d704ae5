import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Store, StoredTimer, TimerCursor } from '../storage/store.ts';

/**
 * Does what a timer is for. Its change must take the timer away or move it, in the same commit as its effects: then
 * it takes effect once, however often it is tried. One that leaves it due is asked again once everybody else who is due
 * was: so long work goes on in steps. What is stamped with a time is stamped with `timer.due`.
 */
export type TimerHandler = (timer: StoredTimer) => Promise<void>;

/** How many timers are under way at once. */
const BATCH = 128;

/** What a timer makes due itself comes no sooner after it, where its kind says nothing else. In microseconds. */
const LEAD = 1_000_000;

interface Kind {
  readonly handler: TimerHandler;
  readonly lead: number;
}

/** Nothing sleeps longer, so that a clock that was set is noticed, and what was scheduled to be due soon. */
const SLEEP_MAX_MS = 10_000;

/** After a failure, such as a store that takes no writes, there is no hurry to see it again. */
const RETRY_MS = 1_000;

/**
 * The only timers in the server: one loop that does what is due and sleeps until the next. What is due lies in the
 * store, so a restart continues where the process ended.
 */
export class Scheduler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #kinds = new Map<string, Kind>();
  readonly #underWay = new Map<string, Promise<void>>();
  #running = false;
  #stopping = false;
  #inRound = false;
  #woken = false;
  #round: Promise<void> = Promise.resolve();
  #sleep: NodeJS.Timeout | undefined;

  constructor(store: Store, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Says who answers for a kind of timer. What it schedules must be due no sooner than `lead` microseconds after itself:
   * it waits for its turn, and what is due before that can be under way together.
   */
  handle(kind: string, handler: TimerHandler, lead = LEAD): void {
    if (this.#kinds.has(kind)) throw new Error(`somebody answers for ${kind} already`);
    this.#kinds.set(kind, { handler, lead });
  }

  start(): void {
    this.#running = true;
    this.#sleepFor(0);
  }

  /** Looks again at what is due: to be called when something was scheduled that may be due before all else. */
  wake(): void {
    this.#woken = true;
    if (this.#running && !this.#inRound) this.#sleepFor(0);
  }

  /**
   * Does what is due now and what that makes due, in order, be it of everybody or within a partition such as `projects/p`;
   * answers how many timers failed and wait to be tried again. Once it is stopped it does no more than it has begun.
   */
  async runDue(within?: string): Promise<number> {
    const failed = new Set<string>();
    while (await this.#pass(within, failed));
    return failed.size;
  }

  /** Waits for what is under way; what is due from then on waits for the next start. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#stopping = true;
    clearTimeout(this.#sleep);
    await this.#round;
    await Promise.allSettled(this.#underWay.values());
  }

  /** Goes through what is due once, the earliest first; answers whether there was anything that has not failed before. */
  async #pass(within: string | undefined, failed: Set<string>): Promise<boolean> {
    let isIdle = true;
    for (let after: TimerCursor | undefined; !this.#stopping; ) {
      const due = await this.#store.dueTimers(this.#clock.now(), { limit: BATCH, after, within });
      if (due.length === 0) return !isIdle;
      const batch = this.#takeTogether(due);
      const open = batch.filter(({ key }) => !failed.has(key));
      if (open.length > 0) isIdle = false;
      await Promise.all(open.map((timer) => this.#run(timer).catch(() => failed.add(timer.key))));
      after = batch.at(-1);
    }
    return false;
  }

  /** The first of those that are due, before anything that they can make due themselves. */
  #takeTogether(due: readonly StoredTimer[]): readonly StoredTimer[] {
    let until = Number.POSITIVE_INFINITY;
    const end = due.findIndex(({ at, kind }) => {
      if (at >= until) return true;
      until = Math.min(until, at + (this.#kinds.get(kind)?.lead ?? LEAD));
      return false;
    });
    return end === -1 ? due : due.slice(0, end);
  }

  #sleepFor(milliseconds: number): void {
    clearTimeout(this.#sleep);
    this.#sleep = setTimeout(() => {
      this.#round = this.#runRound();
    }, Math.ceil(milliseconds));
  }

  async #runRound(): Promise<void> {
    this.#inRound = true;
    this.#woken = false;
    let pauseMs = RETRY_MS;
    try {
      const failed = await this.runDue();
      const next = await this.#store.nextDue();
      const untilNextMs = next === undefined ? SLEEP_MAX_MS : (next - this.#clock.now()) / 1000;
      pauseMs = Math.min(Math.max(untilNextMs, failed > 0 ? RETRY_MS : 0), SLEEP_MAX_MS);
    } catch (error) {
      this.#log.error('schedule failed', { error });
    }
    this.#inRound = false;
    // What was scheduled since the round looked may be due before what it saw.
    if (this.#running) this.#sleepFor(this.#woken ? 0 : pauseMs);
  }

  /** Whoever else is at the timer already is waited for. */
  #run(timer: StoredTimer): Promise<void> {
    let underWay = this.#underWay.get(timer.key);
    if (underWay === undefined) {
      underWay = this.#handle(timer).finally(() => this.#underWay.delete(timer.key));
      this.#underWay.set(timer.key, underWay);
    }
    return underWay;
  }

  async #handle(timer: StoredTimer): Promise<void> {
    try {
      // Since it was read somebody else may have done it, and a new one may go by its name.
      if ((await this.#store.getTimer(timer.key))?.due !== timer.due) return;
      const kind = this.#kinds.get(timer.kind);
      if (kind === undefined) throw new Error(`nobody answers for timers of kind ${timer.kind}`);
      await kind.handler(timer);
    } catch (error) {
      this.#log.error('timer failed', { key: timer.key, kind: timer.kind, error });
      throw error;
    }
  }
}
