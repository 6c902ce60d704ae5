import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  BatchCreateMessagesResponseSchema,
  type Conversation,
  type ConversationProfile,
  ConversationProfileSchema,
  ConversationProfiles,
  ConversationSchema,
  Conversations,
  ListConversationProfilesResponseSchema,
  ListMessagesResponseSchema,
  ListParticipantsResponseSchema,
  type Message,
  MessageSchema,
  type Participant,
  Participant_Role,
  ParticipantSchema,
  Participants,
} from '@parleykit/proto/v2beta1';
import { importTranscripts } from './import.ts';

/** Fails calls of one method: before they take effect, or after it, when only the answer gets lost. */
interface Fault {
  method: string;
  code: status;
  times: number;
  takesEffect?: boolean;
}

/** The RPCs that an import needs, over real gRPC, with everything in memory and faults on demand. Pages hold one item. */
class StubServer {
  readonly profiles: ConversationProfile[] = [];
  readonly conversations = new Map<string, Conversation>();
  readonly participants: Participant[] = [];
  readonly messages: Message[] = [];
  readonly calls: string[] = [];
  faults: Fault[] = [];
  onCall: (method: string) => void = () => {};
  address = '';
  #commits = 0;
  readonly #server = new Server();

  async start(): Promise<void> {
    this.#addMethods();
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.address = `127.0.0.1:${port}`;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  count(method: string): number {
    return this.calls.filter((call) => call === method).length;
  }

  #addMethods(): void {
    const { listConversationProfiles, createConversationProfile } = ConversationProfiles.method;
    const { createConversation, batchCreateMessages, listMessages } = Conversations.method;
    const { listParticipants, createParticipant } = Participants.method;
    this.#add(listConversationProfiles, ({ parent, pageToken }) => {
      const all = this.profiles.filter((profile) => profile.name.startsWith(`${parent}/`));
      const { items, nextPageToken } = onePage(all, pageToken);
      return create(ListConversationProfilesResponseSchema, { conversationProfiles: items, nextPageToken });
    });
    this.#add(createConversationProfile, ({ parent, conversationProfile }) => {
      const name = `${parent}/conversationProfiles/${this.profiles.length}`;
      const profile = { ...create(ConversationProfileSchema, conversationProfile ?? {}), name };
      this.profiles.push(profile);
      return profile;
    });
    this.#add(createConversation, ({ parent, conversationId, conversation }) => {
      const name = `${parent}/conversations/${conversationId}`;
      if (this.conversations.has(name)) throw { code: status.ALREADY_EXISTS, details: 'it is there' };
      const stored = { ...create(ConversationSchema, conversation ?? {}), name };
      this.conversations.set(name, stored);
      return stored;
    });
    this.#add(listParticipants, ({ parent, pageToken }) => {
      const all = this.participants.filter(({ name }) => name.startsWith(`${parent}/`));
      const { items, nextPageToken } = onePage(all, pageToken);
      return create(ListParticipantsResponseSchema, { participants: items, nextPageToken });
    });
    this.#add(createParticipant, ({ parent, participant }) => {
      const name = `${parent}/participants/${this.participants.length}`;
      const stored = { ...create(ParticipantSchema, participant ?? {}), name };
      this.participants.push(stored);
      return stored;
    });
    this.#add(listMessages, ({ parent, pageToken }) => {
      const newestFirst = this.messages.filter(({ name }) => name.startsWith(`${parent}/`)).toReversed();
      const { items, nextPageToken } = onePage(newestFirst, pageToken);
      return create(ListMessagesResponseSchema, { messages: items, nextPageToken });
    });
    this.#add(batchCreateMessages, ({ parent, requests }) => {
      assert.ok(requests.length <= 300, 'the limit of a batch');
      const createTime = timestampFromMs(++this.#commits);
      const messages = requests.map(({ message }) => {
        const key = ({ participant, sendTime }: Message) =>
          `${participant} ${sendTime?.seconds} ${sendTime?.nanos}`;
        const wanted = create(MessageSchema, message ?? {});
        if (wanted.content === 'poison') throw { code: status.INVALID_ARGUMENT, details: 'bad\ncontent' };
        const twin = this.messages.find((stored) => key(stored) === key(wanted));
        if (twin !== undefined) return twin;
        const stored = { ...wanted, name: `${parent}/messages/${this.messages.length}`, createTime };
        this.messages.push(stored);
        return stored;
      });
      return create(BatchCreateMessagesResponseSchema, { messages });
    });
  }

  #add<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    handle: (request: MessageShape<I>) => MessageShape<O>,
  ): void {
    const definition = {
      path: `/${method.parent.typeName}/${method.name}`,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      responseSerialize: (message: MessageShape<O>) => Buffer.from(toBinary(method.output, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    };
    const answer = (
      call: ServerUnaryCall<MessageShape<I>, MessageShape<O>>,
      reply: sendUnaryData<MessageShape<O>>,
    ) => {
      this.calls.push(method.name);
      this.onCall(method.name);
      const fault = this.faults.find((candidate) => candidate.method === method.name && candidate.times > 0);
      try {
        if (fault === undefined) return reply(null, handle(call.request));
        fault.times--;
        if (fault.takesEffect) handle(call.request);
        return reply({ code: fault.code, details: 'a fault' });
      } catch (error) {
        return reply(error as { code: status; details: string });
      }
    };
    this.#server.addService({ [method.localName]: definition }, { [method.localName]: answer });
  }
}

function onePage<T>(all: readonly T[], pageToken: string): { items: T[]; nextPageToken: string } {
  const start = Number(pageToken || 0);
  return {
    items: all.slice(start, start + 1),
    nextPageToken: start + 1 < all.length ? String(start + 1) : '',
  };
}

let folder: string;
let stub: StubServer;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  stub = new StubServer();
  await stub.start();
});
afterEach(() => stub.stop());

async function run(
  args: string[],
  { env = {}, signal = new AbortController().signal }: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const code = await importTranscripts(args, {
    stdout: streams.stdout as unknown as NodeJS.WriteStream,
    stderr: streams.stderr as unknown as NodeJS.WriteStream,
    env,
    signal,
    wait: async () => {},
  });
  const text = (stream: PassThrough) => String(stream.read() ?? '').replace(/[\d.]+ s$/m, 'T s');
  return { code, stdout: text(streams.stdout), stderr: text(streams.stderr) };
}

async function write(name: string, ...conversations: unknown[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(
    file,
    conversations.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n'),
  );
  return file;
}

const importFile = (file: string, ...flags: string[]) =>
  run([file, '--project', 'p', '--server', stub.address, ...flags]);

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

describe('importTranscripts()', () => {
  it('stores profile, conversations, participants and messages', async () => {
    const { code, stdout } = await importFile(await write('two.jsonl', talk, other));
    assert.equal(stdout, '2 conversations (2 new), 4 messages (4 new, 0 already there), 0 refused, T s\n');
    assert.equal(code, 0);
    assert.deepEqual(
      stub.profiles.map(({ name, displayName }) => [name, displayName]),
      [['projects/p/conversationProfiles/0', 'parley import']],
    );
    const talks = stub.messages.filter(({ name }) => name.startsWith('projects/p/conversations/talk/'));
    const speakers = new Map(stub.participants.map((participant) => [participant.name, participant]));
    assert.deepEqual(
      talks.map(({ content, participant, sendTime }) => [
        content,
        speakers.get(participant)?.role,
        speakers.get(participant)?.obfuscatedExternalUserId,
        sendTime?.nanos,
      ]),
      [
        ['Hello', Participant_Role.END_USER, '1', 10_000],
        ['Hi', Participant_Role.HUMAN_AGENT, '2', 20_000],
        ['Bye', Participant_Role.END_USER, '1', 30_000],
      ],
    );
    assert.equal(
      stub.conversations.get('projects/p/conversations/talk')?.conversationProfile,
      'projects/p/conversationProfiles/0',
    );
    assert.equal(stub.count('ListParticipants'), 0, 'a new conversation has no participants to look for');
  });

  it('changes nothing when run again, and says so', async () => {
    const file = await write('again.jsonl', talk, other);
    await importFile(file);
    const { code, stdout } = await importFile(file);
    assert.equal(stdout, '2 conversations (0 new), 4 messages (0 new, 4 already there), 0 refused, T s\n');
    assert.equal(code, 0);
    assert.deepEqual([stub.profiles.length, stub.participants.length, stub.messages.length], [1, 3, 4]);
  });

  it('adds what a transcript has gained since', async () => {
    await importFile(await write('short.jsonl', talk));
    const longer = { ...talk, entries: [...talk.entries, said('AUTOMATED_AGENT', 'Closed', 40)] };
    const { stdout } = await importFile(await write('long.jsonl', longer));
    assert.equal(stdout, '1 conversations (0 new), 4 messages (1 new, 3 already there), 0 refused, T s\n');
    assert.deepEqual([stub.participants.length, stub.messages.length], [3, 4]);
  });

  it('takes a conversation that stands twice in its input once', async () => {
    const { stdout } = await importFile(await write('twice.jsonl', talk, talk, talk));
    assert.equal(stdout, '3 conversations (1 new), 9 messages (3 new, 6 already there), 0 refused, T s\n');
    assert.equal(stub.participants.length, 2);
  });

  it('reports messages that are stored with another text', async () => {
    const changed = { ...other, entries: [said('AGENT', 'Nobody?', 10, 2)] };
    const { stdout } = await importFile(await write('changed.jsonl', other, changed));
    assert.match(stdout, /^stored with another text, left as it is: 1$/m);
  });

  it('makes a participant per role and user, and one per role where nobody is named', async () => {
    const entries = [
      said('CUSTOMER', 'a', 1, 7),
      said('AGENT', 'b', 2, 7),
      said('AGENT', 'c', 3),
      said('HUMAN_AGENT', 'd', 4),
      said('customer', 'e', 5, '7'),
    ];
    const file = await write('users.jsonl', { conversation_id: 'users', entries });
    await importFile(file);
    await importFile(file);
    assert.deepEqual(
      stub.participants.map(({ role, obfuscatedExternalUserId }) => [role, obfuscatedExternalUserId]),
      [
        [Participant_Role.END_USER, '7'],
        [Participant_Role.HUMAN_AGENT, '7'],
        [Participant_Role.HUMAN_AGENT, ''],
      ],
    );
  });

  it('keeps entries of one microsecond apart, across batches too', async () => {
    const entries = Array.from({ length: 650 }, (_, index) => said('AGENT', `line ${index}`, 5));
    const file = await write('burst.jsonl', { conversation_id: 'burst', entries });
    await importFile(file);
    const { stdout } = await importFile(file);
    assert.match(stdout, /650 messages \(0 new, 650 already there\)/);
    assert.deepEqual(
      stub.messages.map(({ content }) => content),
      entries.map(({ text }) => text),
    );
    assert.equal(stub.count('BatchCreateMessages'), 6);
  });

  it('cuts batches by size as well', async () => {
    const entries = [1, 2, 3].map((time) => said('AGENT', 'x'.repeat(700_000), time));
    await importFile(await write('large.jsonl', { conversation_id: 'large', entries }));
    assert.deepEqual([stub.count('BatchCreateMessages'), stub.messages.length], [3, 3]);
  });

  it('refuses single lines by file, line and reason, and takes the others', async () => {
    const poison = { conversation_id: 'poison', entries: [said('AGENT', 'poison', 1)] };
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
    assert.equal(lines[2], `${file}:4: the server refused it: bad content (INVALID_ARGUMENT)`);
    assert.equal(lines.length, 3);
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

  it('looks for its profile on every page, and in the location that is named', async () => {
    const parent = 'projects/p/locations/global';
    for (const displayName of ['mine', 'yours', 'parley import']) {
      stub.profiles.push(
        create(ConversationProfileSchema, {
          name: `${parent}/conversationProfiles/${displayName}`,
          displayName,
        }),
      );
    }
    await importFile(await write('located.jsonl', other), '--location', 'global');
    const conversation = stub.conversations.get(`${parent}/conversations/other`);
    assert.equal(conversation?.conversationProfile, `${parent}/conversationProfiles/parley import`);
    assert.equal(stub.profiles.length, 3);
  });

  it('finds the server in the environment', async () => {
    const { code } = await run([await write('env.jsonl', other), '--project', 'p'], {
      env: { DIALOGFLOW_EMULATOR_HOST: stub.address },
    });
    assert.deepEqual([code, stub.messages.length], [0, 1]);
  });
});

describe('importTranscripts() on faults', () => {
  const repeatable = [
    'CreateConversationProfile',
    'CreateConversation',
    'CreateParticipant',
    'BatchCreateMessages',
  ];
  for (const method of repeatable) {
    for (const takesEffect of [false, true]) {
      it(`doubles nothing when ${method} fails ${takesEffect ? 'after' : 'before'} taking effect`, async () => {
        stub.faults = [{ method, code: status.UNAVAILABLE, times: 1, takesEffect }];
        const { code, stdout } = await importFile(await write('fault.jsonl', talk));
        assert.equal(code, 0);
        assert.match(stdout, /^1 conversations \(1 new\), 3 messages \(3 new, 0 already there\), 0 refused/);
        assert.deepEqual([stub.profiles.length, stub.participants.length, stub.messages.length], [1, 2, 3]);
      });
    }
  }

  it('stops at the first conversation when the server is gone for good, and continues in the next run', async () => {
    stub.faults = [
      { method: 'BatchCreateMessages', code: status.UNAVAILABLE, times: Number.POSITIVE_INFINITY },
    ];
    const many = Array.from({ length: 100 }, (_, index) => ({ ...talk, conversation_id: `many-${index}` }));
    const file = await write('gone.jsonl', ...many);
    const gone = await importFile(file);
    assert.equal(gone.code, 1);
    assert.ok(
      gone.stderr.includes(
        `the server at ${stub.address} failed: a fault (UNAVAILABLE); the same command, run again, continues`,
      ),
    );
    assert.match(gone.stdout, /^0 conversations .* 0 refused/);
    assert.ok(stub.conversations.size < 100, `${stub.conversations.size} were begun`);
    stub.faults = [];
    const { code, stdout } = await importFile(file);
    assert.equal(code, 0);
    assert.match(stdout, /^100 conversations .*, 300 messages \(300 new, 0 already there\)/);
    assert.equal(stub.participants.length, 200);
  });

  it('stops when its signal aborts, says how far it got, and continues in the next run', async () => {
    const file = await write(
      'abort.jsonl',
      ...Array.from({ length: 50 }, (_, index) => ({ ...talk, conversation_id: `abort-${index}` })),
    );
    const aborter = new AbortController();
    stub.onCall = (method) => {
      if (method === 'BatchCreateMessages' && stub.messages.length >= 30) aborter.abort();
    };
    const { code, stdout, stderr } = await run([file, '--project', 'p', '--server', stub.address], {
      signal: aborter.signal,
    });
    assert.equal(code, 1);
    assert.match(stdout, /^\d+ conversations .* 0 refused/);
    assert.match(
      stderr,
      /^parley import: stopped; the same command, run again, continues where this one ended$/m,
    );
    assert.ok(stub.messages.length < 150, `${stub.messages.length} were stored`);
    stub.onCall = () => {};
    await importFile(file);
    assert.deepEqual(
      [stub.conversations.size, stub.participants.length, stub.messages.length],
      [50, 100, 150],
    );
  });

  it('says in one line that no server can be reached', async () => {
    const { code, stdout, stderr } = await run([
      await write('lonely.jsonl', other),
      '--project',
      'p',
      '--server',
      '127.0.0.1:1',
    ]);
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
    { args: ['.', '--project'], line: /--project/ },
    { args: ['.', '--project', ''], line: /--project "" is not/ },
    { args: ['.', '--project', 'a/b'], line: /--project "a\/b" is not/ },
    { args: ['.', '--project', 'p', '--location', 'a b'], line: /--location "a b" is not/ },
    { args: ['.', '--project', 'p', '--server', 'localhost'], line: /--server "localhost" is not HOST:PORT/ },
    { args: ['.', '--project', 'p', '--complete'], line: /--complete/ },
    { args: ['.', '--project', 'p', '--retain', '30d'], line: /--retain/ },
    { args: ['.', '--project', 'p', '--credentials', 'key.json'], line: /--credentials/ },
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

  it('refuses an address in the environment that is none', async () => {
    const { code, stderr } = await run(['.', '--project', 'p'], {
      env: { DIALOGFLOW_EMULATOR_HOST: 'http://x' },
    });
    assert.equal(code, 2);
    assert.match(stderr, /DIALOGFLOW_EMULATOR_HOST "http:\/\/x" is not HOST:PORT/);
  });
});
