/**
 * What the work costs the server in CPU, as a ratio to the least that it can cost. All servers are started first and
 * measured in turns, so that whatever else the machine does meets all of them; medians of the rounds are compared.
 */
import { parseArgs } from 'node:util';
import { callRows } from './calls.ts';
import { eventRows } from './events.ts';
import { measureGrowth } from './growth.ts';
import { measureImports } from './importing.ts';
import { describeRow, measure, median, type Row, TABLE_HEAD } from './measure.ts';
import { measureStarts } from './starting.ts';
import { storingRows } from './storing.ts';
import type { Subject } from './subject.ts';
import { startParley } from './subjects.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    calls: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '30000' },
    /** A folder with STAR in it, as star/star.jsonl.gz. */
    data: { type: 'string' },
    /** Measure pages of messages up to so many stored ones: 1000000 takes a minute, 10000000 a quarter of an hour. */
    growth: { type: 'string' },
    /** One of the groups of rows. */
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

type Group = (parley: Subject, stack: AsyncDisposableStack) => Promise<Row[]>;
const groups: Readonly<Record<string, Group>> = {
  calls: (parley, stack) => callRows(parley, stack, Number(values.calls)),
  storing: (parley, stack) =>
    storingRows(parley, stack, { messages: Number(values.messages), data: values.data }),
  events: (parley, stack) => eventRows(parley, stack, Number(values.messages)),
};

if (values.only === undefined || values.only === 'starting') {
  process.stdout.write(`${await measureStarts(rounds)}\n\n`);
}
if (values.only === undefined || values.only === 'importing') {
  process.stdout.write(`${await measureImports(rounds, values.data)}\n\n`);
}
if (values.growth !== undefined) {
  await using stack = new AsyncDisposableStack();
  process.stdout.write(`${await measureGrowth(await startParley(stack), Number(values.growth))}\n\n`);
}
for (const [name, rowsOf] of Object.entries(groups)) {
  if (values.only !== undefined && values.only !== name) continue;
  await using stack = new AsyncDisposableStack();
  const parley = await startParley(stack);
  const idle = parley.residentMib();
  const rows = await rowsOf(parley, stack);
  await measure([...new Set(rows.flatMap(({ measured, floor }) => [measured, ...floor]))], rounds);
  const about = `Node ${process.versions.node}, ${rounds} rounds; CPU of the server's process, threads and all`;
  process.stdout.write(
    `${[`${name}: ${about}`, '', ...TABLE_HEAD, ...rows.map(describeRow)].join('\n')}\n\n`,
  );
  for (const { what, measured, floor } of rows.filter(({ delayMatters }) => delayMatters)) {
    const [own, empty] = [measured, floor[0]].map((each) => median(each?.delays ?? []).toFixed(1));
    process.stdout.write(`event loop delay, p99: ${own} ms, empty handler ${empty} ms (${what})\n`);
  }
  const resident = `${idle.toFixed(0)} MiB at the start, ${parley.residentMib().toFixed(0)} after all`;
  process.stdout.write(`resident: ${resident}\n\n`);
}
