import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { KILL_KINDS } from './plan.ts';
import { describeReport } from './report.ts';
import { SABOTAGES } from './server-process.ts';

const USAGE = `prove:crash: writes to a server, kills it, starts it again and looks whether it kept what it promised

  --runs N         how many kills (default 200)
  --seed S         where the random numbers begin (default: another one each time)
  --from R         the number of the first run; it gets a new folder
  --kind K         kills of one kind alone: ${KILL_KINDS.map((kind) => `"${kind}"`).join(', ')}
  --sabotage HOW   breaks the server first: reply-early is found; no-sync is not, as a kill does not cut the power
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      from: { type: 'string', default: '1' },
      kind: { type: 'string' },
      sabotage: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const sabotage = readChoice('sabotage', SABOTAGES, values.sabotage);
  let said = performance.now();
  const report = await runCampaign({
    seed: readNumber('seed', values.seed),
    runs: readNumber('runs', values.runs),
    from: readNumber('from', values.from),
    kind: readChoice('kind', KILL_KINDS, values.kind),
    sabotage,
    // A server that replies early also refuses what follows on what it acknowledged; here it is about the loss.
    until: sabotage === undefined ? undefined : 'lost',
    onRun: (run, { seconds, runs }) => {
      if (performance.now() - said < 10_000) return;
      said = performance.now();
      process.stderr.write(`run ${run}, ${(runs / seconds).toFixed(2)} a second\n`);
    },
  });
  process.stdout.write(describeReport(report));
  return report.findings.length === 0 ? 0 : 1;
}

function readChoice<T extends string>(
  flag: string,
  choices: readonly T[],
  text: string | undefined,
): T | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((each) => each === text);
  if (choice === undefined) throw new Error(`--${flag} is one of ${choices.join(', ')}, not ${text}`);
  return choice;
}

function readNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new Error(`--${flag} ${text} is not a whole number`);
}
