import { create } from '@bufbuild/protobuf';
import {
  type AutomatedAgentReply,
  AutomatedAgentReplySchema,
  Intent_Message_Platform,
  type QueryParameters,
  AutomatedAgentReply_AutomatedAgentReplyType as ReplyType,
} from '@parleykit/proto/v2beta1';
import { textResponse, toResponseMessages, toSignals } from '../response-messages.ts';
import type { DialogueResult } from './dialogue-query.ts';

/** What came of a query, as a participant of a conversation says it. */
export function toAgentReply(
  { response, event }: DialogueResult,
  queryParams?: QueryParameters | undefined,
): AutomatedAgentReply {
  const { queryResult } = response;
  const messages = queryResult?.fulfillmentMessages ?? [];
  const text = queryResult?.fulfillmentText ?? '';
  const said = toResponseMessages(messages, platformOf(queryParams));
  // Rich messages of other platforms are not words: the text that stands for all of them is.
  const isSaid = said.some(({ message }) => message.case === 'text');
  const words = isSaid || text === '' ? [] : [textResponse(text)];
  const intent = queryResult?.intent;
  return create(AutomatedAgentReplySchema, {
    response: { case: 'detectIntentResponse', value: response },
    responseMessages: [...words, ...said, ...(intent === undefined ? [] : toSignals(intent))],
    ...(intent !== undefined && { match: { case: 'intent', value: intent.name } }),
    ...(event !== undefined && { match: { case: 'event', value: event } }),
    matchConfidence: queryResult?.intentDetectionConfidence ?? 0,
    ...(queryResult?.parameters && { parameters: queryResult.parameters }),
    automatedAgentReplyType: ReplyType.FINAL,
  });
}

function platformOf(queryParams: QueryParameters | undefined): Intent_Message_Platform {
  const wanted = queryParams?.platform ?? '';
  if (wanted === '') return Intent_Message_Platform.PLATFORM_UNSPECIFIED;
  const known = Object.entries(Intent_Message_Platform).find(([name]) => name === wanted)?.[1];
  return typeof known === 'number' ? known : Intent_Message_Platform.PLATFORM_UNSPECIFIED;
}
