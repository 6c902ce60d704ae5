import { create, type DescMessage, type MessageShape, toBinary, toJsonString } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  Conversation_ConversationStage,
  Conversation_LifecycleState,
  ConversationSchema,
  ListMessagesResponseSchema,
  Participant_Role,
} from '@parleykit/proto/v2beta1';

/** What every call of the benchmark asks for. */
export const CONVERSATION = 'projects/demo-project/locations/global/conversations/c-0123456789abcdef';

/** An answer, ready for both wires. */
export interface Answer {
  readonly proto: Buffer;
  readonly json: Buffer;
}

const START = 1_790_000_000_005;

/** Of GetConversation. */
export function conversationAnswer(): Answer {
  return ready(
    ConversationSchema,
    create(ConversationSchema, {
      name: CONVERSATION,
      lifecycleState: Conversation_LifecycleState.IN_PROGRESS,
      conversationProfile: 'projects/demo-project/locations/global/conversationProfiles/demo',
      startTime: timestampFromMs(START),
      conversationStage: Conversation_ConversationStage.HUMAN_ASSIST_STAGE,
    }),
  );
}

/** Of ListMessages: as many messages of about 200 letters. */
export function messagesAnswer(count: number): Answer {
  const participant = `${CONVERSATION}/participants/end-user-1`;
  return ready(
    ListMessagesResponseSchema,
    create(ListMessagesResponseSchema, {
      messages: Array.from({ length: count }, (_, index) => ({
        name: `${CONVERSATION}/messages/m-${index}`,
        content: `message ${index}: where is the order that I placed last week, and when will it arrive?`,
        languageCode: 'en-US',
        participant,
        participantRole: Participant_Role.END_USER,
        createTime: timestampFromMs(START + index),
        sendTime: timestampFromMs(START - index),
      })),
    }),
  );
}

function ready<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Answer {
  return { proto: Buffer.from(toBinary(desc, message)), json: Buffer.from(toJsonString(desc, message)) };
}
