import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqliteConnection } from '@parleykit/server/storage';
import { ServerProcess } from '../crash/server-process.ts';
import { GrpcChannel } from '../history/grpc-channel.ts';
import { Project } from './project.ts';

/** From the end of a conversation to its purge, and then some. */
const AFTER_THE_END = 30 * 86_400 + 1;
const CONVERSATIONS = 10;
const LIVE_CONVERSATIONS = 50;
const MIB = 1024 * 1024;

export interface PurgeOptions {
  readonly messages: number;
  /** How often as many messages are filed and purged again. */
  readonly rounds: number;
  /** Calls a second of others, and how long they are measured without a purge, half of it before. 0 measures nothing. */
  readonly rate: number;
  readonly quietSeconds: number;
}

export interface PurgeRound {
  readonly filledMib: number;
  readonly purgedMib: number;
  /** The largest that the log was seen. */
  readonly logMib: number;
  readonly eraseSeconds: number;
  readonly quiet: readonly number[];
  readonly during: readonly number[];
  /** Conversations of the round that somebody still saw once they were purged; none, that is. */
  readonly seen: number;
  /** Rows that were left once all was erased; none, that is. */
  readonly left: number;
}

/** Files messages and purges them, again and again on one folder, while others use the server. */
export async function provePurge(
  options: PurgeOptions,
  onRound: (round: PurgeRound) => void = () => {},
): Promise<PurgeRound[]> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-purge-'));
  try {
    await using server = await ServerProcess.start(folder);
    await using channel = await GrpcChannel.open(server.url);
    const rounds: PurgeRound[] = [];
    const others = await openOthers(channel, options.rate);
    for (let round = 0; round < options.rounds; round++) {
      rounds.push(await purgeOnce(folder, channel, others, options, round));
      const last = rounds.at(-1);
      if (last !== undefined) onRound(last);
    }
    return rounds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function purgeOnce(
  folder: string,
  channel: GrpcChannel,
  others: Others,
  { messages, quietSeconds, rate }: PurgeOptions,
  round: number,
): Promise<PurgeRound> {
  const project = new Project(channel, `purged-${round}`);
  const file = join(folder, 'parley.sqlite');
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let logMib = 0;
  const names = await fill(project, messages);
  const filledMib = size(file) / MIB;
  for (const name of names) await project.complete(name);
  const watch = () => {
    logMib = Math.max(logMib, size(`${file}-wal`) / MIB);
  };

  watch();
  const measureQuiet = async () =>
    rate === 0 ? [] : await others.measure(async () => sleep((quietSeconds / 2) * 1000));
  const before = await measureQuiet();
  const started = performance.now();
  const during = await others.measure(async () => {
    await project.advance(AFTER_THE_END);
    while (countRows(file, 'purges') > 0) {
      watch();
      await sleep(20);
    }
  });
  const eraseSeconds = (performance.now() - started) / 1000;
  const quiet = [...before, ...(await measureQuiet())];
  let seen = 0;
  for (const name of names) {
    const outcome = await project.get(name).catch(() => undefined);
    if (outcome !== undefined) seen++;
  }
  const left =
    countRows(file, 'messages') - others.messages + countRows(file, 'send_times') - others.messages;
  return { filledMib, purgedMib: size(file) / MIB, logMib, eraseSeconds, quiet, during, seen, left };
}

async function fill(project: Project, messages: number): Promise<string[]> {
  const each = Math.ceil(messages / CONVERSATIONS);
  return Promise.all(
    Array.from({ length: CONVERSATIONS }, async (_, index) => {
      const { name } = await project.begin(`purged-${index}`);
      await project.say(name, await project.join(name), each, 0);
      return name;
    }),
  );
}

/** By a connection of its own, which sees what is committed. */
function countRows(file: string, table: 'purges' | 'messages' | 'send_times'): number {
  const connection = new SqliteConnection(file, { readOnly: true });
  try {
    return Number(connection.prepare(`SELECT count(*) FROM ${table}`).get()?.[0]);
  } finally {
    connection.close();
  }
}

interface Others {
  /** Messages that they have filed. */
  readonly messages: number;
  /** What their calls took in milliseconds while something was done. */
  measure(work: () => Promise<void>): Promise<number[]>;
}

/** Callers in another project: a third of their calls file a message, a third read a page, a third a conversation. */
async function openOthers(channel: GrpcChannel, rate: number): Promise<Others> {
  const project = new Project(channel, 'others');
  const live = await Promise.all(
    Array.from({ length: LIVE_CONVERSATIONS }, async (_, index) => {
      const { name } = await project.begin(`live-${index}`);
      return { name, participant: await project.join(name) };
    }),
  );
  let messages = 0;
  const callOnce = async (number: number): Promise<void> => {
    const { name, participant } = live[number % LIVE_CONVERSATIONS] ?? { name: '', participant: '' };
    if (number % 3 === 0) await project.say(name, participant, 1, messages++);
    else if (number % 3 === 1) await project.list(name, 20);
    else await project.get(name);
  };
  return {
    get messages() {
      return messages;
    },
    async measure(work) {
      const latencies: number[] = [];
      if (rate === 0) {
        await work();
        return latencies;
      }
      let isDone = false;
      const finished = work().finally(() => {
        isDone = true;
      });
      const underWay: Promise<void>[] = [];
      const first = performance.now();
      for (let number = 0; !isDone; number++) {
        // By the plan and not by the last answer, so that who waits does not make the load less.
        await sleep(Math.max(0, first + (number * 1000) / rate - performance.now()));
        const began = performance.now();
        underWay.push(callOnce(number).then(() => void latencies.push(performance.now() - began)));
      }
      await Promise.all([finished, ...underWay]);
      return latencies;
    },
  };
}

/** The value that so many of all are not above; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
