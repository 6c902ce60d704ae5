import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock } from '../clock.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { SqliteConnection } from '../storage/sqlite-connection.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { EXPIRE, expireByTimer, scheduleExpiry } from './reply-expiry.ts';

const NAME = 'projects/p/conversations/c';
const HOUR = 3_600_000_000;

describe('what requests were answered', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let scheduler: Scheduler;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-expiry-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    scheduler = new Scheduler(store, clock, { info: () => {}, error: () => {} });
    scheduler.handle(EXPIRE, (timer) => expireByTimer(store, timer, clock.now()));
    const put = [{ name: NAME, holdsMessages: true as const, body: new Uint8Array() }];
    await store.commit({ partition: NAME, put });
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function countRows(): number {
    const connection = new SqliteConnection(join(folder, 'parley.sqlite'), { readOnly: true });
    try {
      return Number(connection.prepare('SELECT count(*) FROM replies').get()?.[0]);
    } finally {
      connection.close();
    }
  }

  async function keep(count: number, expires: number): Promise<void> {
    const replies = Array.from({ length: count }, (_, index) => ({
      participant: `${NAME}/participants/x`,
      requestId: `${expires} ${index}`,
      expires,
      response: new Uint8Array(),
    }));
    await Promise.all(replies.map((reply) => store.commit({ partition: NAME, reply })));
  }

  it('goes once it has expired, however much it is, and nothing before', async () => {
    await scheduleExpiry(store, clock.now());
    await keep(1100, clock.now() + 24 * HOUR);
    await keep(3, clock.now() + 26 * HOUR);
    await scheduler.runDue();
    assert.equal(countRows(), 1103);
    clock.advance(25 * HOUR);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(countRows(), 3);
    clock.advance(HOUR);
    await scheduler.runDue();
    assert.equal(countRows(), 0);
  });

  it('has one timer, however often the server is started', async () => {
    await scheduleExpiry(store, clock.now());
    await scheduler.runDue();
    const due = await store.nextDue();
    assert.equal(due, clock.now() + HOUR);
    clock.advance(HOUR / 2);
    await scheduleExpiry(store, clock.now());
    assert.equal(await store.nextDue(), due);
  });
});
