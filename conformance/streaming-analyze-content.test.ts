import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, type JsonObject, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { Code } from '@parleykit/proto/rpc';
import {
  AudioEncoding,
  SuggestionFeature_Type as Feature,
  OutputAudioEncoding,
  Participants,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
  Participant_Role as Role,
  Conversation_ConversationStage as Stage,
  type StreamingAnalyzeContentRequest,
  StreamingAnalyzeContentRequestSchema,
  type StreamingAnalyzeContentResponse,
  StreamingAnalyzeContentResponseSchema,
} from '@parleykit/proto/v2beta1';
import { createAgentTalk, openAgentScene, stageOf, transcript } from './agent-scene.ts';
import {
  completeConversation,
  createParticipant,
  createTalk,
  listMessages,
  located,
  say,
  type Talk,
} from './cases/scene.ts';
import { ServerWatch } from './fuzz/server-watch.ts';
import { openGoogleClients } from './google-node-clients.ts';
import { newProject } from './target.ts';
import { CallError, pathOf, statusOf } from './wires.ts';

type Frame = Exclude<
  MessageInitShape<typeof StreamingAnalyzeContentRequestSchema>,
  StreamingAnalyzeContentRequest
>;
type Stream = ReturnType<typeof scene.grpc.openStream>;

const scene = openAgentScene();
const PATH = pathOf(Participants.method.streamingAnalyzeContent);
const FEATURES = { featureConfigs: [{ suggestionFeature: { type: Feature.FAQ } }] };
const ASSISTED = {
  humanAgentAssistantConfig: { humanAgentSuggestionConfig: FEATURES, endUserSuggestionConfig: FEATURES },
};

const textConfig: Frame = { config: { case: 'textConfig', value: { languageCode: 'en-US' } } };
const text = (value: string): Frame => ({ input: { case: 'inputText', value } });

function bytesOf(frame: Frame | Uint8Array): Uint8Array {
  if (frame instanceof Uint8Array) return frame;
  return toBinary(StreamingAnalyzeContentRequestSchema, create(StreamingAnalyzeContentRequestSchema, frame));
}

interface Outcome {
  readonly replies: readonly StreamingAnalyzeContentResponse[];
  /** Undefined where the stream ended well. */
  readonly error: CallError | undefined;
}

function outcomeOf(stream: Stream): Promise<Outcome> {
  const replies: StreamingAnalyzeContentResponse[] = [];
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  stream.on('data', (bytes: Uint8Array) => {
    replies.push(fromBinary(StreamingAnalyzeContentResponseSchema, bytes));
  });
  stream.on('error', (error: ServiceError) => resolve({ replies, error: new CallError(statusOf(error)) }));
  stream.on('end', () => resolve({ replies, error: undefined }));
  return promise;
}

/** Sends frames, one after the other, and then no more. */
function converse(...frames: readonly (Frame | Uint8Array)[]): Promise<Outcome> {
  const stream = scene.grpc.openStream(PATH);
  const outcome = outcomeOf(stream);
  for (const frame of frames) stream.write(bytesOf(frame));
  stream.end();
  return outcome;
}

/** Says a text, and answers all that came back as one reply. */
async function saidReply(participant: string, value: string): Promise<StreamingAnalyzeContentResponse> {
  const { replies, error } = await converse({ participant, ...textConfig }, text(value));
  assert.equal(error, undefined, error?.message);
  assert.ok(replies.length > 0, 'there is a reply');
  return Object.assign(create(StreamingAnalyzeContentResponseSchema), ...replies.map(fieldsOf));
}

/** The fields that are set. */
function fieldsOf(reply: StreamingAnalyzeContentResponse): Partial<StreamingAnalyzeContentResponse> {
  const isSet = ([, value]: [string, unknown]): boolean =>
    value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(reply).filter(isSet));
}

const open = (): Promise<Talk> => createTalk(scene.grpc, `projects/${newProject()}`);

describe('StreamingAnalyzeContent', () => {
  for (const role of [Role.END_USER, Role.HUMAN_AGENT]) {
    it(`stores what a ${Role[role]} says in the assist stage, and suggests`, async () => {
      const { conversation } = await createAgentTalk(scene.grpc, ASSISTED, Stage.HUMAN_ASSIST_STAGE);
      const { name: participant } = await createParticipant(scene.grpc, conversation, role);
      const value = `Grüße 💬 ${'long '.repeat(60)}`;
      const reply = await saidReply(participant, value);
      const { message: said, humanAgentSuggestionResults, endUserSuggestionResults } = reply;
      assert.deepEqual(
        [said?.content, said?.participant, said?.participantRole, said?.languageCode, said?.sendTime],
        [value, participant, role, 'en-US', undefined],
      );
      for (const results of [humanAgentSuggestionResults, endUserSuggestionResults]) {
        const [result, ...others] = results;
        assert.equal(others.length, 0);
        assert.ok(result?.suggestionResponse.case === 'error');
        assert.equal(
          result.suggestionResponse.value.code,
          Code.FAILED_PRECONDITION,
          'no knowledge base is named',
        );
      }
      assert.equal(reply.automatedAgentReply, undefined);
      assert.deepEqual(await listMessages(scene.grpc, conversation), [said]);
    });
  }

  it('answers what the agent says in its stage, and hands over', async () => {
    scene.webhook.on('a human', { fulfillmentText: 'One moment', liveAgentHandoff: true });
    const { conversation, participant } = await createAgentTalk(scene.grpc, ASSISTED);
    const reply = await saidReply(participant, 'hello');
    assert.equal(reply.replyText, 're: hello');
    assert.equal(reply.automatedAgentReply?.automatedAgentReplyType, ReplyType.FINAL);
    assert.deepEqual(reply.humanAgentSuggestionResults, []);
    const last = await saidReply(participant, 'a human');
    assert.equal(last.replyText, 'One moment');
    assert.equal(await stageOf(scene.grpc, conversation), Stage.HUMAN_ASSIST_STAGE);
    assert.equal((await saidReply(participant, 'x'.repeat(300))).replyText, '');
    assert.deepEqual(
      (await listMessages(scene.grpc, conversation)).map(({ participantRole: role }) => role).toReversed(),
      [Role.END_USER, Role.AUTOMATED_AGENT, Role.END_USER, Role.AUTOMATED_AGENT, Role.END_USER],
    );
    assert.deepEqual((await transcript(scene.grpc, conversation)).slice(0, 4), [
      'hello',
      're: hello',
      'a human',
      'One moment',
    ]);
  });

  it('tells the agent an event', async () => {
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    const { replies, error } = await converse(
      { participant, ...textConfig },
      { input: { case: 'inputEvent', value: 'WELCOME' } },
    );
    assert.equal(error, undefined, error?.message);
    assert.equal(replies.map(({ replyText }) => replyText).join(''), 're: WELCOME');
    assert.deepEqual(await transcript(scene.grpc, conversation), ['re: WELCOME']);
  });

  it('hands on what the first frame says to the agent', async () => {
    const { participant } = await createAgentTalk(scene.grpc);
    const value = `with parameters ${newProject()}`;
    const queryParams = { payload: { tier: 'gold' }, webhookHeaders: { 'x-tier': 'gold' } };
    const { error } = await converse({ participant, ...textConfig, queryParams }, text(value));
    assert.equal(error, undefined, error?.message);
    const [question] = scene.webhook.questionsAbout(value);
    assert.ok(question);
    const { payload } = question.body['originalDetectIntentRequest'] as { payload: JsonObject };
    assert.deepEqual([payload['tier'], question.headers['x-tier']], ['gold', 'gold']);
  });

  it('takes 256 bytes for the agent', async () => {
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    const value = 'ä'.repeat(128);
    assert.equal((await saidReply(participant, value)).replyText, `re: ${value}`);
    const { error } = await converse({ participant, ...textConfig }, text(`${value}x`));
    assert.equal(error?.code, Code.INVALID_ARGUMENT);
    assert.deepEqual(await transcript(scene.grpc, conversation), [value, `re: ${value}`]);
    const { name } = await createParticipant(scene.grpc, conversation, Role.HUMAN_AGENT);
    assert.equal((await saidReply(name, `${value}x`)).message?.content, `${value}x`);
  });

  it('answers names in the form of the caller, and takes the participant in both frames', async () => {
    const { participant } = await open();
    const name = located(participant);
    const { replies, error } = await converse(
      { participant: name, ...textConfig },
      { participant: name, ...text('a') },
    );
    assert.equal(error, undefined, error?.message);
    assert.equal(replies.find((reply) => reply.message !== undefined)?.message?.participant, name);
  });

  it('takes turns with AnalyzeContent', async () => {
    const value = `slow ${newProject()}`;
    const held = scene.webhook.hold(value);
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    const streamed = saidReply(participant, value);
    await held.asked;
    const other = say(scene.grpc, participant, 'behind it');
    held.release();
    await Promise.all([streamed, other]);
    assert.deepEqual(await transcript(scene.grpc, conversation), [
      value,
      `re: ${value}`,
      'behind it',
      're: behind it',
    ]);
    assert.equal(scene.webhook.mostOpenOfOneSession, 1);
  });

  it('fails as a turn fails where the agent does', async () => {
    scene.webhook.on('broken', (response) => response.socket?.destroy());
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    const { error, replies } = await converse({ participant, ...textConfig }, text('broken'));
    assert.deepEqual([error?.reason, replies], ['AUTOMATED_AGENT_FAILED', []]);
    assert.deepEqual(await transcript(scene.grpc, conversation), []);
    assert.equal((await saidReply(participant, 'again')).replyText, 're: again');
  });

  it('has no way over REST', async () => {
    const { participant } = await open();
    for (const verb of ['streamingAnalyzeContent', 'streaming_analyze_content']) {
      const answer = await scene.rest.send({
        verb: 'POST',
        path: `/v2beta1/${participant}:${verb}`,
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      // With a colon it is the name of a participant, which is read and changed but not posted.
      assert.equal(answer.status, 405);
    }
  });

  describe('refuses', () => {
    const invalid = Code.INVALID_ARGUMENT;
    const audio: Frame = {
      config: { case: 'audioConfig', value: { audioEncoding: AudioEncoding.LINEAR_16, languageCode: 'en' } },
    };
    /** What a stream may say beside its text, and this server does not do. */
    const beside: Record<string, Frame> = {
      'a spoken reply': { replyAudioConfig: { audioEncoding: OutputAudioEncoding.LINEAR_16 } },
      'parameters for CX': { cxParameters: { a: 1 } },
      'a page of CX': { cxCurrentPage: 'projects/p/locations/l/agents/a/flows/f/pages/p' },
    };
    const parameters: Record<string, Frame> = {
      'parameters for the agent': { queryParams: { timeZone: 'Europe/Paris' } },
      'parameters for suggestions': { assistQueryParams: { documentsMetadataFilters: { a: 'b' } } },
      'extended streaming': { enableExtendedStreaming: true },
    };
    const frames: Record<string, [(talk: Talk) => (Frame | Uint8Array)[], Code]> = {
      'no frame at all': [() => [], invalid],
      'an empty first frame': [() => [{}, text('a')], invalid],
      'a first frame that is none': [() => [Buffer.from([0x0a, 0x7f]), text('a')], invalid],
      'no participant': [() => [textConfig, text('a')], invalid],
      'a participant that is no name': [() => [{ participant: 'me', ...textConfig }, text('a')], invalid],
      'no config': [({ participant }) => [{ participant }, text('a')], invalid],
      'a config without a language': [
        ({ participant }) => [{ participant, config: { case: 'textConfig', value: {} } }, text('a')],
        invalid,
      ],
      'an input beside the config': [
        ({ participant }) => [{ participant, ...textConfig, ...text('a') }],
        invalid,
      ],
      'an input beside the config, and one more': [
        ({ participant }) => [{ participant, ...textConfig, ...text('a') }, text('b')],
        invalid,
      ],
      'an input without a config': [({ participant }) => [{ participant, ...text('a') }], invalid],
      'a first frame alone': [({ participant }) => [{ participant, ...textConfig }], invalid],
      'a second frame without an input': [({ participant }) => [{ participant, ...textConfig }, {}], invalid],
      'an empty text': [({ participant }) => [{ participant, ...textConfig }, text('')], invalid],
      'a config in the second frame': [
        ({ participant }) => [
          { participant, ...textConfig },
          { ...textConfig, ...text('a') },
        ],
        invalid,
      ],
      'a config in place of an input': [
        ({ participant }) => [{ participant, ...textConfig }, textConfig],
        invalid,
      ],
      'two texts': [({ participant }) => [{ participant, ...textConfig }, text('a'), text('b')], invalid],
      'a third frame that is empty': [
        ({ participant }) => [{ participant, ...textConfig }, text('a'), {}],
        invalid,
      ],
      'another participant in the second frame': [
        ({ participant }) => [
          { participant, ...textConfig },
          { participant: `${participant}x`, ...text('a') },
        ],
        invalid,
      ],
      'a second frame that is none': [
        ({ participant }) => [{ participant, ...textConfig }, Buffer.from([0x32, 0x7f])],
        invalid,
      ],
      'a text that is no UTF-8': [
        ({ participant }) => [{ participant, ...textConfig }, Buffer.from([0x32, 2, 0xff, 0xc0])],
        invalid,
      ],
      audio: [
        ({ participant }) => [
          { participant, ...audio },
          { input: { case: 'inputAudio', value: new Uint8Array(9) } },
        ],
        Code.UNIMPLEMENTED,
      ],
      'audio for a text': [
        ({ participant }) => [
          { participant, ...textConfig },
          { input: { case: 'inputAudio', value: new Uint8Array(9) } },
        ],
        invalid,
      ],
      'a text of more than 64 KiB': [
        ({ participant }) => [{ participant, ...textConfig }, text('x'.repeat(65_537))],
        invalid,
      ],
      'keys pressed': [
        ({ participant }) => [
          { participant, ...textConfig },
          { input: { case: 'inputDtmf', value: { dtmfEvents: [1] } } },
        ],
        Code.UNIMPLEMENTED,
      ],
      'an intent': [
        ({ participant }) => [
          { participant, ...textConfig },
          { input: { case: 'inputIntent', value: 'projects/p/locations/l/agents/a/intents/i' } },
        ],
        Code.UNIMPLEMENTED,
      ],
      'an empty event': [
        ({ participant }) => [{ participant, ...textConfig }, { input: { case: 'inputEvent', value: '' } }],
        invalid,
      ],
      'an event behind a text': [
        ({ participant }) => [
          { participant, ...textConfig },
          text('a'),
          { input: { case: 'inputEvent', value: 'E' } },
        ],
        invalid,
      ],
      ...Object.fromEntries(
        Object.entries(beside).map(([name, frame]): [string, [(talk: Talk) => Frame[], Code]] => [
          `${name} of text`,
          [({ participant }) => [{ participant, ...textConfig, ...frame }, text('a')], Code.UNIMPLEMENTED],
        ]),
      ),
      ...Object.fromEntries(
        Object.entries({ ...beside, ...parameters }).map(
          ([name, frame]): [string, [(talk: Talk) => Frame[], Code]] => [
            `${name} in the second frame`,
            [
              ({ participant }) => [
                { participant, ...textConfig },
                { ...frame, ...text('a') },
              ],
              invalid,
            ],
          ],
        ),
      ),
      'extended streaming of text': [
        ({ participant }) => [{ participant, ...textConfig, enableExtendedStreaming: true }, text('a')],
        invalid,
      ],
      'an event in the assist stage': [
        ({ participant }) => [
          { participant, ...textConfig },
          { input: { case: 'inputEvent', value: 'WELCOME' } },
        ],
        Code.FAILED_PRECONDITION,
      ],
      'a participant that is not there': [
        ({ conversation }) => [
          { participant: `${conversation}/participants/absent`, ...textConfig },
          text('a'),
        ],
        Code.NOT_FOUND,
      ],
      'a conversation that is not there': [
        () => [
          { participant: `projects/${newProject()}/conversations/absent/participants/p`, ...textConfig },
          text('a'),
        ],
        Code.NOT_FOUND,
      ],
    };
    for (const [title, [framesOf, code]] of Object.entries(frames)) {
      it(title, async () => {
        const talk = await open();
        const { replies, error } = await converse(...framesOf(talk));
        assert.ok(error, 'the stream is refused');
        assert.equal(error.code, code, error.message);
        assert.equal(error.domain, 'parley');
        assert.notEqual(error.reason, '');
        assert.deepEqual(replies, []);
        assert.deepEqual(await listMessages(scene.grpc, talk.conversation), []);
      });
    }

    it('a conversation that is completed', async () => {
      const { conversation, participant } = await open();
      await completeConversation(scene.grpc, conversation);
      const { error } = await converse({ participant, ...textConfig }, text('a'));
      assert.deepEqual([error?.code, error?.reason], [Code.FAILED_PRECONDITION, 'CONVERSATION_COMPLETED']);
    });
  });

  describe('that is left open', () => {
    it('says what is wrong with it before its end', async () => {
      const { participant } = await open();
      for (const frames of [
        [{ participant }],
        [
          { participant, ...textConfig },
          { participant: `${participant}x`, ...text('a') },
        ],
        [{ participant, ...textConfig }, text('a'), text('b')],
      ] satisfies Frame[][]) {
        const stream = scene.grpc.openStream(PATH);
        const outcome = outcomeOf(stream);
        for (const frame of frames) stream.write(bytesOf(frame));
        assert.equal((await outcome).error?.code, Code.INVALID_ARGUMENT);
      }
    });

    it('is whole or absent once it is cancelled', async () => {
      const watch = new ServerWatch(scene.server);
      watch.complaints();
      const { conversation, participant } = await open();
      const outcomes = Array.from({ length: 40 }, async (_, index) => {
        const stream = scene.grpc.openStream(PATH);
        const outcome = outcomeOf(stream);
        if (index % 4 > 0) stream.write(bytesOf({ participant, ...textConfig }));
        if (index % 4 > 1) stream.write(bytesOf(text(`text ${index}`)));
        // What is answered after the frames arrived.
        await say(scene.grpc, participant, `mark ${index}`);
        stream.cancel();
        return await outcome;
      });
      for (const { error } of await Promise.all(outcomes)) {
        assert.ok(error === undefined || error.code === Code.CANCELLED, error?.message);
      }
      const contents = await transcript(scene.grpc, conversation);
      assert.equal(new Set(contents).size, contents.length, 'nothing is there twice');
      assert.equal(contents.filter((content) => content.startsWith('mark')).length, 40);
      assert.deepEqual(watch.complaints(), []);
    });
  });

  it("is called by Google's Node client", async () => {
    await using google = openGoogleClients(scene.server, 'grpc');
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    const ask = async (...requests: object[]): Promise<unknown[]> => {
      const stream = google.participants.streamingAnalyzeContent();
      for (const request of requests) stream.write(request);
      stream.end();
      return await Array.fromAsync(stream);
    };
    const replies = await ask({ participant, textConfig: { languageCode: 'en-US' } }, { inputText: 'hello' });
    assert.ok(replies.some((reply) => (reply as { replyText: string }).replyText === 're: hello'));
    assert.deepEqual(await transcript(scene.grpc, conversation), ['hello', 're: hello']);
    await assert.rejects(ask({ participant, inputText: 'hello' }), { code: Code.INVALID_ARGUMENT });
  });
});
