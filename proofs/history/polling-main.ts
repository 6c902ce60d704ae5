import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../../conformance/target.ts';
import { readCount } from './flags.ts';
import { type Comparison, type PollingReport, provePolling } from './polling-proof.ts';

const USAGE = `prove:polling: writers and pollers at the same time on one server; at the end nothing is missed or repeated

  --messages N        how many messages are written (default 100000)
  --writers N         who writes at the same time (default 8)
  --pollers N         who polls at the same time, one in four over REST (default 8)
  --conversations N   into and from so many conversations (default 5)
  --seed S            where the random numbers begin (default 1)
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '100000' },
      writers: { type: 'string', default: '8' },
      pollers: { type: 'string', default: '8' },
      conversations: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = {
    messages: readCount('messages', values.messages),
    writers: readCount('writers', values.writers),
    pollers: readCount('pollers', values.pollers),
    conversations: readCount('conversations', values.conversations),
    seed: readCount('seed', values.seed),
  };
  const data = mkdtempSync(join(tmpdir(), 'parley-polling-'));
  try {
    await using server = await startServer(data);
    const report = await provePolling(server, {
      ...options,
      onProgress({ written, seen, stage }) {
        // A server logs each call; what it has said so far is not needed.
        server.takeStderr();
        const seenLeast = seen.length === 0 ? '' : `, the slowest poller has seen ${Math.min(...seen)}`;
        process.stderr.write(`${stage}: ${written} of ${options.messages} written${seenLeast}\n`);
      },
    });
    const flags = Object.entries(options).map(([flag, value]) => `--${flag} ${value}`);
    process.stdout.write(describe(report, `npm run prove:polling -- ${flags.join(' ')}`));
    return report.breaches.count === 0 ? 0 : 1;
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function describe(report: PollingReport, command: string): string {
  const { pollers, readBack, breaches, batches, repeats, acknowledged, writeSeconds, seconds } = report;
  const lines = [
    command,
    '',
    `acknowledged: ${acknowledged} messages in ${batches} batches; ${repeats} batches sent again, racing or mixed with old ones`,
    `written in ${writeSeconds.toFixed(1)} s (${Math.round(acknowledged / writeSeconds)} messages a second), all in ${seconds.toFixed(1)} s`,
    '',
    ...table(pollers, 'polls'),
    '',
    ...table(readBack, 'lists'),
    '',
    ...(breaches.count > breaches.texts.length ? [`the first ${breaches.texts.length} breaches:`] : []),
    ...breaches.texts.map((text) => `BREACH ${text}`),
    `${breaches.count} breaches`,
  ];
  return `${lines.join('\n')}\n`;
}

function table(rows: readonly Comparison[], polls: string): string[] {
  return [
    `| who | ${polls} | pages | messages | missed | repeated | out of order | wrong |`,
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const calls = row.found > 0 ? `${row.polls} (${row.found} with news)` : row.polls;
      const cells = [row.reader, calls, row.pages, row.messages];
      return `| ${[...cells, row.missed, row.repeated, row.disordered, row.wrong].join(' | ')} |`;
    }),
  ];
}
