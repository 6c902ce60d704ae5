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

  it('does what is due within a partition, and leaves what is beside it', async () => {
    await store.commit({ partition: 'projects/p', schedule: [timer('whole', 1)] });
    await store.commit({ partition: 'projects/p/conversations/c', schedule: [timer('part', 2)] });
    await store.commit({ partition: 'projects/p2', schedule: [timer('beside', 1)] });
    const done: string[] = [];
    const scheduler = openScheduler(async (due) => {
      done.push(due.key);
      await takeAway(due);
    });
    await scheduler.runDue('projects/p');
    assert.deepEqual(done, ['whole', 'part']);
    assert.notEqual(await store.getTimer('beside'), undefined);
  });

  it('does in its order what is made due on the way, however many are due', async () => {
    const second = 1_000_000;
    const late = new FakeClock(1000 * second);
    // What is due every half a second makes something due two seconds after it.
    const schedule = Array.from({ length: 300 }, (_, i) => timer(`first ${i}`, (i * second) / 2));
    await store.commit({ partition, schedule });
    const done: number[] = [];
    const scheduler = new Scheduler(store, late, quiet);
    scheduler.handle('k', async ({ key, due }) => {
      done.push(due);
      const next = timer(key.replace('first', 'second'), due + 2 * second);
      const isFirst = key.startsWith('first');
      await store.commit({ partition, unschedule: [key], schedule: isFirst ? [next] : [] });
    });
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(done.length, 600);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
  });

  it('asks again whoever leaves a timer due, after all others', async () => {
    await store.commit({ partition, schedule: [timer('long', 1), timer('short', 2)] });
    const done: string[] = [];
    const scheduler = openScheduler(async (due) => {
      done.push(due.key);
      if (done.length > 3 || due.key === 'short') await takeAway(due);
    });
    assert.equal(await scheduler.runDue(), 0);
    assert.deepEqual(done, ['long', 'short', 'long', 'long']);
  });

  it('does a timer once where two ask for what is due, and has both wait for it', async () => {
    await store.commit({ partition, schedule: [timer('a', 1)] });
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    let times = 0;
    const scheduler = openScheduler(async (due) => {
      times++;
      begun.resolve();
      await end.promise;
      await takeAway(due);
    });
    const first = scheduler.runDue();
    await begun.promise;
    const second = scheduler.runDue(partition);
    end.resolve();
    await Promise.all([first, second]);
    assert.deepEqual([times, await store.getTimer('a')], [1, undefined]);
  });

  it('leaves alone what goes by the name of a timer that it saw before', async () => {
    await store.commit({ partition, schedule: [timer('a', 1)] });
    const seen = [...(await store.dueTimers(1000, { limit: 10 }))];
    await store.commit({ partition, schedule: [timer('a', 2000)] });
    // As if it had been moved right after the schedule looked.
    const late: Pick<Store, 'dueTimers' | 'getTimer'> = {
      dueTimers: async (_until, { after }) => (after === undefined ? seen.splice(0) : []),
      getTimer: (key) => store.getTimer(key),
    };
    const scheduler = new Scheduler(late as Store, clock, quiet);
    scheduler.handle('k', () => assert.fail('it is not due'));
    assert.equal(await scheduler.runDue(), 0);
    assert.equal((await store.getTimer('a'))?.due, 2000);
  });

  it('misses nothing when the clock of the system is set forward or back', async () => {
    const system = new FakeClock(1000);
    await store.commit({ partition, schedule: [timer('a', 2000), timer('b', 3000)] });
    const done: string[] = [];
    const scheduler = new Scheduler(store, system, quiet);
    scheduler.handle('k', async (due) => {
      done.push(due.key);
      await takeAway(due);
    });
    system.advance(1500);
    await scheduler.runDue();
    system.advance(-2400);
    await scheduler.runDue();
    assert.deepEqual(done, ['a']);
    system.advance(5000);
    await scheduler.runDue();
    assert.deepEqual(done, ['a', 'b']);
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
