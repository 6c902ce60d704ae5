import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { RunningServer } from '@parleykit/server';
import type { Clients } from './clients.ts';
import {
  clientsOf,
  FaultProxy,
  openFolder,
  runCommand,
  startTestServer,
  UNAVAILABLE,
} from './server.test.fixture.ts';
import { type TailSurroundings, tail } from './tail.ts';

const stack = new AsyncDisposableStack();
let root: string;
let server: RunningServer;
let proxy: FaultProxy;
let clients: Clients;
let conversations = 0;
let name: string;
let customer: string;
before(async () => {
  root = await openFolder(stack);
  server = await startTestServer(join(root, 'data'));
  stack.defer(() => server.close());
  proxy = stack.use(new FaultProxy(server.url));
  await proxy.start();
  clients = stack.use(clientsOf(server.url));
});
after(() => stack.disposeAsync());
beforeEach(async () => {
  proxy.reset();
  ({ name, customer } = await openTalk(clients));
});

async function openTalk({ conversations: service, participants, profiles }: Clients) {
  const parent = 'projects/p';
  const conversationProfile = await profiles.createConversationProfile({
    parent,
    conversationProfile: { displayName: 'talks' },
  });
  const talk = await service.createConversation({
    parent,
    conversationId: `talk-${++conversations}`,
    conversation: { conversationProfile: conversationProfile.name },
  });
  const speaker = await participants.createParticipant({
    parent: talk.name,
    participant: { role: 'END_USER', obfuscatedExternalUserId: 'u-1' },
  });
  return { name: talk.name, customer: speaker.name };
}

let spoken = 0;
async function say(texts: string | readonly string[], { conversations: service } = clients): Promise<void> {
  const requests = [texts].flat().map((content) => {
    const sendTime = new Date(1_700_000_000_000 + ++spoken * 1_000);
    return { parent: name, message: { participant: customer, content, sendTime } };
  });
  await service.batchCreateMessages({ parent: name, requests });
}

/** Stands before a server, and breaks the first connection on which it sends a text, behind that text. */
async function openRelay(port: string, last: string) {
  const relay = {
    address: '',
    cuts: 0,
    async [Symbol.asyncDispose]() {
      listener.close();
    },
  };
  const listener = createServer((caller) => {
    const upstream = connect(Number(port), '127.0.0.1');
    for (const socket of [caller, upstream]) socket.on('error', () => {});
    caller.pipe(upstream);
    upstream.on('data', (chunk) => {
      const end = relay.cuts === 0 ? chunk.indexOf(last) : -1;
      if (end === -1) return caller.write(chunk);
      relay.cuts++;
      upstream.destroy();
      return caller.end(chunk.subarray(0, end + last.length));
    });
    upstream.on('close', () => caller.end());
    caller.on('close', () => upstream.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  relay.address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return relay;
}

/** Standard output whose lines can be waited for. */
class Screen extends PassThrough {
  isTTY = false;
  columns = 0;
  #text = '';
  #grown = Promise.withResolvers<void>();

  constructor() {
    super();
    this.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#grown.resolve();
      this.#grown = Promise.withResolvers();
    });
  }

  get text(): string {
    return this.#text;
  }

  async shows(text: string): Promise<void> {
    while (!this.#text.includes(text)) await this.#grown.promise;
  }
}

const asStream = (stream: Writable) => stream as unknown as NodeJS.WriteStream;

function follow(args: string[], more: Partial<TailSurroundings> = {}) {
  return runCommand<TailSurroundings>(tail, args, { intervalMs: 5, ...more });
}

const tailTalk = (address: string, more: Partial<TailSurroundings> = {}, ...flags: string[]) =>
  follow([name, '--server', address, ...flags], more);

/** A server that tells what happens as it happens, and one of which only Dialogflow's gRPC can be had. */
const servers = [
  { what: 'a server of Parley', address: () => server.url },
  { what: 'any server of the API', address: () => proxy.address },
];
for (const { what, address } of servers) {
  describe(`tail() of ${what}`, () => {
    it('shows what is there and what comes, until the conversation is completed', async () => {
      await say('Hello');
      const screen = new Screen();
      const following = tailTalk(address(), { stdout: asStream(screen) });
      await screen.shows('Hello');
      await say('Is anybody\nthere?\u001b[2J');
      await screen.shows('anybody');
      await say('Bye');
      await clients.conversations.completeConversation({ name });
      const { code, stderr } = await following;
      assert.equal(code, 0);
      const lines = screen.text.trimEnd().split('\n');
      assert.equal(lines.length, 3);
      assert.match(lines[0] ?? '', /^2023-11-14 22:\d\d:\d\dZ {2}CUSTOMER u-1 {2}Hello$/);
      assert.match(lines[1] ?? '', / {2}Is anybody there\?\u241b\[2J$/);
      assert.match(lines[2] ?? '', / {2}Bye$/);
      assert.equal(stderr, `parley tail: ${name} is completed; this was all of it\n`);
    });

    it('shows all of a conversation that is completed already, and ends', async () => {
      await say('one');
      await say('two');
      await clients.conversations.completeConversation({ name });
      const { code, stdout } = await tailTalk(address());
      assert.equal(code, 0);
      assert.deepEqual(
        stdout.split('\n').map((line) => line.slice(36)),
        ['one', 'two', ''],
      );
    });

    it('writes JSON, a message a line', async () => {
      await say('one\ntwo');
      await clients.conversations.completeConversation({ name });
      const { stdout } = await tailTalk(address(), {}, '--json');
      const { content, participant, participantRole } = JSON.parse(stdout);
      assert.deepEqual([content, participant, participantRole], ['one\ntwo', customer, 'END_USER']);
    });

    it('finds a conversation by its id', async () => {
      await say('by id');
      await clients.conversations.completeConversation({ name });
      const id = name.slice(name.lastIndexOf('/') + 1);
      const args = [id, '--project', 'p', '--location', 'global', '--server', address()];
      const { code, stdout } = await follow(args);
      assert.equal(code, 0);
      assert.match(stdout, / {2}by id$/m);
    });

    it('wraps on a terminal', async () => {
      await say('words and more words than one line has room for');
      await clients.conversations.completeConversation({ name });
      const screen = new Screen();
      Object.assign(screen, { isTTY: true, columns: 64 });
      await tailTalk(address(), { stdout: asStream(screen) });
      assert.match(screen.text, /words and more words than$\n {36}one line has room for$/m);
    });

    it('ends with 0 when it is asked to', async () => {
      await say('Hello');
      const screen = new Screen();
      const aborter = new AbortController();
      const following = tailTalk(address(), { stdout: asStream(screen), signal: aborter.signal });
      await screen.shows('Hello');
      aborter.abort();
      assert.deepEqual(await following, { code: 0, stdout: '', stderr: '' });
    });
  });
}

describe('tail()', () => {
  it('asks nothing of a server that tells', async () => {
    const screen = new Screen();
    proxy.reset();
    const following = tailTalk(server.url, { stdout: asStream(screen), intervalMs: 1_000_000 });
    await say('at once');
    await screen.shows('at once');
    await say('and again');
    await screen.shows('and again');
    await clients.conversations.completeConversation({ name });
    assert.equal((await following).code, 0);
  });

  it('misses and doubles nothing of a batch in whose midst the connection breaks', async () => {
    await using relay = await openRelay(new URL(server.url).port, '"twin 2"');
    const screen = new Screen();
    const following = tailTalk(relay.address, { stdout: asStream(screen) });
    await say('before');
    await screen.shows('before');
    await say(['twin 1', 'twin 2', 'twin 3']);
    await screen.shows('twin 3');
    await clients.conversations.completeConversation({ name });
    const { code, stderr } = await following;
    assert.deepEqual([code, stderr], [0, `parley tail: ${name} is completed; this was all of it\n`]);
    assert.equal(relay.cuts, 1);
    const texts = screen.text
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(36));
    assert.deepEqual(texts, ['before', 'twin 1', 'twin 2', 'twin 3']);
  });

  it('says that the server is away, and that it is back', async () => {
    const screen = new Screen();
    const following = tailTalk(proxy.address, { stdout: asStream(screen) });
    await say('before');
    await screen.shows('before');
    proxy.faults = [
      { method: 'GetConversation', code: UNAVAILABLE, times: 3 },
      { method: 'ListMessages', code: UNAVAILABLE, times: 3 },
    ];
    await say('meanwhile');
    await screen.shows('meanwhile');
    await clients.conversations.completeConversation({ name });
    const { code, stderr } = await following;
    assert.equal(code, 0);
    assert.equal(screen.text.trimEnd().split('\n').length, 2);
    const told = stderr.split('\n').map((line) => line.replace(/^parley tail: /, ''));
    assert.deepEqual(told.slice(0, 2), [
      `the server at ${proxy.address} does not answer, waiting for it`,
      `the server at ${proxy.address} is back`,
    ]);
  });

  it('survives that the server is started again', async () => {
    const data = join(root, 'again');
    let own = await startTestServer(data);
    await using ownClients = clientsOf(own.url);
    ({ name, customer } = await openTalk(ownClients));
    await say('before', ownClients);
    const screen = new Screen();
    const notes = new Screen();
    const following = follow([name, '--server', own.url], {
      stdout: asStream(screen),
      stderr: asStream(notes),
    });
    await screen.shows('before');
    await own.close();
    await notes.shows('does not answer, waiting for it');
    own = await startTestServer(data, Number(new URL(own.url).port));
    await using newClients = clientsOf(own.url);
    await say('after', newClients);
    await screen.shows('after');
    await notes.shows('is back');
    await newClients.conversations.completeConversation({ name });
    assert.equal((await following).code, 0);
    assert.equal(screen.text.trimEnd().split('\n').length, 2);
    await own.close();
  });

  it('says in one line that there is no such conversation', async () => {
    const { code, stdout, stderr } = await follow(['nope', '--project', 'p', '--server', proxy.address]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, 'parley tail: there is no conversation projects/p/conversations/nope\n');
  });

  it('says in one line that no server can be reached', async () => {
    const { code, stderr } = await follow(['talk', '--project', 'p', '--server', '127.0.0.1:1']);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      'parley tail: cannot reach a server at 127.0.0.1:1: start one with `parley serve`\n',
    );
  });

  for (const { what, errorCode, want } of [
    { what: 'whose reader goes away', errorCode: 'EPIPE', want: { code: 0, stderr: /^$/ } },
    {
      what: 'that is full',
      errorCode: 'ENOSPC',
      want: { code: 1, stderr: /^parley tail: standard output cannot/ },
    },
  ]) {
    it(`ends with an output ${what}`, async () => {
      await say('Hello');
      const broken = new Writable({
        write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken'), { code: errorCode })),
      });
      const { code, stderr } = await tailTalk(proxy.address, { stdout: asStream(broken) });
      assert.equal(code, want.code);
      assert.match(stderr, want.stderr);
    });
  }
});

describe('tail() on its command line', () => {
  it('prints its usage for --help', async () => {
    const { code, stdout, stderr } = await follow(['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Usage: parley tail CONVERSATION/);
  });

  const cases = [
    { args: [], line: /no CONVERSATION is named/ },
    { args: ['a', 'b'], line: /more than one CONVERSATION/ },
    { args: ['abc'], line: /--project is missing: "abc" is an id/ },
    { args: ['projects/p/conversations/'], line: /neither a conversation's name nor an id/ },
    { args: ['projects/p/conversations/c', '--project', 'p'], line: /leave out --project/ },
    { args: ['abc', '--project', 'p', '--nope'], line: /--nope/ },
  ];
  for (const { args, line } of cases) {
    it(`refuses ${args.join(' ') || 'an empty command line'}`, async () => {
      const { code, stdout, stderr } = await follow(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, line);
      assert.equal(stderr.trimEnd().split('\n').length, 1);
    });
  }
});
