/**
 * How well intents are told apart, on public sets and beside what was published of other systems. The configuration is
 * that of the package; thresholds come from validation parts. Every draw is seeded.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clinc } from './clinc.ts';
import { banking, hwu } from './closed-sets.ts';
import { hint3 } from './hint3.ts';
import { type Benchmark, Report } from './report.ts';
import { scaling } from './scaling.ts';
import { YARDSTICKS } from './yardsticks.ts';

const { values } = parseArgs({
  options: {
    /** A folder with clinc150, banking77, hint3 and hwu64 in it, or some of them. */
    data: { type: 'string' },
    /** Where the figures go, as one flat object. */
    json: { type: 'string' },
    /** One of the sets. */
    only: { type: 'string' },
    /** One of the modes. */
    mode: { type: 'string' },
    /** Shows the ten intents of a set that are missed most. */
    confusions: { type: 'boolean', default: false },
    /** Measures time and memory against the number of phrases, and nothing else. */
    scaling: { type: 'boolean', default: false },
  },
});
if (values.data === undefined) throw new Error('--data DIR is needed: a folder with the sets');

const SETS: Readonly<Record<string, Benchmark>> = { clinc150: clinc, banking77: banking, hint3, hwu64: hwu };
const sets = Object.entries(values.scaling ? { scaling } : SETS);
const report = new Report(YARDSTICKS, values.confusions, (text) => process.stdout.write(text));
for (const mode of ['default', 'accuracy'] as const) {
  if (values.mode !== undefined && values.mode !== mode) continue;
  for (const [name, benchmark] of sets) {
    if (values.only !== undefined && values.only !== name) continue;
    await benchmark(values.data, mode, report);
  }
}
if (!values.scaling) report.summary();
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify(report.collected, undefined, 2)}\n`);
