import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Development } from '@parleykit/proto/admin';
import { ConversationProfiles, Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { SqliteConnection } from '@parleykit/server/storage';
import type { Random } from '../../conformance/fuzz/random.ts';
import { GrpcClient, LostError, openClient } from '../crash/client.ts';
import { copyData, IntegrityChecker } from '../crash/integrity.ts';
import { MARK_VARIABLE } from '../crash/kill-control.ts';
import { readMessages } from '../crash/reading.ts';
import { ServerProcess } from '../crash/server-process.ts';
import { Receiver, untilAllIsTold } from '../events/receiver.ts';
import { WishingAgent } from './agent.ts';
import {
  type Life,
  lookAt,
  lookUntilLost,
  PARENT,
  type Place,
  repeat,
  settle,
  talkUntilLost,
} from './callers.ts';
import { check, endOf, HANDED_OFF } from './check.ts';
import type { Line } from './model.ts';
import { type Advance, type Kill, planRun, streamOf } from './plan.ts';
import { SABOTAGE_VARIABLE, type Sabotage } from './sabotages.ts';
import { micros, type OwnTalk, World } from './world.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** How many kills. */
  readonly runs: number;
  /** Breaks the server first. */
  readonly sabotage?: Sabotage | undefined;
  readonly onRun?: (run: number) => void;
}

export interface Report {
  readonly kills: number;
  /** Starts that were cut off besides. */
  readonly brokenStarts: number;
  /** Kills that came while a turn had no answer, a push was without one, an advance was; and any of these. */
  readonly killsUnderWay: Readonly<Record<'turn' | 'push' | 'advance' | 'any', number>>;
  readonly conversations: number;
  readonly turns: number;
  /** Turns that were answered, and those of which the callers never learned what became. */
  readonly answered: number;
  readonly unknown: { readonly whole: number; readonly absent: number };
  /** Requests that were sent again, and how many of these had been answered. */
  readonly repeated: number;
  readonly repeatedAfterAnswer: number;
  /** Requests that had had no answer, and whose first one was made before a kill: the agent was not asked again. */
  readonly kept: number;
  readonly messages: number;
  readonly handOffs: number;
  readonly advances: number;
  readonly completedByTimer: number;
  readonly purged: number;
  /** Events that were acknowledged, and how many of these had been before. */
  readonly told: number;
  readonly toldAgain: number;
  readonly refusedPushes: number;
  readonly findings: readonly string[];
}

/** Conversations that are held at once. */
const PLACES = 6;
const TOPIC = `${PARENT}/topics/t`;
const MONTH_AND_DAY = 31 * 24 * 3600;
/** A server that does not end or do what it must in this time is one that hangs. */
const PATIENCE_MS = 30_000;
/** A run waits for several such things. */
const RUN_PATIENCE_MS = 5 * PATIENCE_MS;
/** Answered turns of conversations that are still there which are asked again in the end. */
const REPEATED_AT_THE_END = 300;

/** What is empty once all conversations are purged. */
const NOT_LEFT = [
  'purges',
  'messages',
  'replies',
  'events',
  'dead_events',
  'resources WHERE number IS NOT NULL',
  "resources WHERE collection LIKE '%/participants'",
  "timers WHERE kind IN ('complete', 'purge')",
] as const;

/** Streams of random numbers that belong to no run, or to no caller of it. */
const STREAMS = { agent: 60, receiver: 61, look: 62 } as const;

/**
 * Has callers take turns with an agent that is quick, slow, fails and hands over, on a clock that is moved, while events
 * are told; kills the server and starts it again. Who had no answer asks again, and so does who had one. In the end each
 * conversation must have lived as promised.
 */
export async function runCampaign(options: CampaignOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-turns-'));
  try {
    await using campaign = await Campaign.open(folder, options);
    return await campaign.run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Campaign implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: CampaignOptions;
  readonly #world: World;
  readonly #agent: WishingAgent;
  readonly #receiver: Receiver;
  readonly #places: readonly Place[] = Array.from({ length: PLACES }, () => ({}));
  #brokenStarts = 0;
  readonly #underWay = { turn: 0, push: 0, advance: 0, any: 0 };
  #events = '';
  #server: ServerProcess | undefined;
  /** The time that the project's clock was to reach when the server was killed, in microseconds. */
  #target: number | undefined;
  /** How long the last advance took that nobody interrupted. */
  #advanceMs = 50;

  static async open(folder: string, options: CampaignOptions): Promise<Campaign> {
    const world = new World();
    const random = (worker: number): Random => streamOf(options.seed, 0, worker);
    const agent = await WishingAgent.open(random(STREAMS.agent), () => world.note('asked'));
    const receiver = new Receiver(random(STREAMS.receiver), () => world.note('pushed'));
    return new Campaign(folder, options, { world, agent, receiver });
  }

  private constructor(
    folder: string,
    options: CampaignOptions,
    parts: { readonly world: World; readonly agent: WishingAgent; readonly receiver: Receiver },
  ) {
    this.#folder = folder;
    this.#options = options;
    this.#world = parts.world;
    this.#agent = parts.agent;
    this.#receiver = parts.receiver;
  }

  async run(): Promise<Report> {
    this.#events = await this.#receiver.open();
    await this.#start();
    await this.#live(async ({ grpc }) => {
      const notificationConfig = { topic: TOPIC };
      const { name } = await grpc.call(ConversationProfiles.method.createConversationProfile, {
        parent: PARENT,
        conversationProfile: {
          displayName: 'Turns',
          automatedAgentConfig: { agent: `${PARENT}/locations/global/agent/environments/-` },
          notificationConfig,
          newMessageEventNotificationConfig: notificationConfig,
        },
      });
      this.#world.profile = name;
    });
    for (let run = 1; run <= this.#options.runs; run++) {
      await this.#runInTime(run);
      this.#options.onRun?.(run);
    }
    return this.#finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.#receiver[Symbol.asyncDispose]();
    await this.#agent[Symbol.asyncDispose]();
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  #launch(): ServerProcess {
    const { sabotage } = this.#options;
    return ServerProcess.launch(this.#data, {
      demo: false,
      preloads: ['killPoints', ...(sabotage === undefined ? [] : ['broken-turns' as const])],
      environment: {
        PARLEY_DEV: 'true',
        PARLEY_EVENTS: this.#events,
        PARLEY_AGENT_WEBHOOK: this.#agent.url,
        NODE_COMPILE_CACHE: join(this.#folder, 'compile-cache'),
        [MARK_VARIABLE]: join(this.#folder, 'mark'),
        ...(sabotage && { [SABOTAGE_VARIABLE]: sabotage }),
      },
    });
  }

  async #start(): Promise<void> {
    this.#server = this.#launch();
    await this.#server.ready();
  }

  /** Starts that come to nothing: what is due is done then, too. */
  async #breakStarts(brokenStartsMs: readonly number[]): Promise<void> {
    for (const ms of brokenStartsMs) {
      this.#brokenStarts++;
      await using server = this.#launch();
      if (await server.ends(ms))
        this.#world.find(`it did not start (${server.describeEnd()}): ${server.stderr}`);
    }
  }

  /** Does something with a server, and closes what was opened to call it. */
  async #live(work: (life: Life) => Promise<void>, signal = new AbortController().signal): Promise<void> {
    const server = this.#current();
    const grpc = await GrpcClient.open(server);
    const rest = await openClient('REST', server);
    try {
      await work({ world: this.#world, agent: this.#agent, grpc, rest, signal });
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      const how = `${server.describeEnd()}: ${server.stderr}`;
      throw new Error(`the server does not answer (${how})`, { cause: error });
    } finally {
      grpc.close();
      rest.close();
    }
  }

  /** Throws where it takes so long that the server must hang. */
  async #runInTime(run: number): Promise<void> {
    const patience = Promise.withResolvers<never>();
    const timer = setTimeout(() => patience.reject(new Error(`run ${run} does not end`)), RUN_PATIENCE_MS);
    try {
      await Promise.race([this.#run(run), patience.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #run(run: number): Promise<void> {
    const { kill, advance, brokenStartsMs } = planRun(this.#options.seed, run);
    const before = { lost: this.#world.tally.lost, abandoned: this.#receiver.abandoned };
    let isAdvancing = false;
    const control = new AbortController();
    await this.#live(async (life) => {
      const random = (worker: number): Random => streamOf(this.#options.seed, run, worker);
      const work = Promise.all([
        ...this.#places.map((place, index) => talkUntilLost(life, place, random(index))),
        lookUntilLost(life, random(STREAMS.look)),
      ]);
      const quiet = async (): Promise<void> => {
        control.abort();
        await work;
      };
      if (advance === undefined) await this.#strike(kill);
      else isAdvancing = await this.#advanceAndStrike(life, advance, kill, quiet);
      this.#world.gate.open();
      await quiet();
    }, control.signal);
    const met = {
      turn: this.#world.tally.lost > before.lost,
      push: this.#receiver.abandoned > before.abandoned,
      advance: isAdvancing,
    };
    for (const what of ['turn', 'push', 'advance'] as const) if (met[what]) this.#underWay[what]++;
    if (met.turn || met.push || met.advance) this.#underWay.any++;

    await this.#breakStarts(brokenStartsMs);
    await this.#start();
    await this.#live(async (life) => {
      if (this.#target !== undefined) await this.#advanceTo(life, this.#target);
      await this.#lookAtAll(life);
    });
  }

  /** Kills the server as it is planned, and waits for its end. */
  async #strike(kill: Kill): Promise<void> {
    const server = this.#current();
    if (kill.at === 'commit') {
      await server.arm(kill.aim);
      // Whoever calls it brings it there.
      if (!(await server.ends(PATIENCE_MS))) this.#world.find(`it did not come to commit ${kill.aim.n}`);
    } else if (kill.at === 'moment') await sleep(kill.ms);
    else await Promise.race([this.#world.more(kill.at, kill.count), server.ends(PATIENCE_MS)]);
    await this.#kill();
  }

  async #kill(): Promise<void> {
    const server = this.#current();
    server.kill();
    await server.ends(PATIENCE_MS);
    const end = server.describeEnd();
    if (end !== 'SIGKILL') this.#world.find(`the server ended by itself (${end}): ${server.stderr}`);
  }

  /**
   * Moves the clock while callers speak, or once they are quiet where what they said is to go; then kills the server,
   * whether that was done or not. Answers whether it was not.
   */
  async #advanceAndStrike(
    life: Life,
    advance: Advance,
    kill: Kill,
    quiet: () => Promise<void>,
  ): Promise<boolean> {
    const { world } = life;
    const server = this.#current();
    await Promise.race([world.more('answered', advance.after), server.ends(PATIENCE_MS)]);
    if (advance.purges) {
      await quiet();
      await this.#record(life);
    } else {
      // What was asked before must not be asked again while the answers expire that are kept.
      await world.gate.close();
    }
    const { aim, isKilled } = advance;
    if (isKilled && aim !== undefined) await server.arm(aim);
    const advanced = this.#advanceBy(life, advance.seconds).then(
      () => true,
      (error: unknown) => {
        if (error instanceof LostError) return false;
        throw error;
      },
    );
    if (isKilled) {
      await Promise.race([
        advanced,
        aim === undefined ? sleep(advance.share * this.#advanceMs) : server.ends(PATIENCE_MS),
      ]);
      await this.#kill();
      return !(await advanced);
    }
    await advanced;
    await this.#lookAtAll(life);
    world.gate.open();
    if (advance.purges) await this.#kill();
    else await this.#strike(kill);
    return false;
  }

  async #advanceBy(life: Life, seconds: number): Promise<void> {
    this.#world.tally.advances++;
    const { time } = await life.grpc.call(Development.method.getClock, { name: `${PARENT}/clock` });
    await this.#advanceTo(life, micros(time) + seconds * 1_000_000);
  }

  /** Has the project's clock show a time or a later one, and all be done that is due by then. */
  async #advanceTo(life: Life, target: number): Promise<void> {
    const { world } = life;
    const name = `${PARENT}/clock`;
    this.#target = target;
    const { time } = await life.grpc.call(Development.method.getClock, { name });
    const by = Math.max(0, target - micros(time));
    world.ahead = { ...world.ahead, most: Math.max(world.ahead.most, world.ahead.least + by) };
    const began = performance.now();
    const seconds = Math.floor(by / 1_000_000);
    const duration = { seconds: BigInt(seconds), nanos: (by - seconds * 1_000_000) * 1000 };
    const { offset } = await life.grpc.call(Development.method.advanceClock, { name, duration });
    if (by > 0) this.#advanceMs = Math.max(20, performance.now() - began);
    const ahead = offset === undefined ? 0 : Number(offset.seconds) * 1_000_000 + offset.nanos / 1000;
    world.ahead = { least: ahead, most: ahead };
    world.reached = Math.max(world.reached, target);
    this.#target = undefined;
  }

  async #lookAtAll(life: Life): Promise<void> {
    for (const talk of this.#world.talks) if (!talk.isGone) await lookAt(life, talk);
  }

  /** Keeps what was said, now that nobody speaks and all is told: it is about to go. */
  async #record(life: Life): Promise<void> {
    await this.#allIsTold();
    for (const talk of this.#world.talks.filter(({ isGone }) => !isGone)) {
      await lookAt(life, talk);
      if (!talk.isGone) talk.transcript = await this.#read(life, talk);
    }
  }

  async #allIsTold(): Promise<void> {
    const left = await untilAllIsTold(this.#current());
    if (left > 0) this.#world.find(`${left} events are not told`);
  }

  /** Once all that was purged is erased nothing is left of it, and the database is sound. */
  async #lookAtData(): Promise<void> {
    const connection = new SqliteConnection(join(this.#data, 'parley.sqlite'), { readOnly: true });
    const count = (rows: string): number =>
      Number(connection.prepare(`SELECT count(*) FROM ${rows}`).get()?.[0]);
    try {
      const began = performance.now();
      while (count('purges') > 0 && performance.now() - began < PATIENCE_MS) await sleep(20);
      for (const rows of NOT_LEFT) {
        const left = count(rows);
        if (left > 0) this.#world.find(`${left} rows are left of ${rows}`);
      }
    } finally {
      connection.close();
    }
    const code = await this.#current().stop();
    if (code !== 0) this.#world.find(`asked to stop the server ended with ${code}`);
    const copy = join(this.#folder, 'copy');
    copyData(this.#data, copy);
    await using integrity = new IntegrityChecker();
    for (const problem of await integrity.check(copy))
      this.#world.find(`the database is damaged: ${problem}`);
  }

  async #read({ grpc }: Life, { name }: OwnTalk): Promise<readonly Line[]> {
    const messages = await readMessages(grpc, name);
    return messages.toReversed().map((message) => ({
      name: message.name,
      at: message.createTime,
      role: Role[message.role] ?? '',
      participant: message.participant,
      text: message.content,
    }));
  }

  /** Asks once more for what was answered, has time end and purge all that is left, and looks at all lives. */
  async #finish(): Promise<Report> {
    const { talks, answered, findings, tally } = this.#world;
    await this.#live(async (life) => {
      const random = streamOf(this.#options.seed, this.#options.runs + 1, 0);
      for (const place of this.#places) await settle(life, place);
      const left = answered.filter(({ talk }) => !talk.isGone);
      for (const turn of left.slice(-REPEATED_AT_THE_END)) await repeat(life, turn, random);
      await this.#record(life);
      await this.#advanceBy(life, MONTH_AND_DAY);
      await this.#lookAtAll(life);
      await this.#allIsTold();
    });
    await this.#lookAtData();
    const { told, refused } = this.#receiver;
    const byConversation = Map.groupBy(told, ({ conversation }) => conversation);
    for (const talk of talks) {
      findings.push(...check(talk, byConversation.get(talk.name) ?? []));
      byConversation.delete(talk.name);
    }
    for (const name of byConversation.keys()) findings.push(`${name} was told, and nobody made it`);
    findings.push(...this.#agent.findings);

    const ids = new Map(told.map(({ id, what }) => [id, what]));
    const turns = talks.flatMap((talk) => talk.turns);
    const said = new Set(talks.flatMap(({ transcript }) => transcript.map(({ text }) => text)));
    const unknown = turns.filter((turn) => turn.answered === undefined && !turn.refused);
    const absent = unknown.filter(({ text }) => !said.has(text)).length;
    return {
      kills: this.#options.runs,
      brokenStarts: this.#brokenStarts,
      killsUnderWay: this.#underWay,
      conversations: talks.length,
      turns: turns.length,
      answered: turns.filter((turn) => turn.answered !== undefined).length,
      unknown: { whole: unknown.length - absent, absent },
      repeated: tally.repeated,
      repeatedAfterAnswer: tally.repeatedAfterAnswer,
      kept: tally.kept,
      messages: talks.reduce((sum, { transcript }) => sum + transcript.length, 0),
      handOffs: [...ids.values()].filter((what) => what === HANDED_OFF).length,
      advances: tally.advances,
      completedByTimer: talks.filter((talk) => endOf(talk).byTimer).length,
      purged: talks.filter(({ isGone }) => isGone).length,
      told: ids.size,
      toldAgain: told.length - ids.size,
      refusedPushes: refused,
      findings,
    };
  }

  #current(): ServerProcess {
    if (this.#server === undefined) throw new Error('no server was started');
    return this.#server;
  }
}
