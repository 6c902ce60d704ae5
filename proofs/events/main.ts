import { parseArgs } from 'node:util';
import { readNumber } from '../time/numbers.ts';
import { runCampaign } from './campaign.ts';
import { describeReport } from './report.ts';

const USAGE = `prove:events: kills a server while its events are on their way, and looks whether all are told

  --runs N         how many kills (default 100)
  --seed S         where the random numbers begin (default: another one each time)
  --sabotage       breaks the server first: some calls that it makes are never made
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      sabotage: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seed = readNumber('seed', values.seed);
  const runs = readNumber('runs', values.runs);
  const report = await runCampaign({
    seed,
    runs,
    sabotage: values.sabotage,
    onRun: (run) => {
      if (run % 20 === 0) process.stderr.write(`kill ${run}\n`);
    },
  });
  process.stdout.write(`seed ${seed}\n${describeReport(report)}`);
  return report.findings.length === 0 ? 0 : 1;
}
