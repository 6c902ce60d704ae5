import { create, type JsonObject } from '@bufbuild/protobuf';
import {
  type Intent_Message,
  Intent_Message_Platform,
  type ResponseMessage,
  ResponseMessageSchema,
} from '@parleykit/proto/v2beta1';

/**
 * Of the messages of intents and webhooks, those that conversations know. One of several variants is said; of messages
 * for platforms, calls are transferred on all of them.
 */
export function toResponseMessages(
  messages: readonly Intent_Message[],
  platform = Intent_Message_Platform.PLATFORM_UNSPECIFIED,
): ResponseMessage[] {
  return messages.flatMap(({ message, platform: own }): ResponseMessage[] => {
    if (message.case === 'telephonyTransferCall') {
      return [transferTo(message.value.phoneNumber)];
    }
    if (own !== platform) return [];
    if (message.case === 'text') return message.value.text.slice(0, 1).filter(Boolean).map(textResponse);
    return message.case === 'payload' ? [payloadResponse(message.value)] : [];
  });
}

/** That the conversation is handed over, or at its end for the agent. */
export function toSignals(signals: {
  readonly liveAgentHandoff: boolean;
  readonly endInteraction: boolean;
}): ResponseMessage[] {
  return (['liveAgentHandoff', 'endInteraction'] as const)
    .filter((signal) => signals[signal])
    .map((signal) => create(ResponseMessageSchema, { message: { case: signal, value: {} } }));
}

export function textResponse(words: string): ResponseMessage {
  return create(ResponseMessageSchema, { message: { case: 'text', value: { text: [words] } } });
}

function payloadResponse(value: JsonObject): ResponseMessage {
  return create(ResponseMessageSchema, { message: { case: 'payload', value } });
}

function transferTo(phoneNumber: string): ResponseMessage {
  return create(ResponseMessageSchema, {
    message: {
      case: 'telephonyTransferCall',
      value: { endpoint: { case: 'phoneNumber', value: phoneNumber } },
    },
  });
}
