import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock, SystemClock } from '../clock.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store, Timer } from '../storage/store.ts';
import { Scheduler } from './scheduler.ts';

const quiet = { info: () => {}, error: () => {} };
const partition = 'projects/p';

function timer(key: string, due: number): Timer {
  return { key, due, kind: 'k', data: new Uint8Array() };
}

describe('Scheduler', () => {
  let folder: string;
  let store: Store;
  const clock = new FakeClock(1000);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-schedule-'));
    store = await openSqliteStore(folder, clock);
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function openScheduler(handler: (timer: Timer) => Promise<void>): Scheduler {
    const scheduler = new Scheduler(store, clock, quiet);
    scheduler.handle('k', handler);
    return scheduler;
  }

  const takeAway = async ({ key }: Timer) => {
    await store.commit({ partition, unschedule: [key] });
  };

  it('does what is due, the earliest first, and leaves the rest', async () => {
    await store.commit({ partition, schedule: [timer('b', 900), timer('a', 800), timer('later', 1001)] });
    const done: string[] = [];
    const scheduler = openScheduler(async (due) => {
      done.push(due.key);
      await takeAway(due);
    });
    assert.equal(await scheduler.runDue(), 0);
    assert.deepEqual(done, ['a', 'b']);
    assert.equal(await store.nextDue(), 1001);
  });

  it('does what it made due itself', async () => {
    await store.commit({ partition, schedule: [timer('first', 1)] });
    const done: string[] = [];
    const scheduler = openScheduler(async (due) => {
      done.push(due.key);
      const schedule = due.key === 'first' ? [timer('second', 1)] : [];
      await store.commit({ partition, unschedule: [due.key], schedule });
    });
    await scheduler.runDue();
    assert.deepEqual(done, ['first', 'second']);
  });

  it('does many more than it takes at once', async () => {
    const schedule = Array.from({ length: 200 }, (_, i) => timer(`t${i}`, i));
    await store.commit({ partition, schedule });
    const done = new Set<string>();
    const scheduler = openScheduler(async (due) => {
      done.add(due.key);
      await takeAway(due);
    });
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(done.size, 200);
  });

  it('keeps what fails for later, and does what is behind it', async () => {
    const schedule = Array.from({ length: 40 }, (_, i) => timer(`broken ${i}`, 1));
    await store.commit({ partition, schedule: [...schedule, timer('whole', 2)] });
    const done: string[] = [];
    const scheduler = openScheduler(async (due) => {
      if (due.key !== 'whole') throw new Error('not today');
      done.push(due.key);
      await takeAway(due);
    });
    assert.equal(await scheduler.runDue(), 40);
    assert.deepEqual(done, ['whole']);
    assert.notEqual(await store.getTimer('broken 0'), undefined);
  });

  it('keeps timers that nobody answers for', async () => {
    await store.commit({ partition, schedule: [{ ...timer('a', 1), kind: 'of the future' }] });
    assert.equal(await openScheduler(takeAway).runDue(), 1);
    assert.notEqual(await store.getTimer('a'), undefined);
  });

  it('runs by itself once it is started, and finishes what is under way when it is stopped', async () => {
    await store.commit({ partition, schedule: [timer('a', 1)] });
    const begun = Promise.withResolvers<void>();
    const scheduler = openScheduler(async (due) => {
      begun.resolve();
      await takeAway(due);
    });
    scheduler.start();
    await begun.promise;
    await scheduler.stop();
    assert.equal(await store.getTimer('a'), undefined);
  });

  it('does what becomes due while it sleeps', async () => {
    const real = new SystemClock();
    const done = Promise.withResolvers<void>();
    const scheduler = new Scheduler(store, real, quiet);
    scheduler.handle('k', async (due) => {
      await takeAway(due);
      done.resolve();
    });
    await store.commit({ partition, schedule: [timer('a', real.now() + 20_000)] });
    scheduler.start();
    await done.promise;
    await scheduler.stop();
  });
});
