import type { Report } from './campaign.ts';

const FINDINGS_SHOWN = 20;

/** For people. */
export function describeReport(report: Report): string {
  const { killsUnderWay: met, unknown, findings } = report;
  const lines = [
    `${report.kills} kills, ${met.any} of them under way: ${met.turn} met turns, ${met.push} pushes, ${met.advance} an advance of the clock; ${report.brokenStarts} starts cut off besides`,
    `${report.conversations} conversations, ${report.messages} messages; ${report.turns} turns, ${report.answered} of them answered`,
    `of those that never were, and that nobody refused, ${unknown.whole} are there as a whole, ${unknown.absent} are not there`,
    `${report.repeated} requests sent again, ${report.repeatedAfterAnswer} of them answered before; ${report.kept} had their first answer from before a kill`,
    `${report.handOffs} hand-offs; ${report.advances} advances, ${report.completedByTimer} completed by timer, ${report.purged} purged`,
    `${report.told} events told, ${report.toldAgain} times again; ${report.refusedPushes} pushes refused or broken off`,
    findings.length === 0 ? 'nothing lost, doubled, changed or early' : `${findings.length} findings:`,
    ...findings.slice(0, FINDINGS_SHOWN),
  ];
  return `${lines.join('\n')}\n`;
}
