import { parseArgs } from 'node:util';
import { readNumber } from '../time/numbers.ts';
import { runCampaign } from './campaign.ts';
import { describeReport } from './report.ts';
import { SABOTAGES } from './sabotages.ts';

const USAGE = `prove:turns: kills a server while turns are taken, timers run and events are told, and looks what became of them

  --runs N         how many kills (default 100)
  --seed S         where the random numbers begin (default: another one each time)
  --sabotage HOW   breaks the server first: ${SABOTAGES.join(', ')}
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      sabotage: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seed = readNumber('seed', values.seed);
  const sabotage = SABOTAGES.find((each) => each === values.sabotage);
  if (values.sabotage !== undefined && sabotage === undefined) {
    throw new Error(`--sabotage is one of ${SABOTAGES.join(', ')}, not ${values.sabotage}`);
  }
  const report = await runCampaign({
    seed,
    runs: readNumber('runs', values.runs),
    sabotage,
    onRun: (run) => {
      if (run % 20 === 0) process.stderr.write(`kill ${run}\n`);
    },
  });
  process.stdout.write(`seed ${seed}\n${describeReport(report)}`);
  return report.findings.length === 0 ? 0 : 1;
}
