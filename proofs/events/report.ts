import type { Report } from './campaign.ts';

const FINDINGS_SHOWN = 20;

/** For people. */
export function describeReport(report: Report): string {
  const { kills, killsUnderWay, conversations, messages, told, toldAgain, refused, findings } = report;
  const lines = [
    `${kills} kills, ${killsUnderWay} of them while a push was under way`,
    `${conversations} conversations, ${messages} messages`,
    `${told} events told, ${toldAgain} times again; ${refused} pushes refused or broken off`,
    findings.length === 0 ? 'nothing lost, nothing out of order' : `${findings.length} findings:`,
    ...findings.slice(0, FINDINGS_SHOWN),
  ];
  return `${lines.join('\n')}\n`;
}
