import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GrpcLoad } from './load.ts';
import { median } from './measure.ts';
import { readScripts, type Script } from './requests.ts';
import { Importer } from './storing.ts';
import { openFolder, startParley } from './subjects.ts';

const CLI = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
/** Those with which `npm run parley` and the installed program run. */
const FLAGS = ['--max-semi-space-size=16', '--conditions=source'];
/** Conversations at once: as many as the import has. */
const IN_FLIGHT = 64;
const GOAL = 0.6;

/**
 * How fast `parley import` is beside a client that does nothing but send, both to one server and in turns: the same
 * conversations, whole and by the clock on the wall. The command counts from its start to its end, as its user sees it;
 * the bare client is warm, has encoded nothing before, and reads no answer.
 */
export async function measureImports(rounds: number, data: string | undefined): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const parley = await startParley(stack);
  const scripts = readScripts(data);
  const messages = scripts.reduce((sum, { length }) => sum + length, 0);
  const file = join(openFolder(stack), 'transcripts.jsonl');
  writeFileSync(file, scripts.map((script, index) => `${toTranscript(script, index)}\n`).join(''));
  const bare = new Importer(stack.use(await GrpcLoad.open(parley.port)));
  const sent: number[] = [];
  const imported: number[] = [];
  const timed = async (rates: number[], work: () => Promise<void>): Promise<void> => {
    const started = performance.now();
    await work();
    rates.push(messages / (performance.now() - started));
  };
  // The first round warms up both sides of the bare client, and the server.
  for (let round = 0; round <= rounds; round++) {
    const turns = [
      () => timed(sent, () => bare.conversations(scripts, scripts.length, IN_FLIGHT)),
      () => timed(imported, () => runImport(file, `import-${round}`, parley.port)),
    ];
    // Either goes first in turn, so that a machine which gets busier or calmer favours neither.
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  for (const figures of [sent, imported]) figures.shift();
  const ratios = imported.map((rate, round) => rate / (sent[round] ?? Number.NaN));
  const perSecond = (rates: readonly number[]): string =>
    Math.round(median(rates) * 1000).toLocaleString('en');
  const range = `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`;
  const what = data === undefined ? 'conversations of the sizes of STAR' : 'STAR';
  return [
    `importing: Node ${process.versions.node}, ${rounds} rounds; ${scripts.length} conversations, ${messages} messages`,
    '',
    '| what | messages/s: import / bare client, medians | ratio: median of the rounds (range) | goal |',
    '|---|---|---|---|',
    `| parley import of ${what} / bare client | ${perSecond(imported)} / ${perSecond(sent)} | ${median(ratios).toFixed(2)} (${range}) | ${GOAL} |`,
  ].join('\n');
}

function toTranscript(script: Script, index: number): string {
  const entries = script.map((text, position) => ({
    start_timestamp_usec: 1_700_000_000_000_000 + position * 1_000_000,
    text,
    role: position % 2 === 0 ? 'AGENT' : 'CUSTOMER',
    user_id: (position % 2) + 1,
  }));
  return JSON.stringify({ conversation_id: `c-${index}`, entries });
}

async function runImport(file: string, project: string, port: number): Promise<void> {
  const flags = ['--project', project, '--server', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, [...FLAGS, CLI, 'import', file, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`parley import ended with ${code}: ${complaint}`);
}
