import { parseArgs } from 'node:util';
import { readNumber } from './numbers.ts';
import { provePurge, quantile } from './purge-proof.ts';

const USAGE = `prove:purge: files messages and purges them while others use the server

  --messages N   how many are purged in each round (default 1000000)
  --rounds R     how often, on one folder (default 3)
  --rate Q       calls a second of the others (default 200)
  --quiet S      how long the others are measured without a purge in each round, in seconds (default 30)
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '200' },
    quiet: { type: 'string', default: '30' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) process.stdout.write(USAGE);
else {
  const options = {
    messages: readNumber('messages', values.messages),
    rounds: readNumber('rounds', values.rounds),
    rate: readNumber('rate', values.rate),
    quietSeconds: readNumber('quiet', values.quiet),
  };
  const rounds = await provePurge(options, (round) => {
    const [quiet, during] = [round.quiet, round.during].map((all) => [
      quantile(all, 0.5),
      quantile(all, 0.99),
    ]);
    const ms = (value: number | undefined): string => `${value?.toFixed(1)} ms`;
    process.stdout.write(
      [
        `purged in ${round.eraseSeconds.toFixed(1)} s`,
        `others' p50 ${ms(quiet?.[0])} -> ${ms(during?.[0])}, p99 ${ms(quiet?.[1])} -> ${ms(during?.[1])}`,
        `ratio of p99 ${((during?.[1] ?? Number.NaN) / (quiet?.[1] ?? Number.NaN)).toFixed(2)}`,
        `file ${round.filledMib.toFixed(0)} MiB filled, ${round.purgedMib.toFixed(0)} MiB purged`,
        `log at most ${round.logMib.toFixed(0)} MiB`,
        `seen after it ${round.seen}, rows left ${round.left}\n`,
      ].join('; '),
    );
  });
  const [quiet, during] = [rounds.flatMap((each) => each.quiet), rounds.flatMap((each) => each.during)];
  const ratio = quantile(during, 0.99) / quantile(quiet, 0.99);
  process.stdout.write(`all rounds together: ratio of p99 ${ratio.toFixed(2)}\n`);
  const isClean = rounds.every(({ seen, left }) => seen === 0 && left === 0);
  process.exitCode = isClean ? 0 : 1;
}
