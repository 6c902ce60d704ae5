import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  DetectIntentResponseSchema,
  Intent_Message_Platform as Platform,
  QueryParametersSchema,
  type QueryResultSchema,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
} from '@parleykit/proto/v2beta1';
import { toAgentReply } from './agent-reply.ts';
import { newSession } from './converse.ts';

function reply(queryResult: MessageInitShape<typeof QueryResultSchema>, event?: string, platform = '') {
  const response = create(DetectIntentResponseSchema, { responseId: 'r', queryResult });
  return toAgentReply(
    { response, session: newSession(), event },
    create(QueryParametersSchema, { platform }),
  );
}

/** What is said, as pairs of a kind and its content. */
function saidIn({ responseMessages }: ReturnType<typeof reply>): unknown[] {
  return responseMessages.map(({ message }) => {
    if (message.case === 'text') return ['text', ...message.value.text];
    if (message.case === 'telephonyTransferCall') return ['transfer', message.value.endpoint.value];
    return message.case === 'payload' ? ['payload', message.value] : message.case;
  });
}

const text = (words: string, platform = Platform.PLATFORM_UNSPECIFIED) => ({
  platform,
  message: { case: 'text' as const, value: { text: [words] } },
});

describe('toAgentReply()', () => {
  it('says what the result says, in its order, and then what becomes of the conversation', () => {
    const answer = reply({
      fulfillmentText: 'One.',
      fulfillmentMessages: [
        text('One.'),
        { message: { case: 'payload', value: { a: 1 } } },
        text(''),
        text('Two.'),
        text('For Slack.', Platform.SLACK),
        {
          platform: Platform.TELEPHONY,
          message: { case: 'telephonyTransferCall', value: { phoneNumber: '+1555' } },
        },
      ],
      intent: { name: 'projects/p/agent/intents/i', liveAgentHandoff: true, endInteraction: true },
      intentDetectionConfidence: 0.75,
      parameters: { a: 'b' },
    });
    assert.deepEqual(saidIn(answer), [
      ['text', 'One.'],
      ['payload', { a: 1 }],
      ['text', 'Two.'],
      ['transfer', '+1555'],
      'liveAgentHandoff',
      'endInteraction',
    ]);
    assert.deepEqual(answer.match, { case: 'intent', value: 'projects/p/agent/intents/i' });
    assert.equal(answer.matchConfidence, 0.75);
    assert.deepEqual(answer.parameters, { a: 'b' });
    assert.equal(answer.automatedAgentReplyType, ReplyType.FINAL);
    assert.equal(answer.response.value?.responseId, 'r');
  });

  it('names the event where one triggered the intent', () => {
    assert.deepEqual(reply({ intent: { name: 'i' } }, 'WELCOME').match, { case: 'event', value: 'WELCOME' });
  });

  it('says the text of a result that has only messages which conversations do not know', () => {
    const card = { message: { case: 'card' as const, value: { title: 'Card' } } };
    assert.deepEqual(saidIn(reply({ fulfillmentText: 'In words.', fulfillmentMessages: [card] })), [
      ['text', 'In words.'],
    ]);
  });

  it('says what is for the platform that was asked for', () => {
    const fulfillmentMessages = [text('For Slack.', Platform.SLACK)];
    assert.deepEqual(saidIn(reply({ fulfillmentText: 'All.', fulfillmentMessages }, undefined, 'SLACK')), [
      ['text', 'For Slack.'],
    ]);
  });

  it('says nothing where nothing is said', () => {
    const answer = reply({});
    assert.deepEqual(answer.responseMessages, []);
    assert.equal(answer.match.case, undefined);
  });
});
