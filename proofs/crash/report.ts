import type { CrashReport } from './campaign.ts';

const FINDINGS_SHOWN_PER_KIND = 5;

/** What a campaign did and found, for people. */
export function describeReport(report: CrashReport): string {
  const { seed, runs, folders, seconds, perKind, checks, atTheEnd, restartsMs } = report;
  const acknowledged = describeWrites(atTheEnd.acknowledged, atTheEnd.acknowledgedMessages);
  const rows: [string, string | number][] = [
    ['seed', seed],
    [
      'runs',
      `${runs} in ${folders} folders, ${seconds.toFixed(0)} s, ${(runs / seconds).toFixed(2)} a second`,
    ],
    ...[...perKind].map(([kind, tally]): [string, string] => [
      `  killed ${kind}`,
      `${tally.runs}${kind === 'inside the COMMIT' ? ` (${tally.inside} before it returned)` : ''}; unacknowledged: ${tally.whole} whole, ${tally.absent} absent`,
    ]),
    ['acknowledged writes, at the end', acknowledged],
    ['acknowledged batches, all checks', checks.acknowledged.batches],
    ['unacknowledged writes', `${checks.whole} found whole, ${checks.absent} absent`],
    ['batches sent again', report.retriedBatches],
    ['messages seen by pollers', report.followedMessages],
    ['integrity checks', report.integrityChecks],
    [
      'restarts',
      `${restartsMs.length}, ready after ${median(restartsMs)} ms, at most ${most(restartsMs)} ms`,
    ],
    ['starts cut off', report.brokenStarts],
    ['findings', report.findings.length],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return `${rows.map(([name, value]) => name.padEnd(width) + value).join('\n')}\n${describeFindings(report)}`;
}

function describeFindings({ findings, failedRun, seed, keptFolder, folderFrom }: CrashReport): string {
  if (failedRun === undefined) return '';
  const shown = [...Map.groupBy(findings, ({ kind }) => kind)].flatMap(([kind, all]) => {
    const texts = all.slice(0, FINDINGS_SHOWN_PER_KIND).map(({ text }) => `  ${kind}: ${text}`);
    return all.length > texts.length ? [...texts, `  ${kind}: ${all.length} in all`] : texts;
  });
  return [
    '',
    `run ${failedRun} of seed ${seed} found:`,
    ...shown,
    `the data are kept in ${keptFolder}; the same decisions again:`,
    `  npm run prove:crash -- --seed ${seed} --from ${folderFrom} --runs ${failedRun - folderFrom + 1}`,
    '',
  ].join('\n');
}

function describeWrites(counts: Readonly<Record<string, number>>, messages: number): string {
  const texts = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return `${texts.join(', ')} of ${messages} messages`;
}

function median(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((left, right) => left - right);
  return (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(0);
}

function most(numbers: readonly number[]): string {
  return Math.max(...numbers).toFixed(0);
}
