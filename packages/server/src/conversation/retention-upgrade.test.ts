import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ConversationProfileSchema,
  ConversationSchema,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { FakeClock } from '../clock.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { migrate } from '../storage/migrations.ts';
import { withoutName } from '../storage/named-message.ts';
import { SqliteConnection } from '../storage/sqlite-connection.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { NamedResource, Store } from '../storage/store.ts';
import { complete, start } from './lifecycle.ts';
import { holdKey, PURGE, purgeByTimer, purgeKey } from './retention.ts';
import { RETAIN, retainByTimer } from './retention-upgrade.ts';

const DAY = 86_400_000_000;
const quiet = { info: () => {}, error: () => {} };
const conversation = (id: number | string) => `projects/p/conversations/${id}`;

describe('data of a version that purged nothing', () => {
  let folder: string;
  let store: Store;
  const clock = new FakeClock();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-upgrade-'));
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As schema 4 held it. `end` in microseconds. */
  function writeOld(rows: readonly { id: string; end?: number; profile?: string }[]): void {
    const connection = new SqliteConnection(join(folder, 'parley.sqlite'));
    migrate(connection, 4);
    const insert = connection.prepare(
      `INSERT INTO resources (collection, id, version, state, ordering, number, body)
       VALUES ($1, $2, 1, $3, $4, $5, $6)`,
    );
    connection.exec('BEGIN');
    for (const [number, { id, end, profile = 'Some' }] of rows.entries()) {
      const message = start(
        create(ConversationSchema),
        create(ConversationProfileSchema, { displayName: profile }),
        Stage.HUMAN_ASSIST_STAGE,
        clock.now() - 90 * DAY,
      );
      if (end !== undefined) complete(message, end);
      const state = end === undefined ? State.IN_PROGRESS : State.COMPLETED;
      const body = withoutName(ConversationSchema, message);
      insert.run('projects/p/conversations', id, state, 1, number + 1, body);
      insert.run(`projects/p/conversations/${id}/participants`, 'x', 1, null, null, new Uint8Array());
    }
    insert.run('projects/p/operations', 'done', 2, 1, null, new Uint8Array());
    connection.exec('COMMIT');
    connection.close();
  }

  async function open(
    others: (resource: NamedResource) => Promise<void> = async () => {},
  ): Promise<Scheduler> {
    store = await openSqliteStore(folder, clock);
    const scheduler = new Scheduler(store, clock, quiet);
    scheduler.handle(PURGE, (timer) =>
      purgeByTimer(store, timer, { server: 30 * DAY, sessionOf: () => undefined }),
    );
    scheduler.handle(RETAIN, (timer) =>
      retainByTimer(store, timer, { retention: 30 * DAY, now: clock.now(), others }),
    );
    return scheduler;
  }

  it('is purged when it is due, but for what was imported and what goes on', async () => {
    const now = clock.now();
    writeOld([
      { id: 'old', end: now - 31 * DAY },
      { id: 'young', end: now - 29 * DAY },
      { id: 'open' },
      { id: 'imported', end: now - 31 * DAY, profile: 'parley import' },
      { id: 'importing', profile: 'parley import' },
    ]);
    const seen: string[] = [];
    const scheduler = await open(async ({ name }) => void seen.push(name));
    // Nobody erases here: that timer is left.
    assert.equal(await scheduler.runDue(), 1);
    const left = ['old', 'young', 'open', 'imported', 'importing'].map(async (id) => [
      (await store.get(conversation(id))) !== undefined,
      (await store.get(holdKey(conversation(id)))) !== undefined,
    ]);
    assert.deepEqual(await Promise.all(left), [
      [false, false],
      [true, false],
      [true, false],
      [true, true],
      [true, true],
    ]);
    assert.equal((await store.getTimer(purgeKey(conversation('young'))))?.due, now + DAY);
    assert.equal(await store.getTimer(purgeKey(conversation('open'))), undefined);
    assert.equal(await store.getTimer(RETAIN), undefined);
    assert.ok(seen.includes('projects/p/operations/done'));
  });

  it('is gone through in steps, which go on after a restart', async () => {
    const ids = Array.from({ length: 450 }, (_, i) => String(i));
    writeOld(ids.map((id) => ({ id, end: clock.now() - DAY })));
    await open();
    const retain = async () => {
      const timer = await store.getTimer(RETAIN);
      assert.ok(timer);
      const step = { retention: 30 * DAY, now: clock.now(), others: async () => {} };
      await retainByTimer(store, timer, step);
    };
    const timers = async () => (await store.dueTimers(clock.now() + 30 * DAY, { limit: 1000 })).length - 1;
    await retain();
    const first = await timers();
    assert.ok(first > 0 && first < 450, String(first));
    await store.close();
    await open();
    await retain();
    assert.ok((await timers()) > first);
    const scheduler = new Scheduler(store, clock, quiet);
    scheduler.handle(RETAIN, (timer) =>
      retainByTimer(store, timer, { retention: 30 * DAY, now: clock.now(), others: async () => {} }),
    );
    assert.equal(await scheduler.runDue(), 0);
    assert.equal((await timers()) + 1, 450);
  });

  it('of which there are none, leaves nothing to do', async () => {
    await open();
    assert.equal(await store.nextDue(), undefined);
  });
});
