import { create } from '@bufbuild/protobuf';
import {
  type Conversation,
  type ConversationProfile,
  ConversationSchema,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { toTimestamp } from '../clock.ts';

/**
 * The life of a conversation, as pure steps:
 *
 *   start ──► IN_PROGRESS ──complete, or 24 hours──► COMPLETED
 *
 * A conversation starts in the automated agent stage when its profile names an agent, unless its creator asks for
 * the assist stage at once; without an agent it starts in the assist stage.
 */

/** The stage in which a conversation starts; undefined where the asked-for one is impossible. */
export function initialStage(profile: ConversationProfile, asked: Stage): Stage | undefined {
  const hasAgent = profile.automatedAgentConfig !== undefined;
  switch (asked) {
    case Stage.CONVERSATION_STAGE_UNSPECIFIED:
      return hasAgent ? Stage.VIRTUAL_AGENT_STAGE : Stage.HUMAN_ASSIST_STAGE;
    case Stage.HUMAN_ASSIST_STAGE:
      return Stage.HUMAN_ASSIST_STAGE;
    case Stage.VIRTUAL_AGENT_STAGE:
      return hasAgent ? Stage.VIRTUAL_AGENT_STAGE : undefined;
    default:
      return undefined;
  }
}

/** A conversation that begins now, with a copy of its profile as it is now. `now` in microseconds. */
export function start(
  asked: Conversation,
  profile: ConversationProfile,
  stage: Stage,
  now: number,
): Conversation {
  return create(ConversationSchema, {
    ...asked,
    lifecycleState: State.IN_PROGRESS,
    conversationStage: stage,
    startTime: toTimestamp(now),
    initialConversationProfile: profile,
  });
}

/** Ends a conversation; one that has ended stays as it is, end_time included. `now` in microseconds. */
export function complete(conversation: Conversation, now: number): void {
  if (conversation.lifecycleState === State.COMPLETED) return;
  conversation.lifecycleState = State.COMPLETED;
  conversation.endTime = toTimestamp(now);
}
