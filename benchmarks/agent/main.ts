/**
 * What an automated agent costs: `npm run bench:agent`, without a webhook and without a server around it.
 *
 * Training is CPU time of the process, its threads included; memory is what is held after a collection, before and after
 * the agent is loaded from its bytes. Queries are asked one after another, each in a session of its own; their times are
 * CPU too, so that what others do on the machine tells little.
 */
import { setTimeout } from 'node:timers/promises';
import { type AgentModel, converse, loadAgentModel, newSession, trainAgent } from '@parleykit/server/agent';
import { makeAgent } from './made-up-agent.ts';

const AGENTS = [
  { intents: 20, phrases: 15 },
  { intents: 100, phrases: 15 },
  { intents: 500, phrases: 15 },
];
const QUERIES = 4_000;
const WARM_UP = 1_000;
const NOW_MS = Date.UTC(2026, 2, 5, 10);

const collect = globalThis.gc;
if (collect === undefined) throw new Error('run it with --expose-gc, as npm run bench:agent does');

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Milliseconds of CPU since a moment, threads included. */
function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Buffers of threads that have ended are let go of a little after they are collected. */
async function memoryHeld(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collect?.();
    await setTimeout(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 ** 2;
}

async function ask(model: AgentModel, text: string, index: number): Promise<string> {
  const { response } = await converse(model, newSession(), {
    session: `projects/p/agent/sessions/s${index}`,
    responseId: String(index),
    input: { case: 'text', text, languageCode: 'en' },
    nowMs: NOW_MS,
    seed: String(index),
  });
  return response.queryResult?.intent?.displayName ?? '';
}

async function measure(intents: number, phrases: number): Promise<string> {
  const { definition, texts } = makeAgent(intents, phrases);
  const before = process.cpuUsage();
  const { bytes } = await trainAgent(definition);
  const training = cpuSince(before) / 1000;

  const held = await memoryHeld();
  const loading = process.cpuUsage();
  const model = await loadAgentModel(bytes);
  const loaded = cpuSince(loading);
  for (let index = 0; index < WARM_UP; index++) await ask(model, texts[index % texts.length] ?? '', index);
  const idle = (await memoryHeld()) - held;

  const times: number[] = [];
  let matched = 0;
  const asking = process.cpuUsage();
  for (let index = 0; index < QUERIES; index++) {
    const began = process.cpuUsage();
    if ((await ask(model, texts[index % texts.length] ?? '', index)) !== '') matched += 1;
    times.push(cpuSince(began));
  }
  const cpu = cpuSince(asking) / QUERIES;
  times.sort((one, other) => one - other);
  const at = (share: number) => (times[Math.floor(share * times.length)] ?? 0).toFixed(3);
  const cells = [
    // The definition is in use to the end: it is not what the model holds.
    `${definition.intents.length} x ${phrases}`,
    training.toFixed(2),
    (bytes.length / 1024 ** 2).toFixed(1),
    loaded.toFixed(0),
    idle.toFixed(1),
    cpu.toFixed(3),
    at(0.5),
    at(0.99),
    `${Math.round((100 * matched) / QUERIES)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

print(
  '| intents x phrases | training, CPU s | stored, MiB | loading, CPU ms | held, MiB | a query, CPU ms: mean | p50 | p99 | matched |',
);
print('|---|---|---|---|---|---|---|---|---|');
// What is loaded once for all agents is not held by one of them.
await measure(5, 5);
for (const { intents, phrases } of AGENTS) print(await measure(intents, phrases));
