import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import {
  failureOf,
  type GoogleClients,
  type OpenedClients,
  onEveryWire,
  present,
} from './google-node-clients.ts';
import { createParticipant, nanosecondsOf, setScene } from './google-node-scene.ts';
import { newProject } from './target.ts';

onEveryWire("Google's Node client", (clients) => {
  describe('turns', () => turnCases(clients));
});

/** What is said, without the client's own retries: a broken server is an answer, not a minute of waiting. */
async function analyze({ participants }: GoogleClients, request: object) {
  const [reply] = await participants.analyzeContent(request, { retry: null });
  return reply;
}

function turnCases(clients: OpenedClients): void {
  it('stores what somebody says', async () => {
    const { conversations } = clients();
    const { conversation, endUser: participant } = await setScene(clients());
    const reply = await analyze(clients(), {
      participant,
      textInput: { text: 'Grüße 💬', languageCode: 'de' },
      messageSendTime: { seconds: 1_700_000_000, nanos: 123_456_789 },
    });
    assert.deepEqual([reply.replyText, reply.replyAudio, reply.automatedAgentReply], ['', null, null]);
    assert.deepEqual([reply.humanAgentSuggestionResults, reply.endUserSuggestionResults], [[], []]);
    const { message } = reply;
    assert.equal(message?.content, 'Grüße 💬');
    assert.deepEqual([message?.participant, message?.participantRole], [participant, 'END_USER']);
    assert.deepEqual({ ...message?.sendTime }, { seconds: '1700000000', nanos: 123_456_789 });
    assert.equal(nanosecondsOf(message?.createTime) % 1000n, 0n);
    const [listed] = await conversations.listMessages({ parent: conversation });
    assert.deepEqual(listed, [message]);
  });

  it('takes a request_id for one request', async () => {
    const { conversations } = clients();
    const { conversation, endUser: participant } = await setScene(clients());
    const request = {
      participant,
      textInput: { text: 'once', languageCode: 'en' },
      requestId: crypto.randomUUID(),
    };
    const replies = await Promise.all([1, 2, 3].map(() => analyze(clients(), request)));
    for (const reply of replies) assert.deepEqual(reply, replies[0]);
    const [listed] = await conversations.listMessages({ parent: conversation });
    assert.equal(listed.length, 1);
  });

  it('suggests for each feature of the profile, and says why not', async () => {
    const { profiles, conversations } = clients();
    const parent = `projects/${newProject()}`;
    const feature = (type: 'FAQ' | 'ARTICLE_SUGGESTION') => ({ suggestionFeature: { type } });
    const [profile] = await profiles.createConversationProfile({
      parent,
      conversationProfile: {
        displayName: 'desk',
        humanAgentAssistantConfig: {
          humanAgentSuggestionConfig: { featureConfigs: [feature('ARTICLE_SUGGESTION'), feature('FAQ')] },
        },
      },
    });
    const [conversation] = await conversations.createConversation({
      parent,
      conversation: { conversationProfile: present(profile.name) },
    });
    const participant = await createParticipant(clients(), present(conversation.name), 'END_USER');
    const reply = await analyze(clients(), { participant, textInput: { text: 'hi', languageCode: 'en' } });
    assert.deepEqual(
      reply.humanAgentSuggestionResults?.map(({ error }) => error?.code),
      [status.FAILED_PRECONDITION, status.FAILED_PRECONDITION],
    );
    assert.equal(reply.message?.content, 'hi');
  });

  it('are refused with what is wrong', async () => {
    const { conversations } = clients();
    const { conversation, endUser: participant } = await setScene(clients());
    const textInput = { text: 'hello', languageCode: 'en' };
    const unspoken = await failureOf(
      clients(),
      analyze(clients(), { participant, textInput: { text: 'a' } }),
    );
    assert.deepEqual([unspoken.status, unspoken.fields], ['INVALID_ARGUMENT', ['text_input.language_code']]);
    await conversations.completeConversation({ name: conversation });
    const late = await failureOf(clients(), analyze(clients(), { participant, textInput }));
    assert.deepEqual([late.status, late.reason], ['FAILED_PRECONDITION', 'CONVERSATION_COMPLETED']);
  });
}
