import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SABOTAGES, type Sabotage } from '../crash/server-process.ts';
import { checkFullDisk } from './full-disk.ts';
import { findGaps } from './gaps.ts';
import { proveCuts, proveOrder } from './proof.ts';
import { describeCuts, describeFullDisk, describeGaps, describeOrders } from './report.ts';
import { hasStrace } from './traced-run.ts';

const USAGE = `prove:durability: whether what was acknowledged outlasts a power cut, and a full disk

  --seconds N      about how long copies of cut logs are opened (default 120)
  --seed S         where the random numbers begin (default 1)
  --sabotage HOW   breaks the server first and looks at the order of its system calls alone: ${SABOTAGES.join(', ')}
`;

/** Messages of the last batch before the cuts: its record has several frames. */
const LAST_BATCH = 60;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: '1' },
      sabotage: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!hasStrace()) {
    process.stdout.write('strace is needed to see the system calls of the server, and it is not here\n');
    return 1;
  }
  const sabotage = SABOTAGES.find((each) => each === values.sabotage);
  if (values.sabotage !== undefined && sabotage === undefined) {
    throw new Error(`--sabotage is one of ${SABOTAGES.join(', ')}, not ${values.sabotage}`);
  }
  const root = mkdtempSync(join(tmpdir(), 'parley-durability-'));
  try {
    const numbers = { seconds: Number(values.seconds), seed: Number(values.seed) };
    return await prove(root, { ...numbers, sabotage });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function prove(
  root: string,
  options: { seconds: number; seed: number; sabotage: Sabotage | undefined },
): Promise<number> {
  const { singly, together } = await proveOrder(root, options.sabotage);
  process.stdout.write(describeOrders('one after the other', singly));
  process.stdout.write(describeOrders('several at once', together));
  let problems = singly.problems.length + together.problems.length;
  if (options.sabotage === undefined) {
    const gaps = await findGaps(join(root, 'gaps'));
    process.stdout.write(describeGaps(gaps));
    const cuts = await proveCuts(root, { seconds: options.seconds, lastBatch: LAST_BATCH });
    process.stdout.write(describeCuts(cuts));
    const fullDisk = await checkFullDisk(join(root, 'full'), options.seed);
    process.stdout.write(describeFullDisk(fullDisk));
    problems += gaps.length + cuts.problems.length + fullDisk.findings.length;
  }
  process.stdout.write(problems === 0 ? 'nothing wrong\n' : `${problems} things are wrong\n`);
  return problems === 0 ? 0 : 1;
}
