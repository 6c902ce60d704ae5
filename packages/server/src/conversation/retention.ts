import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HoldSchema, type RetentionPolicy, RetentionPolicySchema } from '@parleykit/proto/admin';
import { ConversationSchema } from '@parleykit/proto/v2beta1';
import { toMicroseconds, toTimestamp } from '../clock.ts';
import { CLOCK_TIME_MAX, PAGE_BYTES_MAX, RETENTION_MAX } from '../limits.ts';
import { readResourceName } from '../resource-names.ts';
import { decodeNamed } from '../storage/named-message.ts';
import {
  ConflictError,
  type Eraser,
  type Store,
  type StoredResource,
  type StoredTimer,
  type Timer,
} from '../storage/store.ts';
import { refusalOf } from './lifecycle.ts';

/**
 * What becomes of a conversation that is over:
 *
 *   COMPLETED ──end_time + retention──► purged: gone for everybody, and its name is free
 *
 * A hold keeps it. Its timer is there all the same, and waits beyond all times until the hold is released. What a profile's
 * policy says at the end holds for good; where there is none, the server's setting holds as it is now, not as it was.
 */

/** The kind of the timer that every completed conversation has which the server does not keep for ever. */
export const PURGE = 'purge';

/** The kind of the one timer that erases what purged conversations have left. */
export const ERASE = 'erase';

export const ERASER: Eraser = { key: ERASE, kind: ERASE };

/** Rows that are erased in one commit: others wait for it no longer than for a batch of messages. */
const ERASE_ROWS = 400;

/**
 * From one such commit to the next, in microseconds. What is erased has to be written into the database now and then, and
 * others wait for that: so it is not to be often.
 */
const ERASE_PAUSE = 10_000;

/** Later than all that can be due by a clock that goes as far as clocks go. In microseconds. */
export const NEVER = CLOCK_TIME_MAX + RETENTION_MAX;

/** Behind the time in a purge's data: nobody but the server says how long the conversation is kept. */
const BY_SERVER = 'server';

/** How long conversations are kept after their end, in microseconds; undefined for ever. */
export type Retention = number | undefined;

/** How long a conversation is kept after its end, and whether that is the server's setting or a policy. */
export interface Keeping {
  readonly retention: Retention;
  readonly by: 'server' | 'policy';
}

/**
 * Purges a conversation, by its canonical name; nothing does where the server keeps it for ever. What a policy keeps for
 * ever has a purge that never comes, by which that is known once the policy is another one. `end` in microseconds.
 */
export function purgeTimers(conversation: string, end: number, { retention, by }: Keeping): readonly Timer[] {
  if (retention === undefined && by === 'server') return [];
  const due = retention === undefined ? NEVER : end + retention;
  const data = new TextEncoder().encode(by === 'server' ? `${due} ${BY_SERVER}` : String(due));
  return [{ key: purgeKey(conversation), due, kind: PURGE, data }];
}

/** Whether a purge follows the server's setting. */
export function followsServer({ data }: Timer): boolean {
  return new TextDecoder().decode(data).endsWith(` ${BY_SERVER}`);
}

export function purgeKey(conversation: string): string {
  return `${PURGE} ${conversation}`;
}

/** Whether a purge waits for a hold to be released, or never comes. */
export function isParked({ due }: Timer): boolean {
  return due === NEVER;
}

/** A parked purge as it was before. */
export function unpark(timer: Timer): Timer {
  return { ...timer, due: Number.parseInt(new TextDecoder().decode(timer.data), 10) };
}

/** A purge that waits for a hold. */
export function park(timer: Timer): Timer {
  return { ...timer, due: NEVER };
}

/** The name under which the hold of a conversation is stored, by the conversation's canonical name. */
export function holdKey(conversation: string): string {
  return `${conversation}/hold`;
}

/** The name of the row that changes with every answer that is suggested in a conversation, by its canonical name. */
export function answeredKey(conversation: string): string {
  return `${conversation}/answered`;
}

/** What is stored of a hold. `now` in microseconds. */
export function encodeHold(reason: string, now: number): Uint8Array {
  return toBinary(HoldSchema, create(HoldSchema, { reason, createTime: toTimestamp(now) }));
}

/** The name under which the policy of a profile is stored, by the profile's canonical name. */
export function policyKey(profile: string): string {
  return `${profile}/retentionPolicy`;
}

/**
 * How long a conversation of a profile is kept: as the profile's policy says, else as the server does. A policy outlives
 * its profile. `profile` is its name in any form.
 */
export async function keepingOf(store: Store, profile: string, server: Retention): Promise<Keeping> {
  const name = readResourceName(profile);
  const stored = name && (await store.get(policyKey(name.key)));
  const policy = stored && fromBinary(RetentionPolicySchema, stored.body);
  return keepingIn(policy) ?? { retention: server, by: 'server' };
}

function keepingIn({ kept }: RetentionPolicy = create(RetentionPolicySchema)): Keeping | undefined {
  switch (kept.case) {
    case 'duration':
      return { retention: toMicroseconds(kept.value), by: 'policy' };
    case 'forever':
      return kept.value ? { retention: undefined, by: 'policy' } : undefined;
    default:
      return undefined;
  }
}

/**
 * What a timer of the kind `PURGE` is for. `server` is the server's retention: where it is longer than when the
 * conversation ended, nothing goes before that is over. `sessionOf` answers where it is stored what an agent, by its name,
 * knows of a conversation, by its id.
 */
export async function purgeByTimer(
  store: Store,
  timer: StoredTimer,
  {
    server,
    sessionOf,
  }: {
    readonly server: Retention;
    readonly sessionOf: (agent: string, conversation: string) => string | undefined;
  },
): Promise<void> {
  const { key } = timer;
  const conversation = key.slice(PURGE.length + 1);
  const stored = await store.get(conversation);
  const hold = await store.get(holdKey(conversation));
  try {
    if (stored === undefined || refusalOf(stored.state, 'RETENTION_IS_OVER') !== undefined) {
      await store.commit({ partition: conversation, unschedule: [key] });
      return;
    }
    const later = followsServer(timer) && purgeByServer(conversation, stored, server);
    if (later && (later[0]?.due ?? NEVER) > timer.due) {
      await store.commit({
        partition: conversation,
        expect: [{ name: conversation, version: stored.version }],
        ...(later.length > 0 ? { schedule: later } : { unschedule: [key] }),
      });
    } else if (hold !== undefined) {
      // The hold is written anew: who releases it meanwhile must look again, and then finds a purge that is parked.
      await store.commit({
        partition: conversation,
        expect: [{ name: holdKey(conversation), version: hold.version }],
        put: [{ name: holdKey(conversation), body: hold.body }],
        schedule: [park(timer)],
      });
    } else {
      const answered = await store.get(answeredKey(conversation));
      const records = answered === undefined ? [] : await forgetAnswers(store, conversation);
      const isSame = answered === undefined ? { absent: true as const } : { version: answered.version };
      await store.commit({
        partition: conversation,
        expect: [
          { name: conversation, version: stored.version },
          { name: holdKey(conversation), absent: true },
          { name: answeredKey(conversation), ...isSame },
        ],
        unschedule: [key],
        remove: [...sessionsOf(stored, sessionOf), ...records],
        purge: { eraser: ERASER },
      });
    }
  } catch (error) {
    // It was held, released, helped with or purged meanwhile. Where the timer is still due it is tried again.
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** What purges a conversation that is over, as it is stored, by the server's retention. */
export function purgeByServer(
  conversation: string,
  { body }: Pick<StoredResource, 'body'>,
  retention: Retention,
): readonly Timer[] {
  const { endTime } = decodeNamed(ConversationSchema, '', body);
  return endTime === undefined
    ? []
    : purgeTimers(conversation, toMicroseconds(endTime), { retention, by: 'server' });
}

/** What the automated agent of its profile knows of a conversation. */
function sessionsOf(
  { id, body }: StoredResource,
  sessionOf: (agent: string, conversation: string) => string | undefined,
): readonly string[] {
  const { initialConversationProfile: profile } = decodeNamed(ConversationSchema, '', body);
  const session = profile?.automatedAgentConfig && sessionOf(profile.automatedAgentConfig.agent, id);
  return session === undefined ? [] : [session];
}

/**
 * Takes away what the project has of answers that were suggested in a conversation: where their records lie. The records
 * go with all else. What can go with them is left, and named: few conversations have more, and who holds one of the others
 * in the very moment loses no record.
 */
async function forgetAnswers(store: Store, conversation: string): Promise<string[]> {
  const scope = readResourceName(conversation)?.parent.key ?? '';
  for (let after: { id: string } | undefined; ; ) {
    const range = { after, limit: ERASE_ROWS, bytes: PAGE_BYTES_MAX };
    const page = await store.list(`${conversation}/answerRecords`, 'id', range);
    const remove = page.items.map(({ id }) => `${scope}/answerRecords/${id}`);
    after = page.items.at(-1);
    if (!page.more || after === undefined) return remove;
    const expect = [{ name: holdKey(conversation), absent: true as const }];
    await store.commit({ partition: conversation, expect, remove });
  }
}

/** What the timer of the kind `ERASE` is for: one step, after which it is due again where something is left. */
export async function eraseByTimer(store: Store, { partition }: StoredTimer, now: number): Promise<void> {
  await store.commit({ partition, erase: { eraser: ERASER, limit: ERASE_ROWS, next: now + ERASE_PAUSE } });
}
