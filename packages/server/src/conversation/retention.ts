import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HoldSchema, type RetentionPolicy, RetentionPolicySchema } from '@parleykit/proto/admin';
import { toMicroseconds, toTimestamp } from '../clock.ts';
import { CLOCK_TIME_MAX, PAGE_BYTES_MAX, RETENTION_MAX } from '../limits.ts';
import { readResourceName } from '../resource-names.ts';
import { ConflictError, type Eraser, type Store, type StoredTimer, type Timer } from '../storage/store.ts';
import { refusalOf } from './lifecycle.ts';

/**
 * What becomes of a conversation that is over:
 *
 *   COMPLETED ──end_time + retention──► purged: gone for everybody, and its name is free
 *
 * A hold keeps it. Its timer is there all the same, and waits beyond all times until the hold is released.
 */

/** The kind of the timer that every completed conversation has which is not kept for ever. */
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
const NEVER = CLOCK_TIME_MAX + RETENTION_MAX;

/** How long conversations are kept after their end, in microseconds; undefined for ever. */
export type Retention = number | undefined;

/** Purges a conversation, by its canonical name. `end` in microseconds. */
export function purgeTimer(conversation: string, end: number, retention: number): Timer {
  const due = end + retention;
  return { key: purgeKey(conversation), due, kind: PURGE, data: new TextEncoder().encode(String(due)) };
}

export function purgeKey(conversation: string): string {
  return `${PURGE} ${conversation}`;
}

/** Whether a purge waits for a hold to be released. */
export function isParked({ due }: Timer): boolean {
  return due === NEVER;
}

/** A parked purge as it was before. */
export function unpark(timer: Timer): Timer {
  return { ...timer, due: Number(new TextDecoder().decode(timer.data)) };
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
export async function retentionOf(store: Store, profile: string, fallback: Retention): Promise<Retention> {
  const name = readResourceName(profile);
  const stored = name && (await store.get(policyKey(name.key)));
  return stored === undefined
    ? fallback
    : retentionIn(fromBinary(RetentionPolicySchema, stored.body), fallback);
}

function retentionIn({ kept }: RetentionPolicy, fallback: Retention): Retention {
  switch (kept.case) {
    case 'duration':
      return toMicroseconds(kept.value);
    case 'forever':
      return kept.value ? undefined : fallback;
    default:
      return fallback;
  }
}

/** What a timer of the kind `PURGE` is for. */
export async function purgeByTimer(store: Store, timer: StoredTimer): Promise<void> {
  const { key } = timer;
  const conversation = key.slice(PURGE.length + 1);
  const stored = await store.get(conversation);
  const hold = await store.get(holdKey(conversation));
  try {
    if (stored === undefined || refusalOf(stored.state, 'RETENTION_IS_OVER') !== undefined) {
      await store.commit({ partition: conversation, unschedule: [key] });
    } else if (hold !== undefined) {
      // The hold is written anew: who releases it meanwhile must look again, and then finds a purge that is parked.
      await store.commit({
        partition: conversation,
        expect: [{ name: holdKey(conversation), version: hold.version }],
        put: [{ name: holdKey(conversation), body: hold.body }],
        schedule: [{ ...timer, due: NEVER }],
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
        remove: [sessionKey(conversation), ...records],
        purge: { eraser: ERASER },
      });
    }
  } catch (error) {
    // It was held, released, helped with or purged meanwhile. Where the timer is still due it is tried again.
    if (!(error instanceof ConflictError)) throw error;
  }
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

/** What an automated agent knows of the conversation, which has the id of the conversation. */
function sessionKey(conversation: string): string {
  return conversation.replace(/\/conversations\/([^/]+)$/u, '/agent/sessions/$1');
}
