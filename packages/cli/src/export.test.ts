import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Clients } from './clients.ts';
import { type ExportSurroundings, exportConversations } from './export.ts';
import { importTranscripts } from './import.ts';
import {
  clientsOf,
  FaultProxy,
  openFolder,
  runCommand,
  startTestServer,
  UNAVAILABLE,
} from './server.test.fixture.ts';

const stack = new AsyncDisposableStack();
let root: string;
let folder: string;
let proxy: FaultProxy;
let clients: Clients;
let projects = 0;
let project: string;
before(async () => {
  root = await openFolder(stack);
  const server = await startTestServer(join(root, 'data'));
  stack.defer(() => server.close());
  proxy = stack.use(new FaultProxy(server.url));
  await proxy.start();
  clients = stack.use(clientsOf(server.url));
});
after(() => stack.disposeAsync());
beforeEach(async () => {
  proxy.reset();
  project = `p${++projects}`;
  folder = join(root, project);
  await mkdir(folder);
});

const pauses = { firstMs: 1, longestMs: 20, allMs: 30_000 };
/** Where nobody comes back. */
const short = { firstMs: 1, longestMs: 2, allMs: 100 };
const run = (args: string[], more: Partial<ExportSurroundings> = {}) =>
  runCommand<ExportSurroundings>(exportConversations, args, { pauses, ...more });
const exportTo = (file: string, flags: string[] = [], more: Partial<ExportSurroundings> = {}) =>
  run(['--project', project, '--server', proxy.address, '-o', file, ...flags], more);

async function load(lines: readonly unknown[], into = project, ...flags: string[]): Promise<void> {
  const file = join(folder, `in-${into}.jsonl`);
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const args = [file, '--project', into, '--server', proxy.address, '--retain', '30d', ...flags];
  const { code, stderr } = await runCommand(importTranscripts, args);
  assert.equal(code, 0, stderr);
}

const parse = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const said = (text: string, time: number, more: object = {}) => ({
  start_timestamp_usec: time,
  text,
  role: 'AGENT',
  ...more,
});
const talk = {
  conversation_id: 'talk',
  entries: [
    said('Hello', 1_700_000_000_000_001, { user_id: 1 }),
    said('Hi "there"\n\u2028', 1_700_000_000_000_001, { role: 'CUSTOMER', user_id: 'u-2' }),
    said('Wait', 1_700_000_000_000_001, { user_id: 1 }),
    said('A robot', 1_700_000_000_000_000, { role: 'AUTOMATED_AGENT' }),
    said('Before all', -5, { user_id: 1 }),
  ],
};
const other = { conversation_id: 'Other', entries: [said('Anyone?', 5)] };

describe('exportConversations()', () => {
  it('writes what was imported, sorted by id, and says how much', async () => {
    await load([talk, other]);
    const file = join(folder, 'out.jsonl');
    const { code, stdout } = await exportTo(file);
    assert.deepEqual([code, stdout], [0, '2 conversations, 6 messages, T s\n']);
    assert.deepEqual(parse(await readFile(file, 'utf8')), [other, talk]);
    assert.deepEqual((await readdir(folder)).sort(), [`in-${project}.jsonl`, 'out.jsonl']);
  });

  it('is byte for byte the same after an import into another project', async () => {
    const entries = Array.from({ length: 700 }, (_, index) =>
      said(`line ${index}`, 7, { user_id: index % 3 }),
    );
    const many = Array.from({ length: 50 }, (_, index) => ({ ...talk, conversation_id: `t-${index}` }));
    await load([talk, other, { conversation_id: 'burst', entries }, ...many]);
    await exportTo(join(folder, 'first.jsonl.gz'));
    const first = gunzipSync(await readFile(join(folder, 'first.jsonl.gz')));
    const args = [join(folder, 'first.jsonl.gz'), '--project', `${project}-b`, '--server', proxy.address];
    assert.equal((await runCommand(importTranscripts, [...args, '--retain', '30d', '--complete'])).code, 0);
    project = `${project}-b`;
    await exportTo(join(folder, 'second.jsonl'), ['--location', 'global']);
    assert.equal(await readFile(join(folder, 'second.jsonl'), 'utf8'), first.toString('utf8'));
  });

  it('keeps users apart that look alike, and numbers exact', async () => {
    const users = ['01', '1', '-0', '1e3', '9007199254740991', '9007199254740993', '\u00e9\ud83d\ude00'];
    const entries = users.map((user_id, index) =>
      said(user_id, 253_402_300_799_999_000 + index, { user_id }),
    );
    await load([{ conversation_id: 'users', entries }]);
    const file = join(folder, 'users.jsonl');
    await exportTo(file);
    const text = await readFile(file, 'utf8');
    assert.match(text, /"start_timestamp_usec":"253402300799999000"/);
    const [read] = parse(text) as [{ entries: { user_id: unknown }[] }];
    const want = users.map((user) => (['1', '9007199254740991'].includes(user) ? Number(user) : user));
    assert.deepEqual(
      read.entries.map(({ user_id }) => user_id),
      want,
    );
  });

  it('writes to standard output, and its report beside it', async () => {
    await load([other]);
    const { code, stdout, stderr } = await exportTo('-');
    assert.equal(code, 0);
    assert.deepEqual(parse(stdout), [other]);
    assert.match(stderr, /^1 conversations, 1 messages, T s$/m);
  });

  it('writes the JSON of the API', async () => {
    await load([talk], project, '--complete');
    const { stdout } = await exportTo('-', ['--format', 'json']);
    const [{ conversation, participants, messages }] = parse(stdout) as [
      { conversation: Record<string, unknown>; participants: object[]; messages: Record<string, unknown>[] },
    ];
    assert.equal(conversation['name'], `projects/${project}/conversations/talk`);
    assert.equal(conversation['lifecycleState'], 'COMPLETED');
    assert.equal(participants.length, 3);
    assert.deepEqual(
      messages.map(({ content, sendTime }) => [content, sendTime]),
      [
        ['Hello', '2023-11-14T22:13:20.000001Z'],
        ['Hi "there"\n\u2028', '2023-11-14T22:13:20.000001Z'],
        ['Wait', '2023-11-14T22:13:20.000001001Z'],
        ['A robot', '2023-11-14T22:13:20Z'],
        ['Before all', '1969-12-31T23:59:59.999995Z'],
      ],
    );
  });

  it('takes conversations of one state alone', async () => {
    await load([talk], project, '--complete');
    await load([other]);
    for (const [state, want] of [
      ['completed', talk],
      ['in-progress', other],
    ] as const) {
      assert.deepEqual(parse((await exportTo('-', ['--state', state])).stdout), [want]);
    }
  });

  it('leaves out conversations without messages, and says so', async () => {
    await load([other]);
    const { conversationProfile } = await clients.conversations.getConversation({
      name: `projects/${project}/conversations/Other`,
    });
    await clients.conversations.createConversation({
      parent: `projects/${project}`,
      conversationId: 'empty',
      conversation: { conversationProfile },
    });
    const { code, stderr } = await exportTo('-');
    assert.equal(code, 0);
    assert.match(stderr, /^conversations left out, without messages: 1$/m);
  });

  it('writes no file where there is nothing to export', async () => {
    const file = join(folder, 'none.jsonl');
    await writeFile(file, 'old');
    const { code, stderr } = await exportTo(file);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^parley export: there are no conversations in projects\/p\d+; nothing is written$/m,
    );
    assert.equal(await readFile(file, 'utf8'), 'old');
  });

  it('waits for a server that goes away, and loses nothing', async () => {
    await load([talk, other]);
    proxy.faults = [
      { method: 'ListMessages', code: UNAVAILABLE, times: 2 },
      { method: 'ListParticipants', code: UNAVAILABLE, times: 1 },
    ];
    const { code, stdout, stderr } = await exportTo('-');
    assert.equal(code, 0, stderr);
    assert.deepEqual(parse(stdout), [other, talk]);
    assert.match(stderr, /does not answer, waiting for it/);
  });
});

describe('exportConversations() where it fails', () => {
  async function leaves(
    file: string,
    more: { code?: number; message: RegExp; run: () => ReturnType<typeof run> },
  ) {
    await writeFile(file, 'old');
    const before = await readdir(folder);
    const { code, stderr, stdout } = await more.run();
    assert.deepEqual([code, stdout], [more.code ?? 1, '']);
    assert.match(stderr, more.message);
    assert.equal(await readFile(file, 'utf8'), 'old');
    assert.deepEqual(await readdir(folder), before);
  }

  it('leaves the old file when the server stays away', async () => {
    await load([talk, other]);
    proxy.faults = [{ method: 'ListMessages', code: UNAVAILABLE, times: Number.POSITIVE_INFINITY }];
    const file = join(folder, 'away.jsonl');
    const message =
      /^parley export: the server at .* failed: a fault \(UNAVAILABLE\); .*away\.jsonl is as it was$/m;
    await leaves(file, { message, run: () => exportTo(file, [], { pauses: short }) });
  });

  it('leaves the old file when it is stopped', async () => {
    await load(Array.from({ length: 60 }, (_, index) => ({ ...talk, conversation_id: `t-${index}` })));
    const aborter = new AbortController();
    proxy.onCall = (method) => {
      if (method === 'ListMessages' && proxy.count(method) === 30) aborter.abort();
    };
    const file = join(folder, 'stopped.jsonl.gz');
    const message = /^parley export: stopped before all was written; .*stopped\.jsonl\.gz is as it was$/m;
    await leaves(file, { message, run: () => exportTo(file, [], { signal: aborter.signal }) });
  });

  it('says in one line that no server can be reached', async () => {
    const file = join(folder, 'lonely.jsonl');
    const args = ['--project', 'p', '--server', '127.0.0.1:1', '-o', file];
    const message = /^parley export: cannot reach a server at 127\.0\.0\.1:1: start one/;
    await leaves(file, { message, run: () => run(args) });
  });

  it('says that a device is full', {
    skip: process.platform !== 'linux' && '/dev/full is of Linux',
  }, async () => {
    await load([talk]);
    const { code, stderr } = await exportTo('/dev/full');
    assert.equal(code, 1);
    assert.match(stderr, /^parley export: the disk is full; \/dev\/full is as it was$/m);
  });

  it('leaves the old file when the disk is full', async (test) => {
    await load([
      { conversation_id: 'large', entries: [said('x'.repeat(60_000), 1), said('y'.repeat(60_000), 2)] },
    ]);
    const small = join(folder, 'small');
    await mkdir(small);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
    if (mounted.status !== 0) return test.skip('only the superuser may mount a small disk');
    try {
      const file = join(small, 'out.jsonl');
      await writeFile(file, 'old');
      const { code, stderr } = await exportTo(file);
      assert.equal(code, 1);
      assert.match(stderr, /^parley export: the disk is full; .*out\.jsonl is as it was$/m);
      assert.equal(await readFile(file, 'utf8'), 'old');
      assert.deepEqual(await readdir(small), ['out.jsonl']);
    } finally {
      spawnSync('umount', [small]);
    }
  });

  it('ends with one line when standard output is closed', async () => {
    await load([talk]);
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const { code, stderr } = await exportTo('-', [], { stdout: stdout as unknown as NodeJS.WriteStream });
    assert.equal(code, 1);
    assert.match(stderr, /^parley export: standard output was closed before all was written$/m);
  });
});

describe('exportConversations() and the file that is there', () => {
  it('keeps its mode, and a link to it', async () => {
    await load([other]);
    const file = join(folder, 'real.jsonl');
    await writeFile(file, 'old');
    await chmod(file, 0o600);
    await symlink('real.jsonl', join(folder, 'link.jsonl'));
    assert.equal((await exportTo(join(folder, 'link.jsonl'))).code, 0);
    assert.equal(await readlink(join(folder, 'link.jsonl')), 'real.jsonl');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(parse(await readFile(file, 'utf8')), [other]);
  });

  it('takes away what a killed export has left, and nothing else', async () => {
    await load([other]);
    const gone = spawnSync(process.execPath, ['--version']).pid;
    const own = `.out.jsonl.${hostname()}-`;
    const kept = [
      `.out.jsonl.elsewhere-${gone}.part`,
      `${own}1.part`,
      `.other.jsonl.${hostname()}-${gone}.part`,
    ];
    for (const name of [...kept, `${own}${gone}.part`]) await writeFile(join(folder, name), '');
    await exportTo(join(folder, 'out.jsonl'));
    assert.deepEqual((await readdir(folder)).filter((name) => name.endsWith('.part')).sort(), kept.sort());
  });
});

describe('exportConversations() on its command line', () => {
  it('prints its usage for --help', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Usage: parley export --project P -o FILE/);
  });

  const cases = [
    { args: [], line: /--project is missing/ },
    { args: ['--project', 'p'], line: /-o FILE is missing/ },
    { args: ['--project', 'p', '-o', ''], line: /-o FILE is missing/ },
    { args: ['--project', 'p', '-o', 'x', 'y'], line: /"y" is not expected/ },
    { args: ['--project', 'p', '-o', 'x', '--format', 'csv'], line: /--format is ccai or json, not "csv"/ },
    {
      args: ['--project', 'p', '-o', 'x', '--state', 'toString'],
      line: /--state is completed or in-progress/,
    },
    { args: ['--project', 'p', '-o', '/'], line: /-o \/: is a folder/ },
    { args: ['--project', 'p', '-o', '/nowhere/x'], line: /there is no folder \/nowhere/ },
    { args: ['--project', 'p', '-o', 'x', '--nope'], line: /--nope/ },
  ];
  for (const { args, line } of cases) {
    it(`refuses ${args.join(' ') || 'an empty command line'}`, async () => {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, line);
      assert.equal(stderr.trimEnd().split('\n').length, 1);
    });
  }
});
