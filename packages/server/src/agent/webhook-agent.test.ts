import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ConversationProfileSchema,
  Intent_Message_Platform as Platform,
  QueryParametersSchema,
} from '@parleykit/proto/v2beta1';
import { HttpPoster } from '../outbound/http-poster.ts';
import { AgentError, type AgentQuery } from './automated-agent.ts';
import { WebhookAgent } from './webhook-agent.ts';
import { Listener } from './webhook-listener.test.fixture.ts';

const query: AgentQuery = {
  agent: 'projects/p/agent',
  session: 'projects/p/agent/sessions/c',
  conversation: 'projects/p/conversations/c',
  profile: create(ConversationProfileSchema),
  input: { case: 'text', text: 'hello', languageCode: 'en' },
  queryParams: create(QueryParametersSchema, { payload: { user: 'u' }, webhookHeaders: { 'x-tenant': 't' } }),
  turnId: 'turn 1',
};

describe('WebhookAgent', () => {
  const listener = new Listener();
  const poster = new HttpPoster({ addresses: 'any' });
  const { signal } = new AbortController();
  let agent: WebhookAgent;
  before(async () => {
    agent = new WebhookAgent(await listener.listen(), poster);
  });
  after(() => {
    poster.close();
    listener.close();
  });

  /** Has the webhook answer so from now on. */
  function answer(response: object): void {
    listener.answer = (reply) => reply.end(JSON.stringify(response));
  }

  it('asks what was said, the same each time for the same turn', async () => {
    answer({});
    await agent.reply(query, signal);
    const first = listener.body.toString();
    await agent.reply(query, signal);
    assert.equal(listener.body.toString(), first);
    const { responseId, ...asked } = JSON.parse(first);
    assert.match(responseId, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u);
    assert.deepEqual(asked, {
      session: 'projects/p/agent/sessions/c',
      queryResult: { queryText: 'hello', languageCode: 'en' },
      originalDetectIntentRequest: {
        source: 'parley',
        payload: { user: 'u', parley: { conversation: 'projects/p/conversations/c' } },
      },
    });
    assert.equal(listener.headers['x-tenant'], 't');
  });

  it('says what it answers', async () => {
    answer({
      fulfillmentText: 'not said beside messages',
      fulfillmentMessages: [
        { text: { text: ['One.', 'Or another.'] } },
        { payload: { a: 1 } },
        { platform: 'SLACK', text: { text: ['For Slack.'] } },
        { platform: 'TELEPHONY', telephonyTransferCall: { phoneNumber: '+1555' } },
      ],
      liveAgentHandoff: true,
      endInteraction: true,
    });
    const { reply } = await agent.reply(query, signal);
    const { responseMessages, response } = reply;
    assert.deepEqual(
      responseMessages.map(({ message }) => message.case),
      ['text', 'payload', 'telephonyTransferCall', 'liveAgentHandoff', 'endInteraction'],
    );
    const [first] = responseMessages;
    assert.ok(first?.message.case === 'text');
    assert.deepEqual(first.message.value.text, ['One.']);
    const [, , third] = response.value?.queryResult?.fulfillmentMessages ?? [];
    assert.equal(third?.platform, Platform.SLACK);
  });

  it('says its text where it has no messages', async () => {
    answer({ fulfillmentText: 'Just words.' });
    const { reply } = await agent.reply(query, signal);
    assert.deepEqual(
      reply.responseMessages.map(({ message }) => message.case === 'text' && message.value.text),
      [['Just words.']],
    );
  });

  it('tells whether it is worth while to ask again', async () => {
    for (const [status, transient] of [
      [503, true],
      [429, true],
      [404, false],
    ] as const) {
      listener.answer = (reply) => reply.writeHead(status).end();
      await assert.rejects(agent.reply(query, signal), (error) => {
        assert.ok(error instanceof AgentError);
        assert.equal(error.transient, transient);
        return true;
      });
    }
  });
});
