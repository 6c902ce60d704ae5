import { toBinary } from '@bufbuild/protobuf';
import { ConversationSchema, Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { CONVERSATION_LIFE_MAX } from '../limits.ts';
import { decodeNamed } from '../storage/named-message.ts';
import { type Change, ConflictError, type Store, type StoredResource, type Timer } from '../storage/store.ts';
import { complete } from './lifecycle.ts';
import { purgeTimer, type Retention, retentionOf } from './retention.ts';

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

/**
 * What ends a conversation, as it is stored, at `now` (microseconds). Its timer goes with it, where it has one: those
 * that were made before there were such timers have none. Another one purges it when its retention is over: that of its
 * profile, else the one that is given.
 */
export async function completionOf(
  store: Store,
  conversation: string,
  stored: StoredResource,
  now: number,
  fallback: Retention,
): Promise<Change & { readonly body: Uint8Array }> {
  const message = decodeNamed(ConversationSchema, '', stored.body);
  // A clock that was set back since it began makes it no shorter than nothing.
  const end = Math.max(now, stored.ordering ?? now);
  complete(message, end);
  const body = toBinary(ConversationSchema, message);
  const timer = await store.getTimer(timerKey(conversation));
  const retention = await retentionOf(store, message.conversationProfile, fallback);
  return {
    partition: conversation,
    expect: [{ name: conversation, version: stored.version }],
    put: [{ name: conversation, state: State.COMPLETED, body }],
    ...(timer !== undefined && { unschedule: [timer.key] }),
    schedule: retention === undefined ? [] : [purgeTimer(conversation, end, retention)],
    body,
  };
}

/** What a timer of the kind `COMPLETION` is for: the conversation ends when it was due, however late that is done. */
export async function completeByTimer(store: Store, { key, due }: Timer, fallback: Retention): Promise<void> {
  const conversation = key.slice(COMPLETION.length + 1);
  const stored = await store.get(conversation);
  const isOver = stored === undefined || stored.state === State.COMPLETED;
  try {
    if (isOver) await store.commit({ partition: conversation, unschedule: [key] });
    else await store.commit(await completionOf(store, conversation, stored, due, fallback));
  } catch (error) {
    // Either it was ended meanwhile, and the timer with it, or it is still due: then it is tried again.
    if (!(error instanceof ConflictError)) throw error;
  }
}

function timerKey(conversation: string): string {
  return `${COMPLETION} ${conversation}`;
}
