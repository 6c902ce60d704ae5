import { ConversationSchema, Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { decodeNamed } from '../storage/named-message.ts';
import {
  ConflictError,
  SERVER_PARTITION,
  type Store,
  type StoredResource,
  type StoredTimer,
} from '../storage/store.ts';
import {
  followsServer,
  holdKey,
  keepingOf,
  NEVER,
  park,
  purgeByServer,
  purgeKey,
  type Retention,
  unpark,
} from './retention.ts';
import { isConversation, RETAIN } from './retention-upgrade.ts';

/** The kind of the one timer that remembers the server's retention, and is due while conversations follow a new one. */
export const FOLLOW = 'follow retention';

const FOREVER = 'forever';

/** Resources that are looked at in one step. */
const STEP = 100;

/** Until it is looked again whether old data are brought up to date, in microseconds. */
const PAUSE = 60 * 1_000_000;

/** What the timer knows: the setting, and where a walk through all that is stored has come to. */
interface Walk {
  readonly setting: string;
  readonly after?: string;
}

/**
 * Has conversations that are over follow the server's retention, where it is another than at the start before; then it
 * answers what both are, for people. It lasts, and is gone through in steps by the timer. One that is shorter and that
 * nobody has asked for holds only for those that end from now on: who forgets a flag is not to lose anything.
 */
export async function followRetention(
  store: Store,
  retention: Retention,
  { isGiven }: { readonly isGiven: boolean },
): Promise<{ readonly from: string; readonly to: string; readonly isFollowed: boolean } | undefined> {
  const setting = settingOf(retention);
  const timer = await store.getTimer(FOLLOW);
  const before = timer && read(timer).setting;
  if (before === setting) return undefined;
  const isFollowed = isGiven || before === undefined || lengthOf(setting) > lengthOf(before);
  if (isFollowed) await schedule(store, 0, { setting });
  return before === undefined ? undefined : { from: before, to: setting, isFollowed };
}

/**
 * One step. What is purged as a policy says, or is in progress, is left alone. Old data are brought up to date first: what
 * is to be held must be, before anything purges it. `now` in microseconds, by the system's clock.
 */
export async function followByTimer(store: Store, timer: StoredTimer, now: number): Promise<void> {
  const { setting, after } = read(timer);
  const retention = setting === FOREVER ? undefined : lengthOf(setting) * 1_000_000;
  if ((await store.getTimer(RETAIN)) !== undefined) {
    await schedule(store, now + PAUSE, { setting });
    return;
  }
  const resources = await store.walk(after, STEP);
  const conversations = resources.filter(isConversation);
  await Promise.all(conversations.map(({ name }) => follow(store, name, retention)));
  const last = resources.at(-1);
  if (last === undefined) await schedule(store, NEVER, { setting });
  else await schedule(store, timer.due, { setting, after: last.name });
}

/** Looks again where somebody else was faster. */
async function follow(store: Store, name: string, retention: Retention): Promise<void> {
  for (;;) {
    try {
      await followOnce(store, name, retention);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

async function followOnce(store: Store, name: string, retention: Retention): Promise<void> {
  const stored = await store.get(name);
  if (stored?.state !== State.COMPLETED) return;
  const timer = await store.getTimer(purgeKey(name));
  const hold = await store.get(holdKey(name));
  const [wanted] = purgeByServer(name, stored, retention);
  if (timer === undefined ? wanted === undefined : wanted?.due === unpark(timer).due) return;
  if (!(await isServers(store, stored, timer))) return;
  const isSame = hold === undefined ? { absent: true as const } : { version: hold.version };
  await store.commit({
    partition: name,
    expect: [
      { name, version: stored.version },
      { name: holdKey(name), ...isSame },
    ],
    // Who releases it meanwhile must look again, and then finds the purge as it is now.
    put: hold === undefined ? [] : [{ name: holdKey(name), body: hold.body }],
    ...(wanted === undefined
      ? { unschedule: [purgeKey(name)] }
      : { schedule: [hold === undefined ? wanted : park(wanted)] }),
  });
}

/** Whether it is the server's setting which says how long a conversation is kept that is over. */
async function isServers(
  store: Store,
  { body }: StoredResource,
  timer: StoredTimer | undefined,
): Promise<boolean> {
  if (timer !== undefined) return followsServer(timer);
  const { conversationProfile } = decodeNamed(ConversationSchema, '', body);
  return (await keepingOf(store, conversationProfile, undefined)).by === 'server';
}

function settingOf(retention: Retention): string {
  return retention === undefined ? FOREVER : `${retention / 1_000_000}s`;
}

/** Of a setting, in seconds. */
function lengthOf(setting: string): number {
  return setting === FOREVER ? Number.POSITIVE_INFINITY : Number.parseInt(setting, 10);
}

function read({ data }: StoredTimer): Walk {
  return JSON.parse(new TextDecoder().decode(data)) as Walk;
}

async function schedule(store: Store, due: number, walk: Walk): Promise<void> {
  const data = new TextEncoder().encode(JSON.stringify(walk));
  const timer = { key: FOLLOW, kind: FOLLOW, due, bySystem: true as const, data };
  await store.commit({ partition: SERVER_PARTITION, schedule: [timer] });
}
