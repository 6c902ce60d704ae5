import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { protos } from '@google-cloud/dialogflow';
import { Administration, Development } from '@parleykit/proto/admin';
import { Code } from '@parleykit/proto/rpc';
import {
  Conversations,
  ConversationEvent_Type as EventType,
  NotificationConfig_MessageFormat as Format,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { AgentWebhook } from './agent-webhook.ts';
import {
  createConversation,
  createParticipant,
  createProfile,
  getConversation,
  ingest,
  listMessages,
  message,
  messages,
  say,
  type Talk,
} from './cases/scene.ts';
import { contentOf, decodeEvent, EventSink, type Push, readEvent } from './event-sink.ts';
import { type OwnServer, startServer } from './target.ts';
import { CallError, GrpcWire, RestWire } from './wires.ts';

const { CONVERSATION_STARTED, CONVERSATION_FINISHED, HUMAN_INTERVENTION_NEEDED, NEW_MESSAGE } = EventType;
const DAY_SECONDS = 86_400n;
const LIFE = 'projects/p/topics/life';
const NEWS = 'projects/p/locations/global/topics/news';

describe('events', () => {
  let data: string;
  let sink: EventSink;
  let server: OwnServer | undefined;
  let grpc: GrpcWire;
  let rest: RestWire;

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'parley-events-'));
    sink = new EventSink();
    connect();
  });

  function connect(): void {
    const locate = (): OwnServer => server ?? assert.fail('no server');
    grpc = new GrpcWire(locate);
    rest = new RestWire(locate);
  }

  function disconnect(): void {
    grpc[Symbol.dispose]();
    rest[Symbol.dispose]();
  }

  afterEach(async () => {
    disconnect();
    await server?.stop('SIGKILL');
    await sink.close();
    rmSync(data, { recursive: true, force: true });
  });

  async function serve(port: number, ...flags: string[]): Promise<void> {
    server = await startServer(data, '--events', `http://127.0.0.1:${port}/hook?key=1`, ...flags);
  }

  async function open(...flags: string[]): Promise<void> {
    await serve(await sink.open(), ...flags);
  }

  async function stop(): Promise<void> {
    disconnect();
    assert.equal(await server?.stop(), 0);
    connect();
  }

  /** A conversation whose profile names topics for all that there is to tell, and one who speaks in it. */
  async function begin(
    format = Format.PROTO,
    parent = 'projects/p',
    id = '',
    automatedAgentConfig?: { readonly agent: string },
  ): Promise<Talk> {
    const { name: conversationProfile } = await createProfile(grpc, parent, {
      ...(automatedAgentConfig && { automatedAgentConfig }),
      notificationConfig: { topic: LIFE, messageFormat: format },
      newMessageEventNotificationConfig: { topic: NEWS, messageFormat: format },
    });
    const { name: conversation } = await createConversation(grpc, parent, { conversationProfile }, id);
    const { name: participant } = await createParticipant(grpc, conversation);
    return { conversation, participant };
  }

  const told = (): [type: EventType, content: string | undefined][] =>
    sink.taken.map((push) => [readEvent(push).type, contentOf(push)]);

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${server?.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'mu').exec(text)?.[1]);
  }

  for (const [text, format] of [
    ['PROTO', Format.PROTO],
    ['JSON', Format.JSON],
    ['no format', Format.MESSAGE_FORMAT_UNSPECIFIED],
  ] as const) {
    it(`tell the life of a conversation and what is said in it: ${text}`, async () => {
      await open();
      const { conversation, participant } = await begin(format, 'projects/p/locations/global');
      const lines = [message(participant, 0, 'one'), message(participant, 1, 'two')];
      await ingest(grpc, conversation, lines);
      await ingest(rest, conversation, [
        message(participant, 1, 'two again'),
        message(participant, 2, 'three'),
      ]);
      await ingest(rest, conversation, lines);
      for (const wire of [grpc, rest]) {
        await wire.call(Conversations.method.completeConversation, { name: conversation });
      }
      await sink.waitFor(6);
      assert.deepEqual(told(), [
        [CONVERSATION_STARTED, undefined],
        [NEW_MESSAGE, 'one'],
        [NEW_MESSAGE, 'two'],
        [NEW_MESSAGE, 'three'],
        [CONVERSATION_FINISHED, undefined],
        [CONVERSATION_FINISHED, undefined],
      ]);
      const isJson = format === Format.JSON;
      const short = conversation.replace('/locations/global', '');
      for (const { message: push, subscription, headers } of sink.taken) {
        assert.equal(Buffer.from(push.data, 'base64').toString().startsWith('{'), isJson);
        const { type, conversation: name } = decodeEvent(Buffer.from(push.data, 'base64'));
        assert.deepEqual([name, push.orderingKey, push.attributes], [short, short, {}]);
        const topic = type === NEW_MESSAGE ? 'news' : 'life';
        assert.equal(subscription, `projects/p/subscriptions/${topic}`);
        assert.equal(headers['content-type'], 'application/json');
        assert.match(push.publishTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/u);
      }
      assert.equal(new Set(sink.taken.map((push) => push.message.messageId)).size, 6);
      // Messages are told whole, as they can be read.
      const payloads = sink.taken.flatMap((push) => {
        const { payload } = readEvent(push);
        return payload.case === 'newMessagePayload' ? [payload.value] : [];
      });
      assert.deepEqual(payloads, (await listMessages(grpc, short)).toReversed());
    });
  }

  it('tell what is said in turns, whoever answers, and then that a human is needed', async () => {
    await using webhook = await AgentWebhook.open();
    webhook.on('a human', { fulfillmentText: 'one moment', liveAgentHandoff: true });
    await open('--agent-webhook', webhook.url);
    const agent = { agent: 'projects/p/agent' };
    const { conversation, participant } = await begin(Format.JSON, 'projects/p', '', agent);
    const { name: human } = await createParticipant(rest, conversation, Role.HUMAN_AGENT);
    await say(grpc, participant, 'hello', { requestId: 'once' });
    await say(rest, participant, 'hello', { requestId: 'once' });
    await grpc.call(Participants.method.analyzeContent, {
      participant,
      input: { case: 'eventInput', value: { name: 'NUDGE', languageCode: 'en' } },
    });
    await say(rest, participant, 'a human');
    await say(grpc, human, 'here I am');
    await grpc.call(Conversations.method.completeConversation, { name: conversation });
    await sink.waitFor(9);
    assert.deepEqual(told(), [
      [CONVERSATION_STARTED, undefined],
      [NEW_MESSAGE, 'hello'],
      [NEW_MESSAGE, 're: hello'],
      [NEW_MESSAGE, 're: NUDGE'],
      [NEW_MESSAGE, 'a human'],
      [NEW_MESSAGE, 'one moment'],
      [HUMAN_INTERVENTION_NEEDED, undefined],
      [NEW_MESSAGE, 'here I am'],
      [CONVERSATION_FINISHED, undefined],
    ]);
  });

  it("are bytes that Google's own client reads, or JSON in camel case", async () => {
    await open();
    const { ConversationEvent } = protos.google.cloud.dialogflow.v2beta1;
    const { conversation, participant } = await begin(Format.PROTO);
    await ingest(grpc, conversation, [message(participant, 0, 'grüß Gott')]);
    await sink.waitFor(2);
    const bytesOf = (push: Push): Buffer => Buffer.from(push.message.data, 'base64');
    const read = sink.taken.map((push) => ConversationEvent.decode(bytesOf(push)));
    const { Type } = ConversationEvent;
    assert.deepEqual(
      read.map((event) => [event.conversation, event.type, event.newMessagePayload?.content ?? '']),
      [
        [conversation, Type.CONVERSATION_STARTED, ''],
        [conversation, Type.NEW_MESSAGE, 'grüß Gott'],
      ],
    );
    const talk = await begin(Format.JSON);
    await ingest(grpc, talk.conversation, [message(talk.participant, 0, 'grüß Gott')]);
    await sink.waitFor(4);
    const { conversation: name } = talk;
    const [started, said] = sink.taken.slice(2).map((push) => JSON.parse(bytesOf(push).toString()));
    assert.deepEqual(started, { conversation: name, type: 'CONVERSATION_STARTED' });
    const { newMessagePayload: payload, ...rest } = said;
    assert.deepEqual(rest, { conversation: name, type: 'NEW_MESSAGE' });
    assert.deepEqual(
      [payload.content, payload.participant, payload.participantRole, payload.sendTime],
      ['grüß Gott', talk.participant, 'END_USER', '2023-11-14T22:13:20Z'],
    );
  });

  it('tell of a hand-over once, of what the agent said, and log the life where a profile asks for it', async () => {
    await using webhook = await AgentWebhook.open();
    await open('--agent-webhook', webhook.url);
    webhook.on('a human, please', { fulfillmentText: 'One moment', liveAgentHandoff: true });
    const { name: conversationProfile } = await createProfile(grpc, 'projects/p', {
      automatedAgentConfig: { agent: 'projects/p/locations/global/agent/environments/-' },
      notificationConfig: { topic: LIFE },
      newMessageEventNotificationConfig: { topic: NEWS },
      loggingConfig: { enableStackdriverLogging: true },
    });
    const { name: conversation } = await createConversation(grpc, 'projects/p', { conversationProfile });
    const { name: participant } = await createParticipant(grpc, conversation);
    for (const text of ['hello', 'a human, please', 'hello?']) await say(grpc, participant, text);
    await grpc.call(Conversations.method.completeConversation, { name: conversation });
    await sink.waitFor(8);
    const life = told().filter(([type]) => type !== NEW_MESSAGE);
    const happened = [CONVERSATION_STARTED, HUMAN_INTERVENTION_NEEDED, CONVERSATION_FINISHED];
    assert.deepEqual(
      life,
      happened.map((type) => [type, undefined]),
    );
    const spoken = sink.taken.flatMap((push) => {
      const { payload } = readEvent(push);
      const isMessage = payload.case === 'newMessagePayload';
      return isMessage ? [[Role[payload.value.participantRole], payload.value.content]] : [];
    });
    assert.deepEqual(spoken, [
      ['END_USER', 'hello'],
      ['AUTOMATED_AGENT', 're: hello'],
      ['END_USER', 'a human, please'],
      ['AUTOMATED_AGENT', 'One moment'],
      ['END_USER', 'hello?'],
    ]);
    const logged = (): string[] => {
      const lines = (server?.stderr() ?? '').matchAll(/"event":"conversation event",(.+)\}/gu);
      return Array.from(lines, ([, rest = '']) => rest);
    };
    while (logged().length < happened.length) await new Promise(setImmediate);
    assert.deepEqual(
      logged(),
      happened.map((type) => `"conversation":"${conversation}","type":"${EventType[type]}"`),
    );
  });

  it('tell once of an end that time brings, at its time, by when the clock has been moved', async () => {
    await open('--dev');
    const { conversation } = await begin();
    const advance = (seconds: bigint) =>
      rest.call(Development.method.advanceClock, { name: 'projects/p/clock', duration: { seconds } });
    await advance(DAY_SECONDS - 60n);
    assert.equal(sink.taken.length, 1);
    await advance(120n);
    await advance(DAY_SECONDS * 29n);
    assert.deepEqual(told(), [
      [CONVERSATION_STARTED, undefined],
      [CONVERSATION_FINISHED, undefined],
    ]);
    const { endTime } = await getConversation(grpc, conversation);
    const publishTime = Date.parse(sink.taken[1]?.message.publishTime ?? '');
    assert.equal(Math.floor(publishTime / 1000), Number(endTime?.seconds));
    await advance(DAY_SECONDS * 2n);
    await assert.rejects(getConversation(grpc, conversation), /does not exist/u);
    assert.equal(sink.attempts, 2);
  });

  it('keep the order of a conversation across its topics while one of them is refused', async () => {
    const order: EventType[] = [];
    let refusals = 2;
    sink.answer = (push, response) => {
      order.push(readEvent(push).type);
      const isRefused = push.subscription.endsWith('/life') && refusals-- > 0;
      response.writeHead(isRefused ? 500 : 200).end();
    };
    await open();
    const { conversation, participant } = await begin();
    await ingest(grpc, conversation, messages(participant, 2));
    await sink.waitFor(3);
    assert.deepEqual(order, [...Array(3).fill(CONVERSATION_STARTED), NEW_MESSAGE, NEW_MESSAGE]);
    assert.equal(new Set(sink.taken.map((push) => push.message.messageId)).size, 3);
    const log = server?.stderr() ?? '';
    assert.equal(log.match(/"event":"events not taken"/gu)?.length, 1);
    assert.match(log, /"event":"events not taken".+answered 500 Internal Server Error/u);
  });

  it('stay within --events-bytes-max though nobody answers: the oldest become dead letters', async () => {
    let stuck = true;
    sink.answer = (_push, response) => {
      if (!stuck) response.end();
    };
    await open('--events-bytes-max', '5000');
    const { conversation, participant } = await begin();
    for (let index = 0; index < 200; index++) {
      await ingest(grpc, conversation, [message(participant, index)]);
    }
    while ((await metric('parley_events_waiting')) > 50) await metric('parley_dead_letters_total');
    const parent = 'projects/p';
    const { deadLetters } = await rest.call(Administration.method.listDeadLetters, {
      parent,
      pageSize: 1000,
    });
    const dead = deadLetters.map(({ event, reason }) => {
      assert.equal(reason, 'more than 5000 bytes were waiting');
      return event?.payload.case === 'newMessagePayload' ? event.payload.value.content : 'none';
    });
    assert.deepEqual(
      dead,
      dead.map((_content, index) => `at ${index}`),
    );
    assert.equal(await metric('parley_dead_letters_total'), dead.length);
    assert.equal(await metric('parley_events_waiting'), 201 - dead.length);
    assert.equal(server?.stderr().match(/"event":"events given up"/gu)?.length, 1);
    // A stop does not wait for who never answers, and loses nothing.
    await stop();
    stuck = false;
    await serve(sink.port);
    await sink.waitFor(201 - dead.length);
    const rests = Array.from({ length: 200 - dead.length }, (_, index) => `at ${dead.length + index}`);
    assert.deepEqual(sink.taken.map(contentOf), [undefined, ...rests]);
    const replayed = await rest.call(Administration.method.replayDeadLetters, { parent });
    assert.equal(replayed.replayed, dead.length);
    await sink.waitFor(201);
    const again = sink.taken.slice(-dead.length);
    assert.deepEqual(again.map(contentOf), dead);
    assert.deepEqual(
      again.map((push) => push.message.messageId),
      deadLetters.map(({ eventId }) => eventId),
    );
  });

  it('tell nothing where a profile names no topic, of batches where they are not news, or without --events', async () => {
    await open('--no-batch-events');
    const { conversation, participant } = await begin();
    await ingest(grpc, conversation, messages(participant, 3));
    await createConversation(grpc, 'projects/p');
    await begin();
    await sink.waitFor(2);
    assert.deepEqual(told(), [
      [CONVERSATION_STARTED, undefined],
      [CONVERSATION_STARTED, undefined],
    ]);
    await stop();
    server = await startServer(data);
    await begin();
    await stop();
    await sink.close();
    await open();
    await begin();
    await sink.waitFor(3);
    assert.equal(sink.taken.length, 3);
  });

  it('go over https', async () => {
    const [key, cert] = [join(data, 'key.pem'), join(data, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
        ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
    const port = await sink.open(0, { key: readFileSync(key), cert: readFileSync(cert) });
    const folder = join(data, 'data');
    server = await startServer(folder, '--events', `https://127.0.0.1:${port}/`);
    await begin();
    while (!/events wait/u.test(server.stderr())) await metric('parley_events_waiting');
    assert.match(server.stderr(), /cannot be reached: self-signed certificate/u);
    await stop();
    process.env['NODE_EXTRA_CA_CERTS'] = cert;
    try {
      server = await startServer(folder, '--events', `https://127.0.0.1:${port}/`);
    } finally {
      delete process.env['NODE_EXTRA_CA_CERTS'];
    }
    await sink.waitFor(1);
  });

  it('are signed', async () => {
    const file = join(data, 'secret');
    writeFileSync(file, 'known to two\n');
    await open('--events-secret', file);
    await begin();
    await sink.waitFor(1);
    const [{ headers, body } = assert.fail()] = sink.taken;
    const timestamp = String(headers['parley-timestamp']);
    assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60, timestamp);
    const signature = createHmac('sha256', 'known to two').update(`${timestamp}.`).update(body).digest('hex');
    assert.equal(headers['parley-signature'], `v1=${signature}`);
    assert.match(server?.stderr() ?? '', /events go to http:\/\/127\.0\.0\.1:\d+, signed/u);
  });

  it('wait for a sink that is down, ten thousand of them, and come in the order of each conversation', async () => {
    const port = await sink.open();
    await sink.close();
    await serve(port);
    const talks = await Promise.all(Array.from({ length: 20 }, () => begin()));
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(
        talks.map(({ conversation, participant }) =>
          ingest(grpc, conversation, messages(participant, 50, batch * 50)),
        ),
      );
    }
    assert.equal(await metric('parley_events_delivered_total'), 0);
    await sink.open(port);
    await sink.waitFor(20 * 501);
    const byConversation = Map.groupBy(sink.taken, (push) => readEvent(push).conversation);
    assert.equal(byConversation.size, 20);
    for (const pushes of byConversation.values()) {
      const contents = pushes.map(contentOf);
      assert.deepEqual(contents, [undefined, ...Array.from({ length: 500 }, (_, index) => `at ${index}`)]);
    }
    assert.equal(new Set(sink.taken.map((push) => push.message.messageId)).size, sink.taken.length);
  });

  it('wait through a stop, and are told by the next start', async () => {
    const port = await sink.open();
    await sink.close();
    await serve(port);
    const { conversation, participant } = await begin();
    await ingest(grpc, conversation, messages(participant, 3));
    await stop();
    await sink.open(port);
    await serve(port);
    await sink.waitFor(4);
    assert.deepEqual(
      told().slice(1),
      [0, 1, 2].map((index) => [NEW_MESSAGE, `at ${index}`]),
    );
  });

  it('hold up no other conversation while one is not answered, and no call', async () => {
    let stuck = '';
    sink.answer = (push, response) => {
      if (readEvent(push).conversation !== stuck) response.end();
    };
    stuck = 'projects/p/conversations/stuck';
    await open();
    await begin(Format.PROTO, 'projects/p', 'stuck');
    await sink.until(() => sink.attempts === 1);
    for (let talks = 0; talks < 5; talks++) {
      const { conversation, participant } = await begin();
      await ingest(grpc, conversation, messages(participant, 2));
    }
    await sink.waitFor(15);
  });

  for (const [what, answer] of [
    ['garbage', Buffer.from('\u0000\u0001\r\n\r\n')],
    ['a redirect', Buffer.from('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\n\r\n')],
    ['an error', Buffer.from('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n')],
    ['nothing', Buffer.alloc(0)],
  ] as const) {
    it(`come again to who answers ${what}`, async () => {
      let connections = 0;
      const broken = createTcpServer((socket) => {
        connections++;
        socket.on('error', () => {}).once('data', () => socket.end(answer));
      });
      await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
      const { port } = broken.address() as AddressInfo;
      await serve(port);
      const { conversation, participant } = await begin();
      await ingest(grpc, conversation, messages(participant, 2));
      while (connections < 3) await new Promise((resolve) => broken.once('connection', resolve));
      broken.close();
      await sink.open(port);
      await sink.waitFor(3);
      assert.deepEqual(told(), [
        [CONVERSATION_STARTED, undefined],
        [NEW_MESSAGE, 'at 0'],
        [NEW_MESSAGE, 'at 1'],
      ]);
    });
  }

  it('are acknowledged by the status, whatever an answer holds', async () => {
    sink.answer = (_push, response) => {
      const chunk = Buffer.alloc(1 << 20);
      response.on('error', () => {});
      for (let chunks = 0; chunks < 100; chunks++) response.write(chunk);
      response.end();
    };
    await open();
    const { conversation, participant } = await begin();
    await ingest(grpc, conversation, messages(participant, 2));
    await sink.waitFor(3);
    await grpc.call(Conversations.method.getConversation, { name: conversation });
    assert.equal(sink.attempts, 3);
  });

  it('go to no private address with --webhook-addresses public', async () => {
    await open('--webhook-addresses', 'public');
    await begin();
    while (!/events wait/u.test(server?.stderr() ?? '')) await metric('parley_events_waiting');
    assert.match(server?.stderr() ?? '', /"error":"127\.0\.0\.1 is not public"/u);
    assert.deepEqual([sink.attempts, await metric('parley_events_waiting')], [0, 1]);
  });

  it('that are refused for good become dead letters, and can be replayed', async () => {
    sink.answer = (push, response) => {
      if (contentOf(push) === 'at 1') response.writeHead(422).end('at 1 is not to my taste');
      else response.end();
    };
    await open();
    const { conversation, participant } = await begin();
    await ingest(grpc, conversation, messages(participant, 3));
    await sink.waitFor(3);
    assert.equal(sink.attempts, 3 + 5);
    assert.equal(await metric('parley_dead_letters_total'), 1);
    for (const wire of [grpc, rest]) {
      const list = { parent: 'projects/p' };
      const { deadLetters } = await wire.call(Administration.method.listDeadLetters, list);
      const [{ event, reason, topic } = assert.fail()] = deadLetters;
      assert.equal(deadLetters.length, 1);
      assert.ok(event?.payload.case === 'newMessagePayload');
      assert.deepEqual([event.payload.value.content, topic], ['at 1', NEWS]);
      assert.match(reason, /answered 422 Unprocessable Entity: at 1 is not to my taste$/u);
    }
    const metrics = await (await fetch(`${server?.url}/metrics`)).text();
    assert.doesNotMatch(metrics, /projects\/|at 1|life|news/u);
    const log = server?.stderr() ?? '';
    assert.match(log, /"event":"events given up".*answered 422 Unprocessable Entity"/u);
    assert.doesNotMatch(log, /at 1/u);
    const { deadLetters } = await grpc.call(Administration.method.listDeadLetters, { parent: 'projects/p' });
    sink.answer = (_push, response) => response.end();
    const replay = { parent: 'projects/p', names: deadLetters.map(({ name }) => name) };
    assert.equal((await rest.call(Administration.method.replayDeadLetters, replay)).replayed, 1);
    await sink.waitFor(4);
    const last = sink.taken.at(-1);
    assert.deepEqual([last?.message.messageId, last && contentOf(last)], [deadLetters[0]?.eventId, 'at 1']);
    await assert.rejects(
      rest.call(Administration.method.replayDeadLetters, replay),
      (error) => error instanceof CallError && error.code === Code.NOT_FOUND,
    );
  });

  /** Has the time of the project go on, so that each event that waits is tried once more. */
  const advance = (seconds: number) =>
    rest.call(Development.method.advanceClock, {
      name: 'projects/p/clock',
      duration: { seconds: BigInt(seconds) },
    });
  const listDead = async () =>
    (await rest.call(Administration.method.listDeadLetters, { parent: 'projects/p' })).deadLetters;

  it('are told, or were tried, before who moved a clock is answered', async () => {
    const tried = new Set<string>();
    sink.answer = (push, response) => {
      tried.add(readEvent(push).conversation);
      response.writeHead(500).end();
    };
    await open('--dev');
    const talks = [await begin(Format.JSON, 'projects/p'), await begin(Format.JSON, 'projects/p')];
    await advance(60);
    tried.clear();
    await advance(86_400);
    assert.deepEqual(tried, new Set(talks.map(({ conversation }) => conversation)));
    sink.answer = (_push, response) => response.end();
    await advance(0);
    const types = sink.taken.map((push) => readEvent(push).type).toSorted();
    assert.deepEqual(types, [
      CONVERSATION_STARTED,
      CONVERSATION_STARTED,
      CONVERSATION_FINISHED,
      CONVERSATION_FINISHED,
    ]);
  });

  it('that are dead go with their conversation, whatever they are about', async () => {
    sink.answer = (_push, response) => response.writeHead(400).end();
    await open('--dev', '--retention', '1h');
    const { conversation, participant } = await begin(Format.JSON, 'projects/p', 'mine');
    await ingest(grpc, conversation, messages(participant, 1));
    await grpc.call(Conversations.method.completeConversation, { name: conversation });
    for (let tries = 0; tries < 100 && (await listDead()).length < 3; tries += 1) await advance(0);
    assert.deepEqual(
      (await listDead()).map(({ event }) => event?.type),
      [CONVERSATION_STARTED, NEW_MESSAGE, CONVERSATION_FINISHED],
    );
    await advance(3_601);
    assert.deepEqual(await listDead(), []);
    await begin(Format.JSON, 'projects/p', 'mine');
    assert.deepEqual(await listDead(), []);
  });

  it('are in no snapshot, and go with a reset: they are about what goes on outside', async () => {
    sink.answer = (_push, response) => response.writeHead(400).end();
    await open('--dev');
    await begin(Format.JSON, 'projects/p', 'dead');
    for (let tries = 0; tries < 100 && (await listDead()).length < 1; tries += 1) await advance(0);
    assert.equal((await listDead()).length, 1);
    sink.answer = (_push, response) => response.writeHead(503).end();
    await begin(Format.JSON, 'projects/p', 'waiting');
    const { createSnapshot, restoreSnapshot, resetProject } = Development.method;
    const snapshot = await rest.call(createSnapshot, { parent: 'projects/p' });
    await rest.call(restoreSnapshot, { name: snapshot.name });
    assert.deepEqual(await listDead(), []);
    await begin(Format.JSON, 'projects/p', 'late');
    await rest.call(resetProject, { name: 'projects/p' });
    sink.answer = (_push, response) => response.end();
    await begin(Format.JSON, 'projects/p', 'last');
    await advance(0);
    assert.deepEqual(
      sink.taken.map((push) => readEvent(push).conversation),
      ['projects/p/conversations/last'],
    );
  });

  it('that wait for too long become dead letters', async () => {
    sink.answer = (_push, response) => response.writeHead(503).end();
    await open('--events-age-max', '1s');
    await begin();
    while ((await metric('parley_events_waiting')) > 0);
    const { deadLetters } = await rest.call(Administration.method.listDeadLetters, { parent: 'projects/p' });
    assert.deepEqual(
      deadLetters.map(({ reason }) => reason),
      ['waited for longer than 1 s'],
    );
  });

  it('go to the Pub/Sub emulator', async () => {
    const published: { path: string; messages: Record<string, unknown>[] }[] = [];
    const isAll = Promise.withResolvers<void>();
    const emulator = createServer(async (request, response) => {
      const body = (await json(request)) as { messages: Record<string, unknown>[] };
      published.push({ path: request.url ?? '', messages: body.messages });
      response.end(JSON.stringify({ messageIds: body.messages.map((_, index) => String(index)) }));
      if (published.flatMap(({ messages: some }) => some).length === 251) isAll.resolve();
    });
    await new Promise<void>((resolve) => emulator.listen(0, '127.0.0.1', resolve));
    process.env['PUBSUB_EMULATOR_HOST'] = `127.0.0.1:${(emulator.address() as AddressInfo).port}`;
    try {
      server = await startServer(data, '--events', 'pubsub');
    } finally {
      delete process.env['PUBSUB_EMULATOR_HOST'];
    }
    const { conversation, participant } = await begin(Format.JSON);
    await ingest(grpc, conversation, messages(participant, 250));
    await isAll.promise;
    emulator.close();
    emulator.closeAllConnections();
    assert.deepEqual(
      published.map(({ path, messages: some }) => [path, some.length]),
      [
        ['/v1/projects/p/topics/life:publish', 1],
        ['/v1/projects/p/topics/news:publish', 100],
        ['/v1/projects/p/topics/news:publish', 100],
        ['/v1/projects/p/topics/news:publish', 50],
      ],
    );
    const all = published.flatMap(({ messages: some }) => some);
    const contents = all.map(({ data: text }) => {
      const { payload } = decodeEvent(Buffer.from(String(text), 'base64'));
      return payload.case === 'newMessagePayload' ? payload.value.content : undefined;
    });
    assert.deepEqual(contents, [undefined, ...Array.from({ length: 250 }, (_, index) => `at ${index}`)]);
    for (const { orderingKey } of all) assert.equal(orderingKey, conversation);
    const ids = all.map(({ attributes }) => (attributes as Record<string, string>)['event_id']);
    assert.equal(new Set(ids).size, 251);
  });

  it('pass by a topic of Pub/Sub that is not there, and wait while Pub/Sub has too much to do', async () => {
    const published: string[] = [];
    let busy = 2;
    const emulator = createServer(async (request, response) => {
      const { messages: some } = (await json(request)) as { messages: { data: string }[] };
      if (request.url?.includes('life')) response.writeHead(404).end('{"error":{"status":"NOT_FOUND"}}');
      else if (busy-- > 0) response.writeHead(busy % 2 === 0 ? 429 : 503, { 'retry-after': '0' }).end();
      else {
        for (const { data: text } of some) published.push(text);
        response.end(JSON.stringify({ messageIds: some.map((_, index) => String(index)) }));
      }
    });
    await new Promise<void>((resolve) => emulator.listen(0, '127.0.0.1', resolve));
    process.env['PUBSUB_EMULATOR_HOST'] = `http://127.0.0.1:${(emulator.address() as AddressInfo).port}/`;
    try {
      server = await startServer(data, '--events', 'pubsub');
    } finally {
      delete process.env['PUBSUB_EMULATOR_HOST'];
    }
    const { conversation, participant } = await begin();
    await ingest(grpc, conversation, messages(participant, 3));
    while ((await metric('parley_events_waiting')) > 0);
    emulator.close();
    emulator.closeAllConnections();
    assert.equal(published.length, 3);
    const { deadLetters } = await grpc.call(Administration.method.listDeadLetters, { parent: 'projects/p' });
    assert.deepEqual(
      deadLetters.map(({ topic, event }) => [topic, event?.type]),
      [[LIFE, CONVERSATION_STARTED]],
    );
    assert.match(deadLetters[0]?.reason ?? '', /answered 404 Not Found: .*NOT_FOUND/u);
  });

  for (const [flags, line] of [
    [['--events', 'ftp://x'], '--events ftp://x is neither pubsub nor an http(s) URL'],
    [
      ['--events-secret', 'x'],
      '--events-secret signs calls to a webhook: it needs --events with an http(s) URL',
    ],
    [
      ['--events', 'http://a', '--events-secret', '/nowhere'],
      "--events-secret: ENOENT: no such file or directory, open '/nowhere'",
    ],
    [['--events-age-max', '7'], '--events-age-max 7 is not a duration, such as 90s, 30m, 12h or 7d'],
    [['--events-age-max', '-1s'], "Option '--events-age-max' argument is ambiguous; see parley serve --help"],
    [
      ['--events-bytes-max', '1GB'],
      '--events-bytes-max 1GB is not a whole number from 1 to 9007199254740991',
    ],
    [['--events', ''], '--events is empty'],
    [['--events', 'http://a', '--events-secret', ''], '--events-secret is empty'],
  ] as const) {
    it(`are not served with ${flags.join(' ')}`, async () => {
      await assert.rejects(startServer(data, ...flags), (error: Error) => {
        assert.ok(error.message.includes(`parley serve: ${line}\n`), error.message);
        return true;
      });
    });
  }

  it('are documented by code that checks a signature', async () => {
    const page = readFileSync(new URL('../docs/events.md', import.meta.url), 'utf8');
    const [, code = ''] = /```js\n(.+?)```/su.exec(page) ?? [];
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const body = Buffer.from('{"message":{}}');
    const now = Math.floor(Date.now() / 1000);
    const headers = (timestamp: number, secret: string) => ({
      'parley-timestamp': String(timestamp),
      'parley-signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`,
    });
    assert.equal(module.isFromParley('secret', headers(now, 'secret'), body), true);
    assert.equal(module.isFromParley('other', headers(now, 'secret'), body), false);
    assert.equal(module.isFromParley('secret', headers(now - 3600, 'secret'), body), false);
    assert.equal(module.isFromParley('secret', {}, body), false);
    assert.equal(module.isFromParley('secret', headers(now, 'secret'), Buffer.from('{}')), false);
  });

  it('are documented by code in Python that checks a signature', (test) => {
    if (spawnSync('python3', ['--version']).status !== 0) return test.skip('there is no python3');
    const page = readFileSync(new URL('../docs/events.md', import.meta.url), 'utf8');
    const [, code = ''] = /```python\n(.+?)```/su.exec(page) ?? [];
    const body = '{"message":{}}';
    const now = Math.floor(Date.now() / 1000);
    const cases = [
      { at: now, secret: 'secret', body, want: true },
      { at: now, secret: 'other', body, want: false },
      { at: now - 3600, secret: 'secret', body, want: false },
      { at: now, secret: 'secret', body: '{}', want: false },
    ].map(({ at, secret, body: received, want }) => ({
      timestamp: String(at),
      signature: `v1=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`,
      received,
      want,
    }));
    const program = `${code}
import json, sys
for case in json.load(sys.stdin):
    headers = {"parley-timestamp": case["timestamp"], "parley-signature": case["signature"]}
    assert is_from_parley(b"secret", headers, case["received"].encode()) is case["want"], case
assert not is_from_parley(b"secret", {}, b"")
`;
    const run = spawnSync('python3', ['-c', program], { input: JSON.stringify(cases), encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
  });
});
