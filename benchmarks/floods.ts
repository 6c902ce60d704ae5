/**
 * What a flood from one caller does to others: how much longer their calls take while it lasts, as the ratio of the
 * 99th percentiles with and without it. Quiet and flood alternate, so that whatever else the machine does meets both.
 * Server, attacker and callers have a process each. Where they are more than the machine has cores for, calls take
 * longer for that alone: the same flood against a server that does nothing says by how much.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fromJson, toBinary } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { ConversationSchema } from '@parleykit/proto/v2beta1';
import { attacks } from './flood-attacks.ts';
import type { Accounts, Order } from './flood-callers.ts';
import { type Subject, startSubject } from './subject.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1.2' },
    /** Only attacks whose names hold this. */
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

const GOAL = 2;
const CONVERSATION = 'projects/demo/conversations/flood';
const MESSAGES = 100;
const MESSAGE_BYTES = 1000;
/** How long the callers call before it counts. */
const LEAD_IN_MS = 300;
/** A flood is over once the server answers as quickly as this again, and must be by then. */
const RECOVERED_MS = 50;
const RECOVERY_MS = 60_000;

const wires = ['grpc', 'rest'] as const;
type Wire = (typeof wires)[number];

/** A server with those who call it. */
interface Side {
  readonly subject: Subject;
  readonly callers: ChildProcess;
}

/** What was measured in one phase. */
interface Phase {
  readonly p99: Readonly<Record<Wire, number>>;
  readonly most: Readonly<Record<Wire, number>>;
  /** Why calls failed, and how many. */
  readonly failures: Readonly<Record<Wire, Readonly<Record<string, number>>>>;
  /** Of one core, by the server. */
  readonly serverShare: number;
  /** Of all cores, by anybody. */
  readonly machineShare: number;
}

interface Round {
  readonly quiet: Phase;
  readonly flood: Phase;
  /** What the attacker did, by its own account. */
  readonly done: Readonly<Record<string, number>>;
  readonly residentMib: number;
}

async function main(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'parley-floods-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(data, { recursive: true, force: true }));
  const cli = '../packages/cli/src/main.ts';
  const parley = stack.use(
    await startSubject('parley', cli, 'serve', '--demo', '--port', '0', '--data', data),
  );
  const { json, pageBytes } = await setScene(parley.port);
  const message = toBinary(ConversationSchema, fromJson(ConversationSchema, JSON.parse(json), { registry }));
  const answers = [json, message].map((bytes) => Buffer.from(bytes).toString('base64'));
  const empty = stack.use(
    await startSubject('empty', './floors/empty-both.ts', ...answers, String(pageBytes)),
  );
  const sides: Side[] = [];
  for (const subject of [parley, empty]) {
    const callers = await startChild('flood-callers.ts', String(subject.port), CONVERSATION);
    stack.defer(() => void callers.kill());
    sides.push({ subject, callers });
  }
  const names = Object.keys(attacks).filter((name) => name.includes(values.only));
  const results = new Map(names.map((name) => [name, sides.map((): Round[] => [])]));
  for (const side of sides) {
    process.stderr.write(`warming up: ${side.subject.name}\n`);
    await measure(side, 5);
  }
  const resident = sides.map(({ subject }) => [subject.residentMib()]);
  for (let round = 1; round <= rounds; round++) {
    for (const [attack, bySide] of results) {
      process.stderr.write(`round ${round} of ${rounds}: ${attack}\n`);
      for (const [index, side] of sides.entries()) bySide[index]?.push(await play(side, attack));
    }
    for (const [index, { subject }] of sides.entries()) resident[index]?.push(subject.residentMib());
  }
  report(results);
  const memory = sides.map(({ subject }, index) => {
    return `${subject.name} ${resident[index]?.map((mib) => mib.toFixed(0)).join(', ')} MiB`;
  });
  process.stdout.write(`\nmemory before, and after each round: ${memory.join('; ')}\n`);
}

/** Makes the conversation that is got, with a page of messages. Answers the one as JSON and how large the other is. */
async function setScene(port: number): Promise<{ json: string; pageBytes: number }> {
  const call = async (path: string, body?: unknown): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/v2beta1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${text}`);
    return text;
  };
  const id = CONVERSATION.split('/').at(-1);
  await call(`projects/demo/conversations?conversationId=${id}`, {
    conversationProfile: 'projects/demo/conversationProfiles/demo',
  });
  const { name: participant } = JSON.parse(
    await call(`${CONVERSATION}/participants`, { role: 'END_USER' }),
  ) as { name: string };
  const requests = Array.from({ length: MESSAGES }, (_, index) => ({
    message: {
      participant,
      content: 'x'.repeat(MESSAGE_BYTES),
      sendTime: new Date(1_700_000_000_000 + index).toISOString(),
    },
  }));
  await call(`${CONVERSATION}/messages:batchCreate`, { requests });
  const page = await call(`${CONVERSATION}/messages`);
  return { json: await call(CONVERSATION), pageBytes: Buffer.byteLength(page) };
}

async function startChild(program: string, ...args: string[]): Promise<ChildProcess> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = fork(file, args, { execArgv: ['--conditions=source'] });
  await nextMessage(child);
  return child;
}

/** What a child says next. Throws where it ends without a word. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const exited = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`a child process ended with ${code}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: ended.signal }), exited]);
    return message;
  } finally {
    exited.catch(() => {});
    ended.abort();
  }
}

/** One attack on one server, and the quiet before it. */
async function play(side: Side, attack: string): Promise<Round> {
  const { subject } = side;
  const attacker = await startChild(
    'flood-attacker.ts',
    attack,
    String(subject.port),
    CONVERSATION,
    String(seconds),
  );
  const exited = once(attacker, 'exit');
  try {
    const quiet = await measure(side, seconds);
    const flood = await measure(side, seconds, () => attacker.send('begin'));
    const residentMib = subject.residentMib();
    const done = nextMessage(attacker);
    attacker.send('end');
    return { quiet, flood, residentMib, done: (await done) as Round['done'] };
  } finally {
    attacker.kill();
    await exited;
    await recover(subject);
  }
}

/** What a flood has left to be done is no part of what is measured next. */
async function recover({ name, port }: Subject): Promise<void> {
  const deadline = AbortSignal.timeout(RECOVERY_MS);
  for (let quick = 0; quick < 3; ) {
    await sleep(RECOVERED_MS);
    const started = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: deadline }).catch(
      (cause: unknown) => {
        throw new Error(`${name} did not outlive the flood`, { cause });
      },
    );
    await response.text();
    quick = performance.now() - started < RECOVERED_MS ? quick + 1 : 0;
  }
}

async function measure({ subject, callers }: Side, forSeconds: number, begin?: () => void): Promise<Phase> {
  const answer = nextMessage(callers);
  callers.send({ leadInMs: LEAD_IN_MS, seconds: forSeconds } satisfies Order);
  await sleep(LEAD_IN_MS);
  const [serverBefore, machineBefore, started] = [subject.cpuSeconds(), machineTimes(), performance.now()];
  begin?.();
  const accounts = (await answer) as Accounts;
  const elapsed = (performance.now() - started) / 1000;
  const machine = machineTimes();
  const each = <T>(look: (wire: Wire) => T) => ({ grpc: look('grpc'), rest: look('rest') });
  return {
    p99: each((wire) => percentile(accounts[wire].milliseconds, 0.99)),
    most: each((wire) => Math.max(...accounts[wire].milliseconds)),
    failures: each((wire) => accounts[wire].failures),
    serverShare: (subject.cpuSeconds() - serverBefore) / elapsed,
    machineShare: (machine.busy - machineBefore.busy) / (machine.all - machineBefore.all),
  };
}

/** What all cores have done so far, in milliseconds. */
function machineTimes(): { busy: number; all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const sum = Object.values(times).reduce((total, time) => total + time, 0);
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

function median(numbers: readonly number[]): number {
  return percentile(numbers, 0.5);
}

function report(results: ReadonlyMap<string, readonly (readonly Round[])[]>): void {
  const rows: string[] = [];
  const details: string[] = [];
  for (const [attack, [ours = [], floors = []]] of results) {
    for (const wire of wires) {
      const failed = describeFailures(ours.map(({ flood }) => flood.failures[wire]));
      rows.push(
        `| ${attack} | ${wire === 'grpc' ? 'gRPC' : 'REST'}${failed} | ` +
          `${median(ours.map(({ quiet }) => quiet.p99[wire])).toFixed(1)} | ` +
          `${median(ours.map(({ flood }) => flood.p99[wire])).toFixed(1)} | ` +
          `${describeRatio(ours, wire)} | ${describeRatio(floors, wire)} | < ${GOAL} |`,
      );
    }
    details.push(`| ${attack} | ${describeDone(ours)} | ${describeLoad(ours)} | ${describeLoad(floors)} |`);
  }
  process.stdout.write(
    [
      `Node ${process.versions.node}, ${cpus().length} cores, ${rounds} rounds of ${seconds} s quiet and ${seconds} s`,
      `flood; 200 calls of GetConversation a second over each wire, from other connections`,
      '',
      describeMachine([...results.values()].flat(2)),
      '',
      `| attack | calls | p99 quiet ms | p99 flood ms | ratio (range) | floor's ratio | goal |`,
      '|---|---|---|---|---|---|---|',
      ...rows,
      '',
      `What the attacker did, a second; the longest call in any flood, the server's CPU (of one core), the machine's`,
      `(of all), and the server's memory:`,
      '',
      '| attack | done | server | floor |',
      '|---|---|---|---|',
      ...details,
      '',
    ].join('\n'),
  );
}

function describeRatio(measured: readonly Round[], wire: Wire): string {
  const ratios = measured.map(({ quiet, flood }) => flood.p99[wire] / quiet.p99[wire]);
  const range = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(1)).join('-');
  return `${median(ratios).toFixed(2)} (${range})`;
}

function describeFailures(failures: readonly Readonly<Record<string, number>>[]): string {
  const reasons = new Set(failures.flatMap((counts) => Object.keys(counts)));
  return [...reasons]
    .map((reason) => `; ${sum(failures.map((counts) => counts[reason] ?? 0))} failed: ${reason}`)
    .join('');
}

function describeDone(measured: readonly Round[]): string {
  const kinds = new Set(measured.flatMap(({ done }) => Object.keys(done)));
  return [...kinds]
    .map((kind) => {
      const perSecond = sum(measured.map(({ done }) => done[kind] ?? 0)) / measured.length / seconds;
      return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} ${kind}`;
    })
    .join(', ');
}

function describeLoad(measured: readonly Round[]): string {
  const most = Math.max(...measured.flatMap(({ flood }) => Object.values(flood.most)));
  const shares = [
    median(measured.map(({ flood }) => flood.serverShare)),
    median(measured.map(({ flood }) => flood.machineShare)),
  ].map((share) => `${(share * 100).toFixed(0)} %`);
  const memory = Math.max(...measured.map(({ residentMib }) => residentMib));
  return `${most.toFixed(0)} ms, ${shares.join(' / ')}, ${memory.toFixed(0)} MiB`;
}

/** A machine that others keep busy tells little. */
function describeMachine(measured: readonly Round[]): string {
  const shares = measured.map(({ quiet }) => quiet.machineShare);
  const [usual, most] = [median(shares), Math.max(...shares)].map((share) => `${(share * 100).toFixed(0)} %`);
  return `in the quiet, all cores were busy to ${usual} (median), ${most} at most`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

await main();
