import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock } from '../clock.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { EventCount, Store } from '../storage/store.ts';
import { Settlement } from './settlement.ts';

describe('Settlement', () => {
  let folder: string;
  let store: Store;
  let settled: EventCount[];
  let settlement: Settlement;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-settlement-'));
    store = await openSqliteStore(folder, new FakeClock());
    settled = [];
    settlement = new Settlement(store, (count) => settled.push(count));
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function file(partition: string, count: number) {
    const emit = Array.from({ length: count }, () => ({ data: Buffer.from('abc') }));
    await store.commit({ partition, emit });
    return (await store.listEvents(0, 10_000)).filter((event) => event.partition === partition);
  }

  it('takes all that was added out of the outbox, each conversation together', async () => {
    const events = [...(await file('projects/p', 3)), ...(await file('projects/q', 2))];
    for (const event of events) settlement.add(event);
    assert.ok(events.every(({ number }) => settlement.has(number)));
    await settlement.flush();
    assert.deepEqual(
      settled.toSorted((one, other) => one.count - other.count),
      [
        { count: 2, bytes: 6 },
        { count: 3, bytes: 9 },
      ],
    );
    assert.deepEqual(await store.countEvents(), { count: 0, bytes: 0 });
    assert.ok(!events.some(({ number }) => settlement.has(number)));
  });

  it('passes over what somebody else has taken away', async () => {
    const events = await file('projects/p', 3);
    await store.commit({ partition: 'projects/p', settle: [events[1]?.number ?? 0] });
    for (const event of events) settlement.add(event);
    await settlement.flush();
    assert.equal(
      settled.reduce((sum, { count }) => sum + count, 0),
      2,
    );
    assert.deepEqual(await store.countEvents(), { count: 0, bytes: 0 });
  });

  it('is full while more than some wait, and keeps what the store does not take', async () => {
    const events = await file('projects/p', 2048);
    await store.close();
    for (const event of events) settlement.add(event);
    assert.ok(settlement.isFull);
    await settlement.close();
    assert.deepEqual(settled, []);
    store = await openSqliteStore(folder, new FakeClock());
    assert.equal((await store.countEvents()).count, 2048);
  });
});
