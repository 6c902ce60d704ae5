import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { RetentionPolicySchema } from '@parleykit/proto/admin';
import { ConversationSchema, Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { FakeClock, toTimestamp } from '../clock.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import { ConflictError, SERVER_PARTITION, type Store } from '../storage/store.ts';
import {
  encodeHold,
  holdKey,
  isParked,
  keepingOf,
  PURGE,
  park,
  policyKey,
  purgeByTimer,
  purgeKey,
  purgeTimers,
  type Retention,
  unpark,
} from './retention.ts';
import { FOLLOW, followByTimer, followRetention } from './retention-setting.ts';
import { RETAIN } from './retention-upgrade.ts';

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const PROFILE = 'projects/p/conversationProfiles/x';

const nameOf = (id: string) => `projects/p/conversations/${id}`;

describe('the server’s retention, where it is another than before', () => {
  let folder: string;
  let store: Store;
  let scheduler: Scheduler;
  const clock = new FakeClock();

  /** As at the start of a server. */
  async function open(retention: Retention, isGiven = true) {
    store = await openSqliteStore(folder, clock);
    scheduler = new Scheduler(store, clock, { info: () => {}, error: () => {} });
    scheduler.handle(PURGE, (timer) =>
      purgeByTimer(store, timer, { server: retention, sessionOf: () => undefined }),
    );
    scheduler.handle(FOLLOW, (timer) => followByTimer(store, timer, clock.now()));
    return followRetention(store, retention, { isGiven });
  }

  async function reopen(retention: Retention, isGiven = true) {
    await store.close();
    return open(retention, isGiven);
  }

  /** A conversation that ends now, under this setting of the server. */
  async function end(id: string, retention: Retention): Promise<void> {
    const name = nameOf(id);
    const message = create(ConversationSchema, {
      conversationProfile: PROFILE,
      endTime: toTimestamp(clock.now()),
    });
    const body = toBinary(ConversationSchema, message);
    await store.commit({
      partition: name,
      put: [{ name, state: State.COMPLETED, holdsMessages: true, body }],
      schedule: purgeTimers(name, clock.now(), await keepingOf(store, PROFILE, retention)),
    });
  }

  const dueOf = async (id: string) => {
    const timer = await store.getTimer(purgeKey(nameOf(id)));
    return timer && (timer.due - clock.now()) / DAY;
  };

  const isKept = async (id: string) => {
    const timer = await store.getTimer(purgeKey(nameOf(id)));
    return timer === undefined || isParked(timer);
  };

  /** As who releases it does. */
  async function release(id: string): Promise<void> {
    const name = nameOf(id);
    for (;;) {
      const hold = await store.get(holdKey(name));
      const timer = await store.getTimer(purgeKey(name));
      assert.ok(hold && timer);
      try {
        await store.commit({
          partition: name,
          expect: [{ name: holdKey(name), version: hold.version }],
          remove: [holdKey(name)],
          schedule: isParked(timer) ? [unpark(timer)] : [],
        });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  const setPolicy = (kept: Parameters<typeof create<typeof RetentionPolicySchema>>[1]) => {
    const body = toBinary(RetentionPolicySchema, create(RetentionPolicySchema, kept));
    return store.commit({ partition: 'projects/p', put: [{ name: policyKey(PROFILE), body }] });
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-setting-'));
    await open(30 * DAY);
    await scheduler.runDue();
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { retention, days } of [
    { retention: DAY, days: 1 },
    { retention: 90 * DAY, days: 90 },
    { retention: undefined, days: undefined },
  ]) {
    it(`holds for what ended before: ${days ?? 'all'} days, and 30 again`, async () => {
      await end('free', 30 * DAY);
      const to = days === undefined ? 'forever' : `${days * 86_400}s`;
      assert.deepEqual(await reopen(retention), { from: '2592000s', to, isFollowed: true });
      assert.equal(await scheduler.runDue(), 0);
      assert.equal(await dueOf('free'), days);
      assert.deepEqual(await reopen(30 * DAY), { from: to, to: '2592000s', isFollowed: true });
      await scheduler.runDue();
      assert.equal(await dueOf('free'), 30);
    });
  }

  it('takes nothing away that was to be kept longer, where nobody has said so', async () => {
    await reopen(undefined);
    await scheduler.runDue();
    await end('old', undefined);
    const told = { from: 'forever', to: '2592000s', isFollowed: false };
    for (let start = 0; start < 2; start++) {
      assert.deepEqual(await reopen(30 * DAY, false), told);
      assert.equal(await scheduler.runDue(), 0);
      assert.equal(await dueOf('old'), undefined);
    }
    await end('new', 30 * DAY);
    assert.equal(await dueOf('new'), 30);
    assert.deepEqual(await reopen(30 * DAY), { ...told, isFollowed: true });
    await scheduler.runDue();
    assert.equal(await dueOf('old'), 30);
  });

  it('keeps what it may keep longer, though nobody has said so', async () => {
    await reopen(DAY);
    await end('day', DAY);
    await reopen(30 * DAY, false);
    await scheduler.runDue();
    assert.equal(await dueOf('day'), 30);
  });

  it('leaves a hold as it is, and is looked at when that is released', async () => {
    await end('held', 30 * DAY);
    const name = nameOf('held');
    const [timer] = await store.dueTimers(clock.now() + 31 * DAY, { limit: 1 });
    assert.equal(timer?.key, purgeKey(name));
    const hold = { name: holdKey(name), body: encodeHold('why', clock.now()) };
    await store.commit({ partition: name, put: [hold], schedule: [park(timer)] });
    await reopen(DAY);
    await scheduler.runDue();
    const parked = await store.getTimer(purgeKey(name));
    assert.ok(parked);
    assert.deepEqual([parked.due, unpark(parked).due], [park(parked).due, clock.now() + DAY]);
  });

  it('parks nothing that is released while it is followed', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `held-${index}`);
    for (const id of ids) {
      await end(id, 30 * DAY);
      const name = nameOf(id);
      const timer = await store.getTimer(purgeKey(name));
      assert.ok(timer);
      const hold = { name: holdKey(name), body: encodeHold('why', clock.now()) };
      await store.commit({ partition: name, put: [hold], schedule: [park(timer)] });
    }
    await reopen(DAY);
    const timer = await store.getTimer(FOLLOW);
    assert.ok(timer);
    // So that the first walk takes no longer than others, and meets some of the releases.
    await store.walk(undefined, 1);
    const releaseAll = async (): Promise<void> => {
      for (const id of ids) await release(id);
    };
    await Promise.all([releaseAll(), followByTimer(store, timer, clock.now())]);
    for (const id of ids) assert.equal(await dueOf(id), 1);
  });

  it('says nothing of what a policy said at the end, or says of what is kept for ever', async () => {
    await setPolicy({ kept: { case: 'duration', value: { seconds: 7n * 86_400n } } });
    await end('week', 30 * DAY);
    await setPolicy({ kept: { case: 'forever', value: true } });
    await end('for-ever', 30 * DAY);
    for (const retention of [DAY, undefined, 90 * DAY]) {
      await reopen(retention);
      await scheduler.runDue();
      assert.deepEqual([await dueOf('week'), await isKept('for-ever')], [7, true]);
    }
  });

  it('says nothing of what a policy kept for ever, though it is the profile’s no longer', async () => {
    await setPolicy({ kept: { case: 'forever', value: true } });
    await end('for-ever', 30 * DAY);
    await setPolicy({});
    await reopen(DAY);
    await scheduler.runDue();
    assert.ok(await isKept('for-ever'));
  });

  it('is followed in steps, which go on after a restart', async () => {
    for (let i = 0; i < 250; i++) await end(`c-${i}`, 30 * DAY);
    const shortened = async () => (await store.dueTimers(clock.now() + DAY, { limit: 1000 })).length;
    await reopen(DAY);
    const timer = await store.getTimer(FOLLOW);
    assert.ok(timer);
    await followByTimer(store, timer, clock.now());
    const first = (await shortened()) - 1;
    assert.ok(first > 0 && first < 250, String(first));
    assert.equal(await reopen(DAY), undefined);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(await shortened(), 250);
  });

  it('waits until data of an older version are held where they must be', async () => {
    await end('imported', 30 * DAY);
    const retain = { key: RETAIN, kind: RETAIN, due: clock.now() + DAY, data: new Uint8Array() };
    await store.commit({ partition: SERVER_PARTITION, schedule: [retain] });
    await reopen(HOUR);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(await dueOf('imported'), 30);
    await store.commit({ partition: SERVER_PARTITION, unschedule: [RETAIN] });
    clock.advance(60_000_000);
    await scheduler.runDue();
    assert.ok(((await dueOf('imported')) ?? 30) < 1);
  });
});
