import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import {
  type Burial,
  ConflictError,
  type Store,
  type StoredEvent,
  type StoredMessage,
} from '../storage/store.ts';
import { backoffMs } from './backoff.ts';
import { LANE_EVENTS_MAX, Lane } from './lane.ts';
import { type OutgoingEvent, toOutgoing, toOutgoingMessages } from './outgoing-event.ts';
import { Settlement } from './settlement.ts';
import { DeliveryError, type Sink } from './sink.ts';
import { SparseLog } from './sparse-log.ts';

export interface DeliveryOptions {
  /** How long an event may wait, in milliseconds. */
  readonly eventsAgeMax: number;
  /** How many bytes of events may wait. */
  readonly eventsBytesMax: number;
  /** A number from 0 to 1, for the times between attempts. */
  readonly random?: () => number;
  /** How long a stop waits for calls under way. */
  readonly stopMs?: number;
}

/** Calls under way at once, and how many of them may be of conversations whose last call came to nothing. */
const FLIGHTS_MAX = 16;
const RETRIES_MAX = 8;

/** How many events are read at once, and how many may be in memory before no more are. */
const READ_EVENTS = 256;
const HELD_EVENTS_MAX = 4096;

/** Conversations that are known to have events waiting. One that is left alone takes some hundred bytes. */
const LANES_MAX = 50_000;

/**
 * While the sink takes nothing, there is no use in knowing more than who is to try: a sink that is away must cost calls
 * nothing.
 */
const OUTAGE_LANES_MAX = 256;

/** What one call tells at most, beside its first message. */
const CALL_BYTES_MAX = 4 * 1024 * 1024;

/** How often an event is told that is refused for good. */
const REFUSALS_MAX = 5;

/** How often the log says that the sink takes nothing, unless that has lasted for so many failures in a row. */
const OUTAGE_REPORT_MS = 60_000;
const LASTING_FAILURES = 5;

/** After the store has failed. */
const RETRY_MS = 1_000;

const STOP_MS = 2_000;

/** How often it is looked whether events have waited for too long. */
const SWEEP_MS = 60_000;

/** An attempt for each event of a project that was there when it was asked for. */
interface Pass {
  readonly project: string;
  /** The last event that counts; known once all that is there was looked at. */
  until: number | undefined;
  /** Lanes in which something has still to be attempted. */
  readonly open: Set<Lane>;
  readonly done: PromiseWithResolvers<void>;
}

/** What is told in one call. */
interface Batch {
  readonly events: readonly OutgoingEvent[];
  /** Of the messages that it is about. */
  readonly positions: readonly [first: number, last: number] | undefined;
  /** Whether the event is told with it. */
  readonly isLast: boolean;
}

/**
 * Takes events from the outbox to where they go: at least once, each under an id of its own, and in order within a
 * conversation. Conversations wait for each other only while the sink takes nothing from anybody, and those that it does
 * not answer leave room for the others. What is under way, what is in memory and how long anything waits is bounded; the
 * outbox is in the store, so a restart goes on.
 */
export class Delivery {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  /** For what may happen to each event. */
  readonly #sparseLog: SparseLog;
  readonly #sink: Sink;
  readonly #options: DeliveryOptions;
  readonly #settlement: Settlement;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes whose turn it is, in the order in which it became so: after a failure, and all others. */
  readonly #retries = new Set<Lane>();
  readonly #ready = new Set<Lane>();
  #retriesUnderWay = 0;
  readonly #passes = new Set<Pass>();
  readonly #flights = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #running = false;
  #isStopped = false;
  /** While a project is set back, nothing is told. */
  #reloading: Promise<void> | undefined;
  /** The last event that was looked at, and whether there may be more behind it. */
  #cursor = 0;
  #isBehind = false;
  #reading: Promise<void> | undefined;
  #held = 0;
  #waiting = { count: 0, bytes: 0 };
  /** Set while the sink takes nothing: how often in a row, and until when it is left alone. */
  #outage: { failures: number; pause: NodeJS.Timeout | undefined; isReported: boolean } | undefined;
  /** When an outage was reported last, by `performance.now()`. */
  #reported = Number.NEGATIVE_INFINITY;
  #sweepTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  /** There was a reason for another sweep during the last one. */
  #sweepsAgain = false;
  /** The last sweep left something behind that was under way. */
  #sweptPast = false;
  /** How often events were taken away untold: what was read before may hold some of them. */
  #removals = 0;
  #delivered = 0;
  #failed = 0;
  #dead = 0;

  constructor(parts: { store: Store; clock: Clock; log: Log; sink: Sink }, options: DeliveryOptions) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#sparseLog = new SparseLog(parts.log);
    this.#sink = parts.sink;
    this.#options = options;
    this.#settlement = new Settlement(parts.store, (settled) => this.#settled(settled));
  }

  /** Events that wait, those that tell of messages once for all of them. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** Adds what operators want to know of it. */
  report(metrics: Metrics): void {
    metrics.addGauge('parley_events_waiting', 'Events that wait to be delivered.', () => this.waiting);
    metrics.addCounter('parley_events_delivered', 'Events that were delivered.', () => this.#delivered);
    metrics.addCounter(
      'parley_event_attempts_failed',
      'Calls that were to deliver events and came to nothing.',
      () => this.#failed,
    );
    metrics.addCounter('parley_dead_letters', 'Events that were given up.', () => this.#dead);
  }

  /** Goes on where the last one ended. To be called before anything is committed. */
  async start(): Promise<void> {
    this.#store.onEvents(({ count, bytes }) => {
      this.#waiting.count += count;
      this.#waiting.bytes += bytes;
      if (count < 0) {
        this.#forgetWhatIsRead();
        return;
      }
      this.#isBehind = true;
      if (this.#waiting.bytes > this.#options.eventsBytesMax) this.#sweepSoon();
      this.#readSoon();
    });
    this.#waiting = { ...(await this.#store.countEvents()) };
    this.#running = true;
    this.#isBehind = true;
    this.#sweepTimer = setInterval(
      () => this.#sweepSoon(),
      Math.min(SWEEP_MS, Math.ceil(this.#options.eventsAgeMax / 4)),
    );
    this.#sweepSoon();
    this.#readSoon();
  }

  /** Waits a moment for calls under way, and breaks them off then. What is not told waits for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#running = false;
    for (const timer of [this.#sweepTimer, this.#retryTimer, this.#outage?.pause]) clearTimeout(timer);
    for (const { pause } of this.#lanes.values()) clearTimeout(pause);
    const deadline = setTimeout(() => this.#abort.abort(), this.#options.stopMs ?? STOP_MS);
    await Promise.all(this.#flights);
    clearTimeout(deadline);
    await this.#reading;
    await this.#sweeping;
    await this.#settlement.close();
    for (const pass of this.#passes) pass.done.resolve();
    this.#sparseLog.close();
    this.#sink.close();
  }

  /**
   * Makes one attempt for each event of a project that is filed by now, however short the last one was ago, and
   * resolves when all were made: what was taken is settled then, what was not waits as before. An event behind one
   * that was not taken counts as attempted with it, since it must not overtake; so do all, once the sink takes nothing
   * or does not answer.
   */
  async deliverOnce(project: string): Promise<void> {
    await this.#reloading;
    if (!this.#running) return;
    const pass: Pass = { project, until: undefined, open: new Set(), done: Promise.withResolvers() };
    this.#passes.add(pass);
    for (const lane of this.#lanes.values()) {
      if (!isWithin(lane.partition, project)) continue;
      pass.open.add(lane);
      this.#unpause(lane);
    }
    clearTimeout(this.#outage?.pause);
    if (this.#outage !== undefined) this.#outage.pause = undefined;
    this.#isBehind = true;
    this.#readSoon();
    this.#pump();
    await pass.done.promise;
    await this.#settlement.flush();
  }

  /**
   * Looks at the outbox anew: to be called when a project is set back, whose events are gone then.
   */
  async reload(): Promise<void> {
    // One that is under way has not come to look yet.
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    await this.#reloading;
  }

  async #reload(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    await Promise.all(this.#flights);
    await this.#reading;
    await this.#sweeping;
    await this.#settlement.flush();
    for (const { pause } of this.#lanes.values()) clearTimeout(pause);
    this.#lanes.clear();
    this.#ready.clear();
    this.#retries.clear();
    this.#endPasses();
    this.#held = 0;
    this.#cursor = 0;
    this.#running = !this.#isStopped;
    this.#isBehind = true;
    this.#readSoon();
  }

  /** What was taken away is to be told no more, but for what is being told just then. */
  #forgetWhatIsRead(): void {
    this.#removals++;
    for (const lane of this.#lanes.values()) {
      this.#change(lane, () => (lane.flying ? lane.unloadRest() : lane.unload()));
    }
  }

  #readSoon(): void {
    if (this.#reading !== undefined || !this.#running) return;
    this.#reading = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#read())
      .finally(() => {
        this.#reading = undefined;
        if (this.#isBehind && this.#hasRoom() && this.#retryTimer === undefined) this.#readSoon();
        this.#advancePasses();
      });
  }

  /** Looks at what was filed since, as long as there is room. */
  async #read(): Promise<void> {
    try {
      while (this.#running && this.#isBehind && this.#hasRoom()) {
        this.#isBehind = false;
        const removals = this.#removals;
        const events = await this.#store.listEvents(this.#cursor, READ_EVENTS);
        if (removals !== this.#removals) {
          this.#isBehind = true;
          continue;
        }
        if (events.length === READ_EVENTS) this.#isBehind = true;
        for (const event of events) this.#admit(event);
        this.#cursor = events.at(-1)?.number ?? this.#cursor;
        this.#pump();
      }
    } catch (error) {
      this.#log.error('events cannot be read', { error });
      this.#isBehind = true;
      if (!this.#running) return;
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = undefined;
        this.#readSoon();
      }, RETRY_MS);
    }
  }

  #hasRoom(): boolean {
    const isAway = this.#outage !== undefined && this.#passes.size === 0 && this.#ready.size > 0;
    return this.#held < HELD_EVENTS_MAX && this.#lanes.size < (isAway ? OUTAGE_LANES_MAX : LANES_MAX);
  }

  #admit(event: StoredEvent): void {
    let lane = this.#lanes.get(event.partition);
    if (lane === undefined) {
      lane = this.#openLane(event.partition);
      this.#giveTurn(lane);
    }
    this.#change(lane, () => lane.add(event));
    // One that is left alone holds nothing.
    if (lane.pause !== undefined) this.#change(lane, () => lane.unload());
  }

  #openLane(partition: string): Lane {
    const lane = new Lane(partition);
    this.#lanes.set(partition, lane);
    for (const pass of this.#passes) {
      if (pass.until === undefined && isWithin(partition, pass.project)) pass.open.add(lane);
    }
    return lane;
  }

  /** Counts what is in memory along with a change to a lane. */
  #change(lane: Lane, change: () => void): void {
    const before = lane.held;
    change();
    this.#held += lane.held - before;
  }

  #giveTurn(lane: Lane): void {
    (lane.failures > 0 ? this.#retries : this.#ready).add(lane);
  }

  #takeTurn(lane: Lane): void {
    this.#ready.delete(lane);
    this.#retries.delete(lane);
  }

  /**
   * Who failed comes first, or nobody would try again while there is much to do; but never so many that others wait. While
   * the sink takes nothing it is the others who try: whoever fails by itself never finds out that this is over.
   */
  #pump(): void {
    if (this.#outage !== undefined) this.#beginReady();
    for (const lane of this.#retries) {
      if (this.#retriesUnderWay >= RETRIES_MAX || !this.#mayFly()) break;
      this.#begin(lane, { isRetry: true });
    }
    this.#beginReady();
  }

  #beginReady(): void {
    for (const lane of this.#ready) {
      if (!this.#mayFly()) return;
      this.#begin(lane, { isRetry: false });
    }
  }

  #mayFly(): boolean {
    const isHeldUp = this.#outage?.pause !== undefined || this.#settlement.isFull;
    return this.#running && !isHeldUp && this.#flights.size < (this.#outage === undefined ? FLIGHTS_MAX : 1);
  }

  #begin(lane: Lane, { isRetry }: { readonly isRetry: boolean }): void {
    this.#takeTurn(lane);
    lane.flying = true;
    if (isRetry) this.#retriesUnderWay++;
    const flight = this.#fly(lane).finally(() => {
      this.#flights.delete(flight);
      if (isRetry) this.#retriesUnderWay--;
      this.#land(lane);
    });
    this.#flights.add(flight);
  }

  /** One call for the first event of a lane. */
  async #fly(lane: Lane): Promise<void> {
    try {
      const event = await this.#firstOf(lane);
      if (event !== undefined) await this.#tell(lane, event);
    } catch (error) {
      // After a stop there is no next attempt to wait for.
      if (this.#running) this.#fail(lane, error);
    }
  }

  #land(lane: Lane): void {
    lane.flying = false;
    this.#ground(lane);
    if (this.#sweptPast) this.#sweepSoon();
  }

  /** What becomes of a lane with which something was done. */
  #ground(lane: Lane): void {
    if (!lane.busy) {
      if (lane.firstNumber === undefined) this.#lanes.delete(lane.partition);
      else if (lane.pause === undefined) this.#giveTurn(lane);
    }
    this.#pump();
    if (this.#isBehind && this.#hasRoom()) this.#readSoon();
    this.#advancePasses();
  }

  async #firstOf(lane: Lane): Promise<StoredEvent | undefined> {
    const { readFrom } = lane;
    if (readFrom === undefined) return lane.first;
    // What is admitted meanwhile lies behind what was looked at before.
    const until = this.#cursor;
    let events: readonly StoredEvent[];
    let removals: number;
    do {
      removals = this.#removals;
      events = await this.#store.listEventsOf(lane.partition, readFrom - 1, until, LANE_EVENTS_MAX);
    } while (removals !== this.#removals);
    const last = events.at(-1);
    let restFrom: number | undefined;
    if (events.length === LANE_EVENTS_MAX && last !== undefined) restFrom = last.number + 1;
    else if (this.#cursor > until) restFrom = until + 1;
    this.#change(lane, () => lane.refill(events, restFrom));
    return lane.first;
  }

  async #tell(lane: Lane, event: StoredEvent): Promise<void> {
    const batch = await this.#nextBatch(lane, event);
    try {
      // There is nothing to tell of messages that were purged.
      if (batch.events.length > 0) {
        await this.#sink.send(batch.events, this.#abort.signal);
        this.#delivered += batch.events.length;
        this.#endOutage();
      }
    } catch (error) {
      if (!(error instanceof DeliveryError) || !error.forGood) throw error;
      if (batch.events.length > 1) {
        lane.singly = true;
        throw error;
      }
      // Other failures in between say nothing about the event.
      if (++lane.refusals < REFUSALS_MAX) throw error;
      await this.#bury(event, error, batch.positions);
    }
    this.#advance(lane, event, batch);
  }

  #advance(lane: Lane, event: StoredEvent, { isLast, positions }: Batch): void {
    lane.failures = 0;
    lane.refusals = 0;
    if (!isLast && positions !== undefined) lane.toldUpTo(positions[1] + 1);
    else {
      this.#settlement.add(event);
      this.#change(lane, () => lane.finishFirst());
    }
  }

  async #nextBatch(lane: Lane, event: StoredEvent): Promise<Batch> {
    if (!event.ofMessages) return { events: [toOutgoing(event)], positions: undefined, isLast: true };
    const { items, more } = await this.#store.listEventMessages(event.number, {
      from: lane.positionIn(event.number),
      limit: lane.singly ? 1 : this.#sink.batch,
      bytes: CALL_BYTES_MAX,
    });
    return {
      events: toOutgoingMessages(event, items),
      positions: positionsOf(items),
      isLast: !more,
    };
  }

  #fail(lane: Lane, error: unknown): void {
    lane.failures++;
    this.#failed++;
    let askedMs = 0;
    if (error instanceof DeliveryError) {
      askedMs = error.retryAfterMs ?? 0;
      if (error.scope === 'sink') this.#beginOutage(error, askedMs);
      else this.#reportRefusal(lane, error);
      if (error.scope === 'sink' || error.timedOut) this.#endPasses();
    } else this.#log.error('event failed', { conversation: lane.partition, error });
    const pauseMs = backoffMs(lane.failures, askedMs, this.#options.random);
    lane.pause = setTimeout(() => {
      this.#unpause(lane);
      this.#pump();
    }, pauseMs);
    this.#change(lane, () => lane.unload());
  }

  #unpause(lane: Lane): void {
    if (lane.pause === undefined) return;
    clearTimeout(lane.pause);
    lane.pause = undefined;
    if (!lane.busy) this.#giveTurn(lane);
  }

  /** A receiver that is there and takes nothing would not be noticed otherwise until events are given up. */
  #reportRefusal(lane: Lane, { message }: DeliveryError): void {
    this.#sparseLog.error('events not taken', 1, {
      sink: this.#sink.target,
      conversation: lane.partition,
      attempts: lane.failures,
      error: message,
      waiting: this.waiting,
    });
  }

  /** Everybody waits, then one call tries whether it is over. Calls that fail together are one failure. */
  #beginOutage(error: DeliveryError, askedMs: number): void {
    this.#outage ??= { failures: 0, pause: undefined, isReported: false };
    const outage = this.#outage;
    if (outage.pause !== undefined) return;
    outage.failures++;
    this.#reportOutage(error);
    outage.pause = setTimeout(
      () => {
        outage.pause = undefined;
        this.#pump();
      },
      backoffMs(outage.failures, askedMs, this.#options.random),
    );
  }

  /** Who is away for moments only, time and again, such as one that allows so many calls a second, is reported rarely. */
  #reportOutage({ message }: DeliveryError): void {
    const outage = this.#outage;
    const now = performance.now();
    if (outage === undefined || outage.isReported) return;
    if (now - this.#reported < OUTAGE_REPORT_MS && outage.failures < LASTING_FAILURES) return;
    outage.isReported = true;
    this.#reported = now;
    this.#log.error('events wait', { sink: this.#sink.target, error: message, waiting: this.waiting });
  }

  #endOutage(): void {
    if (this.#outage === undefined) return;
    const { pause, isReported } = this.#outage;
    clearTimeout(pause);
    this.#outage = undefined;
    if (isReported) {
      this.#log.info('events flow again', { sink: this.#sink.target, waiting: this.waiting });
    }
    if (this.#isBehind) this.#readSoon();
  }

  /** Gives up an event, or some of the messages that it is about. It still is to be settled. */
  async #bury(
    { number, partition }: StoredEvent,
    { message, reason }: DeliveryError,
    positions: Batch['positions'],
  ): Promise<void> {
    const burial = positions === undefined ? { number, reason } : { number, reason, positions };
    const { buried } = await this.#store.commit({ partition, bury: [burial] });
    this.#countDead(buried, message);
  }

  #countDead(count: number, reason: string): void {
    if (count === 0) return;
    this.#dead += count;
    this.#sparseLog.error('events given up', count, { sink: this.#sink.target, reason });
  }

  #settled({ count, bytes }: { readonly count: number; readonly bytes: number }): void {
    this.#waiting.count -= count;
    this.#waiting.bytes -= bytes;
    this.#pump();
  }

  #sweepSoon(): void {
    if (!this.#running) return;
    if (this.#sweeping !== undefined) {
      this.#sweepsAgain = true;
      return;
    }
    this.#sweepsAgain = false;
    this.#sweeping = this.#sweep()
      .catch((error: unknown) => this.#log.error('events cannot be given up', { error }))
      .finally(() => {
        this.#sweeping = undefined;
        if (this.#sweepsAgain) this.#sweepSoon();
      });
  }

  /** Gives up what has waited for too long, and the oldest of what is too much; but nothing that is being told. */
  async #sweep(): Promise<void> {
    const { eventsAgeMax: ageMaxMs, eventsBytesMax: bytesMax } = this.#options;
    const oldest = this.#clock.now() - ageMaxMs * 1000;
    const tooOld = { reason: `waited for longer than ${ageMaxMs / 1000} s`, count: 0 };
    const tooMuch = { reason: `more than ${bytesMax} bytes were waiting`, count: 0 };
    this.#sweptPast = false;
    for (let found = true; found && this.#running; ) {
      const events = await this.#store.listEvents(0, READ_EVENTS);
      // One after the other, since what is under way changes meanwhile.
      const old = this.#idleOf(events.filter(({ filed }) => filed < oldest));
      if (old.length > 0) tooOld.count += await this.#buryAll(old, tooOld.reason);
      const excessive = old.length > 0 ? [] : this.#idleOf(this.#excessOf(events));
      if (excessive.length > 0) tooMuch.count += await this.#buryAll(excessive, tooMuch.reason);
      found = old.length + excessive.length > 0;
    }
    for (const { count, reason } of [tooOld, tooMuch]) this.#countDead(count, reason);
  }

  /** The oldest of what waits, of which too much does. */
  #excessOf(oldest: readonly StoredEvent[]): StoredEvent[] {
    let excess = this.#waiting.bytes - this.#options.eventsBytesMax;
    return oldest.filter(({ data }) => {
      const isExcessive = excess > 0;
      excess -= data.byteLength;
      return isExcessive;
    });
  }

  /** Those that are neither told already nor being told now. */
  #idleOf(events: readonly StoredEvent[]): StoredEvent[] {
    return events.filter(({ partition, number }) => {
      if (this.#settlement.has(number)) return false;
      const lane = this.#lanes.get(partition);
      // Which one is being told is not known while the next ones are read.
      const isUnderWay = lane?.flying === true && (lane.first === undefined || lane.first.number === number);
      if (isUnderWay) this.#sweptPast = true;
      return !isUnderWay;
    });
  }

  /** Answers how many dead events there are more. */
  async #buryAll(events: readonly StoredEvent[], reason: string): Promise<number> {
    const groups = Map.groupBy(events, ({ partition }) => partition);
    const counts = await Promise.all(
      Array.from(groups, ([partition, group]) => this.#buryGroup(partition, group, reason)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Of one conversation, in which no other event is told meanwhile. */
  async #buryGroup(partition: string, events: readonly StoredEvent[], reason: string): Promise<number> {
    const lane = this.#lanes.get(partition) ?? this.#openLane(partition);
    const bury = events.map(({ number, ofMessages }): Burial => {
      if (!ofMessages) return { number, reason };
      return { number, reason, positions: [lane.positionIn(number), Number.MAX_SAFE_INTEGER] };
    });
    const numbers = new Set(events.map(({ number }) => number));
    this.#takeTurn(lane);
    lane.burying = true;
    try {
      const { buried } = await this.#store.commit({ partition, bury, settle: [...numbers] });
      const bytes = events.reduce((sum, { data }) => sum + data.byteLength, 0);
      this.#removals++;
      this.#change(lane, () => lane.drop(numbers));
      this.#settled({ count: events.length, bytes });
      return buried;
    } catch (error) {
      // Somebody else has taken one of them away: the next sweep sees what is left.
      if (error instanceof ConflictError) return 0;
      throw error;
    } finally {
      lane.burying = false;
      this.#ground(lane);
    }
  }

  /** Ends the passes that have attempted everything. */
  #advancePasses(): void {
    for (const pass of this.#passes) {
      const isCaughtUp = !this.#isBehind && this.#reading === undefined;
      const isFull = this.#lanes.size >= LANES_MAX;
      if (pass.until === undefined && (isCaughtUp || isFull)) pass.until = this.#cursor;
      if (pass.until === undefined) continue;
      for (const lane of pass.open) {
        const number = lane.firstNumber;
        const isDone = number === undefined || number > pass.until || lane.pause !== undefined;
        if (isDone && !lane.busy) pass.open.delete(lane);
      }
      if (pass.open.size > 0) continue;
      this.#passes.delete(pass);
      pass.done.resolve();
    }
  }

  #endPasses(): void {
    for (const pass of this.#passes) pass.done.resolve();
    this.#passes.clear();
  }
}

function positionsOf(messages: readonly StoredMessage[]): Batch['positions'] {
  const [first, last] = [messages[0], messages.at(-1)];
  return first === undefined || last === undefined ? undefined : [first.position, last.position];
}

function isWithin(partition: string, project: string): boolean {
  return partition === `projects/${project}` || partition.startsWith(`projects/${project}/`);
}
