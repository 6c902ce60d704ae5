import { create } from '@bufbuild/protobuf';
import {
  type Conversation,
  type ConversationProfile,
  ConversationSchema,
  ConversationEvent_Type as EventType,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { toTimestamp } from '../clock.ts';

/**
 * The life of a conversation, as pure steps.
 *
 *                 created with an agent               created without one, or past it
 *                          │                                         │
 *                          ▼               hand-off                  ▼
 *   IN_PROGRESS   VIRTUAL_AGENT_STAGE ───────────────────► HUMAN_ASSIST_STAGE
 *                          │                                         │
 *                          │       by call, or 24 h after start      │
 *                          ▼                                         ▼
 *   COMPLETED     VIRTUAL_AGENT_STAGE                      HUMAN_ASSIST_STAGE
 *                          └──────────── 30 d after end ─────────────┘
 *                                             ▼
 *                                          PURGED
 *
 * Nothing leads back: neither from the assist stage to the agent, nor from COMPLETED to IN_PROGRESS.
 */

/** Where in its life a conversation is: its lifecycle state and its stage, or gone. */
export type Place =
  | 'IN_PROGRESS VIRTUAL_AGENT_STAGE'
  | 'IN_PROGRESS HUMAN_ASSIST_STAGE'
  | 'COMPLETED VIRTUAL_AGENT_STAGE'
  | 'COMPLETED HUMAN_ASSIST_STAGE'
  | 'PURGED';

/** What can happen to it. */
export type Happening =
  /** The END_USER says something. */
  | 'USER_SPEAKS'
  /** Anybody else does. */
  | 'OTHER_SPEAKS'
  /** The END_USER sends an event, for the agent to act on. */
  | 'USER_SENDS_EVENT'
  /** Anybody else does. */
  | 'OTHER_SENDS_EVENT'
  /** Messages come that were said elsewhere. */
  | 'MESSAGES_ARRIVE'
  /** A participant joins, or changes. */
  | 'PARTICIPANT_CHANGES'
  /** More is known of it than what is said in it. */
  | 'REFERENCES_ARRIVE'
  /** The agent has answered, and goes on. */
  | 'AGENT_REPLIES'
  /** The agent has answered, and hands over to a human. */
  | 'AGENT_HANDS_OFF'
  | 'COMPLETE_IS_CALLED'
  | 'DAY_IS_OVER'
  | 'RETENTION_IS_OVER';

/** What comes of it: where the conversation is then, and what is to be done, or why it does not happen. */
export type Step =
  | {
      readonly to: Place;
      /** What follows: the agent is asked, suggestions are made, or nothing more. */
      readonly then: 'ASK_AGENT' | 'SUGGEST' | 'NOTHING';
      /** What others are told. */
      readonly tells: readonly EventType[];
    }
  | { readonly refuses: Refusal };

/** Why something does not happen to a conversation. */
export type Refusal = 'NOT_FOUND' | 'CONVERSATION_COMPLETED' | 'NO_AGENT_LISTENS' | 'NOT_DUE';

/** What happens, or does not, in both stages alike. */
export type StagelessHappening = Extract<
  Happening,
  | 'OTHER_SPEAKS'
  | 'MESSAGES_ARRIVE'
  | 'PARTICIPANT_CHANGES'
  | 'REFERENCES_ARRIVE'
  | 'COMPLETE_IS_CALLED'
  | 'DAY_IS_OVER'
  | 'RETENTION_IS_OVER'
>;

const { CONVERSATION_FINISHED, HUMAN_INTERVENTION_NEEDED } = EventType;

const go = (
  to: Place,
  then: 'ASK_AGENT' | 'SUGGEST' | 'NOTHING' = 'NOTHING',
  ...tells: EventType[]
): Step => ({
  to,
  then,
  tells,
});
const COMPLETED: Step = { refuses: 'CONVERSATION_COMPLETED' };
const GONE: Step = { refuses: 'NOT_FOUND' };
const NO_AGENT: Step = { refuses: 'NO_AGENT_LISTENS' };
const NOT_DUE: Step = { refuses: 'NOT_DUE' };

/** Every cell of place and happening. */
const table: Readonly<Record<Place, Readonly<Record<Happening, Step>>>> = {
  'IN_PROGRESS VIRTUAL_AGENT_STAGE': {
    USER_SPEAKS: go('IN_PROGRESS VIRTUAL_AGENT_STAGE', 'ASK_AGENT'),
    OTHER_SPEAKS: go('IN_PROGRESS VIRTUAL_AGENT_STAGE'),
    USER_SENDS_EVENT: go('IN_PROGRESS VIRTUAL_AGENT_STAGE', 'ASK_AGENT'),
    OTHER_SENDS_EVENT: NO_AGENT,
    MESSAGES_ARRIVE: go('IN_PROGRESS VIRTUAL_AGENT_STAGE'),
    PARTICIPANT_CHANGES: go('IN_PROGRESS VIRTUAL_AGENT_STAGE'),
    REFERENCES_ARRIVE: go('IN_PROGRESS VIRTUAL_AGENT_STAGE'),
    AGENT_REPLIES: go('IN_PROGRESS VIRTUAL_AGENT_STAGE'),
    AGENT_HANDS_OFF: go('IN_PROGRESS HUMAN_ASSIST_STAGE', 'NOTHING', HUMAN_INTERVENTION_NEEDED),
    COMPLETE_IS_CALLED: go('COMPLETED VIRTUAL_AGENT_STAGE', 'NOTHING', CONVERSATION_FINISHED),
    DAY_IS_OVER: go('COMPLETED VIRTUAL_AGENT_STAGE', 'NOTHING', CONVERSATION_FINISHED),
    RETENTION_IS_OVER: NOT_DUE,
  },
  'IN_PROGRESS HUMAN_ASSIST_STAGE': {
    USER_SPEAKS: go('IN_PROGRESS HUMAN_ASSIST_STAGE', 'SUGGEST'),
    OTHER_SPEAKS: go('IN_PROGRESS HUMAN_ASSIST_STAGE', 'SUGGEST'),
    USER_SENDS_EVENT: NO_AGENT,
    OTHER_SENDS_EVENT: NO_AGENT,
    MESSAGES_ARRIVE: go('IN_PROGRESS HUMAN_ASSIST_STAGE'),
    PARTICIPANT_CHANGES: go('IN_PROGRESS HUMAN_ASSIST_STAGE'),
    REFERENCES_ARRIVE: go('IN_PROGRESS HUMAN_ASSIST_STAGE'),
    // One that was asked before the hand-off has nothing more to say.
    AGENT_REPLIES: NO_AGENT,
    AGENT_HANDS_OFF: NO_AGENT,
    COMPLETE_IS_CALLED: go('COMPLETED HUMAN_ASSIST_STAGE', 'NOTHING', CONVERSATION_FINISHED),
    DAY_IS_OVER: go('COMPLETED HUMAN_ASSIST_STAGE', 'NOTHING', CONVERSATION_FINISHED),
    RETENTION_IS_OVER: NOT_DUE,
  },
  'COMPLETED VIRTUAL_AGENT_STAGE': completed('COMPLETED VIRTUAL_AGENT_STAGE'),
  'COMPLETED HUMAN_ASSIST_STAGE': completed('COMPLETED HUMAN_ASSIST_STAGE'),
  PURGED: {
    USER_SPEAKS: GONE,
    OTHER_SPEAKS: GONE,
    USER_SENDS_EVENT: GONE,
    OTHER_SENDS_EVENT: GONE,
    MESSAGES_ARRIVE: GONE,
    PARTICIPANT_CHANGES: GONE,
    REFERENCES_ARRIVE: GONE,
    AGENT_REPLIES: GONE,
    AGENT_HANDS_OFF: GONE,
    COMPLETE_IS_CALLED: GONE,
    DAY_IS_OVER: GONE,
    RETENTION_IS_OVER: GONE,
  },
};

/** A conversation that has ended takes nothing new; to end it again is told again, and changes nothing. */
function completed(place: Place): Readonly<Record<Happening, Step>> {
  return {
    USER_SPEAKS: COMPLETED,
    OTHER_SPEAKS: COMPLETED,
    USER_SENDS_EVENT: COMPLETED,
    OTHER_SENDS_EVENT: COMPLETED,
    MESSAGES_ARRIVE: COMPLETED,
    PARTICIPANT_CHANGES: COMPLETED,
    REFERENCES_ARRIVE: COMPLETED,
    AGENT_REPLIES: COMPLETED,
    AGENT_HANDS_OFF: COMPLETED,
    COMPLETE_IS_CALLED: go(place, 'NOTHING', CONVERSATION_FINISHED),
    DAY_IS_OVER: NOT_DUE,
    RETENTION_IS_OVER: go('PURGED'),
  };
}

export const places = Object.keys(table) as readonly Place[];
export const happenings = Object.keys(table.PURGED) as readonly Happening[];

/** What comes of a happening. */
export function step(place: Place, happening: Happening): Step {
  return table[place][happening];
}

/**
 * Why something does not happen to a conversation of which only its lifecycle state is at hand, undefined where there is
 * none; undefined where it does happen.
 */
export function refusalOf(state: State | undefined, happening: StagelessHappening): Refusal | undefined {
  const next = step(state === undefined ? 'PURGED' : placeIn(state, Stage.HUMAN_ASSIST_STAGE), happening);
  return 'refuses' in next ? next.refuses : undefined;
}

/** Where a conversation is, which is there. */
export function placeOf({ lifecycleState, conversationStage }: Conversation): Place {
  return placeIn(lifecycleState, conversationStage);
}

function placeIn(lifecycleState: State, conversationStage: Stage): Place {
  const state = lifecycleState === State.COMPLETED ? 'COMPLETED' : 'IN_PROGRESS';
  const stage =
    conversationStage === Stage.VIRTUAL_AGENT_STAGE ? 'VIRTUAL_AGENT_STAGE' : 'HUMAN_ASSIST_STAGE';
  return `${state} ${stage}`;
}

/**
 * The stage in which a conversation starts: the automated agent stage when its profile names an agent, unless its
 * creator asks for the assist stage at once; undefined where the asked-for one is impossible.
 */
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

/** Moves a conversation to where a step leads, at `now` (microseconds). The end of one that has ended stays. */
export function move(conversation: Conversation, to: Exclude<Place, 'PURGED'>, now: number): void {
  const [state, stage] = to.split(' ') as ['IN_PROGRESS' | 'COMPLETED', keyof typeof Stage];
  if (state === 'COMPLETED' && conversation.lifecycleState !== State.COMPLETED) {
    conversation.endTime = toTimestamp(now);
  }
  conversation.lifecycleState = State[state];
  conversation.conversationStage = Stage[stage];
}

/**
 * Ends a conversation, and answers what others are told of that; one that has ended stays as it is, end_time included.
 * `now` in microseconds.
 */
export function complete(conversation: Conversation, now: number): readonly EventType[] {
  const next = step(placeOf(conversation), 'COMPLETE_IS_CALLED');
  if ('refuses' in next) return [];
  if (next.to !== 'PURGED') move(conversation, next.to, now);
  return next.tells;
}
