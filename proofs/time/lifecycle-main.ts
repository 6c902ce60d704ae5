import { parseArgs } from 'node:util';
import { describeLifecycle, proveLifecycle } from './lifecycle-proof.ts';
import { readNumber } from './numbers.ts';

const USAGE = `prove:lifecycle: has conversations live and be purged on a clock that is moved

  --conversations N   how many (default 100000)
  --kills K           how often the server is killed while it does what is due (default 12)
  --seed S            where the random numbers begin (default: another one each time)
`;

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) process.stdout.write(USAGE);
else {
  process.stderr.write(`seed ${values.seed}\n`);
  const report = await proveLifecycle({
    conversations: readNumber('conversations', values.conversations),
    kills: readNumber('kills', values.kills),
    seed: readNumber('seed', values.seed),
    waves: 5,
    onStep: (step) => process.stderr.write(`${step}\n`),
  });
  process.stdout.write(describeLifecycle(report));
  process.exitCode = report.findings.length === 0 ? 0 : 1;
}
