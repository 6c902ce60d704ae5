import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, runToEnd } from './programs.ts';
import { startServer, startServerWithFileLimit } from './target.ts';

const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
const UPGRADES = new URL('./upgrades/', import.meta.url);
const CONVERSATION = 'projects/demo/conversations/released';

/** Which the server of 0.1.0 gave out with the newest of the messages. */
const PAGE_TOKEN = '9mz2xZfbnKEjprXsFReAo3siY3JlYXRlVGltZSI6MTc5NTY0MDA4NjgyMDM5MCwicG9zaXRpb24iOjB9';

interface Message {
  readonly name: string;
  readonly content: string;
  readonly participant: string;
}

/** The database of a data folder. */
const databaseOf = (folder: string): string => join(folder, 'parley.sqlite');

async function get<T>(url: string, path: string): Promise<T> {
  const reply = await fetch(`${url}/v2beta1/${path}`);
  assert.equal(reply.status, 200, path);
  return (await reply.json()) as T;
}

async function post<T>(url: string, path: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/v2beta1/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  assert.equal(reply.status, 200, path);
  return (await reply.json()) as T;
}

/** `parley serve`, where it is not to start. */
const serveInVain = (folder: string, ...flags: string[]): Promise<Ended> => {
  const args = ['--conditions=source', MAIN, 'serve', '--port', '0', '--data', folder, ...flags];
  return runToEnd(process.execPath, args, {});
};

describe('data folders', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-upgrading-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const name of readdirSync(UPGRADES)) {
    it(`of a released version are taken over: ${name}`, async () => {
      const database = new DatabaseSync(databaseOf(folder));
      database.exec(readFileSync(new URL(name, UPGRADES), 'utf8'));
      database.close();
      await using server = await startServer(folder);
      const { messages } = await get<{ messages: Message[] }>(server.url, `${CONVERSATION}/messages`);
      assert.deepEqual(
        messages.map(({ name, content }) => [name, content]),
        [
          [`${CONVERSATION}/messages/1795640086820390-0`, 'Grüße, 🙂'],
          [`${CONVERSATION}/messages/1795640086809038-1`, 'On its way.'],
          [`${CONVERSATION}/messages/1795640086809038-0`, 'Where is my order?'],
        ],
      );
      const path = `${CONVERSATION}/messages?pageSize=1&pageToken=${PAGE_TOKEN}`;
      const page = await get<{ messages: Message[] }>(server.url, path);
      assert.deepEqual(page.messages, messages.slice(1, 2), 'page tokens go on');
      const { participants } = await get<{
        participants: { name: string; obfuscatedExternalUserId?: string }[];
      }>(server.url, `${CONVERSATION}/participants`);
      const ann = participants.find(({ obfuscatedExternalUserId }) => obfuscatedExternalUserId === 'ann');
      assert.equal(ann?.name, messages[0]?.participant);
      const { lifecycleState } = await get<{ lifecycleState: string }>(server.url, CONVERSATION);
      assert.equal(lifecycleState, 'IN_PROGRESS');
      const again = { content: 'changed', participant: ann?.name, sendTime: '2026-01-01T12:00:00Z' };
      const repeated = await post<{ messages: Message[] }>(
        server.url,
        `${CONVERSATION}/messages:batchCreate`,
        {
          requests: [{ message: again }],
        },
      );
      assert.deepEqual(repeated.messages, messages.slice(2), 'what was sent before is known');
    });
  }

  it('can be copied by SQLite while a server writes to them', async () => {
    await using server = await startServer(folder);
    const path = 'projects/p/conversationProfiles';
    await post(server.url, path, { displayName: 'before' });
    const copies = mkdtempSync(join(tmpdir(), 'parley-copy-'));
    try {
      const reader = new DatabaseSync(databaseOf(folder), { readOnly: true });
      reader.exec(`VACUUM INTO '${databaseOf(copies)}'`);
      reader.close();
      await post(server.url, path, { displayName: 'after' });
      await using copy = await startServer(copies);
      type Profiles = { conversationProfiles: { displayName: string }[] };
      const { conversationProfiles } = await get<Profiles>(copy.url, path);
      assert.deepEqual(
        conversationProfiles.map(({ displayName }) => displayName),
        ['before'],
      );
    } finally {
      rmSync(copies, { recursive: true });
    }
  });

  it('of a newer version are refused in one line, and are as they were', async () => {
    await (await startServer(folder)).stop();
    const database = new DatabaseSync(databaseOf(folder));
    database.exec('PRAGMA user_version = 9999');
    database.close();
    const before = readFileSync(databaseOf(folder));
    const { code, stdout, stderr } = await serveInVain(folder, '--demo');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^parley serve: the data was written by a newer version of parley \(schema 9999, .*\)\n$/u,
    );
    assert.deepEqual(readFileSync(databaseOf(folder)), before);
  });

  it('that find no room on the disk are refused in one line, and can be used once there is some', async () => {
    for (const kib of [0, 20]) {
      await assert.rejects(
        startServerWithFileLimit(kib, folder),
        /^Error: the server did not start: parley serve: [^\n]*\bthe disk is full[^\n]*\n$/u,
      );
    }
    await using server = await startServer(folder, '--demo');
    type Profiles = { conversationProfiles: object[] };
    const { conversationProfiles } = await get<Profiles>(server.url, 'projects/demo/conversationProfiles');
    assert.equal(conversationProfiles.length, 2);
  });
});

describe('a port that is taken', () => {
  it('is told in one line that says what to do', async () => {
    const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'parley-port-')));
    try {
      const [first = '', second = ''] = folders;
      await using server = await startServer(first);
      const { code, stdout, stderr } = await serveInVain(second, '--port', String(server.port));
      assert.deepEqual([code, stdout], [1, '']);
      const choice = 'choose another with --port, or 0 for a free one';
      assert.equal(stderr, `parley serve: port ${server.port} on 127.0.0.1 is taken: ${choice}\n`);
    } finally {
      for (const folder of folders) rmSync(folder, { recursive: true });
    }
  });
});
