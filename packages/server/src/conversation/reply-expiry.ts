import { SERVER_PARTITION, type Store, type StoredTimer, type Timer } from '../storage/store.ts';

/** The kind of the one timer that erases what requests were answered, once that has expired. */
export const EXPIRE = 'expire replies';

/** What has expired is as good as gone: that its rows go can wait so long, in microseconds. */
const PERIOD = 60 * 60 * 1_000_000;

/** Rows that are erased in one commit. */
export const EXPIRE_ROWS = 500;

/** Has replies that expire be erased from `now` on, the time of the system in microseconds. It lasts. */
export async function scheduleExpiry(store: Store, now: number): Promise<void> {
  if ((await store.getTimer(EXPIRE)) !== undefined) return;
  await store.commit({ partition: SERVER_PARTITION, schedule: [expiryTimer(now)] });
}

/** What the timer of the kind `EXPIRE` is for. */
export async function expireByTimer(store: Store, { partition }: StoredTimer, now: number): Promise<void> {
  await expireReplies(store, now);
  await store.commit({ partition, schedule: [expiryTimer(now + PERIOD)] });
}

/** Erases the replies of all projects that have expired. `now` is the time of the system. */
export async function expireReplies(store: Store, now: number): Promise<void> {
  const step = { partition: SERVER_PARTITION, expire: { at: now, limit: EXPIRE_ROWS } };
  while ((await store.commit(step)).left);
}

function expiryTimer(due: number): Timer {
  return { key: EXPIRE, kind: EXPIRE, due, bySystem: true, data: new Uint8Array() };
}
