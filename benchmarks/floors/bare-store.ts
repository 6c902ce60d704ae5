/**
 * The server's store alone: it is told over HTTP how many changes to make or pages to read, which are those that the
 * server makes for the same calls, and answers when they are done.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SystemClock } from '@parleykit/server';
import { type Change, type NewMessage, openSqliteStore, SqliteConnection } from '@parleykit/server/storage';
import { inFlight } from '../load.ts';

const [folder = ''] = process.argv.slice(2);
const clock = new SystemClock();
const store = await openSqliteStore(folder, clock);
const conversations: string[] = [];
let sent = 0;
let ids = 0;

/** Of about the size that a conversation in STAR and its messages have. */
const CONVERSATION_BODY = Buffer.alloc(190, 1);
const PARTICIPANT_BODY = Buffer.alloc(2, 1);
const MESSAGE_BODY_BYTES = 70;

/** With the time when it must end. */
async function makeConversation(): Promise<string> {
  const now = clock.now();
  const name = `projects/bench/conversations/${makeId('conversation')}`;
  const change: Change = {
    partition: name,
    expect: [{ name, absent: true }],
    put: [{ name, state: 1, ordering: now, holdsMessages: true, body: CONVERSATION_BODY }],
    schedule: [
      { key: `complete ${name}`, due: now + 86_400_000_000, kind: 'complete', data: new Uint8Array() },
    ],
  };
  conversations.push(name);
  await store.commit(change);
  return name;
}

/** As long as the server's ids, and in order as they are. */
function makeId(kind: string): string {
  ids++;
  return `${String(ids).padStart(8, '0')}${kind.padEnd(14, 'x')}`;
}

function makeMessages(count: number): NewMessage[] {
  return Array.from({ length: count }, (_, index) => {
    sent++;
    const sendTime = { seconds: 1_700_000_000 + Math.floor(sent / 1000), nanos: (sent % 1000) * 1_000_000 };
    const body = Buffer.alloc(MESSAGE_BODY_BYTES, 1);
    return { participant: `0abcdefghijklmnopqrst${index % 2}`, sendTime, body };
  });
}

async function append(conversation: string, count: number): Promise<void> {
  await store.commit({
    partition: conversation,
    expect: [{ name: conversation, state: 1 }],
    append: [makeMessages(count)],
  });
}

const works: Record<string, (parameters: Record<string, number>) => Promise<unknown>> = {
  /** Batches of a size, into as many conversations as there are in flight. */
  batches: async ({ count = 0, size = 0, flight = 1 }) => {
    while (conversations.length < flight) await makeConversation();
    await inFlight(count, (index) => append(conversations[index % flight] ?? '', size), flight);
  },
  create: ({ count = 0, flight = 1 }) => inFlight(count, async () => void (await makeConversation()), flight),
  /** Whole conversations: each with two participants and one batch. */
  star: ({ count = 0, size = 0, flight = 1 }) =>
    inFlight(
      count,
      async () => {
        const name = await makeConversation();
        for (const role of ['a', 'b']) {
          const participant = `${name}/participants/${makeId(role)}`;
          await store.commit({
            partition: name,
            expect: [
              { name, state: 1 },
              { name: participant, absent: true },
            ],
            put: [{ name: participant, state: 1, body: PARTICIPANT_BODY }],
          });
        }
        await append(name, size);
      },
      flight,
    ),
  /** Full pages of messages, of the conversations that the batches went into: they were made first. */
  pages: async ({ count = 0, size = 0, of = 1 }) => {
    for (let page = 0; page < count; page++) {
      const conversation = conversations[page % of] ?? '';
      await store.listMessages(conversation, { limit: size, bytes: 3 << 20 });
    }
  },
  /** The least that the same pages can cost: SQLite adds up how long they are. */
  sums: async ({ count = 0, size = 0, of = 1 }) => {
    const connection = new SqliteConnection(join(folder, 'parley.sqlite'), { readOnly: true });
    connection.exec('PRAGMA cache_size = -16384');
    const sum = connection.prepare(
      `SELECT sum(length(entry)) FROM (SELECT entry FROM messages WHERE conversation = $1
       ORDER BY create_time DESC, position DESC LIMIT +$2)`,
    );
    for (let page = 0; page < count; page++) sum.get(1 + (page % of), size + 1);
    connection.close();
  },
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const parameters = Object.fromEntries([...searchParams].map(([name, value]) => [name, Number(value)]));
  const work = works[pathname.slice(1)];
  request.resume();
  (work?.(parameters) ?? Promise.reject(new Error(`there is no ${pathname}`))).then(
    () => response.end('done'),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await store.close();
});
