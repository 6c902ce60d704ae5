import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../../conformance/target.ts';
import { ArchiveError, type ArchiveReport } from '../../packages/server/src/agent/archive/findings.ts';
import { readCount } from '../history/flags.ts';
import { largeExport } from './large-export.ts';
import { goRound } from './round-trip.ts';
import { speak } from './speaking.ts';

const USAGE = `test:data: real data of other systems, through what reads and writes them

  --data DIR    a folder with agents/*.zip in it, exports of Dialogflow ES agents
  --golden DIR  transcripts of what they say, one for each: those in there must be the same; one that is missing is written
  --intents N   an export of so many intents that is made up, five times, for the time that it takes
`;

/** How many differences of one export are shown. */
const SHOWN = 5;

const ROUNDS = 5;

/** What exports contain that is stored and not acted on. */
class IdleFeatures {
  readonly #found = new Map<string, { count: number; exports: number }>();

  add({ idle }: Pick<ArchiveReport, 'idle'>): void {
    for (const { feature, count } of idle) {
      const before = this.#found.get(feature) ?? { count: 0, exports: 0 };
      this.#found.set(feature, { count: before.count + count, exports: before.exports + 1 });
    }
  }

  /** A line each, what is in most exports first. */
  summary(): string {
    const features = [...this.#found].sort(([, one], [, other]) => other.exports - one.exports);
    const lines = features.map(
      ([feature, { count, exports }]) => `  ${feature}: ${count}, in ${exports} exports\n`,
    );
    return `stored and not acted on:${features.length === 0 ? ' nothing' : ''}\n${lines.join('')}`;
  }
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      golden: { type: 'string' },
      intents: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.intents !== undefined) return tellOfLarge(readCount('intents', values.intents));
  if (values.help === true || values.data === undefined) {
    process.stdout.write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const folder = join(values.data, 'agents');
  const zips = readdirSync(folder)
    .filter((name) => name.endsWith('.zip'))
    .sort();
  if (zips.length === 0) {
    process.stdout.write(`there is no export in ${folder}\n`);
    return 1;
  }
  let wrong = 0;
  const idle = new IdleFeatures();
  const data = mkdtempSync(join(tmpdir(), 'parley-data-'));
  const server = await startServer(data, '--dev');
  try {
    for (const [index, name] of zips.entries()) {
      const zip = readFileSync(join(folder, name));
      const goesRound = await tellOf(name, zip, idle);
      const golden = values.golden && join(values.golden, name.replace(/\.zip$/u, '.jsonl'));
      const speaks = await tellOfSpeech(server, `agent-${index}`, { zip, golden });
      if (!goesRound || !speaks) wrong += 1;
    }
  } finally {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
  process.stdout.write(idle.summary());
  process.stdout.write(
    `${zips.length} exports, ${wrong === 0 ? 'nothing wrong' : `${wrong} of them not as they were`}\n`,
  );
  return wrong === 0 ? 0 : 1;
}

async function tellOfLarge(intents: number): Promise<number> {
  const zip = largeExport(intents);
  let right = true;
  for (let round = 0; round < ROUNDS; round++) right = (await tellOf(`${intents} intents`, zip)) && right;
  return right ? 0 : 1;
}

/** Tells how an agent answers that a server was given; false where something is wrong. */
async function tellOfSpeech(
  address: { readonly host: string; readonly port: number },
  project: string,
  { zip, golden }: { zip: Uint8Array; golden: string | undefined },
): Promise<boolean> {
  const { said, understood, transcript, problems } = await speak(address, project, zip);
  const differences = golden === undefined ? [] : compareTranscript(golden, transcript);
  process.stdout.write(
    `  served: ${said} phrases said in conversations by Google's client, ${understood} taken for their intents\n`,
  );
  for (const problem of [...problems, ...differences].slice(0, SHOWN)) {
    process.stdout.write(`  WRONG: ${problem}\n`);
  }
  if (problems.length === 0) {
    process.stdout.write('  exported and given to another project: the same agent, which says the same\n');
  }
  return problems.length + differences.length === 0;
}

/** What is said otherwise than in a transcript of before, which is written where there is none. */
function compareTranscript(file: string, transcript: string): string[] {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, transcript);
    return [];
  }
  const before = readFileSync(file, 'utf8').split('\n');
  const now = transcript.split('\n');
  return Array.from({ length: Math.max(before.length, now.length) }, (_, at) => [before[at], now[at]])
    .filter(([one, other]) => one !== other)
    .map(([one = 'nothing', other = 'nothing']) => `${other}, where ${file} has ${one}`);
}

/** Tells what came of an export in a few lines; false where something did not come out as it went in. */
async function tellOf(name: string, zip: Uint8Array, idle = new IdleFeatures()): Promise<boolean> {
  const tell = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const { report, readMs, readCpuMs, writeMs, files, problems } = await goRound(zip);
    const { intents, trainingPhrases, negativeExamples, messages, parameters, entityTypes, entities } =
      report.read;
    tell(
      `${name}: ${intents} intents, ${trainingPhrases + negativeExamples} phrases, ${messages} messages, ` +
        `${parameters} parameters, ${entityTypes} entity types, ${entities} entities, ${report.read.languages.join(' ')}; ` +
        `${files} files read in ${readMs.toFixed(0)} ms (${readCpuMs.toFixed(0)} of CPU), written in ${writeMs.toFixed(0)} ms`,
    );
    idle.add(report);
    for (const { feature, count } of report.idle) tell(`  not acted on: ${feature} (${count})`);
    for (const line of report.dropped) tell(`  dropped: ${line}`);
    for (const line of report.warnings) tell(`  warning: ${line}`);
    for (const problem of problems.slice(0, SHOWN)) tell(`  WRONG: ${problem}`);
    if (problems.length > SHOWN) tell(`  WRONG: ... and ${problems.length - SHOWN} more`);
    return problems.length === 0;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    for (const problem of error.problems) tell(`${name}: refused: ${problem}`);
    return false;
  }
}
