import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ContextSchema, SessionEntityTypeSchema } from '@parleykit/proto/v2beta1';
import { FakeClock } from '../../clock.ts';
import { SESSION_LIFE } from '../../limits.ts';
import { readResourceName } from '../../resource-names.ts';
import { Scheduler } from '../../schedule/scheduler.ts';
import { openSqliteStore } from '../../storage/sqlite-store.ts';
import { ConflictError, type Store } from '../../storage/store.ts';
import { AgentSessions, SESSION_EXPIRY, type SessionDraft } from './agent-sessions.ts';
import { sessionOfName } from './session-names.ts';

const context = (name: string, lifespanCount = 5) => create(ContextSchema, { name, lifespanCount });

function sessionNamed(text: string) {
  const name = readResourceName(text);
  assert.ok(name);
  return sessionOfName(name);
}

const session = sessionNamed('projects/p/agent/sessions/s');

describe('sessionOfName()', () => {
  const table = [
    { text: 'projects/p/agent/sessions/s', key: 'projects/p/agent/sessions/s' },
    { text: 'projects/p/locations/us/agent/sessions/s/contexts/c', key: 'projects/p/agent/sessions/s' },
    { text: 'projects/p/agent/environments/-/users/-/sessions/s', key: 'projects/p/agent/sessions/s' },
    {
      text: 'projects/p/agent/environments/draft/users/-/sessions/s/x/y',
      key: 'projects/p/agent/sessions/s',
    },
    {
      text: 'projects/p/agent/environments/draft/users/u/sessions/s',
      key: 'projects/p/agent/environments/-/users/u/sessions/s',
    },
    {
      text: 'projects/p/locations/l/agent/environments/e/users/-/sessions/s',
      key: 'projects/p/locations/l/agent/environments/e/users/-/sessions/s',
    },
  ];
  for (const { text, key } of table) {
    it(`stores ${text} under ${key}`, () => assert.equal(sessionNamed(text).key, key));
  }

  it('keeps the form of the caller', () => {
    const { name, id } = sessionNamed(
      'projects/p/locations/us/agent/environments/-/users/-/sessions/s/contexts/c',
    );
    assert.equal(name.toString(), 'projects/p/locations/us/agent/environments/-/users/-/sessions/s');
    assert.equal(id, 's');
  });
});

describe('AgentSessions', () => {
  let folder: string;
  let store: Store;
  let clock: FakeClock;
  let scheduler: Scheduler;
  let sessions: AgentSessions;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-sessions-'));
    clock = new FakeClock();
    store = await openSqliteStore(folder, clock);
    scheduler = new Scheduler(store, clock, { info: () => {}, error: () => {} });
    sessions = new AgentSessions(store, clock);
    scheduler.handle(SESSION_EXPIRY, (timer) => sessions.expire(timer));
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function edit(change: (draft: SessionDraft) => void): Promise<void> {
    const draft = await sessions.open(session);
    change(draft);
    await sessions.commit(session, draft);
  }

  const contextIds = async () => [...(await sessions.open(session)).contexts.keys()];

  it('forgets a context twenty minutes after its last use', async () => {
    await edit((draft) => draft.putContext(context('a')));
    clock.advance(SESSION_LIFE - 1000);
    assert.deepEqual(await contextIds(), ['a']);
    clock.advance(1000);
    assert.deepEqual(await contextIds(), []);
  });

  it('has the use of one context prolong no other', async () => {
    await edit((draft) => {
      draft.putContext(context('a'));
      draft.putContext(context('b'));
    });
    clock.advance(SESSION_LIFE / 2);
    await edit((draft) => draft.putContext(context('b', 3)));
    clock.advance(SESSION_LIFE / 2);
    assert.deepEqual(await contextIds(), ['b']);
  });

  it('keeps session entity types for twenty minutes after the session was last used', async () => {
    await edit((draft) => draft.putEntityType(create(SessionEntityTypeSchema, { name: 'fruit' })));
    clock.advance(SESSION_LIFE / 2);
    await edit((draft) => draft.putContext(context('a')));
    clock.advance(SESSION_LIFE - 1000);
    assert.equal((await sessions.open(session)).entityTypes.size, 1);
    clock.advance(1000);
    assert.equal((await sessions.open(session)).entityTypes.size, 0);
  });

  it('moves the timer of a session that is used elsewhere, where clocks differ', async () => {
    await edit((draft) => draft.putContext(context('a')));
    const timer = await store.getTimer(`session ${session.key}`);
    assert.ok(timer);
    await sessions.expire(timer);
    assert.deepEqual(await contextIds(), ['a']);
    assert.equal(await store.nextDue(), timer.due);
  });

  it('keeps nothing of a session in which all has expired', async () => {
    await edit((draft) => draft.putContext(context('a')));
    clock.advance(SESSION_LIFE / 2);
    await edit((draft) => draft.putContext(context('b')));
    clock.advance(SESSION_LIFE / 2);
    assert.equal(await scheduler.runDue(), 0);
    assert.deepEqual(await contextIds(), ['b']);
    clock.advance(SESSION_LIFE / 2);
    assert.equal(await scheduler.runDue(), 0);
    assert.equal(await store.get(session.key), undefined);
    assert.equal(await store.nextDue(), undefined);
  });

  it('keeps nothing of a session that was emptied, and no timer', async () => {
    await edit((draft) => draft.putContext(context('a')));
    await edit((draft) => draft.removeContexts());
    assert.equal(await store.get(session.key), undefined);
    assert.equal(await store.nextDue(), undefined);
    await edit((draft) => draft.removeContexts());
    await edit((draft) => draft.putContext(context('a', 0)));
    assert.equal(await store.get(session.key), undefined);
  });

  it('lets one of two edits of the same state win', async () => {
    const drafts = [await sessions.open(session), await sessions.open(session)];
    for (const [index, draft] of drafts.entries()) draft.putContext(context(`c${index}`));
    const ends = await Promise.allSettled(drafts.map((draft) => sessions.commit(session, draft)));
    assert.equal(ends[0]?.status, 'fulfilled');
    assert.ok(ends[1]?.status === 'rejected' && ends[1].reason instanceof ConflictError);
  });

  it('refuses to hold more than a resource may', async () => {
    await assert.rejects(
      edit((draft) =>
        draft.putContext(
          create(ContextSchema, { ...context('a'), parameters: { x: 'x'.repeat(1_048_576) } }),
        ),
      ),
      { reason: 'SESSION_TOO_LARGE' },
    );
    assert.deepEqual(await contextIds(), []);
  });
});
