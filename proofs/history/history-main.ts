import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type OwnServer, startServer } from '../../conformance/target.ts';
import { type Breach, describeBreach } from './breach.ts';
import { checkHistory } from './check.ts';
import { readCount } from './flags.ts';
import { type History, type Operation, readHistory, writeHistory } from './history.ts';
import { runHistory } from './history-run.ts';
import type { PlanOptions } from './plan.ts';
import { RunLog, type RunResult } from './run-log.ts';
import { addSummaries, describeSummary, summarize } from './summary.ts';

const USAGE = `prove:history: many clients at once, and whether what they were told is one story

  --runs N         how many runs, each of its own seed (default 20)
  --seed S         the seed of the first run; those behind it follow (default 1)
  --clients N      who is at it at the same time, one in four over REST (default 16)
  --operations N   what each client decides to do; some of it takes several calls (default 400)
  --resume FILE    remembers there which runs are done, and leaves them out when it is started again
  --keep FOLDER    where the histories of runs go that went wrong (default: the folder for temporary files)
  --check FILE     checks a history that was kept, and runs nothing
`;

/** A server that has done so many runs is replaced by a new one, so that its data does not fill the disk. */
const RUNS_PER_SERVER = 20;
const BREACHES_SHOWN = 20;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      clients: { type: 'string', default: '16' },
      operations: { type: 'string', default: '400' },
      resume: { type: 'string' },
      keep: { type: 'string', default: tmpdir() },
      check: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.check !== undefined) return checkKept(values.check);
  const size = {
    clients: readCount('clients', values.clients),
    operations: readCount('operations', values.operations),
  };
  const first = readCount('seed', values.seed);
  const seeds = Array.from({ length: readCount('runs', values.runs) }, (_, index) => first + index);
  const results = await runAll(seeds, size, new RunLog(values.resume, size), values.keep);
  const breaches = results.reduce((sum, result) => sum + result.breaches, 0);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const command = commandOf({ ...size, seed: first }, seeds.length);
  const lines = [
    command,
    '',
    `${results.length} runs of ${size.clients} clients with ${size.operations} decisions each, ${seconds.toFixed(0)} s`,
    ...describeSummary(addSummaries(results.map(({ summary }) => summary))),
    '',
    `${breaches} breaches`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return breaches === 0 ? 0 : 1;
}

function checkKept(file: string): number {
  const history = readHistory(file);
  const breaches = checkHistory(history);
  const lines = [
    `${file}: seed ${history.seed}`,
    ...describeSummary(summarize(history)),
    '',
    ...breaches.map((breach) => `BREACH ${describeBreach(breach)}`),
    `${breaches.length} breaches`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return breaches.length === 0 ? 0 : 1;
}

async function runAll(
  seeds: readonly number[],
  size: Pick<PlanOptions, 'clients' | 'operations'>,
  log: RunLog,
  keep: string,
): Promise<RunResult[]> {
  const results: RunResult[] = [];
  const left = seeds.filter((seed) => log.get(seed) === undefined);
  if (left.length < seeds.length)
    process.stderr.write(`${seeds.length - left.length} runs are done already\n`);
  let said = 0;
  while (left.length > 0) {
    const data = mkdtempSync(join(tmpdir(), 'parley-history-'));
    try {
      await using server = await startServer(data);
      for (const seed of left.splice(0, RUNS_PER_SERVER)) {
        const result = await runOne(server, { ...size, seed }, keep);
        log.add(result);
        if (performance.now() - said < 5000 && result.breaches === 0) continue;
        said = performance.now();
        const { operations } = result.summary;
        const done = seeds.filter((each) => log.get(each) !== undefined).length;
        process.stderr.write(
          `${done} of ${seeds.length} runs; seed ${seed}: ${operations} operations, ${result.breaches} breaches\n`,
        );
      }
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  }
  for (const seed of seeds) {
    const result = log.get(seed);
    if (result !== undefined) results.push(result);
  }
  return results;
}

async function runOne(server: OwnServer, options: PlanOptions, keep: string): Promise<RunResult> {
  const start = performance.now();
  const records: Operation[] = [];
  const history: History = { ...options, records };
  let breaches: readonly Breach[];
  // A server logs each call; what it said before this run is not needed.
  server.takeStderr();
  try {
    await runHistory(server, options, records);
    breaches = checkHistory(history);
  } catch (error) {
    const detail = `the run did not come to its end: ${error}; the server said last: ${lastErrors(server)}`;
    breaches = [{ kind: 'unexpected-answer', detail, operations: [] }];
  }
  if (breaches.length > 0) report(history, breaches, keep);
  const seconds = (performance.now() - start) / 1000;
  return { seed: options.seed, breaches: breaches.length, seconds, summary: summarize(history) };
}

function lastErrors(server: OwnServer): string {
  const lines = server.stderr().trimEnd().split('\n');
  return (
    lines
      .filter((line) => !line.includes('"level":"info"'))
      .slice(-5)
      .join('\n') || 'nothing'
  );
}

/** Prints what goes against the promises and keeps the history, so that it can be looked at and checked again. */
function report(history: History, breaches: readonly Breach[], keep: string): void {
  const file = join(keep, `parley-history-${history.seed}.jsonl`);
  writeHistory(file, history);
  const shown = breaches.slice(0, BREACHES_SHOWN).map((breach) => `BREACH ${describeBreach(breach)}`);
  const more = breaches.length - shown.length;
  const lines = [
    `seed ${history.seed}:`,
    ...shown,
    ...(more > 0 ? [`and ${more} more`] : []),
    `again: ${commandOf(history, 1)}`,
    `kept: npm run prove:history -- --check ${file}`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function commandOf({ seed, clients, operations }: PlanOptions, runs: number): string {
  return `npm run prove:history -- --runs ${runs} --seed ${seed} --clients ${clients} --operations ${operations}`;
}
