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
import { ConflictError, type Store } from '../storage/store.ts';
import {
  answeredKey,
  ERASE,
  encodeHold,
  eraseByTimer,
  holdKey,
  isParked,
  keepingOf,
  PURGE,
  policyKey,
  purgeByTimer,
  purgeKey,
  purgeTimers,
  type Retention,
  unpark,
} from './retention.ts';

const NAME = 'projects/p/conversations/c';
const HOLD = holdKey(NAME);
const DAY = 86_400_000_000;

/** Where an agent keeps what it knows of a conversation. */
const sessionOf = (agent: string, conversation: string): string =>
  `${agent}/users/-/sessions/${conversation}`;

describe('a conversation that is over', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let scheduler: Scheduler;
  /** The server's. */
  let retention: Retention;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-retention-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    scheduler = new Scheduler(store, clock, { info: () => {}, error: () => {} });
    retention = DAY;
    scheduler.handle(PURGE, (timer) => purgeByTimer(store, timer, { server: retention, sessionOf }));
    scheduler.handle(ERASE, (timer) => eraseByTimer(store, timer, clock.now()));
    const message = create(ConversationSchema, { endTime: toTimestamp(clock.now()) });
    const body = toBinary(ConversationSchema, message);
    const over = { name: NAME, state: State.COMPLETED, holdsMessages: true as const, body };
    const schedule = purgeTimers(NAME, clock.now(), { retention, by: 'server' });
    await store.commit({ partition: NAME, put: [over], schedule });
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const hold = () =>
    store.commit({ partition: NAME, put: [{ name: HOLD, body: encodeHold('why', clock.now()) }] });

  it('is there until the last microsecond, and then gone, and what it held is erased', async () => {
    const message = { participant: 'x', body: Buffer.from('text') };
    await store.commit({ partition: NAME, append: [[message]] });
    clock.advance(DAY - 1);
    await scheduler.runDue();
    assert.ok(await store.get(NAME));
    clock.advance(1);
    assert.equal(await scheduler.runDue(), 0);
    assert.deepEqual([await store.get(NAME), await store.nextDue()], [undefined, undefined]);
  });

  it('is kept while it is held, and its purge knows when it was due', async () => {
    await hold();
    clock.advance(5 * DAY);
    assert.equal(await scheduler.runDue(), 0);
    const timer = await store.getTimer(purgeKey(NAME));
    assert.ok(timer && isParked(timer) && (await store.get(NAME)));
    assert.equal(unpark(timer).due, clock.now() - 4 * DAY);
  });

  it('cannot be released by who has not seen that its purge was parked meanwhile', async () => {
    await hold();
    const seen = await store.get(HOLD);
    clock.advance(DAY);
    await scheduler.runDue();
    const expect = [{ name: HOLD, version: seen?.version ?? 0 }];
    await assert.rejects(store.commit({ partition: NAME, expect, remove: [HOLD] }), ConflictError);
    assert.deepEqual((await store.get(HOLD))?.body, seen?.body);
  });

  it('takes along what the automated agent of its profile knows of it, and of no other', async () => {
    const automatedAgentConfig = { agent: 'projects/p/agent/environments/e' };
    const message = create(ConversationSchema, {
      initialConversationProfile: { automatedAgentConfig },
      endTime: toTimestamp(clock.now()),
    });
    const body = toBinary(ConversationSchema, message);
    const sessions = [sessionOf(automatedAgentConfig.agent, 'c'), sessionOf(automatedAgentConfig.agent, 'd')];
    await store.commit({
      partition: NAME,
      put: [
        { name: NAME, state: State.COMPLETED, body },
        ...sessions.map((name) => ({ name, body: new Uint8Array() })),
      ],
    });
    clock.advance(DAY);
    await scheduler.runDue();
    assert.equal(await store.get(NAME), undefined);
    const left = await Promise.all(sessions.map((name) => store.get(name)));
    assert.deepEqual(
      left.map((session) => session?.id),
      [undefined, 'd'],
    );
  });

  describe('in which answers were suggested', () => {
    const RECORDS = 'projects/p/answerRecords';

    async function suggest(count: number): Promise<void> {
      const ids = Array.from({ length: count }, (_, index) => `r${index}`);
      const put = ids.flatMap((id) => [
        { name: `${NAME}/answerRecords/${id}`, ordering: 1, body: new Uint8Array() },
        { name: `${RECORDS}/${id}`, ordering: 1, body: Buffer.from(NAME) },
      ]);
      put.push({ name: answeredKey(NAME), ordering: 1, body: new Uint8Array() });
      await store.commit({ partition: NAME, put });
    }

    const rowsOf = async (collection: string) => {
      const { items } = await store.list(collection, 'id', { limit: 2000, bytes: 1_000_000 });
      return items.length;
    };

    for (const count of [1, 1000]) {
      it(`leaves nothing of ${count} of them`, async () => {
        await suggest(count);
        assert.equal(await rowsOf(RECORDS), count);
        clock.advance(DAY);
        await scheduler.runDue();
        assert.deepEqual([await rowsOf(RECORDS), await rowsOf(`${NAME}/answerRecords`)], [0, 0]);
      });
    }

    it('loses none of them where it is held just then', async () => {
      await suggest(5);
      const timer = await store.getTimer(purgeKey(NAME));
      assert.ok(timer);
      const late = new Proxy(store, {
        get: (target, key) =>
          key === 'list'
            ? async (...asked: Parameters<Store['list']>) => {
                await hold();
                return target.list(...asked);
              }
            : Reflect.get(target, key).bind(target),
      });
      await purgeByTimer(late, timer, { server: retention, sessionOf });
      assert.ok(await store.get(NAME));
      assert.equal(await rowsOf(RECORDS), 5);
    });
  });

  it('is kept as long as the server keeps conversations by then, if that is longer than at its end', async () => {
    retention = 3 * DAY;
    clock.advance(2 * DAY);
    assert.equal(await scheduler.runDue(), 0);
    assert.ok(await store.get(NAME));
    clock.advance(DAY);
    await scheduler.runDue();
    assert.equal(await store.get(NAME), undefined);
  });

  it('is kept where the server keeps everything by then, be it held or not', async () => {
    retention = undefined;
    await hold();
    clock.advance(2 * DAY);
    assert.equal(await scheduler.runDue(), 0);
    assert.ok(await store.get(NAME));
    assert.equal(await store.nextDue(), undefined);
  });

  it('is purged as its profile’s policy said at its end, whatever the server says by then', async () => {
    retention = undefined;
    const schedule = purgeTimers(NAME, clock.now(), { retention: DAY, by: 'policy' });
    await store.commit({ partition: NAME, schedule });
    clock.advance(DAY);
    await scheduler.runDue();
    assert.equal(await store.get(NAME), undefined);
  });

  it('is not purged where it is no longer over, or gone', async () => {
    await store.commit({
      partition: NAME,
      put: [{ name: NAME, state: State.IN_PROGRESS, body: new Uint8Array() }],
    });
    clock.advance(DAY);
    assert.equal(await scheduler.runDue(), 0);
    assert.ok(await store.get(NAME));
    assert.equal(await store.nextDue(), undefined);
  });

  it('is purged at the same time wherever the clock of its project stands by then', async () => {
    const at = clock.now();
    await store.commit({ partition: 'projects/p', project: { kind: 'advance', by: DAY - 1 } });
    await scheduler.runDue();
    assert.ok(await store.get(NAME));
    clock.advance(1);
    await scheduler.runDue();
    assert.equal(await store.get(NAME), undefined);
    assert.equal(clock.now(), at + 1);
  });
});

describe('keepingOf()', () => {
  let folder: string;
  let store: Store;
  const PROFILE = 'projects/p/locations/global/conversationProfiles/x';

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-retention-'));
    store = await openSqliteStore(folder, new FakeClock());
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { what, kept, want } of [
    {
      what: 'a duration',
      kept: { case: 'duration', value: { seconds: 90n, nanos: 1_999 } },
      want: { retention: 90_000_001, by: 'policy' },
    },
    {
      what: 'for ever',
      kept: { case: 'forever', value: true },
      want: { retention: undefined, by: 'policy' },
    },
    { what: 'not for ever', kept: { case: 'forever', value: false }, want: { retention: 7, by: 'server' } },
    { what: 'nothing', kept: { case: undefined }, want: { retention: 7, by: 'server' } },
  ] as const) {
    it(`reads ${what}, whatever the form of the name`, async () => {
      const body = toBinary(RetentionPolicySchema, create(RetentionPolicySchema, { kept }));
      const name = policyKey('projects/p/conversationProfiles/x');
      await store.commit({ partition: 'projects/p', put: [{ name, body }] });
      assert.deepEqual(await keepingOf(store, PROFILE, 7), want);
    });
  }

  it('is the server’s where there is no policy', async () => {
    for (const retention of [7, undefined]) {
      assert.deepEqual(await keepingOf(store, PROFILE, retention), { retention, by: 'server' });
    }
  });
});
