import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FailedPreconditionError,
  InvalidRequestError,
  NotFoundError,
  type StreamingAnalyzeContentRequest,
  UnimplementedError,
} from '@parleykit/client';
import { type Clients, collect, ingest, newParent, openClientScene, openTalk, type Talk } from './scene.ts';

const scene = openClientScene();

/** What both transports answer to the same question, which has to be the same. */
async function equalOnBoth<Answer>(ask: (clients: Clients) => PromiseLike<Answer>): Promise<Answer> {
  const overGrpc = await ask(scene.grpc);
  assert.deepStrictEqual(await ask(scene.rest), overGrpc);
  return overGrpc;
}

for (const transport of ['grpc', 'rest'] as const) {
  describe(`ConversationsClient over ${transport}`, () => {
    it('creates, gets, lists and completes conversations', async () => {
      const { conversations, profiles } = scene[transport];
      const parent = newParent();
      const { name: conversationProfile } = await profiles.createConversationProfile({
        parent,
        conversationProfile: { displayName: 'a profile' },
      });
      const created = await conversations.createConversation({
        parent,
        conversation: { conversationProfile },
        conversationId: `${transport}-1`,
      });
      assert.equal(created.name, `${parent}/conversations/${transport}-1`);
      assert.equal(created.lifecycleState, 'IN_PROGRESS');
      assert.equal(created.conversationStage, 'HUMAN_ASSIST_STAGE');
      assert.match(String(created.startTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z$/u);
      assert.equal(created.endTime, undefined);
      assert.deepEqual(
        await equalOnBoth((c) => c.conversations.getConversation({ name: created.name })),
        created,
      );
      assert.deepEqual(await collect(conversations.listConversations({ parent })), [created]);
      const completed = await conversations.completeConversation({ name: created.name });
      assert.equal(completed.lifecycleState, 'COMPLETED');
      assert.notEqual(completed.endTime, undefined);
    });

    it('adds and lists messages, with every digit of their times', async () => {
      const clients = scene[transport];
      const talk = await openTalk(clients, newParent());
      const { name: parent } = talk.conversation;
      const added = await ingest(clients, talk, 3);
      assert.deepEqual(
        added.map(({ content, participantRole, sendTime }) => ({ content, participantRole, sendTime })),
        [0, 1, 2].map((index) => ({
          content: `message ${index}`,
          participantRole: 'END_USER',
          sendTime: index === 0 ? '2023-11-14T22:13:20Z' : `2023-11-14T22:13:20.00${index}Z`,
        })),
      );
      const [newest] = await equalOnBoth((c) => collect(c.conversations.listMessages({ parent })));
      assert.deepEqual(newest, added[2]);
      const filter = `create_time < "${newest?.createTime}"`;
      assert.deepEqual(await collect(clients.conversations.listMessages({ parent, filter })), []);
    });

    it('takes a whole request in place of its fields, and not both', async () => {
      const { conversations } = scene[transport];
      const { conversation } = await openTalk(scene[transport], newParent());
      const request = { name: conversation.name };
      assert.deepEqual(await conversations.getConversation({ request }), conversation);
      await assert.rejects(
        // @ts-expect-error The compiler finds it first.
        async () => conversations.getConversation({ request, name: 'x' }),
        {
          name: 'InvalidRequestError',
          message:
            'If the `request` argument is set, then none of the individual field arguments should be set.',
        },
      );
    });

    it('gives headers and trailers of an answer to whoever asks', async () => {
      const { conversation } = await openTalk(scene[transport], newParent());
      const reply = await scene[transport].conversations
        .getConversation({ name: conversation.name })
        .withResponse();
      assert.deepEqual(reply.response, conversation);
      const type = transport === 'grpc' ? 'application/grpc' : 'application/json';
      assert.ok(reply.headers['content-type']?.startsWith(type), JSON.stringify(reply.headers));
    });

    it('has what was said summed up, and refuses what nobody has set up', async () => {
      const { conversations } = scene[transport];
      const { conversation, participant } = await openTalk(scene[transport], newParent());
      const { name } = conversation;
      const parent = name.slice(0, name.indexOf('/conversations/'));
      const content = 'My card was declined in a shop and I need it tomorrow.';
      const requests = [
        {
          parent: name,
          message: { content, participant: participant.name, sendTime: '2026-01-01T00:00:00Z' },
        },
      ];
      await conversations.batchCreateMessages({ parent: name, requests });
      const { summary, contextSize } = await conversations.suggestConversationSummary({ conversation: name });
      assert.equal(summary?.textSections['situation'], content);
      assert.equal(contextSize, 1);
      const stateless = await conversations.generateStatelessSummary({
        statelessConversation: {
          parent,
          messages: [
            { content, languageCode: 'en-US', participant: participant.name, participantRole: 'END_USER' },
          ],
        },
        conversationProfile: { displayName: 'x' },
      });
      assert.equal(stateless.summary?.textSections['situation'], content);
      const references = await conversations.ingestContextReferences({
        conversation: name,
        contextReferences: {
          order: {
            contextContents: [{ content: 'two lamps', contentFormat: 'PLAIN_TEXT' }],
            updateMode: 'APPEND',
          },
        },
      });
      assert.equal(references.ingestedContextReferences['order']?.contextContents[0]?.content, 'two lamps');
      const notSetUp = {
        searchKnowledge: () =>
          conversations.searchKnowledge({
            parent,
            query: { text: 'how?', languageCode: 'en-US' },
            conversationProfile: conversation.conversationProfile,
            sessionId: 's',
          }),
        generateSuggestions: () => conversations.generateSuggestions({ conversation: name }),
      };
      for (const [method, call] of Object.entries(notSetUp)) {
        await assert.rejects(async () => call(), FailedPreconditionError, method);
      }
      const generatorName = `${parent}/generators/none`;
      const messageEntries = [{ role: 'END_USER', text: content }] as const;
      const conversationContext = { messageEntries: [...messageEntries] };
      await assert.rejects(
        async () => conversations.generateStatelessSuggestion({ parent, generatorName, conversationContext }),
        NotFoundError,
      );
    });
  });

  describe(`ConversationProfilesClient over ${transport}`, () => {
    it('creates, gets, lists, updates and deletes profiles', async () => {
      const { profiles } = scene[transport];
      const parent = newParent();
      const created = await profiles.createConversationProfile({
        parent,
        conversationProfile: { displayName: 'a profile', languageCode: 'de-DE' },
      });
      assert.equal(created.languageCode, 'de-DE');
      const { name } = created;
      const profile = await equalOnBoth((c) => c.profiles.getConversationProfile({ name }));
      assert.equal(profile.displayName, 'a profile');
      assert.deepEqual(await collect(profiles.listConversationProfiles({ parent })), [profile]);
      const renamed = await profiles.updateConversationProfile({
        conversationProfile: { name, displayName: 'another' },
        updateMask: ['displayName'],
      });
      const times = { createTime: undefined, updateTime: undefined };
      assert.deepEqual({ ...renamed, ...times }, { ...profile, ...times, displayName: 'another' });
      assert.deepEqual(await profiles.deleteConversationProfile({ name }), {});
      assert.deepEqual(await collect(profiles.listConversationProfiles({ parent })), []);
    });

    it('sets and clears a suggestion feature by operations, whose types are known', async () => {
      const { profiles, conversations } = scene[transport];
      const parent = newParent();
      const { name } = await profiles.createConversationProfile({
        parent,
        conversationProfile: { displayName: 'a profile' },
      });
      const begun = await profiles.setSuggestionFeatureConfig({
        conversationProfile: name,
        participantRole: 'HUMAN_AGENT',
        suggestionFeatureConfig: { suggestionFeature: { type: 'FAQ' }, queryConfig: { maxResults: 3 } },
      });
      let operation = begun;
      for (let asked = 0; !operation.done && asked < 5000; asked += 1) {
        operation = await conversations.getOperation({ name: begun.name });
      }
      assert.equal(operation.done, true);
      assert.equal(operation.error, undefined);
      assert.deepEqual(operation.response?.['name'], name);
      assert.deepEqual(
        await equalOnBoth((c) => c.conversations.getOperation({ name: begun.name })),
        operation,
      );
    });
  });

  describe(`ParticipantsClient over ${transport}`, () => {
    it('creates, gets, lists and updates participants', async () => {
      const { participants } = scene[transport];
      const { conversation, participant } = await openTalk(scene[transport], newParent());
      assert.equal(participant.role, 'END_USER');
      const { name } = participant;
      assert.deepEqual(await equalOnBoth((c) => c.participants.getParticipant({ name })), participant);
      assert.deepEqual(await collect(participants.listParticipants({ parent: conversation.name })), [
        participant,
      ]);
      const updated = await participants.updateParticipant({
        participant: { name, documentsMetadataFilters: { kind: 'faq' } },
        updateMask: ['documentsMetadataFilters'],
      });
      assert.deepEqual(updated, { ...participant, documentsMetadataFilters: { kind: 'faq' } });
    });
  });

  describe(`turns by ParticipantsClient over ${transport}`, () => {
    it('are answered with what was said, once for a request', async () => {
      const { participants } = scene[transport];
      const { conversation, participant } = await openTalk(scene[transport], newParent());
      const request = {
        participant: participant.name,
        textInput: { text: 'hello', languageCode: 'en-US' },
        requestId: 'turn-1',
      };
      const reply = await participants.analyzeContent(request);
      assert.equal(reply.message?.content, 'hello');
      assert.equal(reply.automatedAgentReply, undefined);
      assert.deepEqual(await participants.analyzeContent(request), reply);
      const { conversations } = scene[transport];
      const said = await collect(conversations.listMessages({ parent: conversation.name }));
      assert.deepEqual(said, [reply.message]);
    });

    it('suggests nothing that the profile does not ask for', async () => {
      const { participants } = scene[transport];
      const { participant } = await openTalk(scene[transport], newParent());
      const { name: parent } = participant;
      const calls = {
        suggestArticles: () => participants.suggestArticles({ parent }),
        suggestFaqAnswers: () => participants.suggestFaqAnswers({ parent }),
        suggestSmartReplies: () => participants.suggestSmartReplies({ parent }),
        suggestKnowledgeAssist: () => participants.suggestKnowledgeAssist({ parent }),
      };
      for (const [method, call] of Object.entries(calls)) {
        await assert.rejects(async () => call(), FailedPreconditionError, method);
      }
      const short = { parent: parent.replace('/locations/global', '') };
      assert.deepEqual((await participants.listSuggestions(short).firstPage()).suggestions, []);
      const { suggestion } = await participants.compileSuggestion(short);
      assert.deepEqual([suggestion?.articles, suggestion?.faqAnswers], [[], []]);
    });

    it('streams where the transport can', async () => {
      const { participants } = scene[transport];
      const { participant } = await openTalk(scene[transport], newParent());
      const { name } = participant;
      const requests: StreamingAnalyzeContentRequest[] = [
        { participant: name, textConfig: { languageCode: 'en' } },
        { participant: name, inputText: 'hello' },
      ];
      const replies = collect(participants.streamingAnalyzeContent(requests));
      if (transport === 'grpc') {
        assert.deepEqual(
          (await replies).map(({ message }) => message?.content),
          ['hello'],
        );
      } else await assert.rejects(replies, InvalidRequestError);
      const expected = transport === 'grpc' ? UnimplementedError : InvalidRequestError;
      await assert.rejects(collect(participants.bidiStreamingAnalyzeContent([{}])), expected);
    });
  });

  describe(`mixins over ${transport}`, () => {
    it('answer the raw response of operations, and give each', async () => {
      const { profiles, conversations } = scene[transport];
      const parent = newParent();
      const { name: conversationProfile } = await profiles.createConversationProfile({
        parent,
        conversationProfile: { displayName: 'a profile' },
      });
      const { name } = await profiles.clearSuggestionFeatureConfig({
        conversationProfile,
        participantRole: 'HUMAN_AGENT',
        suggestionFeatureType: 'FAQ',
      });
      const response = await conversations.listOperations({ name: parent });
      assert.deepEqual(Object.keys(response).sort(), ['nextPageToken', 'operations', 'unreachable']);
      assert.deepEqual(
        response.operations.map((operation) => operation.name),
        [name],
      );
      const operations = await collect(conversations.listOperations({ name: parent }));
      assert.deepEqual(
        operations.map((operation) => operation.name),
        [name],
      );
      assert.deepEqual(await conversations.cancelOperation({ name }), {});
    });

    it('answer locations', async () => {
      const { conversations } = scene[transport];
      const parent = newParent();
      const location = await equalOnBoth((c) => c.conversations.getLocation({ name: parent }));
      assert.equal(location.locationId, 'global');
      const name = parent.slice(0, parent.indexOf('/locations/'));
      const { locations } = await equalOnBoth((c) => c.conversations.listLocations({ name }));
      assert.deepEqual(await collect(conversations.listLocations({ name, pageSize: 3 })), locations);
      assert.ok(locations.some(({ locationId }) => locationId === 'global'));
    });
  });
}

describe('both transports', () => {
  it('answer the same to everything that reads', async () => {
    const parent = newParent();
    const talk: Talk = await openTalk(scene.grpc, parent);
    for (const [index, clients] of scene.all.entries()) await ingest(clients, talk, 7, index * 7);
    const { name } = talk.conversation;
    await equalOnBoth((c) => c.conversations.getConversation({ name }));
    await equalOnBoth((c) => c.conversations.listConversations({ parent }).firstPage());
    await equalOnBoth((c) => c.conversations.listMessages({ parent: name, pageSize: 5 }).firstPage());
    await equalOnBoth((c) => collect(c.conversations.listMessages({ parent: name, pageSize: 5 })));
    await equalOnBoth((c) => c.profiles.listConversationProfiles({ parent }).firstPage());
    await equalOnBoth((c) => c.participants.listParticipants({ parent: name }).firstPage());
  });
});
