import { ConversationSchema, Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { decodeNamed } from '../storage/named-message.ts';
import {
  ConflictError,
  type NamedResource,
  type Store,
  type StoredResource,
  type StoredTimer,
} from '../storage/store.ts';
import { encodeHold, holdKey, purgeByServer, purgeKey, type Retention } from './retention.ts';

/** The kind of the timer that a migration leaves behind: the data are of a version which purged nothing. */
export const RETAIN = 'retain';

/** Resources that are looked at in one step. */
const STEP = 100;

/** The display name of the profile that `parley import` makes. */
const IMPORT_PROFILE = 'parley import';

const HOLD_REASON = 'imported before conversations were purged';

/**
 * One step through all that is stored: conversations that are over get the timers that purge them, and those that were
 * imported are held, since whoever imported them was not asked. How far it came lies in the timer, so that it goes on
 * after a restart. `others` does the same for resources that are no conversations.
 */
export async function retainByTimer(
  store: Store,
  timer: StoredTimer,
  {
    retention,
    now,
    others,
  }: {
    readonly retention: Retention;
    /** By the system's clock: nobody had another one by then. In microseconds. */
    readonly now: number;
    readonly others: (resource: NamedResource) => Promise<void>;
  },
): Promise<void> {
  const after = new TextDecoder().decode(timer.data) || undefined;
  const resources = await store.walk(after, STEP);
  await Promise.all(
    resources.map((resource) =>
      isConversation(resource) ? retain(store, resource, retention, now) : others(resource),
    ),
  );
  const last = resources.at(-1);
  const { key, partition } = timer;
  if (last === undefined) await store.commit({ partition, unschedule: [key] });
  else {
    const data = new TextEncoder().encode(last.name);
    await store.commit({ partition, schedule: [{ ...timer, data }] });
  }
}

/** Whether what lies in the store is a conversation. */
export function isConversation({ name, id }: NamedResource): boolean {
  return name.endsWith(`/conversations/${id}`);
}

/** Looks again where somebody else was faster. */
async function retain(
  store: Store,
  { name }: NamedResource,
  retention: Retention,
  now: number,
): Promise<void> {
  for (;;) {
    const stored = await store.get(name);
    if (stored === undefined || (await store.getTimer(purgeKey(name))) !== undefined) return;
    try {
      await retainOne(store, name, stored, retention, now);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

async function retainOne(
  store: Store,
  name: string,
  stored: StoredResource,
  retention: Retention,
  now: number,
): Promise<void> {
  const { initialConversationProfile: profile } = decodeNamed(ConversationSchema, '', stored.body);
  const isOver = stored.state === State.COMPLETED;
  const isHeld = (await store.getState(holdKey(name))) !== undefined;
  const mustBeHeld = profile?.displayName === IMPORT_PROFILE && !isHeld;
  const hold = { name: holdKey(name), body: encodeHold(HOLD_REASON, now) };
  await store.commit({
    partition: name,
    expect: [
      { name, version: stored.version },
      ...(mustBeHeld ? [{ name: hold.name, absent: true as const }] : []),
    ],
    put: mustBeHeld ? [hold] : [],
    schedule: isOver ? purgeByServer(name, stored, retention) : [],
  });
}
