/**
 * How long a turn with an automated agent takes at half of the load that the server can take: `npm run bench:turns`. The
 * most is what 128 callers get who each wait for their answer. Then callers come at half that rate whatever becomes of those
 * before, and each time counts from when its caller came. A handler that does nothing meets the same callers.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { GrpcLoad } from '../load.ts';
import { median } from '../measure.ts';
import { Importer } from '../storing.ts';
import { startSubject } from '../subject.ts';
import { startParley } from '../subjects.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '6' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const WARM_UP = 6_000;
const CLOSED = 6_000;
const GOAL_MS = 10;

/** The most turns a second. */
async function measureMost(importer: Importer): Promise<number> {
  await importer.agentTurns(WARM_UP);
  const started = performance.now();
  await importer.agentTurns(CLOSED);
  return (CLOSED * 1000) / (performance.now() - started);
}

/** The times of turns, in ms, of callers who come at a rate a second. */
async function measureAt(importer: Importer, rate: number): Promise<number[]> {
  const count = Math.round(rate * seconds);
  // Nothing is kept of a call but its time: what the collector has to copy here would stop the callers, not the server.
  const times = new Float64Array(count);
  let answered = 0;
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  const started = performance.now();
  for (let index = 0; index < count; ) {
    const now = performance.now() - started;
    for (; index < count && (index * 1000) / rate <= now; index++) {
      const came = started + (index * 1000) / rate;
      importer.agentTurn(index).then(() => {
        times[answered++] = performance.now() - came;
        if (answered === count) resolve();
      }, reject);
    }
    await setTimeout(1);
  }
  await all;
  return [...times.sort()];
}

function at(times: readonly number[], part: number): number {
  return times[Math.floor(times.length * part)] ?? Number.NaN;
}

await using stack = new AsyncDisposableStack();
const parley = await startParley(stack);
const empty = stack.use(await startSubject('empty grpc-js', './floors/empty-grpc.ts', '', ''));
const own = new Importer(stack.use(await GrpcLoad.open(parley.port)));
const floor = new Importer(stack.use(await GrpcLoad.open(empty.port)));
await floor.agentTurns(WARM_UP);
const rate = (await measureMost(own)) / 2;
const figures = { own: [[], []] as number[][], floor: [[], []] as number[][] };
for (let round = 0; round < rounds; round++) {
  for (const [kind, importer] of [
    ['own', own],
    ['floor', floor],
  ] as const) {
    const times = await measureAt(importer, rate);
    figures[kind][0]?.push(at(times, 0.5));
    figures[kind][1]?.push(at(times, 0.99));
  }
}
const show = ([p50 = [], p99 = []]: readonly number[][]): string =>
  `${median(p50).toFixed(1)} / ${median(p99).toFixed(1)} (${Math.min(...p99).toFixed(1)}-${Math.max(...p99).toFixed(1)})`;
process.stdout.write(
  [
    `${Math.round(rate)} turns a second, half of what 128 callers get; ${rounds} rounds of ${seconds} s`,
    '',
    '| p50 / p99 (range), ms | a turn with the demo agent | an empty handler | goal |',
    '|---|---|---|---|',
    `| from when the caller comes | ${show(figures.own)} | ${show(figures.floor)} | ${GOAL_MS} |`,
    '',
  ].join('\n'),
);
