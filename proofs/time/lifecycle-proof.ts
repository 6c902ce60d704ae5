import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { ConversationEvent_Type as EventType } from '@parleykit/proto/v2beta1';
import { SqliteConnection } from '@parleykit/server/storage';
import { ServerProcess } from '../crash/server-process.ts';
import { GrpcChannel } from '../history/grpc-channel.ts';
import { LifeListener } from './listener.ts';
import { Project } from './project.ts';

const HOUR = 3_600_000_000n;
const LIFE = 24n * HOUR;
const KEPT = 30n * LIFE;
const WAVE_HOURS = 2n;
const IN_FLIGHT = 64;
/** Kernels count the CPU of a process in hundredths of a second. */
const TICKS_PER_SECOND = 100;

export interface LifecycleOptions {
  readonly conversations: number;
  /** How often the server is killed while it does what is due. */
  readonly kills: number;
  readonly seed: number;
  /** They begin in so many waves, two hours apart, each of which makes two steps. */
  readonly waves: number;
  /** Breaks the server first: a proof that does not notice proves nothing. */
  readonly sabotage?: 'early-timers' | undefined;
  readonly onStep?: (step: string) => void;
}

export interface LifecycleReport {
  readonly completed: number;
  readonly purged: number;
  /** Events of beginnings and ends, each counted once, and how many pushes they came with. */
  readonly events: number;
  readonly pushes: number;
  readonly restarts: number;
  readonly kills: number;
  /** Kills that met an advance which was not over. */
  readonly killsUnderWay: number;
  /** Of the server's processes, without the last moments of those that were killed. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** What was otherwise than promised, a line each. */
  readonly findings: readonly string[];
}

interface Kept {
  /** Microseconds since the epoch. */
  readonly start: bigint;
  end?: bigint;
}

/**
 * Has conversations live their whole lives on the clock of their project, with a restart after every step, and looks from
 * outside and into the data whether each was ended and purged at its time, not before, and once.
 */
export async function proveLifecycle(options: LifecycleOptions): Promise<LifecycleReport> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-lifecycle-'));
  try {
    await using run = new Run(folder, options);
    return await run.live();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: LifecycleOptions;
  readonly #random: () => number;
  readonly #all = new Map<string, Kept>();
  readonly #findings: string[] = [];
  readonly #began = performance.now();
  readonly #listener = new LifeListener();
  #listenerUrl = '';
  #server: ServerProcess | undefined;
  #channel: GrpcChannel | undefined;
  #project: Project | undefined;
  #cpuSeconds = 0;
  #restarts = 0;
  #kills = 0;
  #killsUnderWay = 0;
  /** How long the last advance took that nobody interrupted. */
  #advanceMs = 20;

  constructor(folder: string, options: LifecycleOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#random = generator(options.seed);
  }

  async live(): Promise<LifecycleReport> {
    this.#listenerUrl = await this.#listener.open();
    await this.#start();
    const base = micros((await this.#current().clock()).time);
    const { waves } = this.#options;
    for (let wave = 0; wave < waves; wave++) {
      await this.#advanceTo(base + BigInt(wave) * WAVE_HOURS * HOUR, 0);
      await this.#beginWave(wave);
      this.#say(`wave ${wave + 1} of ${waves} has begun`);
    }
    const steps = [LIFE, LIFE + KEPT].flatMap((end) =>
      Array.from({ length: waves + 1 }, (_, wave) => base + end + (BigInt(wave) * WAVE_HOURS - 1n) * HOUR),
    );
    for (const [index, target] of steps.entries()) {
      const killsLeft = this.#options.kills - this.#kills;
      const share = Math.ceil(killsLeft / (steps.length - index));
      await this.#advanceTo(target, share);
      await this.#check(target);
      await this.#restart();
      await this.#check(target);
      this.#say(`step ${index + 1} of ${steps.length}`);
    }
    const completed = [...this.#all.values()].filter(({ end }) => end !== undefined).length;
    const purged = this.#all.size - (await this.#listAll()).size;
    this.#checkEvents();
    this.#cpuSeconds += this.#readCpu();
    return {
      completed,
      purged,
      events:
        this.#listener.count(EventType.CONVERSATION_STARTED) +
        this.#listener.count(EventType.CONVERSATION_FINISHED),
      pushes: this.#listener.pushes,
      restarts: this.#restarts,
      kills: this.#kills,
      killsUnderWay: this.#killsUnderWay,
      cpuSeconds: this.#cpuSeconds,
      seconds: (performance.now() - this.#began) / 1000,
      findings: this.#findings,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel?.[Symbol.asyncDispose]();
    await this.#server?.[Symbol.asyncDispose]();
    await this.#listener[Symbol.asyncDispose]();
  }

  async #beginWave(wave: number): Promise<void> {
    const { conversations, waves } = this.#options;
    const each = Math.ceil(conversations / waves);
    const last = Math.min((wave + 1) * each, conversations);
    let next = wave * each;
    const worker = async (): Promise<void> => {
      while (next < last) {
        const number = next++;
        const { name, startTime } = await this.#current().begin(`life-${number}`);
        this.#all.set(name, { start: micros(startTime) });
        // Some have something to erase.
        if (number % 10 === 0) await this.#current().say(name, await this.#current().join(name), 3, 0);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  /** Has the project's clock show a time, however often the server is killed on the way. */
  async #advanceTo(target: bigint, kills: number): Promise<void> {
    for (let left = kills; ; left--) {
      const now = micros((await this.#current().clock()).time);
      const by = target > now ? target - now : 0n;
      const started = performance.now();
      const advanced = this.#current().advance(Number(by / 1_000_000n), Number(by % 1_000_000n) * 1000);
      if (left <= 0) {
        await advanced;
        this.#advanceMs = Math.max(20, performance.now() - started);
        return;
      }
      const outcome = advanced.then(
        () => 'answered',
        () => 'broken',
      );
      await Promise.race([outcome, sleep(this.#random() * this.#advanceMs)]);
      await this.#kill();
      if ((await outcome) === 'broken') this.#killsUnderWay++;
    }
  }

  /** Each conversation is what it must be by a time that has been reached; what becomes due meanwhile may be either. */
  async #check(reached: bigint): Promise<void> {
    const found = await this.#listAll();
    const now = micros((await this.#current().clock()).time);
    let [inProgress, completed] = [0, 0];
    for (const [name, kept] of this.#all) {
      const end = kept.start + LIFE;
      const there = found.get(name);
      if (there === undefined) {
        if (end + KEPT > now) this.#find(`${name} is purged ${end + KEPT - now} us early`);
        continue;
      }
      if (end + KEPT <= reached) this.#find(`${name} is not purged`);
      if (there.start !== kept.start) this.#find(`${name} began at another time`);
      if (there.end === undefined) {
        inProgress++;
        if (end <= reached) this.#find(`${name} is not completed`);
        continue;
      }
      completed++;
      if (end > now) this.#find(`${name} is completed ${end - now} us early`);
      if (there.end !== end) this.#find(`${name} ended ${there.end - end} us from 24 hours`);
      kept.end = there.end;
    }
    if (found.size > this.#all.size) this.#find(`${found.size - this.#all.size} conversations nobody began`);
    this.#checkData(inProgress, completed);
  }

  /** A conversation is written once when it begins, and once when it ends; and it has the one timer that is next. */
  #checkData(inProgress: number, completed: number): void {
    const connection = new SqliteConnection(join(this.#folder, 'parley.sqlite'), { readOnly: true });
    try {
      const count = (sql: string): number => Number(connection.prepare(sql).get()?.[0]);
      const conversations = 'SELECT count(*) FROM resources WHERE number IS NOT NULL AND state';
      const facts = [
        ['conversations in progress, written once', `${conversations} = 1 AND version = 1`, inProgress],
        ['completed conversations, written twice', `${conversations} = 2 AND version = 2`, completed],
        ['timers that complete', `SELECT count(*) FROM timers WHERE kind = 'complete'`, inProgress],
        ['timers that purge', `SELECT count(*) FROM timers WHERE kind = 'purge'`, completed],
      ] as const;
      for (const [what, sql, want] of facts) {
        const got = count(sql);
        if (got !== want) this.#find(`${got} ${what}, and not ${want}`);
      }
    } finally {
      connection.close();
    }
  }

  /** The last advance had each event attempted, and nobody refused one. */
  #checkEvents(): void {
    for (const [name, { start }] of this.#all) {
      for (const [type, at] of [
        [EventType.CONVERSATION_STARTED, start],
        [EventType.CONVERSATION_FINISHED, start + LIFE],
      ] as const) {
        const heard = this.#listener.heard(type, name);
        const what = `${EventType[type]} of ${name}`;
        if (heard?.events !== 1) this.#find(`${what} was ${heard === undefined ? 'not told' : 'two events'}`);
        else if (toMicros(heard.publishTime) !== at)
          this.#find(`${what} was told as of ${heard.publishTime}`);
      }
    }
  }

  async #listAll(): Promise<Map<string, Kept>> {
    const found = new Map<string, Kept>();
    for (const state of ['IN_PROGRESS', 'COMPLETED']) {
      for await (const { name, startTime, endTime } of this.#current().conversations(state)) {
        if (found.has(name)) this.#find(`${name} is listed twice`);
        const start = micros(startTime);
        found.set(name, endTime === undefined ? { start } : { start, end: micros(endTime) });
      }
    }
    return found;
  }

  async #start(): Promise<void> {
    const { sabotage } = this.#options;
    this.#server = await ServerProcess.start(this.#folder, {
      environment: { PARLEY_EVENTS: this.#listenerUrl },
      ...(sabotage && { preloads: [sabotage] }),
    });
    this.#channel = await GrpcChannel.open(this.#server.url);
    this.#project = new Project(this.#channel, 'lives', 'projects/lives/topics/lives');
  }

  async #restart(): Promise<void> {
    this.#cpuSeconds += this.#readCpu();
    await this.#channel?.[Symbol.asyncDispose]();
    const code = await this.#server?.stop();
    if (code !== 0) this.#find(`the server ended with ${code}`);
    this.#restarts++;
    await this.#start();
  }

  async #kill(): Promise<void> {
    this.#cpuSeconds += this.#readCpu();
    this.#server?.kill();
    await this.#server?.ends(10_000);
    await this.#channel?.[Symbol.asyncDispose]();
    this.#kills++;
    await this.#start();
  }

  #readCpu(): number {
    const stat = readFileSync(`/proc/${this.#server?.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND;
  }

  #current(): Project {
    if (this.#project === undefined) throw new Error('the server is not up');
    return this.#project;
  }

  #find(finding: string): void {
    if (this.#findings.length < 100) this.#findings.push(finding);
  }

  #say(step: string): void {
    this.#options.onStep?.(step);
  }
}

function micros(time: Timestamp | undefined): bigint {
  if (time === undefined) throw new Error('a time is missing');
  return time.seconds * 1_000_000n + BigInt(time.nanos) / 1000n;
}

/** Of a time in RFC 3339, with as many digits as it has. */
function toMicros(time: string): bigint {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/u.exec(time) ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

/** Numbers from 0 to 1 that follow from the seed: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function generator(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
    return Number(state >> 11n) / 2 ** 53;
  };
}

export function describeLifecycle(report: LifecycleReport): string {
  const { findings } = report;
  return [
    `${report.completed} conversations completed at 24 h, ${report.purged} purged 30 d later`,
    `${report.events} events told, each once (${report.pushes} pushes: after a kill some come again)`,
    `${report.restarts} restarts, ${report.kills} kills (${report.killsUnderWay} while an advance was under way)`,
    `${report.seconds.toFixed(1)} s, of which ${report.cpuSeconds.toFixed(1)} s of the server's CPU`,
    findings.length === 0 ? 'nothing was otherwise than promised' : `${findings.length} findings:`,
    ...findings,
    '',
  ].join('\n');
}
