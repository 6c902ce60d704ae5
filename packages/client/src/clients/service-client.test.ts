import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CancelledError, InvalidRequestError } from '../errors.ts';
import { getTransportClass } from '../transport/service-transports.ts';
import type { Transport, TransportCall, TransportReply, TransportStream } from '../transport/transport.ts';
import { ConversationProfilesClient } from './conversation-profiles-client.ts';
import { ConversationsAsyncClient, ConversationsClient } from './conversations-client.ts';
import { ParticipantsClient } from './participants-client.ts';

/** A transport that a program brings along: it keeps what it is asked for and answers from a list. */
class Recorder implements Transport {
  readonly kind = 'grpc';
  readonly host = 'recorder.example:443';
  readonly calls: { readonly call: TransportCall; readonly request: Readonly<Record<string, unknown>> }[] =
    [];
  closed = 0;
  readonly #answers: object[];

  constructor(...answers: object[]) {
    this.#answers = answers;
  }

  async unary(call: TransportCall, request: object): Promise<TransportReply> {
    if (this.closed > 0) throw new CancelledError('the transport is closed');
    this.calls.push({ call, request: { ...request } });
    return { message: this.#answers.shift() ?? {}, headers: {}, trailers: {} };
  }

  stream(call: TransportCall, requests: AsyncIterable<object> | Iterable<object>): TransportStream {
    const { calls } = this;
    return {
      headers: Promise.resolve({ 'x-answer': call.method.localName }),
      trailers: Promise.resolve({}),
      async *[Symbol.asyncIterator]() {
        for await (const request of requests) {
          calls.push({ call, request: { ...request } });
          yield { replyText: 'heard' };
        }
      },
    };
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

const CLASSES = { ConversationsClient, ConversationProfilesClient, ParticipantsClient };
type ClassName = keyof typeof CLASSES;

/** A method with the request of its test in the Python client, and the routing header that has to go with it. */
interface MethodCase {
  readonly of: ClassName;
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly routing: string | undefined;
  /** Of an empty request. */
  readonly emptyRouting: string | undefined;
  /** The field of items, for lists. */
  readonly items?: string;
  readonly awaited?: 'page';
}

const PARENT = { parent: 'parent_value' };
const NAME = { name: 'name_value' };
const [OF_PARENT, OF_NAME] = ['parent=parent_value', 'name=name_value'];

function unary(
  of: ClassName,
  method: string,
  request: object,
  routing: string,
  emptyRouting: string,
): MethodCase {
  return { of, method, request: { ...request }, routing, emptyRouting };
}

function list(of: ClassName, method: string, items: string, request: object, routing: string): MethodCase {
  const emptyRouting = `${routing.split('=')[0]}=`;
  return { of, method, request: { ...request }, routing, emptyRouting, items };
}

const conversation = { conversation: 'c' };
const ofConversation = ['conversation=c', 'conversation='] as const;
const message = { parent: 'p', message: { content: 'content_value' } };

const METHODS: readonly MethodCase[] = [
  unary(
    'ConversationsClient',
    'createConversation',
    { ...PARENT, conversation: { conversationProfile: 'profile_value' } },
    OF_PARENT,
    'parent=',
  ),
  list('ConversationsClient', 'listConversations', 'conversations', PARENT, OF_PARENT),
  unary('ConversationsClient', 'getConversation', NAME, OF_NAME, 'name='),
  unary('ConversationsClient', 'completeConversation', NAME, OF_NAME, 'name='),
  unary(
    'ConversationsClient',
    'batchCreateMessages',
    { ...PARENT, requests: [message] },
    OF_PARENT,
    'parent=',
  ),
  list('ConversationsClient', 'listMessages', 'messages', PARENT, OF_PARENT),
  unary('ConversationsClient', 'ingestContextReferences', conversation, ...ofConversation),
  unary('ConversationsClient', 'suggestConversationSummary', conversation, ...ofConversation),
  unary(
    'ConversationsClient',
    'generateStatelessSummary',
    { statelessConversation: PARENT },
    'stateless_conversation.parent=parent_value',
    'stateless_conversation.parent=',
  ),
  unary('ConversationsClient', 'generateStatelessSuggestion', PARENT, OF_PARENT, 'parent='),
  unary(
    'ConversationsClient',
    'searchKnowledge',
    { ...PARENT, ...conversation },
    'parent=parent_value&conversation=c',
    'parent=&conversation=',
  ),
  unary('ConversationsClient', 'generateSuggestions', conversation, ...ofConversation),
  list('ConversationProfilesClient', 'listConversationProfiles', 'conversationProfiles', PARENT, OF_PARENT),
  unary('ConversationProfilesClient', 'getConversationProfile', NAME, OF_NAME, 'name='),
  unary('ConversationProfilesClient', 'createConversationProfile', PARENT, OF_PARENT, 'parent='),
  unary(
    'ConversationProfilesClient',
    'updateConversationProfile',
    { conversationProfile: NAME },
    'conversation_profile.name=name_value',
    'conversation_profile.name=',
  ),
  unary('ConversationProfilesClient', 'deleteConversationProfile', NAME, OF_NAME, 'name='),
  unary('ParticipantsClient', 'createParticipant', PARENT, OF_PARENT, 'parent='),
  unary('ParticipantsClient', 'getParticipant', NAME, OF_NAME, 'name='),
  list('ParticipantsClient', 'listParticipants', 'participants', PARENT, OF_PARENT),
  unary(
    'ParticipantsClient',
    'updateParticipant',
    { participant: NAME },
    'participant.name=name_value',
    'participant.name=',
  ),
  unary('ParticipantsClient', 'analyzeContent', { participant: 'p' }, 'participant=p', 'participant='),
];

const MIXINS: readonly MethodCase[] = (Object.keys(CLASSES) as ClassName[]).flatMap((of) => {
  const name = { name: 'locations' };
  return [
    unary(of, 'getOperation', name, 'name=locations', 'name='),
    { ...list(of, 'listOperations', 'operations', name, 'name=locations'), awaited: 'page' as const },
    unary(of, 'cancelOperation', name, 'name=locations', 'name='),
    unary(of, 'getLocation', name, 'name=locations', 'name='),
    { ...list(of, 'listLocations', 'locations', name, 'name=locations'), awaited: 'page' as const },
  ];
});

type Called = (argument?: object, options?: object) => PromiseLike<unknown> & AsyncIterable<unknown>;

function open(of: ClassName, method: string, ...answers: object[]): readonly [Called, Recorder] {
  const recorder = new Recorder(...answers);
  const client = new CLASSES[of]({ transport: recorder });
  const member = (client as unknown as Record<string, Called>)[method];
  assert.ok(member, `${of} has ${method}`);
  return [member.bind(client), recorder];
}

for (const { of, method, request, routing, emptyRouting, items, awaited } of [...METHODS, ...MIXINS]) {
  const empty = items === undefined ? {} : { [items]: [], nextPageToken: '' };

  describe(`${of}.${method}()`, () => {
    it('sends the fields that it is given, and a whole request just the same', async () => {
      for (const argument of [request, { request }]) {
        const [call, { calls }] = open(of, method, empty);
        await call(argument);
        assert.deepEqual(calls[0]?.request, request);
        assert.equal(calls[0]?.call.method.localName, method);
      }
    });

    it('sends an empty request where it is given nothing', async () => {
      const [call, { calls }] = open(of, method, empty);
      await call();
      assert.deepEqual(calls[0]?.request, {});
      assert.equal(calls[0]?.call.headers['x-goog-request-params'], emptyRouting);
    });

    it('says in a header where the request is to go', async () => {
      const [call, { calls }] = open(of, method, empty);
      await call(request);
      assert.equal(calls[0]?.call.headers['x-goog-request-params'], routing);
      assert.match(String(calls[0]?.call.headers['x-goog-api-client']), /^gl-node\/.* gapic\//u);
    });

    it('refuses a request beside fields, and sends nothing', async () => {
      const [call, { calls }] = open(of, method, empty);
      await assert.rejects(async () => call({ request, ...request }), {
        name: 'InvalidRequestError',
        message:
          'If the `request` argument is set, then none of the individual field arguments should be set.',
      });
      assert.deepEqual(calls, []);
    });

    it('refuses a field that there is not, and sends nothing', async () => {
      const [call, { calls }] = open(of, method, empty);
      await assert.rejects(async () => call({ ...request, nope: 1 }), InvalidRequestError);
      assert.deepEqual(calls, []);
    });

    if (items === undefined) return;

    it('gives the items of all pages, with the options of the call for each', async () => {
      const pages = [
        { [items]: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], nextPageToken: 'abc' },
        { [items]: [], nextPageToken: 'def' },
        { [items]: [{ name: 'd' }], nextPageToken: 'ghi' },
        { [items]: [{ name: 'e' }, { name: 'f' }], nextPageToken: '' },
      ];
      const [call, { calls }] = open(of, method, ...pages);
      const { signal } = new AbortController();
      const options = { signal, timeoutMs: 5_000, headers: { 'x-who': 'me' }, metadata: [['x-two', '2']] };
      const names: unknown[] = [];
      for await (const item of call(request, options)) names.push((item as { name: string }).name);
      assert.deepEqual(names, ['a', 'b', 'c', 'd', 'e', 'f']);
      assert.deepEqual(
        calls.map(({ request: { pageToken } }) => pageToken),
        [undefined, 'abc', 'def', 'ghi'],
      );
      for (const { call: made, request: asked } of calls) {
        const { pageToken: _, ...rest } = asked;
        assert.deepEqual(rest, request);
        assert.equal(made.headers['x-who'], 'me');
        assert.equal(made.headers['x-two'], '2');
        assert.equal(made.headers['x-goog-request-params'], routing);
        assert.notEqual(made.signal, undefined);
        const left = (made.deadline ?? Number.NaN) - performance.now();
        assert.ok(left > 0 && left <= 5_000, `${left} ms are left`);
      }
    });

    it(awaited === 'page' ? 'answers the page as it came' : 'answers a pager', async () => {
      const page = { [items]: [{ name: 'a' }], nextPageToken: 'abc' };
      const [call] = open(of, method, page, { ...empty });
      const answer = (await call(request)) as AsyncIterable<unknown> & { nextPageToken: string };
      if (awaited === 'page') return assert.equal(answer, page);
      assert.equal(answer.nextPageToken, 'abc');
      for await (const _ of answer);
      assert.equal(answer.nextPageToken, '');
    });

    it('is not changed by what is done to its request and options later', async () => {
      const [call, { calls }] = open(of, method, { ...empty, nextPageToken: 'abc' }, empty);
      const given: Record<string, unknown> = { ...request };
      const headers: Record<string, string> = { 'x-who': 'me' };
      const options: Record<string, unknown> = { headers };
      const items = call(given, options)[Symbol.asyncIterator]();
      given['pageToken'] = 'changed';
      options['headers'] = { 'x-who': 'you' };
      await items.next();
      assert.deepEqual(
        calls.map(({ request: { pageToken } }) => pageToken),
        [undefined, 'abc'],
      );
      for (const { call: made } of calls) assert.equal(made.headers['x-who'], 'me');
    });
  });
}

for (const method of ['streamingAnalyzeContent', 'bidiStreamingAnalyzeContent'] as const) {
  describe(`ParticipantsClient.${method}()`, () => {
    it('sends what it is given as it comes, and gives the answers', async () => {
      const transport = new Recorder();
      const client = new ParticipantsClient({ transport });
      const requests = [{ participant: 'p' }, { participant: 'p', inputText: 'hello' }];
      const stream =
        method === 'streamingAnalyzeContent' ? client[method](requests) : client[method]([{}, { input: {} }]);
      const answers: object[] = [];
      for await (const answer of stream) answers.push(answer);
      assert.deepEqual(answers, [{ replyText: 'heard' }, { replyText: 'heard' }]);
      assert.equal((await stream.headers)['x-answer'], method);
      assert.equal(transport.calls.length, 2);
    });

    it('refuses a field that there is not', async () => {
      const client = new ParticipantsClient({ transport: new Recorder() });
      const stream = client[method]([{ nope: 1 }] as never);
      await assert.rejects(async () => {
        for await (const _ of stream);
      }, InvalidRequestError);
    });
  });
}

/** Every member that the class of the Python client has, by its name here. */
const MEMBERS = {
  static: [
    'fromServiceAccountFile',
    'fromServiceAccountInfo',
    'fromServiceAccountJson',
    'getTransportClass',
    'getMtlsEndpointAndCertSource',
  ],
  both: [
    'conversationPath',
    'conversationProfilePath',
    'messagePath',
    'commonBillingAccountPath',
    'commonFolderPath',
    'commonLocationPath',
    'commonOrganizationPath',
    'commonProjectPath',
  ].flatMap((name) => [name, `parse${name[0]?.toUpperCase()}${name.slice(1)}`]),
};

describe('ServiceClient', () => {
  it('has every member of the Python client', () => {
    for (const [name, Client] of Object.entries(CLASSES)) {
      const client = new Client({ transport: new Recorder() });
      const statics = Client as unknown as Record<string, unknown>;
      const members = client as unknown as Record<string, unknown>;
      for (const member of [...MEMBERS.static, ...MEMBERS.both]) {
        assert.equal(typeof statics[member], 'function', `${name}.${member}`);
      }
      for (const member of MEMBERS.both) {
        assert.equal(typeof members[member], 'function', `of a ${name}: ${member}`);
      }
      assert.equal(Client.name, name);
    }
    assert.equal(ConversationsAsyncClient, ConversationsClient);
    assert.equal(ConversationsClient.conversationPath('p', 'c'), 'projects/p/conversations/c');
    assert.equal(ConversationsClient.getTransportClass, getTransportClass);
  });

  it('calls through the transport that it is given', () => {
    const transport = new Recorder();
    assert.equal(new ConversationsClient({ transport }).transport, transport);
  });

  it('has no request with a field called request, which would be taken for the whole', async () => {
    for (const { of, method } of METHODS) {
      const [call] = open(of, method);
      await assert.rejects(
        async () => call({ request: { request: { request: {}, x: 1 } } }),
        InvalidRequestError,
      );
    }
  });

  it('closes its transport, and then refuses calls', async () => {
    const transport = new Recorder();
    const client = new ConversationsClient({ transport });
    await client.close();
    assert.equal(transport.closed, 1);
    await assert.rejects(async () => client.getConversation({ name: 'x' }), CancelledError);
    await assert.rejects(async () => client.listMessages({ parent: 'x' }), CancelledError);
  });

  it('is closed where `await using` ends', async () => {
    const transport = new Recorder();
    {
      await using client = new ParticipantsClient({ transport });
      await client.getParticipant({ name: 'x' });
    }
    assert.equal(transport.closed, 1);
  });

  it('sends nothing for a list that nobody looks at', async () => {
    const transport = new Recorder();
    new ConversationsClient({ transport }).listConversations({ parent: 'x' });
    await new Promise(setImmediate);
    assert.deepEqual(transport.calls, []);
  });
});
