import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, toBinary, toJson } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Code } from '@parleykit/proto/rpc';
import {
  BatchCreateMessagesRequestSchema,
  ConversationProfiles,
  Conversations,
  type Message,
  MessageSchema,
  Participants,
} from '@parleykit/proto/v2beta1';
import fc from 'fast-check';
import { newProject } from '../target.ts';
import { CallError, type HttpAnswer, pathOf, refusalOf } from '../wires.ts';
import {
  batchOf,
  createConversation,
  createProfile,
  createTalk,
  failure,
  getConversation,
  listMessages,
  message,
  openScene,
  refused,
  type Talk,
} from './scene.ts';

const scene = openScene();
const { grpc, rest } = scene;

const methods = [
  Conversations.method.createConversation,
  Conversations.method.listConversations,
  Conversations.method.getConversation,
  Conversations.method.completeConversation,
  Conversations.method.batchCreateMessages,
  Conversations.method.listMessages,
  ConversationProfiles.method.createConversationProfile,
  ConversationProfiles.method.getConversationProfile,
  ConversationProfiles.method.listConversationProfiles,
  Participants.method.createParticipant,
  Participants.method.getParticipant,
  Participants.method.listParticipants,
];

/** Codes that blame the server. */
const blame: readonly number[] = [Code.INTERNAL, Code.UNKNOWN, Code.DATA_LOSS, Code.UNAVAILABLE];

describe('bytes that are no request, over gRPC', () => {
  const undecodable = [
    { name: 'a field longer than the message', bytes: [0x0a, 0x7f, 0x61] },
    { name: 'a length without its field', bytes: [0x0a, 0x01] },
    { name: 'a tag that does not end', bytes: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] },
    { name: 'field number 0', bytes: [0x02, 0x00] },
    { name: 'wire type 7', bytes: [0x0f, 0x00] },
    { name: 'a group that does not begin', bytes: [0x0c] },
    { name: 'a group that does not end', bytes: [0xa3, 0x06] },
    { name: 'a name that is no UTF-8', bytes: [0x0a, 0x03, 0x61, 0xff, 0xfe] },
    { name: 'a name with an overlong slash', bytes: [0x0a, 0x03, 0x61, 0xc0, 0xaf] },
    { name: 'a name with a surrogate', bytes: [0x0a, 0x03, 0xed, 0xa0, 0x80] },
  ];
  for (const method of methods) {
    for (const { name, bytes } of undecodable) {
      it(`are refused by ${method.name} when they are ${name}`, async () => {
        const error = await failure(grpc.send(pathOf(method), Uint8Array.from(bytes)));
        assert.deepEqual([error.code, error.reason], [Code.INVALID_ARGUMENT, 'REQUEST_UNDECODABLE']);
        assert.equal(error.domain, 'parley');
      });
    }

    it(`are refused by ${method.name} whatever they are`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
          const { code, message: text } = await failure(grpc.send(pathOf(method), bytes));
          assert.equal(code, Code.INVALID_ARGUMENT, text);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('are refused when a message content is no UTF-8, and nothing is stored', async () => {
    const { conversation, participant } = await createTalk(grpc, `projects/${newProject()}`);
    const batch = batchOf(conversation, [message(participant, 0), message(participant, 1, 'MARKER')]);
    const bytes = toBinary(BatchCreateMessagesRequestSchema, create(BatchCreateMessagesRequestSchema, batch));
    bytes[Buffer.from(bytes).indexOf('MARKER')] = 0xff;
    await refused(grpc.send(pathOf(Conversations.method.batchCreateMessages), bytes), {
      code: Code.INVALID_ARGUMENT,
      reason: 'REQUEST_UNDECODABLE',
    });
    assert.deepEqual(await listMessages(grpc, conversation), []);
  });

  it('are a request still when a bit of them was turned over, or are refused', async () => {
    const { conversation, participant } = await createTalk(grpc, `projects/${newProject()}`);
    const batch = batchOf(conversation, [message(participant, 0), message(participant, 1)]);
    const good = toBinary(BatchCreateMessagesRequestSchema, create(BatchCreateMessagesRequestSchema, batch));
    const bit = fc.integer({ min: 0, max: good.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bit, async (at) => {
        const bytes = Uint8Array.from(good);
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
        const answer = await grpc.send(pathOf(Conversations.method.batchCreateMessages), bytes).catch(toCode);
        if (typeof answer === 'number') assert.ok(!blame.includes(answer), `code ${answer}`);
      }),
      { numRuns: 300 },
    );
    await assertReadable(conversation);
  });
});

describe('a payload nested deep', () => {
  for (const depth of [10, 47, 48, 60, 90, 200, 5000]) {
    it(`${depth} levels over gRPC is stored and readable, or refused`, async () => {
      const talk = await createTalk(grpc, `projects/${newProject()}`);
      await storesOrRefuses(talk, sendPayload(talk, nestedValue(depth)));
    });

    it(`${depth} levels over REST is stored and readable, or refused`, async () => {
      const talk = await createTalk(rest, `projects/${newProject()}`);
      const deep = `${'['.repeat(depth)}1${']'.repeat(depth)}`;
      const requests = `[{"message":{"content":"x","participant":"${talk.participant}",
        "sendTime":"2026-01-01T00:00:00Z","responseMessages":[{"payload":{"deep":${deep}}}]}}]`;
      const answer = rest.send({
        verb: 'POST',
        path: `/v2beta1/${talk.conversation}/messages:batchCreate`,
        headers: { 'content-type': 'application/json' },
        body: `{"requests":${requests}}`,
      });
      await storesOrRefuses(talk, answer.then(throwRefusal));
    });
  }
});

describe('values that bytes can say and JSON cannot', () => {
  for (const { name, value } of [
    { name: 'not a number', value: writer().tag(2, WireType.Bit64).double(Number.NaN).finish() },
    { name: 'infinity', value: writer().tag(2, WireType.Bit64).double(Number.POSITIVE_INFINITY).finish() },
    { name: 'a value of no kind', value: new Uint8Array() },
    { name: 'a null that is not 0', value: writer().tag(1, WireType.Varint).int32(7).finish() },
    { name: 'a value of an unknown kind', value: writer().tag(99, WireType.Varint).int32(7).finish() },
    { name: 'a list of values of no kind', value: embed(6, embed(1, new Uint8Array())) },
  ]) {
    it(`are refused, or readable over both wires, in a payload: ${name}`, async () => {
      const talk = await createTalk(grpc, `projects/${newProject()}`);
      await storesOrRefuses(talk, sendPayload(talk, value));
    });
  }

  for (const { name, seconds, nanos } of [
    { name: 'longer than any duration', seconds: 315_576_000_001n, nanos: 0 },
    { name: 'the largest number', seconds: 2n ** 63n - 1n, nanos: 0 },
    { name: 'of two signs', seconds: 1n, nanos: -1 },
    { name: 'of more nanoseconds than a second has', seconds: 0n, nanos: 1_000_000_000 },
  ]) {
    it(`are refused, or readable over both wires, in a duration: ${name}`, async () => {
      const parent = `projects/${newProject()}`;
      const made = await createProfile(grpc, parent, {
        automatedAgentConfig: {
          agent: 'projects/p/locations/global/agent/environments/-',
          sessionTtl: { $typeName: 'google.protobuf.Duration', seconds, nanos },
        },
      }).catch((error: unknown) => toCode(error));
      if (typeof made === 'number') {
        assert.equal(made, Code.INVALID_ARGUMENT);
        return;
      }
      for (const wire of scene.wires) {
        await wire.call(ConversationProfiles.method.getConversationProfile, { name: made.name });
        await wire.call(ConversationProfiles.method.listConversationProfiles, { parent });
      }
    });
  }

  it('are ignored where they are OUTPUT_ONLY: a time in the year 10000', async () => {
    const never = { seconds: 253_402_300_800n, nanos: -1 };
    const { name } = await createConversation(grpc, `projects/${newProject()}`, {
      startTime: never,
      endTime: never,
    });
    for (const wire of scene.wires) assert.equal((await getConversation(wire, name)).endTime, undefined);
  });
});

describe('paths and queries over REST', () => {
  it('are never the fault of the server, whatever they are', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        'v2beta1',
        'projects',
        'locations',
        'conversations',
        'messages',
        'participants',
        'p',
        '-',
        '..',
        '%00',
        '%',
      ),
      fc.string({ maxLength: 6 }).map(encodeURIComponent),
    );
    const path = fc.array(segment, { maxLength: 8 }).map((segments) => `/v2beta1/${segments.join('/')}`);
    const query = fc.string({ maxLength: 12, unit: fc.constantFrom(...'abp=&;%$.[]_0') });
    const verb = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
    await fc.assert(
      fc.asyncProperty(verb, path, query, async (verb, path, query) => {
        const answer = await rest.send({ verb, path: `${path}?${query}` });
        assert.ok(answer.status < 500 || answer.status === 501, `${answer.status} ${answer.text}`);
      }),
      { numRuns: 400 },
    );
  });

  it('are never the fault of the server when the body is any JSON', async () => {
    const parent = `projects/${newProject()}`;
    const { name } = await createConversation(rest, parent);
    const paths = [
      `${parent}/conversations`,
      `${parent}/conversationProfiles`,
      `${name}/participants`,
      `${name}/messages:batchCreate`,
      `${name}:complete`,
    ];
    const keys = fc.constantFrom(
      'requests',
      'message',
      'content',
      'sendTime',
      'participant',
      'displayName',
      'role',
      'name',
      'conversationProfile',
      'automatedAgentConfig',
      'agent',
      'responseMessages',
      'payload',
      '__proto__',
      'toString',
      'x',
    );
    const leaf = fc.constantFrom(null, true, 0, -1.5, 1e308, '', 'x', '2026-01-01T00:00:00Z');
    const json = fc.object({ key: keys, values: [leaf], maxDepth: 5, maxKeys: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), json, async (path, body) => {
        const answer = await rest.send({
          verb: 'POST',
          path: `/v2beta1/${path}`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
      }),
      { numRuns: 400 },
    );
    assert.equal((await getConversation(rest, name)).name, name);
  });
});

function toCode(error: unknown): number {
  if (error instanceof CallError) return error.code;
  throw error;
}

/** Asserts that a batch is either kept, and then said by both wires alike, or the fault of the caller. */
async function storesOrRefuses({ conversation }: Talk, batch: Promise<unknown>): Promise<void> {
  const outcome = await batch.then(() => 'stored' as const, toCode);
  if (outcome !== 'stored') assert.equal(outcome, Code.INVALID_ARGUMENT);
  assert.equal(await assertReadable(conversation), outcome === 'stored' ? 1 : 0);
}

/** Asserts that both wires can say what a conversation holds, and say the same; answers how many messages it is. */
async function assertReadable(conversation: string): Promise<number> {
  // JSON has no place for fields that nobody knows, which bytes keep.
  const known = (each: Message): unknown => toJson(MessageSchema, each);
  const listed = await listMessages(grpc, conversation);
  assert.deepEqual((await listMessages(rest, conversation)).map(known), listed.map(known));
  return listed.length;
}

function throwRefusal(answer: HttpAnswer): void {
  if (answer.status !== 200) throw new CallError(refusalOf(answer));
}

function writer(): BinaryWriter {
  return new BinaryWriter();
}

/** A field that holds a message, as bytes. */
function embed(field: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return writer().tag(field, WireType.LengthDelimited).bytes(bytes).finish();
}

/** A `google.protobuf.Value` of lists in lists, made without recursion. */
function nestedValue(depth: number): Uint8Array {
  let value: Uint8Array = writer().tag(2, WireType.Bit64).double(1).finish();
  for (let level = 0; level < depth; level++) value = embed(6, embed(1, value));
  return value;
}

/** Sends a batch of one message whose payload holds a value; by hand, as the generated types cannot say all of them. */
function sendPayload({ conversation, participant }: Talk, value: Uint8Array): Promise<Uint8Array> {
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  const entry = Buffer.concat([embed(1, utf8('odd')), embed(2, value)]);
  const responseMessage = embed(2, embed(1, entry));
  const sendTime = writer().tag(1, WireType.Varint).int64(1_700_000_000n).finish();
  const init = Buffer.concat([
    embed(2, utf8('x')),
    embed(4, utf8(participant)),
    embed(9, sendTime),
    embed(11, responseMessage),
  ]);
  const request = Buffer.concat([embed(1, utf8(conversation)), embed(2, embed(2, init))]);
  return grpc.send(pathOf(Conversations.method.batchCreateMessages), request);
}
