import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ConversationProfileSchema,
  ConversationSchema,
  ConversationEvent_Type as EventType,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { FakeClock, toTimestamp } from '../clock.ts';
import { CONVERSATION_LIFE_MAX } from '../limits.ts';
import { Scheduler } from '../schedule/scheduler.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import { openSqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { COMPLETION, completeByTimer, completionOf, completionTimer, type Tell } from './completion.ts';
import { start } from './lifecycle.ts';

const NAME = 'projects/p/conversations/c';
const quiet = { info: () => {}, error: () => {} };

describe('a conversation that nobody ends', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let scheduler: Scheduler;
  /** What was told, and whether its commit is done. */
  let told: [what: string, done: boolean][];

  const tell: Tell = (type, conversation, profile, now) => {
    const telling: [string, boolean] = [
      `${EventType[type]} ${conversation} ${profile?.displayName} ${now}`,
      false,
    ];
    told.push(telling);
    return {
      emit: [{ data: Buffer.from(telling[0]) }],
      done: () => {
        telling[1] = true;
      },
    };
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-completion-'));
    clock = new FakeClock();
    told = [];
    store = await openSqliteStore(folder, clock);
    scheduler = new Scheduler(store, clock, quiet);
    scheduler.handle(COMPLETION, (timer) => completeByTimer(store, timer, { fallback: undefined, tell }));
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function begin({ withTimer = true } = {}): Promise<void> {
    const now = clock.now();
    const profile = create(ConversationProfileSchema, { displayName: 'desk' });
    const conversation = start(create(ConversationSchema), profile, Stage.HUMAN_ASSIST_STAGE, now);
    const body = withoutName(ConversationSchema, conversation);
    await store.commit({
      partition: NAME,
      put: [{ name: NAME, state: State.IN_PROGRESS, ordering: now, holdsMessages: true, body }],
      ...(withTimer && { schedule: [completionTimer(NAME, now)] }),
    });
  }

  async function read() {
    const stored = await store.get(NAME);
    assert.ok(stored);
    return { state: stored.state, message: decodeNamed(ConversationSchema, NAME, stored.body) };
  }

  it('is in progress until the last microsecond of its day, and then completed once', async () => {
    await begin();
    clock.advance(CONVERSATION_LIFE_MAX - 1);
    await scheduler.runDue();
    assert.equal((await read()).state, State.IN_PROGRESS);
    clock.advance(1);
    assert.equal(await scheduler.runDue(), 0);
    const { state, message } = await read();
    assert.deepEqual([state, message.lifecycleState], [State.COMPLETED, State.COMPLETED]);
    assert.deepEqual(message.endTime, toTimestamp(clock.now()));
    assert.equal(await store.nextDue(), undefined);
    const what = `CONVERSATION_FINISHED ${NAME} desk ${clock.now()}`;
    assert.deepEqual(told, [[what, true]]);
    assert.deepEqual(
      (await store.listEvents(0, 10)).map(({ data }) => Buffer.from(data).toString()),
      [what],
    );
  });

  it('is told to have ended each time it is, and otherwise stays as it is', async () => {
    await begin();
    for (let times = 0; times < 2; times++) {
      const stored = await store.get(NAME);
      assert.ok(stored);
      const {
        body,
        done: _done,
        ...change
      } = await completionOf(store, NAME, stored, clock.now(), { fallback: undefined, tell });
      await store.commit(change);
      assert.deepEqual(Buffer.from(body), Buffer.from((await store.get(NAME))?.body ?? []));
      clock.advance(1);
    }
    assert.deepEqual((await read()).message.endTime, toTimestamp(clock.now() - 2));
    assert.equal((await store.listEvents(0, 10)).length, 2);
  });

  it('is completed after a restart, too, at the time when it was due', async () => {
    const due = clock.now() + CONVERSATION_LIFE_MAX;
    await begin();
    await store.close();
    clock.advance(CONVERSATION_LIFE_MAX * 2);
    store = await openSqliteStore(folder, clock);
    scheduler = new Scheduler(store, clock, quiet);
    scheduler.handle(COMPLETION, (timer) => completeByTimer(store, timer, { fallback: undefined, tell }));
    await scheduler.runDue();
    const { state, message } = await read();
    assert.deepEqual([state, message.endTime], [State.COMPLETED, toTimestamp(due)]);
  });

  it('ends no earlier than it began where the clock was set back', async () => {
    await begin();
    const stored = await store.get(NAME);
    assert.ok(stored);
    const {
      body: _body,
      done: _done,
      ...change
    } = await completionOf(store, NAME, stored, clock.now() - 1, {
      fallback: undefined,
      tell,
    });
    await store.commit(change);
    assert.deepEqual((await read()).message.endTime, toTimestamp(clock.now()));
  });

  it('has no timer any more once it was ended, and one that is left changes nothing', async () => {
    await begin();
    const [timer] = await store.dueTimers(Number.MAX_SAFE_INTEGER, { limit: 1 });
    const stored = await store.get(NAME);
    assert.ok(stored && timer);
    const {
      body: _body,
      done: _done,
      ...change
    } = await completionOf(store, NAME, stored, clock.now(), { fallback: undefined, tell });
    await store.commit(change);
    assert.equal(await store.nextDue(), undefined);
    const { message } = await read();
    clock.advance(CONVERSATION_LIFE_MAX);
    await store.commit({ partition: NAME, schedule: [timer] });
    assert.equal(await scheduler.runDue(), 0);
    assert.deepEqual((await read()).message, message);
  });

  it('can be ended where it was made without a timer', async () => {
    await begin({ withTimer: false });
    const stored = await store.get(NAME);
    assert.ok(stored);
    const {
      body: _body,
      done: _done,
      ...change
    } = await completionOf(store, NAME, stored, clock.now(), { fallback: undefined, tell });
    await store.commit(change);
    assert.equal((await read()).state, State.COMPLETED);
  });
});
