import type { Subject } from './subject.ts';

/** Work that is done again and again by one server, and what it has cost. */
export interface Case {
  readonly name: string;
  readonly subject: Subject;
  /** Has the server do so many units of the work. */
  readonly run: (units: number) => Promise<void>;
  readonly units: number;
  readonly warmUp: number;
  /** CPU of the server's process for a unit, one figure a round. */
  readonly microseconds: number[];
  /** The 99th percentile of the delay of its event loop meanwhile, in ms, one figure a round. */
  readonly delays: number[];
}

export function toCase(
  name: string,
  subject: Subject,
  work: { readonly units: number; readonly warmUp?: number; run(units: number): Promise<void> },
): Case {
  const { units, warmUp = units, run } = work;
  return { name, subject, run, units, warmUp, microseconds: [], delays: [] };
}

/** A ratio that is asked for: what was measured, against the sum of what it cannot cost less than. */
export interface Row {
  readonly what: string;
  readonly measured: Case;
  readonly floor: readonly Case[];
  readonly goal: number;
  /** Whether the delay of the event loop is of interest, beside that of the first floor. */
  readonly delayMatters?: boolean;
}

/** All cases in turns, so that whatever else the machine does meets all of them. */
export async function measure(cases: readonly Case[], rounds: number): Promise<void> {
  for (const { name, run, warmUp } of cases) {
    process.stderr.write(`warming up: ${name}\n`);
    await run(warmUp);
  }
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const { run, subject, units, microseconds, delays } of cases) {
      await subject.takeLoopDelay();
      const before = subject.cpuSeconds();
      await run(units);
      microseconds.push(((subject.cpuSeconds() - before) / units) * 1e6);
      delays.push(await subject.takeLoopDelay());
    }
  }
}

export const TABLE_HEAD = [
  '| what | us / us, medians | ratio: median of the rounds (range) | goal |',
  '|---|---|---|---|',
];

export function describeRow({ what, measured, floor, goal }: Row): string {
  const floors = measured.microseconds.map((_value, round) =>
    floor.reduce((sum, { microseconds }) => sum + (microseconds[round] ?? Number.NaN), 0),
  );
  const ratios = measured.microseconds.map((value, round) => value / (floors[round] ?? Number.NaN));
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
  const each = [median(measured.microseconds), median(floors)].map(precise).join(' / ');
  return `| ${what} | ${each} | ${median(ratios).toFixed(2)} (${least}-${most}) | ${goal} |`;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function precise(microseconds: number): string {
  return microseconds.toFixed(microseconds < 20 ? 1 : 0);
}
