/**
 * Replies as the server learns and suggests them: what a training costs it, what others notice of that, and how well the
 * replies that it suggests are found. CPU and memory are those of the server's process, as the operating system counts them.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '@parleykit/server';
import { ReplyModels, ResourceName } from '@parleykit/server/reply';
import { openSqliteStore } from '@parleykit/server/storage';
import type { Accounts, Order } from '../flood-callers.ts';
import { inFlight } from '../load.ts';
import { call, type Json } from '../rest.ts';
import { type Subject, startSubject } from '../subject.ts';
import { openFolder } from '../subjects.ts';
import { type Choice, type Recall, recallOf } from './selection.ts';
import type { StarConversation } from './star.ts';

const CLI = '../packages/cli/src/main.ts';
const HTTP_CALLS = 16;
const BATCH = 300;
const LOOK_MS = 250;
const LEAD_IN_MS = 300;
const ROUNDS = 5;
/** From one write to the next, in milliseconds. */
const WRITE_EVERY_MS = 20;

export interface ServiceTask {
  /** What is learned from, for how well replies are found; and all that there is, for what a training costs. */
  readonly train: readonly StarConversation[];
  readonly all: readonly StarConversation[];
  readonly choices: { readonly all: readonly Choice[]; readonly free: readonly Choice[] };
  /** What the replies are to follow of which labels are known. */
  readonly asked: readonly Choice['context'][];
  /** How long calls are made at a time, in seconds. */
  readonly seconds: number;
}

export interface ServiceFigures {
  readonly all: Recall;
  readonly free: Recall;
  readonly suggested: readonly (readonly { readonly reply: string }[])[];
  readonly suggestMs: number;
  readonly examples: number;
  readonly messages: number;
  readonly trainSeconds: number;
  readonly idleMib: number;
  readonly trainMib: number;
  readonly lookedMs: number;
  /** 99th percentiles while it trains against those without, and the same beside a program that does nothing but work. */
  readonly ratios: Readonly<Record<Kind, { readonly train: number; readonly floor: number }>>;
}

const kinds = ['grpc', 'rest', 'writes'] as const;
type Kind = (typeof kinds)[number];
type Times = Readonly<Record<Kind, readonly number[]>>;

export async function measureService(task: ServiceTask): Promise<ServiceFigures> {
  await using stack = new AsyncDisposableStack();
  const data = openFolder(stack);
  const cost = await measureTraining(data, task);
  const store = await openSqliteStore(data, new SystemClock());
  stack.defer(() => store.close());
  const log = { info: () => {}, error: (event: string) => process.stderr.write(`${event}\n`) };
  const models = new ReplyModels({ store, log });
  const parent = new ResourceName('train', '', '');
  const ask = async (context: Choice['context'], limit: number, allowed?: readonly string[]) =>
    (await models.suggest(parent, context, { limit, confidenceMin: 0, ...(allowed && { allowed }) })) ?? [];
  const recall = async (choices: readonly Choice[]): Promise<Recall> => {
    const ranks: number[] = [];
    for (const { context, candidates } of choices) {
      const suggested = await ask(context, candidates.length, candidates);
      const rank = suggested.findIndex(({ reply }) => reply === candidates[0]);
      // One that is passed over for another that says nearly the same is not found.
      ranks.push(rank === -1 ? candidates.length : rank);
    }
    return recallOf(ranks);
  };
  await ask([], 1);
  const before = process.cpuUsage();
  const suggested = [];
  for (const context of task.asked) suggested.push(await ask(context, 3));
  const { user, system } = process.cpuUsage(before);
  const suggestMs = (user + system) / 1000 / task.asked.length;
  return {
    ...cost,
    suggested,
    suggestMs,
    all: await recall(task.choices.all),
    free: await recall(task.choices.free),
  };
}

/** Trains both models, and that of all that there is again and again beside calls. */
async function measureTraining(data: string, { train, all, seconds }: ServiceTask) {
  const start = () => startSubject('parley', CLI, 'serve', '--port', '0', '--data', data);
  {
    await using server = await start();
    for (const [project, conversations] of Object.entries({ train, all })) {
      process.stderr.write(`storing ${conversations.length} conversations\n`);
      await storeConversations(server, `projects/${project}`, conversations);
    }
    await finish(server, await begin(server, 'train'));
  }
  // What bringing them in has cost is none of a training's cost.
  await using server = await start();
  await sleep(1_000);
  process.stderr.write('training\n');
  const idleMib = server.residentMib();
  let trainMib = 0;
  const cpuBefore = server.cpuSeconds();
  const model = await finish(server, await begin(server, 'all'), () => {
    trainMib = Math.max(trainMib, server.residentMib());
  });
  const trainSeconds = server.cpuSeconds() - cpuBefore;
  return {
    examples: Number(model['exampleCount']),
    messages: Number(model['messageCount']),
    trainSeconds,
    idleMib,
    trainMib,
    lookedMs: LOOK_MS,
    ratios: await measureRatios(server, seconds),
  };
}

/**
 * Quiet, work and training take turns, so that whatever else the machine does meets all of them. Each round looks at a later
 * part of a training.
 */
async function measureRatios(server: Subject, seconds: number): Promise<ServiceFigures['ratios']> {
  await using stack = new AsyncDisposableStack();
  const callers = await startCallers(server);
  stack.defer(() => void callers.child.kill());
  await callers.call(seconds);
  const rounds: { readonly quiet: Times; readonly floor: Times; readonly train: Times }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`training with calls, round ${round + 1} of ${ROUNDS}\n`);
    const quiet = await callers.call(seconds);
    const burner = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    const floor = await callers.call(seconds);
    burner.kill();
    await once(burner, 'exit');
    const operation = await begin(server, 'all');
    await sleep(round * seconds * 1000);
    const train = await callers.call(seconds);
    await call(server, 'POST', `${String(operation['name'])}:cancel`, {});
    rounds.push({ quiet, floor, train });
  }
  const ratio = (kind: Kind, what: 'floor' | 'train'): number =>
    percentile(
      rounds.map((each) => percentile(each[what][kind], 0.99) / percentile(each.quiet[kind], 0.99)),
      0.5,
    );
  return Object.fromEntries(
    kinds.map((kind) => [kind, { train: ratio(kind, 'train'), floor: ratio(kind, 'floor') }]),
  ) as ServiceFigures['ratios'];
}

async function begin(server: Subject, project: string): Promise<Json> {
  return call(server, 'POST', `projects/${project}/replyModel:train`, {}, 'admin/v1');
}

/** What an operation ends with. */
async function finish(server: Subject, begun: Json, onLook: () => void = () => {}): Promise<Json> {
  let operation = begun;
  while (operation['done'] !== true) {
    await sleep(LOOK_MS);
    onLook();
    operation = await call(server, 'GET', `${String(operation['name'])}`);
  }
  if (operation['error'] !== undefined) throw new Error(JSON.stringify(operation['error']));
  return (operation['response'] as { value: Json }).value;
}

/** As a program would that brings them in: each with its participants, and completed. */
async function storeConversations(
  server: Subject,
  parent: string,
  conversations: readonly StarConversation[],
): Promise<void> {
  const profile = await call(server, 'POST', `${parent}/conversationProfiles`, {
    displayName: 'star',
  });
  const bringIn = async (place: number): Promise<void> => {
    const { turns } = conversations[place] as StarConversation;
    const { name } = await call(server, 'POST', `${parent}/conversations`, {
      conversationProfile: profile['name'],
    });
    const join = async (role: string) =>
      (await call(server, 'POST', `${name}/participants`, { role }))['name'];
    const speakers = { customer: await join('END_USER'), agent: await join('HUMAN_AGENT') };
    const requests = turns.map(({ speaker, text }, index) => ({
      message: {
        participant: speakers[speaker],
        content: text,
        sendTime: new Date(1_700_000_000_000 + index).toISOString(),
      },
    }));
    for (let start = 0; start < requests.length; start += BATCH) {
      await call(server, 'POST', `${name}/messages:batchCreate`, {
        requests: requests.slice(start, start + BATCH),
      });
    }
    await call(server, 'POST', `${name}:complete`, {});
  };
  await inFlight(conversations.length, bringIn, HTTP_CALLS);
}

/** Callers of a conversation of their own: they get it, from a process of their own, and write into it from here. */
async function startCallers(server: Subject) {
  const profile = await call(server, 'POST', 'projects/calls/conversationProfiles', {
    displayName: 'calls',
  });
  const { name } = await call(server, 'POST', 'projects/calls/conversations', {
    conversationProfile: profile['name'],
  });
  const { name: participant } = await call(server, 'POST', `${name}/participants`, {
    role: 'END_USER',
  });
  const file = fileURLToPath(new URL('../flood-callers.ts', import.meta.url));
  const child: ChildProcess = fork(file, [String(server.port), String(name)], {
    execArgv: ['--conditions=source'],
  });
  await once(child, 'message');
  let written = 0;
  const write = async (): Promise<void> => {
    const sendTime = new Date(1_700_000_000_000 + ++written).toISOString();
    await call(server, 'POST', `${name}/messages:batchCreate`, {
      requests: [{ message: { participant, content: `message ${written}`, sendTime } }],
    });
  };
  return {
    child,
    async call(seconds: number): Promise<Times> {
      const answer = once(child, 'message') as Promise<[Accounts]>;
      child.send({ leadInMs: LEAD_IN_MS, seconds } satisfies Order);
      await sleep(LEAD_IN_MS);
      const writes: number[] = [];
      const calls: Promise<void>[] = [];
      const start = performance.now();
      for (let at = 0; at < seconds * 1000; at += WRITE_EVERY_MS) {
        await sleep(Math.max(0, start + at - performance.now()));
        const from = Math.min(start + at, performance.now());
        calls.push(write().then(() => void writes.push(performance.now() - from)));
      }
      await Promise.all(calls);
      const [{ grpc, rest }] = await answer;
      // One that meets a connection which the server just closes for being idle fails, and says nothing of a training.
      for (const failures of [grpc.failures, rest.failures]) {
        for (const [why, count] of Object.entries(failures)) process.stderr.write(`${count} calls: ${why}\n`);
      }
      return { grpc: grpc.milliseconds, rest: rest.milliseconds, writes };
    },
  };
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
