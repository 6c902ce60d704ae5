import { parseArgs } from 'node:util';
import { Random } from '../../conformance/fuzz/random.ts';
import { readNumber } from '../time/numbers.ts';
import { describeReport, runCampaign } from './campaign.ts';
import { makeSamples, readStar } from './transcripts.ts';

const USAGE = `prove:import: kills imports and exports, runs them again, and looks whether anything is lost or doubled

  --runs N     how many processes are killed (default 100)
  --seed S     where the random numbers begin (default: another one each time)
  --data DIR   takes the conversations of STAR in this folder, as star/star.jsonl.gz (default: some are made up)
`;

const SAMPLES = 2_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seed = readNumber('seed', values.seed);
  const samples =
    values.data === undefined ? makeSamples(new Random(seed, -1), SAMPLES) : readStar(values.data);
  let said = performance.now();
  const report = await runCampaign({
    seed,
    runs: readNumber('runs', values.runs),
    samples,
    conversations: [100, 1_000],
    onRound: ({ rounds, importsKilled, exportsKilled, findings }) => {
      if (performance.now() - said < 10_000) return;
      said = performance.now();
      const kills = importsKilled + exportsKilled;
      process.stderr.write(`round ${rounds}, ${kills} killed, ${findings.length} findings\n`);
    },
  });
  process.stdout.write(describeReport(report));
  return report.findings.length === 0 ? 0 : 1;
}
