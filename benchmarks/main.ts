/**
 * What a call costs the server in CPU, as a ratio to the least that it can cost. All servers are started first and
 * measured in turns, so that whatever else the machine does meets all of them; medians of the rounds are compared.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { create, fromJson, toBinary } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { ConversationSchema, GetConversationRequestSchema } from '@parleykit/proto/v2beta1';
import { type Call, loadGrpc, loadHttp } from './load.ts';
import { type Subject, startSubject } from './subject.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, calls: { type: 'string', default: '10000' } },
});
const rounds = Number(values.rounds);
const calls = Number(values.calls);
/** The compiler has made up its mind by then. */
const WARM_UP = 8000;

interface Case {
  readonly name: string;
  readonly subject: Subject;
  readonly load: typeof loadGrpc;
  readonly call: Call;
  readonly microseconds: number[];
}

interface Row {
  readonly what: string;
  readonly measured: Case;
  readonly floor: Case;
  readonly goal: number;
}

const GET = '/google.cloud.dialogflow.v2beta1.Conversations/GetConversation';

async function main(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(data, { recursive: true, force: true }));
  const cli = '../packages/cli/src/main.ts';
  const parley = stack.use(
    await startSubject('parley', cli, 'serve', '--demo', '--port', '0', '--data', data),
  );
  const { name, json } = await createConversation(parley.port);
  const answer = fromJson(ConversationSchema, JSON.parse(json), { registry });
  const encoded = Buffer.from(toBinary(ConversationSchema, answer)).toString('base64');
  const emptyGrpc = stack.use(await startSubject('empty grpc-js', './floors/empty-grpc.ts', encoded));
  const jsonArgument = Buffer.from(json).toString('base64');
  const emptyHttp = stack.use(await startSubject('empty node:http', './floors/empty-http.ts', jsonArgument));

  const message = toBinary(GetConversationRequestSchema, create(GetConversationRequestSchema, { name }));
  const unknown = { name: `${name}-unknown` };
  const unknownMessage = toBinary(
    GetConversationRequestSchema,
    create(GetConversationRequestSchema, unknown),
  );
  const grpc = toCase('GetConversation, gRPC', parley, loadGrpc, { path: GET, message, status: 0 });
  const grpcError = toCase('NOT_FOUND, gRPC', parley, loadGrpc, {
    path: GET,
    message: unknownMessage,
    status: 5,
  });
  const grpcFloor = toCase('empty grpc-js', emptyGrpc, loadGrpc, { path: GET, message, status: 0 });
  const path = `/v2beta1/${name}`;
  const rest = toCase('GetConversation, REST', parley, loadHttp, { path, status: 200 });
  const restError = toCase('NOT_FOUND, REST', parley, loadHttp, { path: `${path}-unknown`, status: 404 });
  const restFloor = toCase('empty node:http', emptyHttp, loadHttp, { path, status: 200 });

  await measure([grpc, grpcFloor, rest, restFloor, grpcError, restError]);
  report([
    {
      what: 'GetConversation over gRPC / empty grpc-js handler',
      measured: grpc,
      floor: grpcFloor,
      goal: 1.25,
    },
    {
      what: 'GetConversation over REST / node:http, same bytes',
      measured: rest,
      floor: restFloor,
      goal: 2.5,
    },
    { what: 'an error / an answer, gRPC', measured: grpcError, floor: grpc, goal: 1 },
    { what: 'an error / an answer, REST', measured: restError, floor: rest, goal: 1 },
  ]);
  process.stdout.write(`\nresident after all: ${[parley, emptyGrpc].map(describeMemory).join(', ')}\n`);
}

function toCase(name: string, subject: Subject, load: typeof loadGrpc, call: Call): Case {
  return { name, subject, load, call, microseconds: [] };
}

async function createConversation(port: number): Promise<{ name: string; json: string }> {
  const url = `http://127.0.0.1:${port}/v2beta1/projects/demo/conversations?conversationId=bench`;
  const profile = 'projects/demo/locations/global/conversationProfiles/demo';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ conversationProfile: profile }),
  });
  const json = await response.text();
  return { name: (JSON.parse(json) as { name: string }).name, json };
}

async function measure(cases: readonly Case[]): Promise<void> {
  for (const { name, load, subject, call } of cases) {
    process.stderr.write(`warming up: ${name}\n`);
    await load(subject.port, call, WARM_UP);
  }
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const { load, subject, call, microseconds } of cases) {
      const before = subject.cpuSeconds();
      await load(subject.port, call, calls);
      microseconds.push(((subject.cpuSeconds() - before) / calls) * 1e6);
    }
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function report(rows: readonly Row[]): void {
  const lines = rows.map(({ what, measured, floor, goal }) => {
    const ratios = measured.microseconds.map(
      (value, round) => value / (floor.microseconds[round] ?? Number.NaN),
    );
    const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
    const each = [measured, floor].map(({ microseconds }) => median(microseconds).toFixed(0)).join(' / ');
    return `| ${what} | ${each} | ${median(ratios).toFixed(2)} (${least}-${most}) | ${goal} |`;
  });
  process.stdout.write(
    [
      `Node ${process.versions.node}, ${rounds} rounds of ${calls} calls, 128 in flight; CPU of the server's process`,
      '',
      '| what | us / us, medians | ratio: median of the rounds (range) | goal |',
      '|---|---|---|---|',
      ...lines,
      '',
    ].join('\n'),
  );
}

function describeMemory(subject: Subject): string {
  return `${subject.name} ${subject.residentMib().toFixed(0)} MiB`;
}

await main();
