import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { services } from '@parleykit/proto';
import {
  Administration,
  WatchConversationRequestSchema,
  type WatchConversationResponse,
  WatchConversationResponseSchema,
} from '@parleykit/proto/admin';
import {
  BatchCreateMessagesRequestSchema,
  type Conversation,
  ConversationSchema,
  Conversations,
  CreateConversationRequestSchema,
  Participants,
  StreamingAnalyzeContentRequestSchema,
  StreamingAnalyzeContentResponseSchema,
} from '@parleykit/proto/v2beta1';
import { conversationCompleted, type ServiceError, writeQueueFull } from '../errors.ts';
import { Metrics } from '../metrics.ts';
import type { IncomingCall } from './call-context.ts';
import { Dispatcher, type ServiceHandlers } from './dispatcher.ts';
import { CallRecorder } from './record-call.ts';

const incoming: IncomingCall = {
  wire: 'grpc',
  requestId: 'request-1',
  signal: new AbortController().signal,
  header: () => undefined,
};

interface Logged {
  readonly level: 'info' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

function openDispatcher(
  handlers: ServiceHandlers<typeof Conversations> = {},
  explain?: (error: unknown) => ServiceError | undefined,
) {
  const logged: Logged[] = [];
  const metrics = new Metrics();
  const recorder = new CallRecorder(
    {
      info: (event, fields) => logged.push({ level: 'info', event, fields }),
      error: (event, fields) => logged.push({ level: 'error', event, fields }),
    },
    metrics,
  );
  const dispatcher = new Dispatcher(services, recorder, explain);
  dispatcher.register(Conversations, handlers);
  return { dispatcher, logged, metrics };
}

async function* requestsOf<T>(...requests: readonly T[]): AsyncGenerator<T> {
  yield* requests;
}

const { createConversation, getConversation, batchCreateMessages } = Conversations.method;
const request = create(CreateConversationRequestSchema, {
  parent: 'projects/p/locations/global',
  conversation: { conversationProfile: 'projects/p/conversationProfiles/x' },
});

describe('Dispatcher', () => {
  it('knows every method of every service', () => {
    const { dispatcher } = openDispatcher();
    const want = services.reduce((sum, service) => sum + service.methods.length, 0);
    assert.equal([...dispatcher.methods].length, want);
  });

  it('answers UNIMPLEMENTED for each method that is not built', async () => {
    const { dispatcher } = openDispatcher();
    for (const method of dispatcher.methods) {
      const answer =
        method.methodKind === 'unary'
          ? dispatcher.call(method, create(method.input), incoming)
          : dispatcher.stream(method, requestsOf(), incoming).next();
      await assert.rejects(answer, { reason: 'METHOD_UNIMPLEMENTED' });
    }
  });

  it('hands a handler the decoded request and the resource that it addresses', async () => {
    let seen: [parent: string, key: string, form: string] | undefined;
    const { dispatcher } = openDispatcher({
      async createConversation({ parent }, { resource }) {
        seen = [parent, resource.key, resource.toString()];
        return create(ConversationSchema);
      },
    });
    await dispatcher.call(createConversation, toBinary(CreateConversationRequestSchema, request), incoming);
    assert.deepEqual(seen, ['projects/p/locations/global', 'projects/p', 'projects/p/locations/global']);
  });

  it('answers INVALID_ARGUMENT for bytes that are no message', async () => {
    const { dispatcher } = openDispatcher({ createConversation: async () => create(ConversationSchema) });
    await assert.rejects(dispatcher.call(createConversation, Buffer.from([0x0a, 0xff]), incoming), {
      reason: 'REQUEST_UNDECODABLE',
    });
  });

  it('looks at the name before it looks at the rest', async () => {
    const { dispatcher } = openDispatcher({ createConversation: async () => create(ConversationSchema) });
    const malformed = create(CreateConversationRequestSchema, { parent: 'projects/p/x/y' });
    await assert.rejects(dispatcher.call(createConversation, malformed, incoming), {
      reason: 'RESOURCE_NAME_INVALID',
    });
  });

  it('tells callers what it is told of other errors, and the log their cause', async () => {
    const cause = new Error('full');
    const handlers = { getConversation: () => Promise.reject(cause) };
    const explain = (error: unknown) => (error === cause ? writeQueueFull() : undefined);
    const { dispatcher, logged } = openDispatcher(handlers, explain);
    const named = create(getConversation.input, { name: 'projects/p/conversations/c' });
    await assert.rejects(dispatcher.call(getConversation, named, incoming), { reason: 'WRITE_QUEUE_FULL' });
    assert.equal(logged.find(({ level }) => level === 'error')?.fields?.['error'], cause);
  });

  it('lets what the catalogue says through', async () => {
    const { dispatcher, logged } = openDispatcher({
      async getConversation() {
        throw conversationCompleted('projects/p/conversations/c');
      },
    });
    const named = create(getConversation.input, { name: 'projects/p/conversations/c' });
    await assert.rejects(dispatcher.call(getConversation, named, incoming), {
      reason: 'CONVERSATION_COMPLETED',
    });
    assert.deepEqual(
      logged.map(({ level }) => level),
      ['info'],
    );
  });

  it('leaves one line and one count for a call, and nothing of what was said in it', async () => {
    const { dispatcher, logged, metrics } = openDispatcher({
      createConversation: async () => create(ConversationSchema, { name: 'a secret answer' }),
    });
    const said = { ...request, conversationId: 'a-secret-question' };
    await dispatcher.call(createConversation, said, incoming);
    await assert.rejects(dispatcher.call(createConversation, create(createConversation.input), incoming));
    const told = logged.map(({ event, fields = {} }) => {
      const { ms, ...rest } = fields;
      assert.equal(typeof ms, 'number');
      return { event, ...rest };
    });
    const line = {
      event: 'call',
      requestId: 'request-1',
      wire: 'grpc',
      method: 'google.cloud.dialogflow.v2beta1.Conversations/CreateConversation',
    };
    assert.deepEqual(told, [
      { ...line, code: 'OK' },
      { ...line, code: 'INVALID_ARGUMENT', reason: 'FIELD_REQUIRED' },
    ]);
    assert.match(metrics.toString(), /method="CreateConversation",code="OK"} 1\n/);
    assert.match(metrics.toString(), /method="CreateConversation",code="INVALID_ARGUMENT"} 1\n/);
  });

  it('logs what else goes wrong with its request id, and answers nothing of it', async () => {
    const { dispatcher, logged } = openDispatcher({
      async getConversation() {
        throw new Error('the secret of the house');
      },
    });
    const named = create(getConversation.input, { name: 'projects/p/conversations/c' });
    await assert.rejects(dispatcher.call(getConversation, named, incoming), {
      reason: 'INTERNAL',
      message: 'internal error (request request-1)',
    });
    const { requestId, error } = logged.find(({ level }) => level === 'error')?.fields ?? {};
    assert.deepEqual([requestId, (error as Error).message], ['request-1', 'the secret of the house']);
  });
});

describe('the validation of requests', () => {
  async function receivedBy(
    init: MessageInitShape<typeof CreateConversationRequestSchema>,
  ): Promise<Conversation> {
    let received: Conversation | undefined;
    const { dispatcher } = openDispatcher({
      async createConversation({ conversation }) {
        received = conversation;
        return create(ConversationSchema);
      },
    });
    await dispatcher.call(createConversation, create(CreateConversationRequestSchema, init), incoming);
    return received ?? create(ConversationSchema);
  }

  it('clears what is OUTPUT_ONLY', async () => {
    const received = await receivedBy({
      parent: 'projects/p',
      conversation: {
        name: 'projects/p/conversations/mine',
        lifecycleState: 2,
        startTime: { seconds: 1n },
        initialConversationProfile: { displayName: 'x' },
        ingestedContextReferences: { a: {} },
        conversationProfile: 'projects/p/conversationProfiles/x',
        conversationStage: 2,
      },
    });
    assert.deepEqual(
      received,
      create(ConversationSchema, {
        conversationProfile: 'projects/p/conversationProfiles/x',
        conversationStage: 2,
      }),
    );
  });

  const missing = [
    { name: 'a message', init: { parent: 'projects/p' }, fields: ['conversation'] },
    {
      name: 'a field of a message',
      init: { parent: 'projects/p', conversation: {} },
      fields: ['conversation.conversation_profile'],
    },
    { name: 'the resource', init: { conversation: {} }, fields: ['parent'] },
  ];
  for (const { name, init, fields } of missing) {
    it(`names ${name} that is REQUIRED and missing`, async () => {
      await assert.rejects(receivedBy(init), {
        reason: 'FIELD_REQUIRED',
        message: fields.map((field) => `${field}: is required`).join('; '),
      });
    });
  }

  async function batch(message: object): Promise<unknown> {
    const { dispatcher } = openDispatcher({
      batchCreateMessages: async () => create(batchCreateMessages.output),
    });
    const parent = 'projects/p/conversations/c';
    const init = create(BatchCreateMessagesRequestSchema, { parent, requests: [{ message }] });
    return dispatcher.call(batchCreateMessages, init, incoming);
  }

  it('follows the overrides where the descriptors are wrong', async () => {
    await assert.rejects(batch({ content: 'x' }), {
      message: 'requests[0].message.participant: is required; requests[0].message.send_time: is required',
    });
  });

  const times = [
    { seconds: 253_402_300_800n },
    { seconds: -62_135_596_801n },
    { nanos: 1_000_000_000 },
    { nanos: -1 },
  ];
  for (const sendTime of times) {
    const { seconds = 0n, nanos = 0 } = sendTime;
    it(`refuses a time that cannot be written down: ${seconds}s ${nanos}ns`, async () => {
      await assert.rejects(batch({ content: 'x', participant: 'x', sendTime }), {
        reason: 'FIELD_INVALID',
        message: 'requests[0].message.send_time: is not a time between the years 1 and 9999',
      });
    });
  }

  it('takes the first and the last time that can be', async () => {
    for (const sendTime of [
      { seconds: -62_135_596_800n },
      { seconds: 253_402_300_799n, nanos: 999_999_999 },
    ]) {
      await batch({ content: 'x', participant: 'x', sendTime });
    }
  });
});

describe('Dispatcher.stream()', () => {
  const { watchConversation } = Administration.method;
  const { streamingAnalyzeContent } = Participants.method;
  const watch = create(WatchConversationRequestSchema, { name: 'projects/p/conversations/c' });
  const participant = 'projects/p/locations/global/conversations/c/participants/x';

  const answerOf = (contents: readonly string[]): WatchConversationResponse[] =>
    contents.map((content) =>
      create(WatchConversationResponseSchema, { update: { case: 'message', value: { content } } }),
    );

  it('hands on what the handler yields, and records one call', async () => {
    const { dispatcher, logged } = openDispatcher();
    dispatcher.register(Administration, {
      async *watchConversation(_request, { resource }) {
        yield* answerOf([resource.key, 'more']);
      },
    });
    const replies = await Array.fromAsync(dispatcher.stream(watchConversation, requestsOf(watch), incoming));
    assert.deepEqual(replies, answerOf(['projects/p/conversations/c', 'more']));
    assert.deepEqual(
      logged.map(({ event, fields }) => [event, fields?.['code']]),
      [['call', 'OK']],
    );
  });

  it('finds what a stream without HTTP path addresses, and gives the rest of its requests decoded', async () => {
    const { dispatcher } = openDispatcher();
    dispatcher.register(Participants, {
      async *streamingAnalyzeContent(first, { resource }, rest) {
        for await (const { input } of rest) {
          yield create(StreamingAnalyzeContentResponseSchema, {
            replyText: `${resource} ${first.config.case} ${input.value}`,
          });
        }
      },
    });
    const requests = [
      { participant, config: { case: 'textConfig' as const, value: { languageCode: 'en' } } },
      { input: { case: 'inputText' as const, value: 'hello' } },
    ].map((init) =>
      toBinary(StreamingAnalyzeContentRequestSchema, create(StreamingAnalyzeContentRequestSchema, init)),
    );
    const replies = await Array.fromAsync(
      dispatcher.stream(streamingAnalyzeContent, requestsOf(...requests), incoming),
    );
    assert.deepEqual(replies, [
      create(StreamingAnalyzeContentResponseSchema, { replyText: `${participant} textConfig hello` }),
    ]);
  });

  it('refuses a stream without a request', async () => {
    const { dispatcher } = openDispatcher();
    dispatcher.register(Participants, { async *streamingAnalyzeContent() {} });
    await assert.rejects(dispatcher.stream(streamingAnalyzeContent, requestsOf(), incoming).next(), {
      reason: 'REQUEST_ABSENT',
    });
  });

  it('explains what goes wrong on the way, and records it once', async () => {
    const { dispatcher, logged } = openDispatcher();
    dispatcher.register(Administration, {
      async *watchConversation() {
        yield* answerOf(['first']);
        throw new Error('a fault');
      },
    });
    const replies = dispatcher.stream(watchConversation, requestsOf(watch), incoming);
    assert.deepEqual((await replies.next()).value, answerOf(['first'])[0]);
    await assert.rejects(replies.next(), { reason: 'INTERNAL' });
    assert.deepEqual(
      logged.map(({ event, fields }) => [event, fields?.['code']]),
      [
        ['call failed', undefined],
        ['call', 'INTERNAL'],
      ],
    );
  });

  it('ends the handler when nobody listens any more, as a call that went well', async () => {
    let ended = false;
    const { dispatcher, logged } = openDispatcher();
    dispatcher.register(Administration, {
      async *watchConversation() {
        try {
          yield* answerOf(['first', 'second']);
        } finally {
          ended = true;
        }
      },
    });
    for await (const _reply of dispatcher.stream(watchConversation, requestsOf(watch), incoming)) break;
    assert.ok(ended);
    assert.deepEqual(
      logged.map(({ fields }) => fields?.['code']),
      ['OK'],
    );
  });
});
