import type { CutsReport } from './cuts.ts';
import type { FullDiskReport } from './full-disk.ts';
import { describeOrder, type OrderReport } from './order.ts';

const CALLS_SHOWN = 6;
const PROBLEMS_SHOWN = 10;

export function describeOrders(title: string, report: OrderReport): string {
  const { calls, transactions, syncs, problems } = report;
  const good = calls.filter(({ synced, sent }) => synced < sent).length;
  return lines(
    `${title}: ${good} of ${calls.length} acknowledged calls were sent after the sync of what they wrote;` +
      ` ${transactions} transactions, ${syncs} syncs of the log`,
    calls.slice(0, CALLS_SHOWN).map((call) => `${call.what}: ${describeOrder(call)}`),
    problems,
  );
}

export function describeCuts(report: CutsReport): string {
  const { logBytes, transactions, last, syncedBytes, opened, problems, seconds } = report;
  return lines(
    `cuts of the log: ${logBytes} bytes, ${transactions} transactions, synced up to ${syncedBytes};` +
      ` the last record is ${last.end - last.start} bytes in ${last.frames.length} frames; ${seconds.toFixed(0)} s`,
    [...opened].map(([why, count]) => `${count} opened by ${why}`),
    problems,
  );
}

export function describeFullDisk(report: FullDiskReport): string {
  const reasons = [...report.reasons].map(([reason, count]) => `${reason} ${count}`).join(', ');
  return lines(
    `full disk: ${report.acknowledgedBefore} batches before, ${report.acknowledgedUntilFull} until it was full,` +
      ` ${report.refused} refused (${reasons}), ${report.acknowledgedAfter} after room was made`,
    [`everything acknowledged was read while it was full, and after it`],
    report.findings.map(({ kind, text }) => `${kind}: ${text}`),
  );
}

export function describeGaps(gaps: readonly string[]): string {
  return lines(
    `what the replies rest on: ${gaps.length === 0 ? 'all of it is synced' : 'not all is synced'}`,
    [],
    gaps,
  );
}

function lines(title: string, details: readonly string[], problems: readonly string[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map((problem) => `  WRONG ${problem}`);
  const rest = problems.length - shown.length;
  if (rest > 0) shown.push(`  WRONG and ${rest} more`);
  return `${[title, ...details.map((detail) => `  ${detail}`), ...shown].join('\n')}\n`;
}
