import { median } from './measure.ts';
import { type Subject, startSubject } from './subject.ts';
import { openFolder } from './subjects.ts';

const SETTLE_MS = 1000;

/** From start to ready, and what is held when nobody calls. From sources with a warm cache; built, where it is built. */
const programs = [
  { title: 'built', program: '../packages/cli/dist/main.js', cpu: 0.5, mib: 120 },
  { title: 'from sources', program: '../packages/cli/src/main.ts', cpu: 0.7, mib: 135 },
];

/** A table of its own, as its goals are no ratios. `npm run build` first. */
export async function measureStarts(rounds: number): Promise<string> {
  const lines = [
    '| start to ready | CPU, s: median (most) | goal | MiB idle: median (most) | goal |',
    '|---|---|---|---|---|',
  ];
  for (const { title, program, cpu, mib } of programs) {
    const starts: { cpu: number; mib: number }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const start = await measureStart(program);
      // The first one fills the cache.
      if (round > 0) starts.push(start);
    }
    const seconds = starts.map((start) => start.cpu);
    const held = starts.map((start) => start.mib);
    const cells = [
      `${median(seconds).toFixed(2)} (${Math.max(...seconds).toFixed(2)})`,
      cpu,
      `${median(held).toFixed(0)} (${Math.max(...held).toFixed(0)})`,
      mib,
    ];
    lines.push(`| ${title} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

async function measureStart(program: string): Promise<{ cpu: number; mib: number }> {
  await using stack = new AsyncDisposableStack();
  const folder = openFolder(stack);
  const subject: Subject = stack.use(
    await startSubject(program, program, 'serve', '--port', '0', '--data', folder),
  );
  const cpu = subject.cpuSeconds();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { cpu, mib: subject.residentMib() };
}
