import { toBinary } from '@bufbuild/protobuf';
import {
  type ConversationProfile,
  ConversationSchema,
  type ConversationEvent_Type as EventType,
} from '@parleykit/proto/v2beta1';
import { CONVERSATION_LIFE_MAX } from '../limits.ts';
import { decodeNamed } from '../storage/named-message.ts';
import {
  type Change,
  ConflictError,
  type NewEvent,
  type Store,
  type StoredResource,
  type Timer,
} from '../storage/store.ts';
import { complete, refusalOf } from './lifecycle.ts';
import { keepingOf, purgeTimers, type Retention } from './retention.ts';

/** The kind of the timer that every conversation has while it is in progress. */
export const COMPLETION = 'complete';

/** Ends a conversation that nobody ends. By its canonical name and its start in microseconds. */
export function completionTimer(conversation: string, start: number): Timer {
  return {
    key: timerKey(conversation),
    due: start + CONVERSATION_LIFE_MAX,
    kind: COMPLETION,
    data: new Uint8Array(),
  };
}

/** What is told of a step in a conversation's life: with its commit, and by `done` once that is done. */
export type Tell = (
  type: EventType,
  conversation: string,
  profile: ConversationProfile | undefined,
  now: number,
) => { readonly emit: readonly NewEvent[]; done(): void };

/**
 * What ends a conversation, as it is stored, at `now` (microseconds). Its timer goes with it, where it has one: those
 * that were made before there were such timers have none. Another one purges it when its retention is over: that of its
 * profile, else the one that is given. To end it once more changes nothing, but is told again.
 */
export async function completionOf(
  store: Store,
  conversation: string,
  stored: StoredResource,
  now: number,
  { fallback, tell }: { readonly fallback: Retention; readonly tell: Tell },
): Promise<Change & { readonly body: Uint8Array; done(): void }> {
  const message = decodeNamed(ConversationSchema, '', stored.body);
  const { initialConversationProfile: profile } = message;
  // A clock that was set back since it began makes it no shorter than nothing.
  const end = Math.max(now, stored.ordering ?? now);
  const tellings = complete(message, end).map((type) => tell(type, conversation, profile, now));
  const common = {
    partition: conversation,
    expect: [{ name: conversation, version: stored.version }],
    emit: tellings.flatMap(({ emit }) => emit),
    done: () => {
      for (const { done } of tellings) done();
    },
  };
  if (message.lifecycleState === stored.state) return { ...common, body: stored.body };
  const body = toBinary(ConversationSchema, message);
  const timer = await store.getTimer(timerKey(conversation));
  const keeping = await keepingOf(store, message.conversationProfile, fallback);
  return {
    ...common,
    put: [{ name: conversation, state: message.lifecycleState, body }],
    ...(timer !== undefined && { unschedule: [timer.key] }),
    schedule: purgeTimers(conversation, end, keeping),
    body,
  };
}

/**
 * What a timer of the kind `COMPLETION` is for: the conversation ends when it was due, however late that is done. Where
 * somebody else was faster there is nothing to do.
 */
export async function completeByTimer(
  store: Store,
  { key, due }: Timer,
  parts: { readonly fallback: Retention; readonly tell: Tell },
): Promise<void> {
  const conversation = key.slice(COMPLETION.length + 1);
  const stored = await store.get(conversation);
  const isOver = stored === undefined || refusalOf(stored.state, 'DAY_IS_OVER') !== undefined;
  try {
    if (isOver) await store.commit({ partition: conversation, unschedule: [key] });
    else {
      const { body: _body, done, ...change } = await completionOf(store, conversation, stored, due, parts);
      await store.commit(change);
      done();
    }
  } catch (error) {
    // Either it was ended meanwhile, and the timer with it, or it is still due: then it is tried again.
    if (!(error instanceof ConflictError)) throw error;
  }
}

function timerKey(conversation: string): string {
  return `${COMPLETION} ${conversation}`;
}
