import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../target.ts';
import { Campaign, type CampaignReport } from './campaign.ts';
import { describeFinding, packFinding } from './findings.ts';
import { replayFindings } from './replay.ts';

const USAGE = `fuzz: sends generated inputs to a server of its own, over both wires, and checks every answer

  --runs N        how many inputs (default 10000)
  --seed S        where the random numbers begin (default: another one each time)
  --only INDEX    sends the input of one index alone; what it is made of may differ from that of a long run
  --replay FILE   sends the very bytes of findings that a run has kept
  --data FOLDER   a folder of data that a run has kept, for --replay
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string' },
      replay: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'parley-fuzz-'));
  if (values.replay !== undefined) {
    process.stdout.write(await replayFindings(values.replay, values.data ?? folder));
    rmSync(folder, { recursive: true, force: true });
    return 0;
  }
  const only = values.only === undefined ? undefined : readNumber('only', values.only);
  const report = await fuzz(folder, {
    seed: readNumber('seed', values.seed),
    runs: only === undefined ? readNumber('runs', values.runs) : 1,
    from: only ?? 0,
  });
  process.stdout.write(table(report));
  if (report.findings.size === 0) {
    rmSync(folder, { recursive: true, force: true });
    return 0;
  }
  keepFindings(folder, report);
  return 1;
}

async function fuzz(
  folder: string,
  options: { seed: number; runs: number; from: number },
): Promise<CampaignReport> {
  await using server = await startServer(join(folder, 'data'));
  let said = performance.now();
  const onProgress = (done: number, { seconds, memory, findings }: CampaignReport): void => {
    if (performance.now() - said < 5000) return;
    said = performance.now();
    const pace = Math.round(done / seconds);
    process.stderr.write(
      `${done} of ${options.runs}, ${pace}/s, ${memory.end} MiB, ${findings.size} findings\n`,
    );
  };
  using campaign = new Campaign(server, { ...options, onProgress });
  return await campaign.run();
}

function keepFindings(folder: string, { seed, findings }: CampaignReport): void {
  const file = join(folder, 'findings.jsonl');
  const lines = [...findings.values()].map((finding) => JSON.stringify(packFinding(finding)));
  writeFileSync(file, `${lines.join('\n')}\n`);
  for (const finding of findings.values()) process.stdout.write(describeFinding(finding, seed));
  process.stdout.write(`\nkept; send them again with --replay ${file} --data ${join(folder, 'data')}\n`);
}

function table(report: CampaignReport): string {
  const { inputs, seconds, memory, findings, seed } = report;
  const rows: [string, string | number][] = [
    ['seed', seed],
    ['inputs', inputs],
    ...sorted(report.perWire).map(([wire, times]): [string, number] => [`  ${wire}`, times]),
    ['outcomes', report.perOutcome.size],
    ...sorted(report.perOutcome).map(([outcome, times]): [string, number] => [`  ${outcome}`, times]),
    ['methods', report.perMethod.size],
    ...[...report.perMethod].map(([method, { inputs, ok }]): [string, string] => [
      `  ${method}`,
      `${inputs}, OK ${ok}`,
    ]),
    ['memory at the start, MiB', memory.start],
    ['memory in the middle, MiB', memory.middle],
    ['memory at most, MiB', memory.max],
    ['memory at the end, MiB', memory.end],
    ['seconds', seconds.toFixed(1)],
    ['inputs a second', Math.round(inputs / seconds)],
    ['findings', findings.size],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return `${rows.map(([name, value]) => name.padEnd(width) + value).join('\n')}\n`;
}

function sorted(tally: ReadonlyMap<string, number>): [string, number][] {
  return [...tally].sort(([, left], [, right]) => right - left);
}

function readNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new Error(`--${flag} ${text} is not a whole number`);
}
