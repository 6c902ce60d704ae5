import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as openRequest, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { create, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { type CallOptions, Client, type ClientUnaryCall, credentials, status } from '@grpc/grpc-js';
import { Code } from '@parleykit/proto/rpc';
import {
  AnalyzeContentRequestSchema,
  type AnalyzeContentResponse,
  ConversationProfiles,
  SuggestionFeature_Type as Feature,
  type Message,
  Participants,
  type QueryResult,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
  Participant_Role as Role,
  Conversation_ConversationStage as Stage,
} from '@parleykit/proto/v2beta1';
import { createAgentTalk, openAgentScene, stageOf, transcript } from './agent-scene.ts';
import { AgentWebhook, type Answer, answerJson } from './agent-webhook.ts';
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
  message,
  nanos,
  refused,
  say,
  saying,
  type Talk,
  type TurnInit,
} from './cases/scene.ts';
import { ServerWatch } from './fuzz/server-watch.ts';
import { HttpConnection } from './http-connection.ts';
import { newProject, type OwnServer, startServer } from './target.ts';
import { type CallError, GrpcWire, httpRequest, pathOf, type Wire } from './wires.ts';

const { analyzeContent, listParticipants } = Participants.method;
const event = (name: string, more: JsonObject = {}): TurnInit => ({
  input: { case: 'eventInput', value: { name, languageCode: 'en-US', parameters: more } },
});

const FEATURES = {
  featureConfigs: [{ suggestionFeature: { type: Feature.FAQ } }],
};
/** Suggestions for both sides, which nobody is to see before the assist stage. */
const ASSISTED = {
  humanAgentAssistantConfig: { humanAgentSuggestionConfig: FEATURES, endUserSuggestionConfig: FEATURES },
};

async function rolesOf(wire: Wire, parent: string): Promise<Role[]> {
  const { participants } = await wire.call(listParticipants, { parent });
  return participants.map(({ role }) => role).toSorted();
}

function queryResultOf({ automatedAgentReply }: AnalyzeContentResponse): QueryResult {
  const { response } = automatedAgentReply ?? {};
  assert.ok(response?.case === 'detectIntentResponse');
  assert.ok(response.value.queryResult);
  return response.value.queryResult;
}

function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** What a reply consists of, by kind. */
function kindsOf({ automatedAgentReply }: AnalyzeContentResponse): unknown[] {
  return (automatedAgentReply?.responseMessages ?? []).map(({ message: part }) => part.case);
}

/** That a webhook's failure is told as one. */
function assertAgentFailed(error: CallError): void {
  assert.equal(error.reason, 'AUTOMATED_AGENT_FAILED', error.message);
  assert.ok([Code.UNAVAILABLE, Code.FAILED_PRECONDITION].includes(error.code), String(error.code));
  assert.ok(error.message.length < 1000, error.message);
  assert.doesNotMatch(error.message, /\bat \S+:\d+:\d+|node:|\.ts\b|\n/u, 'nothing of the inside');
}

describe('the automated agent stage', () => {
  const scene = openAgentScene();

  for (const wire of scene.wires) {
    describe(`a turn of the end user over ${wire.name}`, () => {
      it('answers what the agent says and what the user said', async () => {
        const { conversation, participant } = await createAgentTalk(wire, ASSISTED);
        const messageSendTime = { seconds: 1_700_000_000n, nanos: 5 };
        const reply = await say(wire, participant, 'hello', { messageSendTime });
        assert.equal(reply.replyText, 're: hello');
        assert.equal(reply.replyAudio, undefined);
        assert.equal(reply.dtmfParameters, undefined);
        assert.deepEqual([reply.humanAgentSuggestionResults, reply.endUserSuggestionResults], [[], []]);
        assert.equal(reply.automatedAgentReply?.automatedAgentReplyType, ReplyType.FINAL);
        const { queryText, fulfillmentText, languageCode } = queryResultOf(reply);
        assert.deepEqual([queryText, fulfillmentText, languageCode], ['hello', 're: hello', 'en-US']);
        assert.deepEqual(
          reply.automatedAgentReply?.responseMessages.map(
            ({ message: part }) => part.case === 'text' && part.value.text,
          ),
          [['re: hello']],
        );
        const { message: said } = reply;
        assert.ok(said);
        assert.deepEqual(
          [said.content, said.participant, said.participantRole, said.languageCode, nanos(said.sendTime)],
          ['hello', participant, Role.END_USER, 'en-US', 1_700_000_000_000_000_005n],
        );
        assert.equal(await stageOf(wire, conversation), Stage.VIRTUAL_AGENT_STAGE);
      });

      it('stores both, the reply later and by an AUTOMATED_AGENT of which there is one', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        assert.deepEqual(await rolesOf(wire, conversation), [Role.END_USER]);
        const said: (Message | undefined)[] = [];
        for (const text of ['one', 'two', 'three']) said.push((await say(wire, participant, text)).message);
        for (const reader of scene.wires) {
          const stored = (await listMessages(reader, conversation)).toReversed();
          assert.deepEqual(
            stored.map(({ content, participantRole: role }) => [content, role]),
            ['one', 'two', 'three'].flatMap((text) => [
              [text, Role.END_USER],
              [`re: ${text}`, Role.AUTOMATED_AGENT],
            ]),
          );
          assert.deepEqual(
            stored.filter((_, index) => index % 2 === 0),
            said,
          );
          for (const [index, { createTime }] of stored.entries()) {
            if (index > 0) assert.ok(nanos(createTime) > nanos(stored[index - 1]?.createTime));
          }
          const speakers = new Set(stored.map((each) => each.participant));
          assert.equal(speakers.size, 2);
          const { participants } = await reader.call(listParticipants, { parent: conversation });
          assert.deepEqual(new Set(participants.map(({ name }) => name)), speakers);
        }
      });

      it('has the agent speak as the AUTOMATED_AGENT that is there already, the first of several', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        const { name: own } = await createParticipant(wire, conversation, Role.AUTOMATED_AGENT);
        await createParticipant(wire, conversation, Role.AUTOMATED_AGENT);
        for (const text of ['one', 'two']) await say(wire, participant, text);
        const speakers = (await listMessages(wire, conversation)).map((each) => each.participant);
        assert.deepEqual(speakers, [own, participant, own, participant]);
        assert.equal((await rolesOf(wire, conversation)).length, 3, 'none is added');
      });

      it('asks the webhook by names that can be read, in a region too', async () => {
        const parent = `projects/${newProject()}/locations/europe-west1`;
        const { name: conversationProfile } = await createProfile(wire, parent, {
          automatedAgentConfig: { agent: `${parent}/agent/environments/-` },
        });
        const conversation = await createConversation(wire, parent, { conversationProfile });
        const { name: participant } = await createParticipant(wire, conversation.name);
        const text = `from afar ${newProject()}`;
        const reply = await say(wire, participant, text);
        assert.equal(reply.replyText, `re: ${text}`);
        const [question] = scene.webhook.questionsAbout(text);
        assert.ok(question);
        assert.equal(question.body['session'], `${parent}/agent/sessions/${idOf(conversation.name)}`);
        const { payload } = question.body['originalDetectIntentRequest'] as { payload: JsonObject };
        const { conversation: name } = payload['parley'] as { conversation: string };
        assert.deepEqual(await getConversation(wire, name), conversation);
        for (const { name: stored } of await listMessages(wire, conversation.name)) {
          assert.ok(stored.startsWith(`${conversation.name}/messages/`), stored);
        }
      });

      it('is that of the profile as it was, also when that is gone', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        const { conversationProfile: name } = await getConversation(wire, conversation);
        await wire.call(ConversationProfiles.method.deleteConversationProfile, { name });
        scene.webhook.on('who is left?', { fulfillmentText: 'a human', liveAgentHandoff: true });
        assert.equal((await say(wire, participant, 'still there?')).replyText, 're: still there?');
        assert.equal((await say(wire, participant, 'who is left?')).replyText, 'a human');
        assert.equal((await say(wire, participant, 'good')).automatedAgentReply, undefined);
        assert.equal(await stageOf(wire, conversation), Stage.HUMAN_ASSIST_STAGE);
      });

      it('asks the webhook as Dialogflow does', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        const text = `Grüße 💬 ${newProject()}`;
        const request: TurnInit = {
          ...saying(text),
          queryParams: { payload: { user: { tier: 'gold' } } },
        };
        const reply = await wire.call(analyzeContent, { participant, ...request });
        await say(wire, participant, `${text} again`);
        const [question, ...others] = scene.webhook.questionsAbout(text);
        assert.ok(question && others.length === 0, 'it is asked once');
        assert.deepEqual([question.verb, question.path], ['POST', '/agent?key=1']);
        assert.match(String(question.headers['content-type']), /^application\/json/u);
        const { response } = reply.automatedAgentReply ?? {};
        assert.ok(response?.case === 'detectIntentResponse');
        assert.equal(question.body['responseId'], response.value.responseId);
        assert.notEqual(response.value.responseId, '');
        assert.deepEqual(question.result, { queryText: text, languageCode: 'en-US' });
        const original = question.body['originalDetectIntentRequest'] as { payload: JsonObject };
        assert.deepEqual(original.payload['user'], { tier: 'gold' });
        const id = idOf(conversation);
        const session = String(question.body['session']);
        assert.match(session, /^projects\/[^/]+(\/locations\/[^/]+)?\/agent\/.*sessions\/[^/]{1,36}$/u);
        const [next] = scene.webhook.questionsAbout(`${text} again`);
        assert.equal(next?.body['session'], session, 'turns of a conversation are of one session');
        assert.notEqual(next?.body['responseId'], question.body['responseId']);
        const other = await createAgentTalk(wire);
        await say(wire, other.participant, `${text} elsewhere`);
        const [elsewhere] = scene.webhook.questionsAbout(`${text} elsewhere`);
        assert.notEqual(elsewhere?.body['session'], session, `that of ${id} is its own`);
      });

      it('answers all that the agent says', async () => {
        scene.webhook.on('everything', {
          fulfillmentMessages: [
            { text: { text: ['first', 'a variant of it'] } },
            { text: { text: ['second'] } },
            { payload: { card: [1, { deep: null }] } },
          ],
          source: 'mine',
          payload: { key: 'value' },
        });
        const { conversation, participant } = await createAgentTalk(wire);
        const reply = await say(wire, participant, 'everything');
        assert.deepEqual(kindsOf(reply), ['text', 'text', 'payload']);
        assert.match(reply.replyText, /^first\s+second$/u);
        const result = queryResultOf(reply);
        assert.equal(result.fulfillmentMessages.length, 3);
        assert.equal(result.webhookSource, 'mine');
        assert.deepEqual(result.webhookPayload, { key: 'value' });
        const [stored] = await listMessages(wire, conversation);
        assert.equal(stored?.content, reply.replyText);
        assert.deepEqual(stored?.responseMessages, reply.automatedAgentReply?.responseMessages);
      });

      it('leaves out what the agent says on other platforms', async () => {
        scene.webhook.on('everywhere', {
          fulfillmentMessages: [
            { platform: 'FACEBOOK', text: { text: ['on Facebook'] } },
            { platform: 'TELEPHONY', payload: { card: 1 } },
            { text: { text: ['here'] } },
          ],
        });
        const { conversation, participant } = await createAgentTalk(wire);
        const reply = await say(wire, participant, 'everywhere');
        assert.deepEqual([reply.replyText, kindsOf(reply)], ['here', ['text']]);
        assert.equal(
          queryResultOf(reply).fulfillmentMessages.length,
          3,
          'the whole answer is there to be read',
        );
        assert.deepEqual(await transcript(wire, conversation), ['everywhere', 'here']);
      });

      it('stores no reply where the agent has nothing to say', async () => {
        const silence = [{}, { fulfillmentMessages: [{ text: { text: [''] } }, { text: {} }, {}] }];
        for (const answer of silence) {
          scene.webhook.on('silence', answer);
          const { conversation, participant } = await createAgentTalk(wire);
          const reply = await say(wire, participant, 'silence');
          assert.equal(reply.replyText, '');
          assert.deepEqual(reply.automatedAgentReply?.responseMessages, []);
          assert.deepEqual(await transcript(wire, conversation), ['silence']);
        }
      });

      for (const [title, text] of [
        ['256 characters', 'x'.repeat(256)],
        ['256 characters of four bytes', '💬'.repeat(256)],
      ] as const) {
        it(`takes a text of ${title}`, async () => {
          const { conversation, participant } = await createAgentTalk(wire);
          assert.equal((await say(wire, participant, text)).replyText, `re: ${text}`);
          assert.deepEqual(await transcript(wire, conversation), [text, `re: ${text}`]);
        });
      }

      it('refuses a text of 257 characters, of which the agent hears nothing', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        for (const text of ['y'.repeat(257), 'ä'.repeat(257)]) {
          await refused(say(wire, participant, text), {
            code: Code.INVALID_ARGUMENT,
            reason: 'FIELD_INVALID',
            fields: ['text_input.text'],
          });
          assert.deepEqual(scene.webhook.questionsAbout(text), []);
        }
        assert.deepEqual(await transcript(wire, conversation), []);
      });
    });

    describe(`an event over ${wire.name}`, () => {
      it('that the webhook asks for is sent to it, and what it says to that counts', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        const lead = (name: string) => ({ fulfillmentText: 'not this', followupEventInput: { name } });
        scene.webhook.on('lead me', lead('STEP_1'));
        scene.webhook.on('STEP_1', lead('STEP_2'));
        scene.webhook.on('STEP_2', { fulfillmentText: 'here we are' });
        const before = scene.webhook.questions.length;
        assert.equal((await say(wire, participant, 'lead me')).replyText, 'here we are');
        const asked = scene.webhook.questions.slice(before);
        assert.deepEqual(
          asked.map(({ text }) => text),
          ['lead me', 'STEP_1', 'STEP_2'],
        );
        assert.equal(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size, 3);
        assert.equal((await listMessages(wire, conversation)).length, 2);
      });

      it('that leads to itself ends, and nothing is stored', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        scene.webhook.on('round', { followupEventInput: { name: 'round' } });
        assertAgentFailed(await failure(say(wire, participant, 'round')));
        assert.deepEqual(await listMessages(wire, conversation), []);
      });

      it('is told to the agent and stores its reply alone', async () => {
        const name = `WELCOME-${newProject()}`;
        const { conversation, participant } = await createAgentTalk(wire);
        const request = { participant, ...event(name, { first: 'Ada' }), requestId: 'e' };
        const reply = await wire.call(analyzeContent, request);
        assert.equal(reply.replyText, `re: ${name}`);
        assert.equal(reply.message, undefined);
        assert.deepEqual(reply.automatedAgentReply?.match, { case: 'event', value: name });
        assert.deepEqual(await wire.call(analyzeContent, request), reply);
        const [question, ...others] = scene.webhook.questionsAbout(name);
        assert.equal(others.length, 0);
        assert.deepEqual(question?.result['parameters'], { first: 'Ada' });
        const stored = await listMessages(wire, conversation);
        assert.deepEqual(
          stored.map(({ content, participantRole: role }) => [content, role]),
          [[`re: ${name}`, Role.AUTOMATED_AGENT]],
        );
      });

      for (const [title, input] of [
        ['without a name', event('')],
        ['without a language', { input: { case: 'eventInput', value: { name: 'E' } } }],
        ['with a long name', event('e'.repeat(151))],
      ] satisfies [string, TurnInit][]) {
        it(`is refused ${title}`, async () => {
          const { conversation, participant } = await createAgentTalk(wire);
          const error = await failure(wire.call(analyzeContent, { participant, ...input }));
          assert.equal(error.code, Code.INVALID_ARGUMENT);
          assert.deepEqual(await transcript(wire, conversation), []);
        });
      }
    });

    describe(`other speakers of the agent stage over ${wire.name}`, () => {
      for (const role of [Role.HUMAN_AGENT, Role.AUTOMATED_AGENT]) {
        it(`are heard and not answered: ${Role[role]}`, async () => {
          const { conversation } = await createAgentTalk(wire, ASSISTED);
          const { name } = await createParticipant(wire, conversation, role);
          const text = `${newProject()} ${'long '.repeat(60)}`;
          const reply = await say(wire, name, text);
          assert.deepEqual(
            [reply.replyText, reply.automatedAgentReply, reply.replyAudio],
            ['', undefined, undefined],
          );
          assert.deepEqual([reply.humanAgentSuggestionResults, reply.endUserSuggestionResults], [[], []]);
          assert.deepEqual(await listMessages(wire, conversation), [reply.message]);
          assert.deepEqual(scene.webhook.questionsAbout(text), []);
          assert.equal(await stageOf(wire, conversation), Stage.VIRTUAL_AGENT_STAGE);
        });
      }

      it('are heard and not answered: batches of messages', async () => {
        const { conversation, participant } = await createAgentTalk(wire);
        const content = `from a batch ${newProject()}`;
        await ingest(wire, conversation, [message(participant, 0, content)]);
        assert.deepEqual(scene.webhook.questionsAbout(content), []);
        assert.deepEqual(await transcript(wire, conversation), [content]);
      });
    });

    describe(`the hand-over over ${wire.name}`, () => {
      it('is begun by liveAgentHandoff, after which nobody asks the agent', async () => {
        scene.webhook.on('a human, please', { fulfillmentText: 'One moment', liveAgentHandoff: true });
        const { conversation, participant } = await createAgentTalk(wire, ASSISTED);
        await say(wire, participant, 'hello');
        const before = await getConversation(wire, conversation);
        const reply = await say(wire, participant, 'a human, please');
        assert.equal(reply.replyText, 'One moment');
        assert.deepEqual(kindsOf(reply), ['text', 'liveAgentHandoff']);
        assert.deepEqual([reply.humanAgentSuggestionResults, reply.endUserSuggestionResults], [[], []]);
        const after = await getConversation(wire, conversation);
        assert.deepEqual(after, { ...before, conversationStage: Stage.HUMAN_ASSIST_STAGE });

        const text = `still there? ${newProject()} ${'long '.repeat(60)}`;
        const next = await say(wire, participant, text);
        assert.deepEqual([next.replyText, next.automatedAgentReply], ['', undefined]);
        assert.equal(next.humanAgentSuggestionResults.length, 1);
        assert.equal(next.endUserSuggestionResults.length, 1);
        assert.deepEqual(scene.webhook.questionsAbout(text), []);
        await refused(wire.call(analyzeContent, { participant, ...event('WELCOME') }), {
          code: Code.FAILED_PRECONDITION,
          reason: 'NO_AGENT_LISTENS',
        });
        assert.deepEqual(await transcript(wire, conversation), [
          'hello',
          're: hello',
          'a human, please',
          'One moment',
          text,
        ]);
        assert.equal(await stageOf(wire, conversation), Stage.HUMAN_ASSIST_STAGE);
      });

      it('is begun by liveAgentHandoff without a word, too', async () => {
        scene.webhook.on('hand me over silently', { liveAgentHandoff: true });
        const { conversation, participant } = await createAgentTalk(wire);
        const reply = await say(wire, participant, 'hand me over silently');
        assert.deepEqual([reply.replyText, kindsOf(reply)], ['', ['liveAgentHandoff']]);
        assert.equal(await stageOf(wire, conversation), Stage.HUMAN_ASSIST_STAGE);
      });

      it('is not begun by endInteraction, which is told', async () => {
        scene.webhook.on('goodbye', { fulfillmentText: 'Bye', endInteraction: true });
        const { conversation, participant } = await createAgentTalk(wire);
        assert.deepEqual(kindsOf(await say(wire, participant, 'goodbye')), ['text', 'endInteraction']);
        assert.equal(await stageOf(wire, conversation), Stage.VIRTUAL_AGENT_STAGE);
        assert.equal((await say(wire, participant, 'wait')).replyText, 're: wait');
      });

      it('is answered to the same request again, whatever it asks and however far the conversation is', async () => {
        const text = `hand me over ${newProject()}`;
        scene.webhook.on(text, { fulfillmentText: 'One moment', liveAgentHandoff: true });
        const { conversation, participant } = await createAgentTalk(wire, ASSISTED);
        const first = await say(wire, participant, text, { requestId: 'over' });
        await say(wire, participant, 'anybody?');
        const same: TurnInit[] = [
          saying(text),
          saying('something else'),
          saying('y'.repeat(300)),
          event('WELCOME'),
        ];
        for (const on of scene.wires) {
          for (const request of same) {
            const again = { participant, ...request, requestId: 'over' };
            assert.deepEqual(await on.call(analyzeContent, again), first);
          }
        }
        await completeConversation(wire, conversation);
        assert.deepEqual(await say(wire, participant, text, { requestId: 'over' }), first);
        assert.equal(scene.webhook.questionsAbout(text).length, 1);
        assert.deepEqual(await transcript(wire, conversation), [text, 'One moment', 'anybody?']);
      });

      it('does not take place where a conversation begins with a human', async () => {
        const { conversation, participant } = await createAgentTalk(wire, ASSISTED, Stage.HUMAN_ASSIST_STAGE);
        assert.equal(await stageOf(wire, conversation), Stage.HUMAN_ASSIST_STAGE);
        const text = `a human at once ${newProject()}`;
        const reply = await say(wire, participant, text);
        assert.deepEqual([reply.replyText, reply.automatedAgentReply], ['', undefined]);
        assert.equal(reply.humanAgentSuggestionResults.length, 1);
        assert.deepEqual(scene.webhook.questionsAbout(text), []);
        assert.deepEqual(await rolesOf(wire, conversation), [Role.END_USER]);
      });

      it('is decided for turns that wait: those behind it find the assist stage', async () => {
        const text = `over to you ${newProject()}`;
        const held = scene.webhook.hold(text, { fulfillmentText: 'Bye', liveAgentHandoff: true });
        const { conversation, participant } = await createAgentTalk(wire);
        const first = say(wire, participant, text);
        await held.asked;
        const waiting = [say(wire, participant, `${text}, 2`), say(wire, participant, `${text}, 3`)];
        held.release();
        await first;
        for (const reply of await Promise.all(waiting)) assert.equal(reply.automatedAgentReply, undefined);
        assert.equal(scene.webhook.questionsAbout(`${text}, 2`).length, 0);
        assert.equal(scene.webhook.questionsAbout(`${text}, 3`).length, 0);
        assert.deepEqual((await transcript(wire, conversation)).slice(0, 2), [text, 'Bye']);
      });
    });

    describe(`turns at one time over ${wire.name}`, () => {
      it('ask the agent one after the other, and are stored whole', async () => {
        const own = await createAgentTalk(wire);
        const texts = Array.from({ length: 12 }, (_, index) => `${newProject()} ${index}`);
        for (const text of texts) {
          scene.webhook.on(text, (response) => setImmediate(answerJson, response, { fulfillmentText: text }));
        }
        await Promise.all(
          texts.map((text, index) => say(scene.wires[index % 2] ?? wire, own.participant, text)),
        );
        assert.equal(scene.webhook.mostOpenOfOneSession, 1);
        const stored = await transcript(wire, own.conversation);
        for (let turn = 0; turn < texts.length; turn += 1) {
          assert.equal(stored[turn * 2], stored[turn * 2 + 1], 'a reply follows what it answers');
        }
        assert.deepEqual(new Set(stored), new Set(texts));
        assert.equal(stored.length, 24);
      });

      it('do not wait for those of other conversations', async () => {
        const text = `slow ${newProject()}`;
        const held = scene.webhook.hold(text);
        const slow = await createAgentTalk(wire);
        const turn = say(wire, slow.participant, text);
        await held.asked;
        const quick = await createAgentTalk(wire);
        assert.equal((await say(wire, quick.participant, 'quick')).replyText, 're: quick');
        assert.deepEqual(
          await transcript(wire, slow.conversation),
          [],
          'nothing is seen of a turn that runs',
        );
        held.release();
        await turn;
        assert.equal(scene.webhook.mostOpenOfOneSession, 1);
        assert.ok(scene.webhook.mostOpen > 1);
      });

      it('do not keep batches and reads waiting', async () => {
        const text = `slow ${newProject()}`;
        const held = scene.webhook.hold(text);
        const { conversation, participant } = await createAgentTalk(wire);
        const turn = say(wire, participant, text);
        await held.asked;
        await ingest(wire, conversation, [message(participant, 0, 'in between')]);
        held.release();
        await turn;
        assert.deepEqual(await transcript(wire, conversation), ['in between', text, `re: ${text}`]);
      });

      it('wait for the one with their request_id, which asks the agent once', async () => {
        const text = `once ${newProject()}`;
        const held = scene.webhook.hold(text);
        const { conversation, participant } = await createAgentTalk(wire);
        const turn = (on: Wire) => say(on, participant, text, { requestId: 'same' });
        const first = turn(wire);
        await held.asked;
        const others = Array.from({ length: 6 }, (_, index) => turn(scene.wires[index % 2] ?? wire));
        // A call that is answered after theirs arrived.
        await getConversation(wire, conversation);
        held.release();
        const reply = await first;
        for (const other of await Promise.all(others)) assert.deepEqual(other, reply);
        assert.equal(scene.webhook.questionsAbout(text).length, 1);
        assert.deepEqual(await transcript(wire, conversation), [text, `re: ${text}`]);
        assert.deepEqual(await turn(wire), reply);
        await completeConversation(wire, conversation);
        assert.deepEqual(await turn(wire), reply);
        assert.equal(scene.webhook.questionsAbout(text).length, 1);
      });

      it('fail and store nothing where the conversation is completed meanwhile', async () => {
        const text = `too late ${newProject()}`;
        const held = scene.webhook.hold(text);
        const { conversation, participant } = await createAgentTalk(wire);
        const turn = failure(say(wire, participant, text, { requestId: 'late' }));
        await held.asked;
        const waiting = failure(say(wire, participant, `${text}, behind it`));
        const completed = await completeConversation(wire, conversation);
        held.release();
        for (const error of await Promise.all([turn, waiting])) {
          assert.deepEqual([error.code, error.reason], [Code.FAILED_PRECONDITION, 'CONVERSATION_COMPLETED']);
        }
        assert.deepEqual(await transcript(wire, conversation), []);
        assert.deepEqual(
          await rolesOf(wire, conversation),
          [Role.END_USER],
          'nor an agent that said nothing',
        );
        assert.deepEqual(await getConversation(wire, conversation), completed);
        const again = await failure(say(wire, participant, text, { requestId: 'late' }));
        assert.equal(again.code, Code.FAILED_PRECONDITION);
      });

      it('do not hand over what is completed meanwhile', async () => {
        const text = `hand over late ${newProject()}`;
        const held = scene.webhook.hold(text, { fulfillmentText: 'Bye', liveAgentHandoff: true });
        const { conversation, participant } = await createAgentTalk(wire);
        const turn = failure(say(wire, participant, text));
        await held.asked;
        const completed = await completeConversation(wire, conversation);
        held.release();
        assert.equal((await turn).code, Code.FAILED_PRECONDITION);
        assert.deepEqual(await getConversation(wire, conversation), completed);
      });
    });
  }

  describe('a webhook that does not do its part', () => {
    const wire = scene.grpc;
    let poured = 0;
    /** Writes 100 MB as fast as they are read. */
    const pour = async (response: ServerResponse): Promise<void> => {
      const piece = Buffer.alloc(1_000_000, ' ');
      for (poured = 0; poured < 100 && !response.destroyed; poured += 1) {
        if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
      response.end();
    };
    const raw = (status: number, body: string, headers: Record<string, string> = {}): Answer => {
      return (response) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body);
      };
    };
    const answers: Record<string, Answer> = {
      'answers what is no JSON': raw(200, 'hello'),
      'answers nothing': raw(200, ''),
      'answers JSON that is cut': raw(200, '{"fulfillmentText": "a'),
      'answers a list': raw(200, '[]'),
      'answers null': raw(200, 'null'),
      'answers a text of another type': raw(200, '{"fulfillmentText": 5}'),
      'answers a page': raw(200, '<html></html>', { 'content-type': 'text/html' }),
      'answers half a character': raw(200, '{"fulfillmentText": "\\ud800"}'),
      'answers deeper than anybody reads': raw(
        200,
        `{"payload": ${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}`,
      ),
      'answers bytes that are no UTF-8': (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          Buffer.concat([Buffer.from('{"fulfillmentText": "'), Buffer.of(0xff, 0xc0), Buffer.from('"}')]),
        );
      },
      'answers 404': raw(404, '{"fulfillmentText": "a"}'),
      'answers 429': raw(429, ''),
      'answers 500': raw(500, '{"fulfillmentText": "a"}'),
      'answers 503': raw(503, 'down'),
      'answers 204': raw(204, ''),
      'sends elsewhere': (response) => {
        response.writeHead(307, { location: `${scene.webhook.url}&elsewhere=1` });
        response.end();
      },
      'hangs up': (response) => response.socket?.destroy(),
      'hangs up after its headers': (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('{', () => response.socket?.resetAndDestroy());
      },
      'is no HTTP server': (response) => response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n'),
      'says that it sends 100 MB': (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100_000_000 });
        response.flushHeaders();
      },
      'sends 100 MB': (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        return pour(response);
      },
      'never answers': () => {},
      'never ends its answer': (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{');
      },
    };

    // All at once, as two of them take their five seconds.
    it('fails the turn, of which nothing is stored, and not the next one', async () => {
      const watch = new ServerWatch(scene.server);
      watch.complaints();
      await Promise.all(
        Object.entries(answers).map(async ([title, answer]) => {
          const text = `webhook ${title}`;
          scene.webhook.on(text, answer);
          const { conversation, participant } = await createAgentTalk(wire);
          const error = await failure(say(wire, participant, text, { requestId: 'id' }));
          try {
            assertAgentFailed(error);
            assert.deepEqual(await listMessages(wire, conversation), []);
            assert.deepEqual(await rolesOf(wire, conversation), [Role.END_USER]);
            assert.equal(await stageOf(wire, conversation), Stage.VIRTUAL_AGENT_STAGE);
            assert.equal(scene.webhook.questionsAbout(text).length, 1, 'it is asked once');
            scene.webhook.on(text, { fulfillmentText: 'better' });
            const next = await say(wire, participant, text, { requestId: 'id' });
            assert.equal(next.replyText, 'better', 'what failed is not answered again');
            assert.deepEqual(await transcript(wire, conversation), [text, 'better']);
          } catch (cause) {
            throw new Error(`a webhook that ${title}`, { cause });
          }
        }),
      );
      assert.ok(poured < 16, `what is too large is not read: ${poured} MB were taken`);
      assert.equal(scene.webhook.questions.filter(({ path }) => path.includes('elsewhere')).length, 0);
      assert.deepEqual(watch.complaints(), []);
    });

    it('may say more than fits into a message: nothing of it is stored, or all of it', async () => {
      scene.webhook.on('at length', { fulfillmentText: 'x'.repeat(63_000) });
      scene.webhook.on('at too great length', { fulfillmentText: 'x'.repeat(70_000) });
      const { conversation, participant } = await createAgentTalk(wire);
      assert.equal((await say(wire, participant, 'at length')).replyText.length, 63_000);
      assertAgentFailed(await failure(say(wire, participant, 'at too great length')));
      assert.deepEqual(
        (await transcript(wire, conversation)).map((text) => text.length),
        ['at length'.length, 63_000],
      );
    });
  });

  describe('a caller who goes away', () => {
    for (const requestId of ['', 'gone']) {
      it(`leaves the conversation to the next turn${requestId && ', which may be the same request'}`, async () => {
        const text = `gone ${newProject()}`;
        const held = scene.webhook.hold(text);
        const { conversation, participant } = await createAgentTalk(scene.grpc);
        const request = create(AnalyzeContentRequestSchema, { participant, ...saying(text), requestId });
        await cancelledCall(scene.server, toBinary(AnalyzeContentRequestSchema, request), held.asked);
        held.release();
        const next = await say(scene.grpc, participant, requestId === '' ? 'next' : text, { requestId });
        assert.equal(next.replyText, requestId === '' ? 're: next' : `re: ${text}`);
        const stored = await transcript(scene.grpc, conversation);
        const turns = requestId === '' ? stored.slice(-2) : stored;
        assert.deepEqual(turns, requestId === '' ? ['next', 're: next'] : [text, `re: ${text}`]);
        assert.ok([2, 4].includes(stored.length), 'the turn that nobody waits for is whole or absent');
      });
    }

    it('has the agent asked no longer than it waits itself', async () => {
      const text = `in a hurry ${newProject()}`;
      const held = scene.webhook.hold(text);
      const { conversation, participant } = await createAgentTalk(scene.grpc);
      const request = create(AnalyzeContentRequestSchema, { participant, ...saying(text) });
      const bytes = toBinary(AnalyzeContentRequestSchema, request);
      const { code } = openCall(scene.server, bytes, { deadline: Date.now() + 1000 });
      await held.asked;
      assert.equal(await code, status.DEADLINE_EXCEEDED);
      // It is not answered before it was given up: the next turn has not waited for it.
      await held.abandoned;
      assert.equal((await say(scene.grpc, participant, 'next')).replyText, 're: next');
      held.release();
      assert.deepEqual(await transcript(scene.grpc, conversation), ['next', 're: next']);
    });

    it('may hang up over REST', async () => {
      const text = `hung up ${newProject()}`;
      const held = scene.webhook.hold(text);
      const { conversation, participant } = await createAgentTalk(scene.rest);
      const { verb, path, headers, body } = httpRequest(
        analyzeContent,
        create(AnalyzeContentRequestSchema, { participant, ...saying(text) }),
      );
      const { host, port } = scene.server;
      const request = openRequest({ host, port, method: verb, path, headers });
      request.on('error', () => {});
      request.end(body);
      await held.asked;
      request.destroy();
      await held.abandoned;
      assert.equal((await say(scene.rest, participant, 'next')).replyText, 're: next');
      held.release();
      assert.deepEqual(await transcript(scene.rest, conversation), ['next', 're: next']);
    });

    it('is not taken for one who has only no more to say', async () => {
      const text = `said all ${newProject()}`;
      const held = scene.webhook.hold(text);
      const { conversation, participant } = await createAgentTalk(scene.rest);
      const { path, body = '' } = httpRequest(
        analyzeContent,
        create(AnalyzeContentRequestSchema, { participant, ...saying(text) }),
      );
      const connection = await HttpConnection.open(scene.server);
      connection.write(
        `POST ${path} HTTP/1.1\r\nhost: ${scene.server.address}\r\ncontent-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n\r\n${String(body)}`,
      );
      connection.finish();
      await held.asked;
      // It is told to go on, twice: that is how the server finds out whether anybody is there.
      for (const _ of [1, 2]) assert.equal((await connection.readAnswer()).status, 100);
      held.release();
      const answer = await connection.readAnswer();
      assert.equal(answer.status, 200, answer.body);
      assert.equal(JSON.parse(answer.body).replyText, `re: ${text}`);
      assert.deepEqual(await transcript(scene.rest, conversation), [text, `re: ${text}`]);
    });
  });

  it('takes many turns that are sent at once on one connection in their order, and nothing is amiss', async () => {
    const texts = Array.from({ length: 12 }, (_, index) => `sent at once ${index}`);
    const { conversation, participant } = await createAgentTalk(scene.rest);
    using connection = await HttpConnection.open(scene.server);
    scene.server.takeStderr();
    const requests = texts.map((text) => {
      const request = create(AnalyzeContentRequestSchema, { participant, ...saying(text) });
      const { path, body = '' } = httpRequest(analyzeContent, request);
      const head = `POST ${path} HTTP/1.1\r\nhost: ${scene.server.address}\r\ncontent-type: application/json\r\n`;
      return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${String(body)}`;
    });
    connection.write(requests.join(''));
    for (const text of texts) {
      assert.equal(JSON.parse((await connection.readAnswer()).body).replyText, `re: ${text}`);
    }
    assert.deepEqual(
      await transcript(scene.rest, conversation),
      texts.flatMap((text) => [text, `re: ${text}`]),
    );
    assert.doesNotMatch(scene.server.stderr(), /Warning/u);
  });

  it('does not ask about a turn whose caller leaves before it is its turn', async () => {
    const text = `first ${newProject()}`;
    const held = scene.webhook.hold(text);
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    const first = say(scene.grpc, participant, text);
    await held.asked;
    const waiting = { participant, ...saying(`${text}, left`) };
    const seen = getConversation(scene.grpc, conversation);
    const bytes = toBinary(AnalyzeContentRequestSchema, create(AnalyzeContentRequestSchema, waiting));
    await cancelledCall(scene.server, bytes, seen);
    const last = say(scene.grpc, participant, `${text}, last`);
    held.release();
    await Promise.all([first, last]);
    assert.deepEqual(await transcript(scene.grpc, conversation), [
      text,
      `re: ${text}`,
      `${text}, last`,
      `re: ${text}, last`,
    ]);
    assert.deepEqual(scene.webhook.questionsAbout(`${text}, left`), []);
  });

  for (const end of ['fails', 'is given up'] as const) {
    it(`is asked anew for who waits for a request that ${end}`, async () => {
      const text = `once more ${newProject()}`;
      const held = scene.webhook.hold(text, (response) => response.writeHead(500).end());
      const { conversation, participant } = await createAgentTalk(scene.grpc);
      const request = { participant, ...saying(text), requestId: 'same' };
      const others = held.asked.then(async () => {
        scene.webhook.on(text, { fulfillmentText: 'better' });
        const replies = scene.wires.map((wire) => wire.call(analyzeContent, request));
        // Answered after those have arrived.
        await Promise.all(scene.wires.map((wire) => getConversation(wire, conversation)));
        return { replies };
      });
      if (end === 'fails') {
        const first = failure(scene.grpc.call(analyzeContent, request));
        await others;
        held.release();
        assertAgentFailed(await first);
      } else {
        const bytes = toBinary(AnalyzeContentRequestSchema, create(AnalyzeContentRequestSchema, request));
        await cancelledCall(scene.server, bytes, others);
      }
      const { replies } = await others;
      for (const reply of await Promise.all(replies)) assert.equal(reply.replyText, 'better');
      assert.equal(scene.webhook.questionsAbout(text).length, 2);
      assert.deepEqual(await transcript(scene.grpc, conversation), [text, 'better']);
    });
  }

  it('is no matter of profiles without an agent', async () => {
    const { conversation, participant } = await createTalk(scene.grpc, `projects/${newProject()}`);
    const text = `nobody there ${newProject()}`;
    assert.equal((await say(scene.grpc, participant, text)).automatedAgentReply, undefined);
    assert.deepEqual(scene.webhook.questionsAbout(text), []);
    assert.equal(await stageOf(scene.grpc, conversation), Stage.HUMAN_ASSIST_STAGE);
  });
});

for (const [signal, hands] of [
  ['end_interaction', { live: false, end: true }],
  ['either', { live: true, end: true }],
] as const) {
  describe(`--handoff-on ${signal}`, () => {
    const scene = openAgentScene('--handoff-on', signal);
    it('begins the assist stage by what it says', async () => {
      scene.webhook.on('live', { fulfillmentText: 'a', liveAgentHandoff: true });
      scene.webhook.on('end', { fulfillmentText: 'a', endInteraction: true });
      for (const [text, isHandedOver] of Object.entries(hands)) {
        const { conversation, participant } = await createAgentTalk(scene.grpc);
        const reply = await say(scene.grpc, participant, text);
        assert.deepEqual(kindsOf(reply), ['text', text === 'live' ? 'liveAgentHandoff' : 'endInteraction']);
        const stage = isHandedOver ? Stage.HUMAN_ASSIST_STAGE : Stage.VIRTUAL_AGENT_STAGE;
        assert.equal(await stageOf(scene.grpc, conversation), stage, text);
        const next = await say(scene.grpc, participant, 'next');
        assert.equal(next.automatedAgentReply === undefined, isHandedOver, text);
      }
    });
  });
}

describe('--webhook-addresses public', () => {
  const scene = openAgentScene('--webhook-addresses', 'public');
  it('keeps the server from asking a webhook on its own machine', async () => {
    const { conversation, participant } = await createAgentTalk(scene.grpc);
    assertAgentFailed(await failure(say(scene.grpc, participant, 'hello')));
    assert.deepEqual(scene.webhook.questions, []);
    assert.deepEqual(await transcript(scene.grpc, conversation), []);
    const human = await createParticipant(scene.grpc, conversation, Role.HUMAN_AGENT);
    assert.equal((await say(scene.grpc, human.name, 'I am here')).message?.content, 'I am here');
  });
});

describe('a server that is killed during a turn', () => {
  it('has nothing of a turn that was not answered, and one of each request in the end', async () => {
    await using webhook = await AgentWebhook.open();
    using folder = openFolder();
    const flags = ['--agent-webhook', webhook.url];
    const held = webhook.hold('asked when it dies');
    const { talk, first } = await (async () => {
      await using server = await startServer(folder.path, ...flags);
      using wire = new GrpcWire(() => server);
      const talk = await createAgentTalk(wire);
      const first = await say(wire, talk.participant, 'before', { requestId: 'before' });
      const dying = failure(say(wire, talk.participant, 'asked when it dies', { requestId: 'dying' }));
      await held.asked;
      await server.stop('SIGKILL');
      assert.equal((await dying).code, Code.UNAVAILABLE);
      return { talk, first };
    })();
    held.release();

    await using server = await startServer(folder.path, ...flags);
    using wire = new GrpcWire(() => server);
    assert.deepEqual(await transcript(wire, talk.conversation), ['before', 're: before']);
    assert.deepEqual(await say(wire, talk.participant, 'before', { requestId: 'before' }), first);
    assert.equal(webhook.questionsAbout('before').length, 1, 'what was answered is not asked again');
    const reply = await say(wire, talk.participant, 'asked when it dies', { requestId: 'dying' });
    assert.deepEqual(await say(wire, talk.participant, 'asked when it dies', { requestId: 'dying' }), reply);
    const [one, two, ...others] = webhook.questionsAbout('asked when it dies');
    assert.ok(one && two && others.length === 0, 'it is asked once by each server');
    assert.equal(one.headers['idempotency-key'], two.headers['idempotency-key'], 'under one id');
    assert.notEqual(one.headers['idempotency-key'], undefined);
    assert.deepEqual(await transcript(wire, talk.conversation), [
      'before',
      're: before',
      'asked when it dies',
      're: asked when it dies',
    ]);
    const { participants } = await wire.call(listParticipants, { parent: talk.conversation });
    assert.equal(participants.length, 2);
  });
});

describe('a server that is killed amid many turns', () => {
  it('has each turn whole or absent, and each request once when all are repeated', async () => {
    await using webhook = await AgentWebhook.open();
    using folder = openFolder();
    const flags = ['--agent-webhook', webhook.url];
    const answered = new Map<string, AnalyzeContentResponse>();
    const talks: Talk[] = [];
    const turn = (wire: Wire, { participant }: Talk, text: string) =>
      say(wire, participant, text, { requestId: text });
    {
      await using server = await startServer(folder.path, ...flags);
      using wire = new GrpcWire(() => server);
      for (let talk = 0; talk < 6; talk += 1) talks.push(await createAgentTalk(wire));
      let killed: Promise<unknown> | undefined;
      const writers = talks.map(async (talk, index) => {
        for (let round = 0; ; round += 1) {
          const text = `${index}-${round}`;
          answered.set(text, await turn(wire, talk, text));
          if (answered.size === 60) killed = server.stop('SIGKILL');
        }
      });
      for (const { code } of await Promise.all(writers.map(failure))) assert.equal(code, Code.UNAVAILABLE);
      await killed;
    }

    await using server = await startServer(folder.path, ...flags);
    using wire = new GrpcWire(() => server);
    for (const [index, talk] of talks.entries()) {
      const acknowledged = [...answered.keys()].filter((text) => text.startsWith(`${index}-`)).length;
      const stored = await transcript(wire, talk.conversation);
      const turns = stored.length / 2;
      assert.ok(turns === acknowledged || turns === acknowledged + 1, `${turns} of ${acknowledged} and one`);
      const texts = Array.from({ length: acknowledged + 1 }, (_, round) => `${index}-${round}`);
      const whole = texts.flatMap((text) => [text, `re: ${text}`]);
      assert.deepEqual(stored, whole.slice(0, stored.length));
      for (const text of texts) {
        const reply = await turn(wire, talk, text);
        assert.deepEqual(reply, answered.get(text) ?? reply);
        assert.equal(reply.replyText, `re: ${text}`);
      }
      assert.deepEqual(await transcript(wire, talk.conversation), whole);
    }
  });
});

describe('a server that is told to stop during a turn', () => {
  it('finishes it', async () => {
    await using webhook = await AgentWebhook.open();
    using folder = openFolder();
    await using server = await startServer(folder.path, '--agent-webhook', webhook.url);
    using wire = new GrpcWire(() => server);
    const { participant } = await createAgentTalk(wire);
    const held = webhook.hold('the last one');
    const turn = say(wire, participant, 'the last one');
    await held.asked;
    const stopped = server.stop('SIGTERM');
    // It stops: nobody else is let in.
    while (
      await fetch(server.url).then(
        () => true,
        () => false,
      )
    );
    held.release();
    assert.equal((await turn).replyText, 're: the last one');
    assert.equal(await stopped, 0);
  });
});

describe('an agent that nobody runs', () => {
  it('fails the turn of an end user and of nobody else', async () => {
    using folder = openFolder();
    await using server = await startServer(folder.path);
    using wire = new GrpcWire(() => server);
    const { conversation, participant } = await createAgentTalk(wire);
    const error = await failure(say(wire, participant, 'hello'));
    assert.equal(error.code, Code.FAILED_PRECONDITION, error.message);
    assert.match(error.message, /agent/u);
    assert.deepEqual(await transcript(wire, conversation), []);
    const human = await createParticipant(wire, conversation, Role.HUMAN_AGENT);
    await say(wire, human.name, 'I am here');
    assert.deepEqual(await transcript(wire, conversation), ['I am here']);
  });
});

/** A temporary folder that is removed in the end. */
function openFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'parley-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Calls AnalyzeContent, and cancels the call once something has happened. */
async function cancelledCall(
  server: OwnServer,
  bytes: Uint8Array,
  happened: Promise<unknown>,
): Promise<void> {
  const { call, code } = openCall(server, bytes);
  await happened;
  call.cancel();
  assert.equal(await code, status.CANCELLED);
}

/** A call of AnalyzeContent on a connection of its own, and the code with which it ends. */
function openCall(
  server: OwnServer,
  bytes: Uint8Array,
  options: CallOptions = {},
): { call: ClientUnaryCall; code: Promise<number | undefined> } {
  const client = new Client(server.address, credentials.createInsecure());
  const { promise: code, resolve } = Promise.withResolvers<number | undefined>();
  const call = client.makeUnaryRequest(
    pathOf(analyzeContent),
    (value: Uint8Array) => Buffer.from(value),
    (value: Buffer) => value,
    bytes,
    options,
    (error) => {
      client.close();
      resolve(error?.code);
    },
  );
  return { call, code };
}
