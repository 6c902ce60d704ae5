import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ServerProcess } from '../crash/server-process.ts';
import { GrpcChannel } from '../history/grpc-channel.ts';
import { readNumber } from './numbers.ts';
import { Project } from './project.ts';

const USAGE = `prove:snapshots: how long a project takes to be saved, restored and reset

  --messages N        how many it has (default 10000)
  --conversations C   in how many conversations (default 100)
  --rounds R          how often; the longest and the median are told (default 7)
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    conversations: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '7' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) process.stdout.write(USAGE);
else {
  const messages = readNumber('messages', values.messages);
  await measure(
    messages,
    readNumber('conversations', values.conversations),
    readNumber('rounds', values.rounds),
  );
}

async function measure(messages: number, conversations: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-snapshots-'));
  try {
    await using server = await ServerProcess.start(folder);
    await using channel = await GrpcChannel.open(server.url);
    const project = new Project(channel, 'measured');
    for (let index = 0; index < conversations; index++) {
      const { name } = await project.begin(`c-${String(index).padStart(6, '0')}`);
      await project.say(name, await project.join(name), Math.ceil(messages / conversations), 0);
    }
    const taken: Record<string, number[]> = { save: [], restore: [], reset: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [what, call] of [
        ['save', () => project.save('base')],
        ['restore', () => project.restore('base')],
        ['reset', () => project.reset()],
        ['restore', () => project.restore('base')],
      ] as const) {
        const started = performance.now();
        await call();
        taken[what]?.push(performance.now() - started);
      }
      const { messageCount } = await project.restore('base');
      const { messages: page } = await project.list(`${project.parent}/conversations/c-000000`, 1);
      if (Number(messageCount) < messages || page.length !== 1) throw new Error('not all of it came back');
    }
    process.stdout.write(
      `${messages} messages in ${conversations} conversations, in one call each, ms: median (most)\n`,
    );
    for (const [what, times] of Object.entries(taken)) {
      const sorted = times.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
      process.stdout.write(`${what.padEnd(8)} ${median.toFixed(0)} (${sorted.at(-1)?.toFixed(0)})\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
