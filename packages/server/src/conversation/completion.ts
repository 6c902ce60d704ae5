import { toBinary } from '@bufbuild/protobuf';
import { ConversationSchema, Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { CONVERSATION_LIFE_MAX } from '../limits.ts';
import { decodeNamed } from '../storage/named-message.ts';
import { type Change, ConflictError, type Store, type StoredResource, type Timer } from '../storage/store.ts';
import { complete } from './lifecycle.ts';

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
 * that were made before there were such timers have none.
 */
export async function completionOf(
  store: Store,
  conversation: string,
  stored: StoredResource,
  now: number,
): Promise<Change & { readonly body: Uint8Array }> {
  const message = decodeNamed(ConversationSchema, '', stored.body);
  complete(message, now);
  const body = toBinary(ConversationSchema, message);
  const timer = await store.getTimer(timerKey(conversation));
  return {
    partition: conversation,
    expect: [{ name: conversation, version: stored.version }],
    put: [{ name: conversation, state: State.COMPLETED, body }],
    ...(timer !== undefined && { unschedule: [timer.key] }),
    body,
  };
}

/** What a timer of the kind `COMPLETION` is for. Throws ConflictError where somebody else was faster. */
export async function completeByTimer(store: Store, { key }: Timer, now: number): Promise<void> {
  const conversation = key.slice(COMPLETION.length + 1);
  const stored = await store.get(conversation);
  const isOver = stored === undefined || stored.state === State.COMPLETED;
  try {
    if (isOver) await store.commit({ partition: conversation, unschedule: [key] });
    else await store.commit(await completionOf(store, conversation, stored, now));
  } catch (error) {
    // Either it was ended meanwhile, and the timer with it, or it is still due: then it is tried again.
    if (!(error instanceof ConflictError)) throw error;
  }
}

function timerKey(conversation: string): string {
  return `${COMPLETION} ${conversation}`;
}
