import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installAll } from '@parleykit/conformance/installation';
import { median } from './measure.ts';
import { type Subject, startSubject } from './subject.ts';
import { openFolder } from './subjects.ts';

const SETTLE_MS = 1000;

/**
 * A table of its own, as its goals are no ratios: from start to ready, and what is held when nobody calls. As npm
 * installs the packed form, and from sources with a warm cache.
 */
export async function measureStarts(rounds: number): Promise<string> {
  const installed = join(installAll(), 'node_modules/@parleykit/cli/dist/main.js');
  const programs = [
    { title: 'installed', program: pathToFileURL(installed).href, cpu: 0.5, mib: 120 },
    { title: 'from sources', program: '../packages/cli/src/main.ts', cpu: 0.7, mib: 135 },
  ];
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
