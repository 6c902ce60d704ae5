import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@parleykit/proto/rpc';
import {
  AnalyzeContentRequestSchema,
  AnalyzeContentResponseSchema,
  AudioEncoding,
  ConversationProfiles,
  Conversations,
  SuggestionFeature_Type as Feature,
  type Message,
  OutputAudioEncoding,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import { httpRequest, pathOf, type Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  createTalk,
  failure,
  getConversation,
  ingest,
  listMessages,
  located,
  message,
  messages,
  namesOf,
  nanos,
  openScene,
  refused,
  say,
  saying,
  type Talk,
  type TurnInit,
} from './scene.ts';

const scene = openScene();
const { analyzeContent } = Participants.method;

async function saidMessage(
  wire: Wire,
  participant: string,
  text: string,
  more: TurnInit = {},
): Promise<Message> {
  const { message: said } = await say(wire, participant, text, more);
  assert.ok(said, 'the message is set');
  return said;
}

for (const wire of scene.wires) {
  const open = (): Promise<Talk> => createTalk(wire, `projects/${newProject()}`);

  describe(`AnalyzeContent in the assist stage over ${wire.name}`, () => {
    for (const role of [Role.END_USER, Role.HUMAN_AGENT, Role.AUTOMATED_AGENT]) {
      it(`stores what a ${Role[role]} says and answers the message alone`, async () => {
        const { name: conversation, startTime } = await createConversation(wire, `projects/${newProject()}`);
        const { name: participant } = await createParticipant(wire, conversation, role);
        const sendTime = { seconds: 1_700_000_000n, nanos: 123_456_789 };
        const input: TurnInit['input'] = {
          case: 'textInput',
          value: { text: 'Grüße, 你好 💬', languageCode: 'de-AT' },
        };
        const reply = await wire.call(analyzeContent, { participant, input, messageSendTime: sendTime });
        const { message: said, ...rest } = reply;
        assert.deepEqual(
          { ...rest, $typeName: undefined },
          { ...create(AnalyzeContentResponseSchema), $typeName: undefined },
          'no other field is filled',
        );
        assert.ok(said);
        assert.match(said.name.slice(conversation.length), /^\/messages\/[^/]+$/u);
        assert.ok(said.name.startsWith(conversation));
        assert.equal(said.content, 'Grüße, 你好 💬');
        assert.equal(said.languageCode, 'de-AT');
        assert.equal(said.participant, participant);
        assert.equal(said.participantRole, role);
        assert.deepEqual(nanos(said.sendTime), 1_700_000_000_123_456_789n);
        assert.equal(nanos(said.createTime) % 1000n, 0n, 'create_time counts microseconds');
        assert.ok(nanos(said.createTime) >= nanos(startTime));
        assert.equal(said.messageAnnotation, undefined);
        assert.equal(said.sentimentAnalysis, undefined);
        assert.deepEqual(said.responseMessages, []);
        for (const reader of scene.wires) assert.deepEqual(await listMessages(reader, conversation), [said]);
      });
    }

    it('has no send_time where the caller says none', async () => {
      const { participant } = await open();
      assert.equal((await saidMessage(wire, participant, 'hello')).sendTime, undefined);
    });

    it('passes over what is for an agent, and takes a language, a time and ids as they are', async () => {
      const { participant } = await open();
      const said = await saidMessage(wire, participant, 'hello', {
        queryParams: { timeZone: 'Europe/Paris', payload: { a: 1 }, webhookHeaders: { 'x-a': 'b' } },
        assistQueryParams: { documentsMetadataFilters: { market: 'US,CA' } },
        requestId: 'r'.repeat(36),
        messageSendTime: { seconds: 0n, nanos: 1 },
      });
      assert.deepEqual([said.content, nanos(said.sendTime)], ['hello', 1n]);
    });

    it('leaves the conversation as it was', async () => {
      const { conversation, participant } = await open();
      const before = await getConversation(wire, conversation);
      await say(wire, participant, 'hello');
      assert.deepEqual(await getConversation(wire, conversation), before);
    });

    it('answers each name in the form of the caller', async () => {
      const { conversation, participant } = await open();
      const said = await saidMessage(wire, located(participant), 'hello');
      assert.equal(said.participant, located(participant));
      assert.ok(said.name.startsWith(`${located(conversation)}/messages/`), said.name);
      assert.deepEqual(namesOf(await listMessages(wire, located(conversation))), [said.name]);
    });

    it('takes what people write as it is', async () => {
      const { conversation, participant } = await open();
      const texts = [' ', '\n', '\u0000', '"\\', 'e\u0301', '\u{10FFFF}', '<b>&amp;</b>', 'x'.repeat(65_536)];
      for (const text of texts) assert.equal((await saidMessage(wire, participant, text)).content, text);
      const stored = await listMessages(wire, conversation);
      assert.deepEqual(
        stored.map(({ content }) => content),
        texts.toReversed(),
      );
    });
  });

  describe(`suggestions of AnalyzeContent over ${wire.name}`, () => {
    const config = (types: readonly Feature[]) => ({
      featureConfigs: types.map((type) => ({ suggestionFeature: { type } })),
    });

    it('are one for each feature of the profile, in its order, each of which says what it lacks', async () => {
      const forAgent = [Feature.SMART_REPLY, Feature.FAQ, Feature.ARTICLE_SUGGESTION];
      const forUser = [Feature.FAQ, Feature.SMART_REPLY];
      const parent = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, parent, {
        humanAgentAssistantConfig: {
          humanAgentSuggestionConfig: config(forAgent),
          endUserSuggestionConfig: config(forUser),
        },
      });
      const { name } = await createConversation(wire, parent, { conversationProfile });
      for (const role of [Role.END_USER, Role.HUMAN_AGENT]) {
        const { name: participant } = await createParticipant(wire, name, role);
        const reply = await say(wire, participant, 'hello');
        assert.equal(reply.message?.content, 'hello');
        for (const [results, types] of [
          [reply.humanAgentSuggestionResults, forAgent],
          [reply.endUserSuggestionResults, forUser],
        ] as const) {
          assert.equal(results.length, types.length);
          for (const [index, { suggestionResponse }] of results.entries()) {
            assert.ok(suggestionResponse.case === 'error');
            assert.equal(suggestionResponse.value.code, Code.FAILED_PRECONDITION);
            const type = Feature[types[index] ?? Feature.TYPE_UNSPECIFIED];
            assert.ok(suggestionResponse.value.message.includes(type), suggestionResponse.value.message);
          }
        }
        assert.equal(reply.replyText, '');
        assert.equal(reply.automatedAgentReply, undefined);
      }
      assert.equal((await listMessages(wire, name)).length, 2);
    });

    it('are those of the profile as it was when the conversation began', async () => {
      const parent = `projects/${newProject()}`;
      const { name: conversationProfile } = await createProfile(wire, parent, {
        humanAgentAssistantConfig: { humanAgentSuggestionConfig: config([Feature.FAQ]) },
      });
      const { name } = await createConversation(wire, parent, { conversationProfile });
      const { name: participant } = await createParticipant(wire, name);
      await wire.call(ConversationProfiles.method.deleteConversationProfile, { name: conversationProfile });
      const { humanAgentSuggestionResults, message: said } = await say(wire, participant, 'hello');
      assert.equal(humanAgentSuggestionResults.length, 1);
      assert.equal(said?.content, 'hello');
    });
  });

  describe(`request_id of AnalyzeContent over ${wire.name}`, () => {
    it('answers the first reply byte for byte and stores one message', async () => {
      const { conversation, participant } = await open();
      const first = await sendRaw(wire, participant, 'first', 'id-1');
      for (const text of ['first', 'another text']) {
        assert.deepEqual(await sendRaw(wire, participant, text, 'id-1'), first);
      }
      assert.equal((await listMessages(wire, conversation)).length, 1);
    });

    it('takes one effect where fifty come at once', async () => {
      const { conversation, participant } = await open();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => sendRaw(wire, participant, `text ${index}`, 'same')),
      );
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      assert.equal((await listMessages(wire, conversation)).length, 1);
    });

    it('is known over both wires and under every form of the name', async () => {
      const { conversation, participant } = await open();
      const first = await say(wire, participant, 'hello', { requestId: 'x' });
      for (const other of scene.wires) {
        assert.deepEqual(await say(other, participant, 'hello', { requestId: 'x' }), first);
        const again = await say(other, located(participant), 'hello', { requestId: 'x' });
        assert.ok(first.message && again.message);
        assert.deepEqual(again.message, {
          ...first.message,
          name: located(first.message.name),
          participant: located(participant),
        });
      }
      assert.equal((await listMessages(wire, conversation)).length, 1);
    });

    it('is answered after the conversation was completed', async () => {
      const { conversation, participant } = await open();
      const first = await sendRaw(wire, participant, 'hello', 'x');
      await completeConversation(wire, conversation);
      assert.deepEqual(await sendRaw(wire, participant, 'hello', 'x'), first);
      await refused(say(wire, participant, 'hello', { requestId: 'y' }), {
        code: Code.FAILED_PRECONDITION,
        reason: 'CONVERSATION_COMPLETED',
      });
    });

    it('is another request where another participant sends it, and where it is spelled otherwise', async () => {
      const { conversation, participant } = await open();
      const other = await createParticipant(wire, conversation, Role.HUMAN_AGENT);
      await say(wire, participant, 'of the user', { requestId: 'id' });
      await say(wire, other.name, 'of the agent', { requestId: 'id' });
      await say(wire, participant, 'of the user, in capitals', { requestId: 'ID' });
      const stored = await listMessages(wire, conversation);
      assert.deepEqual(
        stored.map(({ content }) => content),
        ['of the user, in capitals', 'of the agent', 'of the user'],
      );
    });

    it('is no longer taken for a request that was refused', async () => {
      const { conversation, participant } = await open();
      const requestId = 'r'.repeat(36);
      await failure(say(wire, participant, 'x'.repeat(65_537), { requestId }));
      await say(wire, participant, 'shorter', { requestId });
      assert.equal((await listMessages(wire, conversation))[0]?.content, 'shorter');
    });

    it('is not needed: then each request is a new one', async () => {
      const { conversation, participant } = await open();
      const names = new Set<string>();
      for (let round = 0; round < 3; round += 1) names.add((await saidMessage(wire, participant, 'a')).name);
      assert.equal(names.size, 3);
      assert.equal((await listMessages(wire, conversation)).length, 3);
    });

    for (const [title, requestId] of [
      ['37 characters', 'x'.repeat(37)],
      ['more than ASCII', 'anfrage-ä'],
      ['a control character', 'a\nb'],
    ] as const) {
      it(`is refused with ${title}`, async () => {
        const { conversation, participant } = await open();
        await refused(say(wire, participant, 'hello', { requestId }), {
          code: Code.INVALID_ARGUMENT,
          reason: 'FIELD_INVALID',
          fields: ['request_id'],
        });
        assert.deepEqual(await listMessages(wire, conversation), []);
      });
    }
  });

  describe(`AnalyzeContent refuses over ${wire.name}`, () => {
    const invalid = (reason: string, ...fields: string[]) => ({
      code: Code.INVALID_ARGUMENT,
      reason,
      fields,
    });
    const text = (value: { text?: string; languageCode?: string }): TurnInit => ({
      input: { case: 'textInput', value },
    });
    const unbuilt: Record<string, [request: TurnInit, reason: string]> = {
      'a suggestion that is taken up': [
        { input: { case: 'suggestionInput', value: { answerRecord: 'projects/p/answerRecords/r' } } },
        'FIELD_UNIMPLEMENTED',
      ],
      'an intent': [
        {
          input: { case: 'intentInput', value: { intent: 'projects/p/agent/intents/i', languageCode: 'en' } },
        },
        'FIELD_UNIMPLEMENTED',
      ],
      'parameters for CX': [{ ...saying('hello'), cxParameters: { a: 1 } }, 'FIELD_UNIMPLEMENTED'],
      'a page of CX': [{ ...saying('hello'), cxCurrentPage: 'p' }, 'FIELD_UNIMPLEMENTED'],
      'a spoken reply': [
        { ...saying('hello'), replyAudioConfig: { audioEncoding: OutputAudioEncoding.LINEAR_16 } },
        'SPEECH_NOT_CONFIGURED',
      ],
    };
    const cases: Record<string, readonly [TurnInit, { code: Code; reason: string; fields?: string[] }]> = {
      'a text without a language': [
        text({ text: 'hello' }),
        invalid('FIELD_REQUIRED', 'text_input.language_code'),
      ],
      'an empty text': [text({ text: '', languageCode: 'en' }), invalid('FIELD_REQUIRED', 'text_input.text')],
      'a text of more than 64 KiB': [
        text({ text: `${'x'.repeat(65_534)}€`, languageCode: 'en' }),
        invalid('FIELD_INVALID', 'text_input.text'),
      ],
      'a send time that is none': [
        { ...saying('hello'), messageSendTime: { seconds: 0n, nanos: -1 } },
        invalid('FIELD_INVALID', 'message_send_time'),
      ],
      audio: [
        {
          input: {
            case: 'audioInput',
            value: {
              config: { audioEncoding: AudioEncoding.LINEAR_16, languageCode: 'en' },
              audio: new Uint8Array(9),
            },
          },
        },
        { code: Code.UNIMPLEMENTED, reason: 'SPEECH_NOT_CONFIGURED' },
      ],
      ...Object.fromEntries(
        Object.entries(unbuilt).map(([title, [request, reason]]) => [
          title,
          [request, { code: Code.UNIMPLEMENTED, reason }] as const,
        ]),
      ),
      'an event, as no agent is there': [
        { input: { case: 'eventInput', value: { name: 'WELCOME', languageCode: 'en' } } },
        { code: Code.FAILED_PRECONDITION, reason: 'NO_AGENT_LISTENS' },
      ],
    };
    for (const [title, [request, want]] of Object.entries(cases)) {
      // JSON has no spelling for a time that is none.
      if (wire.name === 'REST' && request.messageSendTime !== undefined) continue;
      it(title, async () => {
        const { conversation, participant } = await open();
        const error = await refused(wire.call(analyzeContent, { ...request, participant }), want);
        assert.ok(error.message.length < 1000);
        assert.deepEqual(await listMessages(wire, conversation), []);
      });
    }

    it('no input', async () => {
      const { conversation, participant } = await open();
      const error = await failure(wire.call(analyzeContent, { participant }));
      assert.deepEqual([error.code, error.reason], [Code.INVALID_ARGUMENT, 'FIELD_REQUIRED']);
      assert.deepEqual(await listMessages(wire, conversation), []);
    });

    it('no participant', async () => {
      const error = await failure(say(wire, '', 'hello'));
      assert.equal(error.code, wire.name === 'REST' ? Code.NOT_FOUND : Code.INVALID_ARGUMENT);
    });

    it('first what is wrong with the request, then an absent conversation, its end, an absent participant', async () => {
      const { conversation, participant } = await open();
      const absent = conversation.replace(/[^/]+$/u, 'absent');
      const unknown = `${conversation}/participants/absent`;
      const notFound = { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' };
      const completed = { code: Code.FAILED_PRECONDITION, reason: 'CONVERSATION_COMPLETED' };
      const bad = { requestId: 'x'.repeat(37) };
      const badId = invalid('FIELD_INVALID', 'request_id');
      await refused(say(wire, `${absent}/participants/absent`, 'hello', bad), badId);
      const error = await refused(say(wire, `${absent}/participants/absent`, 'hello'), notFound);
      assert.equal(error.metadata['resourceType'], 'Conversation');
      const nobody = await refused(say(wire, unknown, 'hello'), notFound);
      assert.equal(nobody.metadata['resourceType'], 'Participant');
      await completeConversation(wire, conversation);
      await refused(say(wire, unknown, 'hello', bad), badId);
      await refused(say(wire, unknown, 'hello'), completed);
      await refused(say(wire, participant, 'hello'), completed);
      // Whether anybody listens is asked only where something can still be said.
      const event: TurnInit = { input: { case: 'eventInput', value: { name: 'E', languageCode: 'en' } } };
      await refused(wire.call(analyzeContent, { ...event, participant }), completed);
      assert.deepEqual(await listMessages(wire, conversation), []);
    });

    it('a participant of the conversation beside it', async () => {
      const parent = `projects/${newProject()}`;
      const one = await createTalk(wire, parent);
      const two = await createTalk(wire, parent);
      const name = one.participant.replace(one.conversation, two.conversation);
      await refused(say(wire, name, 'hello'), { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' });
      assert.deepEqual(await listMessages(wire, two.conversation), []);
    });
  });

  describe(`messages of turns over ${wire.name}`, () => {
    it('are told apart though sent at one time, by turns and by a batch', async () => {
      const { conversation, participant } = await open();
      const messageSendTime = timestampFromMs(1_700_000_000_000);
      const one = await saidMessage(wire, participant, 'same', { messageSendTime });
      const two = await saidMessage(wire, participant, 'same', { messageSendTime });
      assert.notEqual(one.name, two.name);
      const [batched] = await ingest(wire, conversation, [message(participant, 0, 'same')]);
      const three = await saidMessage(wire, participant, 'same', { messageSendTime });
      assert.ok(batched);
      assert.deepEqual(await listMessages(wire, conversation), [three, batched, two, one]);
    });

    it('have create_times of their own, in one order with those of batches', async () => {
      const { conversation, participant } = await open();
      const stored = await Promise.all(
        Array.from({ length: 48 }, async (_, index) =>
          index % 3 === 0
            ? ingest(wire, conversation, messages(participant, 4, index * 4))
            : [await saidMessage(scene.wires[index % 2] ?? wire, participant, `turn ${index}`)],
        ),
      );
      const times = stored.map((list) => {
        const [time, ...others] = new Set(list.map(({ createTime }) => nanos(createTime)));
        assert.ok(time !== undefined && others.length === 0, 'what is stored together has one create_time');
        return { time, list };
      });
      assert.equal(new Set(times.map(({ time }) => time)).size, 48);
      const inOrder = times.toSorted((a, b) => (a.time < b.time ? 1 : -1));
      assert.deepEqual(
        await listMessages(wire, conversation),
        inOrder.flatMap(({ list }) => list.toReversed()),
      );
    });

    it('come later one after the other', async () => {
      const { participant } = await open();
      let last = 0n;
      for (let turn = 0; turn < 10; turn += 1) {
        const time = nanos((await saidMessage(wire, participant, `turn ${turn}`)).createTime);
        assert.ok(time > last);
        last = time;
      }
    });

    it('are each seen once by who asks for what is later than the last', async () => {
      const { conversation, participant } = await open();
      const writing = Promise.all(
        Array.from({ length: 4 }, async (_, writer) => {
          for (let turn = 0; turn < 15; turn += 1) await say(wire, participant, `${writer}/${turn}`);
        }),
      );
      const seen: Message[] = [];
      let last = 0n;
      do {
        const filter = `create_time_epoch_microseconds > "${last}"`;
        const page = await wire.call(Conversations.method.listMessages, {
          parent: conversation,
          filter,
          pageSize: 1000,
        });
        const news = page.messages.toReversed();
        seen.push(...news);
        const newest = news.at(-1);
        if (newest !== undefined) last = nanos(newest.createTime) / 1000n;
      } while (seen.length < 60);
      await writing;
      assert.deepEqual(seen.toReversed(), await listMessages(wire, conversation));
      for (let writer = 0; writer < 4; writer += 1) {
        assert.deepEqual(
          seen.map(({ content }) => content).filter((content) => content.startsWith(`${writer}/`)),
          Array.from({ length: 15 }, (_, turn) => `${writer}/${turn}`),
        );
      }
    });
  });
}

/** The bytes of a reply. */
async function sendRaw(wire: Wire, participant: string, text: string, requestId: string): Promise<string> {
  const request = create(AnalyzeContentRequestSchema, { participant, ...saying(text), requestId });
  if (wire.name === 'REST') {
    const answer = await scene.rest.send(httpRequest(analyzeContent, request));
    assert.equal(answer.status, 200, answer.text);
    return answer.text;
  }
  const bytes = await scene.grpc.send(pathOf(analyzeContent), toBinary(AnalyzeContentRequestSchema, request));
  assert.equal(fromBinary(AnalyzeContentResponseSchema, bytes).message?.participant, participant);
  return Buffer.from(bytes).toString('base64');
}

describe('AnalyzeContent over gRPC', () => {
  it('takes the last of several inputs, as protobuf has it', async () => {
    const { conversation, participant } = await createTalk(scene.grpc, `projects/${newProject()}`);
    const encode = (request: TurnInit) =>
      toBinary(AnalyzeContentRequestSchema, create(AnalyzeContentRequestSchema, request));
    const event = encode({ input: { case: 'eventInput', value: { name: 'E', languageCode: 'en' } } });
    const bytes = Buffer.concat([encode({ participant }), event, encode(saying('the last'))]);
    await scene.grpc.send(pathOf(analyzeContent), bytes);
    const [said, ...others] = await listMessages(scene.grpc, conversation);
    assert.deepEqual([said?.content, others], ['the last', []]);
  });
});

describe('AnalyzeContent over REST', () => {
  const post = async (participant: string, body: string) => {
    const headers = { 'content-type': 'application/json' };
    return scene.rest.send({ verb: 'POST', path: `/v2beta1/${participant}:analyzeContent`, headers, body });
  };
  const text = '"textInput":{"text":"hello","languageCode":"en"}';

  for (const [title, body] of [
    ['two inputs at once', `{${text},"eventInput":{"name":"WELCOME","languageCode":"en"}}`],
    ['one input twice in two spellings', `{${text},"text_input":{"text":"a","languageCode":"en"}}`],
    ['a field that there is not', `{${text},"texts":1}`],
    ['a text that is a number', '{"textInput":{"text":5,"languageCode":"en"}}'],
    ['a lone surrogate', '{"textInput":{"text":"\\ud800","languageCode":"en"}}'],
    ['an empty object', '{}'],
    ['no body', ''],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const { conversation, participant } = await createTalk(scene.rest, `projects/${newProject()}`);
      const answer = await post(participant, body);
      assert.deepEqual(
        [answer.status, JSON.parse(answer.text).error.status],
        [400, 'INVALID_ARGUMENT'],
        answer.text,
      );
      assert.deepEqual(await listMessages(scene.rest, conversation), []);
    });
  }

  it('takes the names of fields as in the proto, and times with every digit', async () => {
    const { participant } = await createTalk(scene.rest, `projects/${newProject()}`);
    const body =
      '{"text_input":{"text":"hello","language_code":"en"},"message_send_time":"2026-01-02T03:04:05.123456789Z"}';
    const answer = await post(located(participant), body);
    assert.equal(answer.status, 200, answer.text);
    const { message: said, ...others } = JSON.parse(answer.text);
    assert.deepEqual(others, {}, 'what is not set is left out');
    assert.equal(said.sendTime, '2026-01-02T03:04:05.123456789Z');
    assert.equal(said.participantRole, 'END_USER');
    assert.match(said.createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z$/u);
  });
});
