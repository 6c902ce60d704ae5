import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Message, Participant } from '@parleykit/client';
import type { RunningServer } from '@parleykit/server';
import type { Clients } from './clients.ts';
import { type ImportSurroundings, importTranscripts } from './import.ts';
import {
  clientsOf,
  FaultProxy,
  openFolder,
  runCommand,
  startTestServer,
  UNAVAILABLE,
} from './server.test.fixture.ts';

const stack = new AsyncDisposableStack();
let folder: string;
let server: RunningServer;
let proxy: FaultProxy;
let clients: Clients;
let projects = 0;
let project: string;
before(async () => {
  folder = await openFolder(stack);
  const started = await startTestServer(join(folder, 'data'));
  stack.defer(() => started.close());
  server = started;
  proxy = stack.use(new FaultProxy(server.url));
  await proxy.start();
  clients = stack.use(clientsOf(server.url));
});
after(() => stack.disposeAsync());
beforeEach(() => {
  proxy.reset();
  project = `p${++projects}`;
});

const pauses = { firstMs: 1, longestMs: 20, allMs: 30_000 };
/** Where nobody comes back. */
const short = { firstMs: 1, longestMs: 2, allMs: 100 };
/** What stands between speaks gRPC alone, and holds go over REST: they have cases of their own. */
const run = (args: string[], more: Partial<ImportSurroundings> = {}) =>
  runCommand<ImportSurroundings>(importTranscripts, ['--retain', '30d', ...args], { pauses, ...more });

async function write(name: string, ...conversations: unknown[]): Promise<string> {
  const file = join(folder, name);
  const lines = conversations.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  await writeFile(file, lines.join('\n'));
  return file;
}

const importFile = (file: string, ...flags: string[]) =>
  run([file, '--project', project, '--server', proxy.address, ...flags]);

const said = (role: string, text: string, time: number, user_id?: number | string) => ({
  role,
  text,
  start_timestamp_usec: time,
  user_id,
});
const talk = {
  conversation_id: 'talk',
  entries: [said('CUSTOMER', 'Hello', 10, 1), said('AGENT', 'Hi', 20, 2), said('CUSTOMER', 'Bye', 30, 1)],
};
const other = { conversation_id: 'other', entries: [said('AGENT', 'Anyone?', 10, 2)] };

interface Stored {
  readonly ids: string[];
  readonly participants: Participant[];
  /** Oldest first, one conversation after the other. */
  readonly messages: Message[];
}

/** All that a project has, as the API tells it. */
async function stored(parent = `projects/${project}`): Promise<Stored> {
  const all: Stored = { ids: [], participants: [], messages: [] };
  for await (const { name } of clients.conversations.listConversations({ parent })) {
    all.ids.push(name.slice(name.lastIndexOf('/') + 1));
    for await (const participant of clients.participants.listParticipants({ parent: name })) {
      all.participants.push(participant);
    }
    const newestFirst: Message[] = [];
    for await (const message of clients.conversations.listMessages({ parent: name, pageSize: 1_000 })) {
      newestFirst.push(message);
    }
    all.messages.push(...newestFirst.reverse());
  }
  return all;
}

async function counts(): Promise<[conversations: number, participants: number, messages: number]> {
  const { ids, participants, messages } = await stored();
  return [ids.length, participants.length, messages.length];
}

const conversationOf = (id: string) =>
  clients.conversations.getConversation({ name: `projects/${project}/conversations/${id}` });

describe('importTranscripts()', () => {
  it('stores profile, conversations, participants and messages', async () => {
    const { code, stdout } = await importFile(await write('two.jsonl', talk, other));
    assert.equal(stdout, '2 conversations (2 new), 4 messages (4 new, 0 already there), 0 refused, T s\n');
    assert.equal(code, 0);
    const { participants, messages } = await stored();
    const speakers = new Map(participants.map((participant) => [participant.name, participant]));
    assert.deepEqual(
      messages
        .filter(({ name }) => name.includes('/talk/'))
        .map(({ content, participant, sendTime }) => [
          content,
          speakers.get(participant)?.role,
          speakers.get(participant)?.obfuscatedExternalUserId,
          sendTime,
        ]),
      [
        ['Hello', 'END_USER', '1', '1970-01-01T00:00:00.000010Z'],
        ['Hi', 'HUMAN_AGENT', '2', '1970-01-01T00:00:00.000020Z'],
        ['Bye', 'END_USER', '1', '1970-01-01T00:00:00.000030Z'],
      ],
    );
    const { conversationProfile, lifecycleState } = await conversationOf('talk');
    const profile = await clients.profiles.getConversationProfile({ name: conversationProfile });
    assert.deepEqual([profile.displayName, lifecycleState], ['parley import', 'IN_PROGRESS']);
    assert.equal(proxy.count('ListParticipants'), 0, 'a new conversation has no participants to look for');
  });

  it('reads folders of single files, lines and gzip alike', async () => {
    const tree = await mkdtemp(join(folder, 'tree-'));
    await mkdir(join(tree, 'deep'));
    await writeFile(join(tree, 'deep', 'one.json'), JSON.stringify(talk, undefined, 2));
    await writeFile(join(tree, 'two.jsonl'), `${JSON.stringify(other)}\n`);
    const third = { ...other, conversation_id: 'third' };
    await writeFile(join(tree, 'three.jsonl.gz'), gzipSync(JSON.stringify(third)));
    await writeFile(join(tree, 'notes.txt'), 'nothing');
    const { code, stdout } = await importFile(tree);
    assert.equal(stdout, '3 conversations (3 new), 5 messages (5 new, 0 already there), 0 refused, T s\n');
    assert.equal(code, 0);
  });

  it('changes nothing when run again, and says so', async () => {
    const file = await write('again.jsonl', talk, other);
    await importFile(file);
    const { code, stdout } = await importFile(file);
    assert.equal(stdout, '2 conversations (0 new), 4 messages (0 new, 4 already there), 0 refused, T s\n');
    assert.equal(code, 0);
    assert.deepEqual(await counts(), [2, 3, 4]);
    assert.equal(proxy.count('CreateConversationProfile'), 1);
  });

  it('adds what a transcript has gained since', async () => {
    await importFile(await write('short.jsonl', talk));
    const longer = { ...talk, entries: [...talk.entries, said('AUTOMATED_AGENT', 'Closed', 40)] };
    const { stdout } = await importFile(await write('long.jsonl', longer));
    assert.equal(stdout, '1 conversations (0 new), 4 messages (1 new, 3 already there), 0 refused, T s\n');
    assert.deepEqual(await counts(), [1, 3, 4]);
  });

  it('takes a conversation that stands twice in its input once', async () => {
    const { stdout } = await importFile(await write('twice.jsonl', talk, talk, talk));
    assert.equal(stdout, '3 conversations (1 new), 9 messages (3 new, 6 already there), 0 refused, T s\n');
    assert.deepEqual(await counts(), [1, 2, 3]);
  });

  it('refuses what is stored with another text, and leaves it', async () => {
    const changed = { ...other, entries: [said('AGENT', 'Nobody?', 10, 2), said('AGENT', 'More', 11, 2)] };
    await importFile(await write('first.jsonl', other));
    const file = await write('changed.jsonl', changed);
    const { code, stdout, stderr } = await importFile(file, '--complete');
    assert.equal(code, 1);
    assert.match(stdout, /^0 conversations \(0 new\), 2 messages \(1 new, 1 already there\), 1 refused/);
    assert.match(stdout, /^stored with another text, left as it is: 1$/m);
    const reason = 'conversation other: 1 of its entries are stored with another text, and left as they are';
    assert.ok(stderr.includes(`${file}:1: ${reason}\n`), stderr);
    assert.deepEqual(await counts(), [1, 1, 2]);
    assert.equal((await conversationOf('other')).lifecycleState, 'IN_PROGRESS');
  });

  it('makes a participant per role and user, and one per role where nobody is named', async () => {
    const entries = [
      said('CUSTOMER', 'a', 1, 7),
      said('AGENT', 'b', 2, 7),
      said('AGENT', 'c', 3),
      said('HUMAN_AGENT', 'd', 4),
      said('customer', 'e', 5, '7'),
      said('END_USER', 'f', 6, 7),
    ];
    const file = await write('users.jsonl', { conversation_id: 'users', entries });
    await importFile(file);
    await importFile(file);
    const { participants } = await stored();
    const speakers = participants.map(
      ({ role, obfuscatedExternalUserId }) => `${role} ${obfuscatedExternalUserId}`,
    );
    assert.deepEqual(speakers.sort(), ['END_USER 7', 'HUMAN_AGENT ', 'HUMAN_AGENT 7']);
  });

  it('keeps entries of one microsecond apart, across batches too', async () => {
    const entries = Array.from({ length: 650 }, (_, index) => said('AGENT', `line ${index}`, 5));
    const file = await write('burst.jsonl', { conversation_id: 'burst', entries });
    await importFile(file);
    const { stdout } = await importFile(file);
    assert.match(stdout, /650 messages \(0 new, 650 already there\)/);
    const { messages } = await stored();
    assert.deepEqual(
      messages.map(({ content }) => content),
      entries.map(({ text }) => text),
    );
    assert.equal(messages[649]?.sendTime, '1970-01-01T00:00:00.000005649Z');
    assert.equal(proxy.count('BatchCreateMessages'), 6);
  });

  it('says when more than a thousand entries share a microsecond', async () => {
    const entries = Array.from({ length: 1_002 }, (_, index) => said('AGENT', `line ${index}`, 5));
    const { stdout } = await importFile(await write('crowd.jsonl', { conversation_id: 'crowd', entries }));
    assert.match(stdout, /1,002 messages \(1,002 new/);
    assert.match(stdout, /^times moved by a microsecond or more: 2 /m);
  });

  it('cuts batches by size as well', async () => {
    const entries = Array.from({ length: 60 }, (_, index) => said('AGENT', 'x'.repeat(60_000), index));
    await importFile(await write('large.jsonl', { conversation_id: 'large', entries }));
    assert.equal(proxy.count('BatchCreateMessages'), 4);
    assert.deepEqual(await counts(), [1, 1, 60]);
  });

  it('refuses single lines by file, line and reason, and takes the others', async () => {
    const poison = { conversation_id: 'poison', entries: [said('AGENT', 'x'.repeat(70_000), 1)] };
    const file = await write('mixed.jsonl', talk, '{"entries": ', { entries: [] }, poison, other);
    const { code, stdout, stderr } = await importFile(file);
    assert.equal(code, 1);
    assert.equal(stdout, '2 conversations (2 new), 4 messages (4 new, 0 already there), 3 refused, T s\n');
    const lines = stderr
      .split('\n')
      .filter((line) => line.startsWith(file))
      .sort();
    assert.match(lines[0] ?? '', /:2: not JSON: /);
    assert.equal(lines[1], `${file}:3: no entries`);
    assert.match(lines[2] ?? '', /:4: the server refused it: .*65536 bytes.* \(INVALID_ARGUMENT\)$/);
    assert.equal(lines.length, 3);
  });

  it('names line 4711 when that one is broken', async () => {
    const broken = Array.from({ length: 4_712 }, (_, index) =>
      index === 4_710 ? '{"conversation_id": "x", "entries": [' : '',
    );
    const { code, stderr } = await importFile(await write('4711.jsonl', ...broken, JSON.stringify(other)));
    assert.equal(code, 1);
    assert.match(stderr, /^.*4711\.jsonl:4711: not JSON: .*$/m);
    assert.deepEqual(await counts(), [1, 1, 1]);
  });

  it('reports derived times, replaced ids and keys that are not kept', async () => {
    const odd = {
      conversation_id: '4711',
      topic: 'x',
      entries: [
        { role: 'AGENT', text: 'a', mood: 1 },
        { role: 'AGENT', text: 'b', mood: 2 },
      ],
    };
    const { stdout } = await importFile(await write('odd.jsonl', odd));
    assert.deepEqual(stdout.split('\n').slice(1), [
      'times derived: 2 (entries without start_timestamp_usec)',
      'ids replaced by a hash: 1 (conversation_id not legal)',
      'not kept: entries[].mood (2), topic (1)',
      '',
    ]);
  });

  it('takes the profile that is there, in the location that is named', async () => {
    const parent = `projects/${project}/locations/global`;
    const names: string[] = [];
    for (const displayName of ['mine', 'yours', 'parley import']) {
      const conversationProfile = { displayName };
      names.push((await clients.profiles.createConversationProfile({ parent, conversationProfile })).name);
    }
    await importFile(await write('located.jsonl', other), '--location', 'global');
    const name = `${parent}/conversations/other`;
    assert.equal((await clients.conversations.getConversation({ name })).conversationProfile, names[2]);
    assert.equal(proxy.count('CreateConversationProfile'), 0);
  });

  it('finds the server in the environment, and --server before that', async () => {
    const file = await write('env.jsonl', other);
    const there = await run([file, '--project', project], {
      env: { DIALOGFLOW_EMULATOR_HOST: proxy.address },
    });
    assert.deepEqual([there.code, await counts()], [0, [1, 1, 1]]);
    const env = { DIALOGFLOW_EMULATOR_HOST: '127.0.0.1:1' };
    const url = `http://${proxy.address}/`;
    assert.equal((await run([file, '--project', project, '--server', url], { env })).code, 0);
  });
});

describe('importTranscripts() with --credentials', () => {
  it('calls as the service account, on this machine in plain text', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const key = await write('key.json', { client_email: 'a@p.iam.gserviceaccount.com', private_key: pem });
    const { code, stderr } = await importFile(await write('as.jsonl', other), '--credentials', key);
    assert.equal(code, 0, stderr);
    const token = /^Bearer (.+)\.(.+)\..+$/.exec(proxy.headers.authorization ?? '');
    const claims = JSON.parse(Buffer.from(token?.[2] ?? '', 'base64url').toString('utf8'));
    assert.equal(claims.iss, 'a@p.iam.gserviceaccount.com');
  });

  it('speaks TLS where the URL says so', async () => {
    const server = `https://${proxy.address}`;
    const { code, stderr } = await run([
      await write('tls.jsonl', other),
      '--project',
      project,
      '--server',
      server,
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /^parley import: cannot reach a server at https:\/\/.*\(UNAVAILABLE\)\n$/);
    assert.equal(proxy.calls.length, 0);
  });
});

describe('importTranscripts() with --complete', () => {
  it('completes each conversation after its last message', async () => {
    const file = await write('complete.jsonl', talk, other);
    const { code, stdout } = await importFile(file, '--complete');
    assert.equal(stdout, '2 conversations (2 new), 4 messages (4 new, 0 already there), 0 refused, T s\n');
    assert.equal(code, 0);
    assert.equal((await conversationOf('talk')).lifecycleState, 'COMPLETED');
    assert.equal((await conversationOf('other')).lifecycleState, 'COMPLETED');
    assert.deepEqual(await counts(), [2, 3, 4]);
  });

  it('completes what an earlier run has left open', async () => {
    const file = await write('open.jsonl', talk);
    await importFile(file);
    const { stdout } = await importFile(file, '--complete');
    assert.match(stdout, /3 messages \(0 new, 3 already there\), 0 refused/);
    assert.equal((await conversationOf('talk')).lifecycleState, 'COMPLETED');
  });

  for (const flags of [['--complete'], []]) {
    it(`compares what is completed and writes nothing to it, ${flags[0] ?? 'without the flag'}`, async () => {
      const file = await write('same.jsonl', talk);
      await importFile(file, '--complete');
      proxy.reset();
      const { code, stdout } = await importFile(file, ...flags);
      assert.equal(stdout, '1 conversations (0 new), 3 messages (0 new, 3 already there), 0 refused, T s\n');
      assert.equal(code, 0);
      assert.deepEqual(
        [...new Set(proxy.calls.filter((call) => !/^(?:List|Get)/.test(call)))],
        ['CreateConversation'],
      );
    });
  }

  it('says in one line how a completed conversation differs', async () => {
    await importFile(await write('before.jsonl', talk, other), '--complete');
    const [hello, hi, bye] = talk.entries;
    const changed = { ...talk, entries: [hello, { ...hi, text: 'Hey' }, bye, said('AGENT', 'More', 40, 2)] };
    const file = await write('after.jsonl', changed, other);
    const { code, stdout, stderr } = await importFile(file, '--complete');
    assert.equal(code, 1);
    assert.match(stdout, /^1 conversations \(0 new\), 1 messages \(0 new, 1 already there\), 1 refused/);
    assert.ok(
      stderr.includes(
        `${file}:1: conversation talk is completed and left as it is, but differs from the transcript: ` +
          '2 of its entries not stored, the first is entry 2; 1 messages stored that are not in it\n',
      ),
      stderr,
    );
    assert.deepEqual(await counts(), [2, 3, 4]);
  });

  it('tells entries apart that differ in user or time alone', async () => {
    await importFile(await write('speaker.jsonl', other), '--complete');
    for (const entry of [said('AGENT', 'Anyone?', 10, 3), said('AGENT', 'Anyone?', 11, 2)]) {
      const file = await write('speaker.jsonl', { ...other, entries: [entry] });
      assert.match((await importFile(file)).stderr, /1 of its entries not stored, .*; 1 messages stored/);
    }
  });
});

describe('importTranscripts() with --retain', () => {
  const directly = async (file: string, ...flags: string[]) => {
    const args = [file, '--project', project, '--server', server.url, ...flags];
    return runCommand<ImportSurroundings>(importTranscripts, args, { pauses });
  };
  const holdOf = async (id: string) => {
    const response = await fetch(`${server.url}/admin/v1/projects/${project}/conversations/${id}/hold`);
    return { status: response.status, hold: (await response.json()) as { reason?: string } };
  };

  for (const flags of [[], ['--retain', 'forever']]) {
    it(`holds each conversation, and says so: ${flags.join(' ') || 'by itself'}`, async () => {
      const file = await write('held.jsonl', talk, other);
      const { code, stdout } = await directly(file, '--complete', ...flags);
      assert.equal(code, 0);
      assert.match(stdout, /^held until they are released: 2 /mu);
      for (const id of ['talk', 'other']) {
        const { status, hold } = await holdOf(id);
        assert.deepEqual([status, hold.reason], [200, 'parley import']);
      }
      assert.match((await directly(file, ...flags)).stdout, /^held until they are released: 2 /mu);
    });
  }

  it('leaves conversations to the retention of the server', async () => {
    const { code, stdout } = await directly(await write('left.jsonl', talk), '--retain', '30d');
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /held/u);
    assert.equal((await holdOf('talk')).status, 404);
  });
});

describe('importTranscripts() on faults', () => {
  const repeatable = [
    'CreateConversationProfile',
    'CreateConversation',
    'CreateParticipant',
    'BatchCreateMessages',
    'CompleteConversation',
  ];
  for (const method of repeatable) {
    for (const takesEffect of [false, true]) {
      it(`doubles nothing when ${method} fails ${takesEffect ? 'after' : 'before'} taking effect`, async () => {
        proxy.faults = [{ method, code: UNAVAILABLE, times: 1, takesEffect }];
        const file = await write('fault.jsonl', talk);
        const { code, stdout } = await importFile(file, '--complete');
        assert.equal(code, 0);
        assert.match(stdout, /^1 conversations \(1 new\), 3 messages \(3 new, 0 already there\), 0 refused/);
        assert.deepEqual(await counts(), [1, 2, 3]);
        const { conversationProfiles } = await clients.profiles.listConversationProfiles({
          parent: `projects/${project}`,
        });
        assert.equal(conversationProfiles.length, 1);
        assert.equal((await conversationOf('talk')).lifecycleState, 'COMPLETED');
      });
    }
  }

  it('goes on when connections break, and says that it waited', async () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ ...talk, conversation_id: `many-${index}` }));
    proxy.onCall = (method) => {
      if (method === 'BatchCreateMessages' && [10, 40].includes(proxy.count(method)))
        proxy.breakConnections();
    };
    const { code, stdout, stderr } = await importFile(await write('breaks.jsonl', ...many));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^40 conversations .*, 120 messages \(120 new, 0 already there\), 0 refused/);
    assert.deepEqual(await counts(), [40, 80, 120]);
    assert.equal(stderr.match(/does not answer, waiting for it/g)?.length, 1, 'and says so once');
  });

  it('stops when the server is gone for good, and continues in the next run', async () => {
    proxy.faults = [{ method: 'BatchCreateMessages', code: UNAVAILABLE, times: Number.POSITIVE_INFINITY }];
    const many = Array.from({ length: 100 }, (_, index) => ({ ...talk, conversation_id: `many-${index}` }));
    const file = await write('gone.jsonl', ...many);
    const flags = ['--project', project, '--server', proxy.address];
    const gone = await run([file, ...flags], { pauses: short });
    assert.equal(gone.code, 1);
    assert.ok(
      gone.stderr.includes(
        `the server at ${proxy.address} failed: a fault (UNAVAILABLE); the same command, run again, continues`,
      ),
    );
    assert.match(gone.stdout, /^0 conversations .* 0 refused/);
    assert.ok((await stored()).ids.length < 100);
    proxy.faults = [];
    const { code, stdout } = await importFile(file);
    assert.equal(code, 0);
    assert.match(stdout, /^100 conversations .*, 300 messages \(300 new, 0 already there\)/);
    assert.deepEqual(await counts(), [100, 200, 300]);
  });

  it('stops when its signal aborts, says how far it got, and continues in the next run', async () => {
    const file = await write(
      'abort.jsonl',
      ...Array.from({ length: 80 }, (_, index) => ({ ...talk, conversation_id: `abort-${index}` })),
    );
    const aborter = new AbortController();
    proxy.onCall = (method) => {
      if (method === 'BatchCreateMessages' && proxy.count(method) >= 10) aborter.abort();
    };
    const { code, stdout, stderr } = await run([file, '--project', project, '--server', proxy.address], {
      signal: aborter.signal,
    });
    assert.equal(code, 1);
    assert.match(stdout, /^\d+ conversations .* 0 refused/);
    assert.match(
      stderr,
      /^parley import: stopped; the same command, run again, continues where this one ended$/m,
    );
    assert.ok((await stored()).messages.length < 240);
    proxy.reset();
    await importFile(file);
    assert.deepEqual(await counts(), [80, 160, 240]);
  });

  it('says in one line that no server can be reached', async () => {
    const file = await write('lonely.jsonl', other);
    const { code, stdout, stderr } = await run([file, '--project', 'p', '--server', '127.0.0.1:1']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      'parley import: cannot reach a server at 127.0.0.1:1: start one with `parley serve`\n',
    );
  });

  it('shows a stack with --verbose only', async () => {
    const file = await write('stack.jsonl', '{');
    assert.doesNotMatch((await importFile(file)).stderr, /^ +at /m);
    assert.match((await importFile(file, '--verbose')).stderr, /^ +at parseTranscript /m);
  });

  it('fails where a folder holds no transcripts', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const { code, stderr } = await importFile(empty);
    assert.equal(code, 1);
    assert.match(stderr, /no \.json or \.jsonl files under /);
  });
});

describe('importTranscripts() on its command line', () => {
  it('prints its usage for --help', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Usage: parley import FILE\|DIR\.\.\. --project P/);
  });

  const cases = [
    { args: [], line: /no FILE or DIR/ },
    { args: ['.'], line: /--project is missing/ },
    { args: ['.', '--project', 'p', '--retain', '7d'], line: /--retain 7d is none of forever, 30d/ },
    { args: ['.', '--project', 'p', '--hold'], line: /--hold/ },
    { args: ['nowhere.jsonl', '--project', 'p'], line: /nowhere\.jsonl: no such file/ },
    { args: [import.meta.filename, '--project', 'p'], line: /not a \.json/ },
  ];
  for (const { args, line } of cases) {
    it(`refuses ${args.map((arg) => arg.replace(/^.*[\\/]/, '')).join(' ') || 'an empty command line'}`, async () => {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, line);
      assert.equal(stderr.trimEnd().split('\n').length, 1);
    });
  }
});
