import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@parleykit/proto/rpc';
import {
  AnswerRecords,
  type ConversationProfile,
  type ConversationProfileSchema,
  Conversations,
  SuggestionFeature_Type as Feature,
  Generators,
  Participant_Role as Role,
  SummarizationSection_Type as SectionType,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import {
  completeConversation,
  createConversation,
  createParticipant,
  createProfile,
  ingest,
  listMessages,
  located,
  type MessageInit,
  message,
  openScene,
  refused,
} from './scene.ts';

/** Without a model: what is said here is put together from what was said. */
const scene = openScene();
const { suggestConversationSummary, generateStatelessSummary } = Conversations.method;

type ProfileInit = Exclude<MessageInitShape<typeof ConversationProfileSchema>, ConversationProfile>;

const SAID: readonly (readonly [Role, string])[] = [
  [Role.END_USER, 'Hello'],
  [Role.END_USER, 'My card was declined in a shop and I need it tomorrow.'],
  [Role.AUTOMATED_AGENT, 'What are its last four digits?'],
  [Role.END_USER, '1234'],
  [Role.HUMAN_AGENT, 'I will unblock the card for you now.'],
  [Role.HUMAN_AGENT, 'Your card is active again.'],
  [Role.END_USER, 'Thank you!'],
];

const SECTIONS = [
  ['situation', 'My card was declined in a shop and I need it tomorrow.'],
  ['action', 'I will unblock the card for you now.'],
  ['resolution', 'Your card is active again.'],
];

const TEXT = SECTIONS.map(([section, summary]) => `${section}: ${summary}`).join('\n');

const invalid = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_INVALID' };
const notConfigured = { code: Code.FAILED_PRECONDITION, reason: 'GENERATION_NOT_CONFIGURED' };

/** A conversation in which all of that was said. */
async function createTalk(wire: Wire, parent: string, profile: ProfileInit = {}): Promise<string> {
  const { name: conversationProfile } = await createProfile(wire, parent, profile);
  const { name } = await createConversation(wire, parent, { conversationProfile });
  const speakers = new Map<Role, string>();
  for (const role of new Set(SAID.map(([speaker]) => speaker))) {
    speakers.set(role, (await createParticipant(wire, name, role)).name);
  }
  const batch = SAID.map(([role, text], index) => message(speakers.get(role) ?? '', index, text));
  await ingest(wire, name, batch);
  return name;
}

/** A profile whose summaries have certain sections. */
function summarizing(...sectionTypes: number[]): ProfileInit {
  const suggestionFeature = { type: Feature.CONVERSATION_SUMMARIZATION };
  const featureConfigs = [{ suggestionFeature, queryConfig: { sections: { sectionTypes } } }];
  return { humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs } } };
}

const newParent = (): string => `projects/${newProject()}`;

for (const wire of scene.wires) {
  describe(`SuggestConversationSummary over ${wire.name}`, () => {
    it('says what a conversation was about, by sections, and that no model wrote it', async () => {
      const conversation = await createTalk(wire, newParent());
      const { summary, latestMessage, contextSize } = await wire.call(suggestConversationSummary, {
        conversation,
      });
      assert.equal(summary?.text, TEXT);
      assert.deepEqual(summary?.textSections, Object.fromEntries(SECTIONS));
      assert.deepEqual(
        summary?.sortedTextSections.map((each) => [each.section, each.summary]),
        SECTIONS,
      );
      assert.equal(summary?.baselineModelVersion, 'extractive-1');
      assert.equal(contextSize, SAID.length);
      const { record } = await wire.call(AnswerRecords.method.getAnswerRecord, {
        name: summary.answerRecord,
      });
      assert.ok(record.value?.answer.case === 'generatorSuggestion');
      assert.equal(record.value.answer.value.suggestion.case, 'summarySuggestion');
      const [last] = await listMessages(wire, conversation);
      assert.equal(latestMessage, last?.name);
    });

    it('does so for a completed conversation, by any form of its name', async () => {
      const conversation = await createTalk(wire, newParent());
      await completeConversation(wire, conversation);
      const name = located(conversation);
      const { summary, latestMessage } = await wire.call(suggestConversationSummary, { conversation: name });
      assert.equal(summary?.text, TEXT);
      assert.ok(latestMessage.startsWith(`${name}/messages/`), latestMessage);
    });

    it('goes as far as the latest message, and as far back as is asked', async () => {
      const conversation = await createTalk(wire, newParent());
      const messages = (await listMessages(wire, conversation)).toReversed();
      const latestMessage = messages[4]?.name ?? '';
      const reply = await wire.call(suggestConversationSummary, {
        conversation,
        latestMessage: located(latestMessage),
        contextSize: 4,
      });
      assert.deepEqual([reply.latestMessage, reply.contextSize], [latestMessage, 4]);
      assert.equal(reply.summary?.textSections['situation'], SECTIONS[0]?.[1]);
      assert.equal(reply.summary?.textSections['action'], SECTIONS[1]?.[1]);
      const short = await wire.call(suggestConversationSummary, {
        conversation,
        latestMessage,
        contextSize: 1,
      });
      assert.equal(short.summary?.textSections['situation'], 'N/A');
    });

    it('finds a message by a name of its creator’s among thousands', async () => {
      const parent = newParent();
      const { name } = await createConversation(wire, parent);
      const { name: participant } = await createParticipant(wire, name);
      const chosen = `${name}/messages/the-one`;
      await ingest(wire, name, [
        { ...message(participant, 0, 'I want a refund for the lamp.'), name: chosen },
      ]);
      for (let batch = 0; batch < 5; batch += 1) {
        const texts = Array.from({ length: 300 }, (_, index) =>
          message(participant, 1 + batch * 300 + index),
        );
        await ingest(wire, name, texts);
      }
      const latest = { conversation: name, latestMessage: chosen };
      const { contextSize, latestMessage, summary } = await wire.call(suggestConversationSummary, latest);
      assert.deepEqual([contextSize, latestMessage], [1, chosen]);
      assert.equal(summary?.textSections['situation'], 'I want a refund for the lamp.');
      const whole = await wire.call(suggestConversationSummary, { conversation: name });
      assert.equal(whole.contextSize, 500);
      const most = await wire.call(suggestConversationSummary, { conversation: name, contextSize: 1000 });
      assert.equal(most.contextSize, 1000);
    });

    it('has the sections that the profile asks for, as far as there are any in what was said', async () => {
      const conversation = await createTalk(
        wire,
        newParent(),
        summarizing(SectionType.RESOLUTION, SectionType.CUSTOMER_SATISFACTION, SectionType.SITUATION),
      );
      const { summary } = await wire.call(suggestConversationSummary, { conversation });
      assert.deepEqual(
        summary?.sortedTextSections.map(({ section }) => section),
        ['resolution', 'situation'],
      );
    });

    it('has the sections of the profile’s generator under their names', async () => {
      const parent = newParent();
      const { name } = await wire.call(Generators.method.createGenerator, {
        parent,
        generator: {
          context: {
            case: 'summarizationContext',
            value: {
              summarizationSections: [
                { type: SectionType.SITUATION, key: 'Problem' },
                { type: SectionType.CUSTOMER_DEFINED, key: 'mood', definition: 'how it felt' },
              ],
            },
          },
        },
      });
      const conversation = await createTalk(wire, parent, {
        humanAgentAssistantConfig: { humanAgentSuggestionConfig: { generators: [name] } },
      });
      const { summary } = await wire.call(suggestConversationSummary, { conversation });
      assert.deepEqual(summary?.textSections, { Problem: SECTIONS[0]?.[1] });
    });

    it('says that a model is missing where nothing that is asked for was said', async () => {
      const profile = summarizing(SectionType.CUSTOMER_SATISFACTION);
      const conversation = await createTalk(wire, newParent(), profile);
      await refused(wire.call(suggestConversationSummary, { conversation }), notConfigured);
    });

    it('says that an empty conversation is empty', async () => {
      const { name: conversation } = await createConversation(wire, newParent());
      await refused(wire.call(suggestConversationSummary, { conversation }), {
        code: Code.FAILED_PRECONDITION,
        reason: 'CONVERSATION_EMPTY',
      });
    });

    it('refuses messages that are not the conversation’s', async () => {
      const parent = newParent();
      const [conversation, other] = [await createTalk(wire, parent), await createTalk(wire, parent)];
      const [message] = await listMessages(wire, other);
      await refused(
        wire.call(suggestConversationSummary, { conversation, latestMessage: message?.name ?? '' }),
        {
          ...invalid,
          fields: ['latest_message'],
        },
      );
      for (const id of ['absent', '1-1', '9999999999999999-0']) {
        const latestMessage = `${conversation}/messages/${id}`;
        await refused(wire.call(suggestConversationSummary, { conversation, latestMessage }), {
          code: Code.NOT_FOUND,
          reason: 'RESOURCE_NOT_FOUND',
        });
      }
    });

    it('refuses sizes beyond the limits, and conversations that are not there', async () => {
      const parent = newParent();
      const conversation = await createTalk(wire, parent);
      for (const contextSize of [-1, 1001]) {
        await refused(wire.call(suggestConversationSummary, { conversation, contextSize }), {
          ...invalid,
          fields: ['context_size'],
        });
      }
      await refused(
        wire.call(suggestConversationSummary, { conversation: `${parent}/conversations/absent` }),
        { code: Code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' },
      );
    });
  });

  describe(`GenerateStatelessSummary over ${wire.name}`, () => {
    const said = (more: (index: number) => MessageInit = () => ({})): MessageInit[] =>
      SAID.map(([participantRole, content], index) => ({
        name: `m${index}`,
        content,
        languageCode: 'en-US',
        participant: 'somebody',
        participantRole,
        ...more(index),
      }));
    const summarize = (messages: readonly MessageInit[], more: object = {}) =>
      wire.call(generateStatelessSummary, {
        statelessConversation: {
          parent: `projects/${newProject()}/locations/global`,
          messages: [...messages],
        },
        conversationProfile: { languageCode: 'en-US', ...summarizing() },
        ...more,
      });

    it('says what messages are about that are stored nowhere', async () => {
      const { summary, latestMessage, contextSize } = await summarize(said());
      assert.equal(summary?.text, TEXT);
      assert.deepEqual(summary?.textSections, Object.fromEntries(SECTIONS));
      assert.deepEqual([latestMessage, contextSize], ['m6', 7]);
      assert.equal(summary?.baselineModelVersion, 'extractive-1');
    });

    it('takes them in the order in which they were sent', async () => {
      const timed = said((index) => ({ sendTime: timestampFromMs(1_700_000_000_000 + index) }));
      const { summary, latestMessage } = await summarize(timed.toReversed());
      assert.equal(summary?.text, TEXT);
      assert.equal(latestMessage, 'm6');
    });

    it('goes as far as the latest message, and as far back as is asked', async () => {
      const { latestMessage, contextSize } = await summarize(said(), {
        latestMessage: 'm4',
        maxContextSize: 2,
      });
      assert.deepEqual([latestMessage, contextSize], ['m4', 2]);
    });

    const required = { code: Code.INVALID_ARGUMENT, reason: 'FIELD_REQUIRED' };
    for (const { name, messages, more = {}, refusal } of [
      {
        name: 'no messages',
        messages: [],
        refusal: { ...required, fields: ['stateless_conversation.messages'] },
      },
      {
        name: 'a message without a role',
        messages: [{ content: 'x', participant: 'somebody' }],
        refusal: { ...required, fields: ['stateless_conversation.messages[0].participant_role'] },
      },
      {
        name: 'a role that nobody knows',
        messages: [...said(), { content: 'x', participantRole: 9 as Role }],
        refusal: { ...invalid, fields: ['stateless_conversation.messages[7].participant_role'] },
      },
      {
        name: 'a latest message that is none of them',
        messages: said(),
        more: { latestMessage: 'm7' },
        refusal: { ...invalid, fields: ['latest_message'] },
      },
      {
        name: 'a size beyond the limit',
        messages: said(),
        more: { maxContextSize: 1001 },
        refusal: { ...invalid, fields: ['max_context_size'] },
      },
    ]) {
      it(`refuses ${name}`, async () => {
        await refused(summarize(messages, more), refusal);
      });
    }
  });
}
