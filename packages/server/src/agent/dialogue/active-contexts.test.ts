import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type AgentSession, AgentSessionSchema } from '@parleykit/proto/stored';
import { ActiveContexts } from './active-contexts.ts';

const NOW = 1_000_000_000;
const MINUTE = 60_000;

/** The session after a query that did something to its contexts. */
function after(
  session: AgentSession,
  nowMs: number,
  change: (contexts: ActiveContexts) => void,
): AgentSession {
  const contexts = new ActiveContexts(session, nowMs);
  change(contexts);
  return create(AgentSessionSchema, { queries: session.queries + 1, contexts: contexts.save() });
}

const empty = create(AgentSessionSchema);
const idle = () => {};

describe('ActiveContexts', () => {
  it('keeps a context for as many queries as it lives, and shows how many are left', () => {
    let session = after(empty, NOW, (contexts) => {
      contexts.set('booking', 2, { a: 1 });
      assert.equal(contexts.toMessages('s')[0]?.lifespanCount, 2);
    });
    for (const left of [1, undefined]) {
      session = after(session, NOW, (contexts) => {
        assert.equal(contexts.has('booking'), true);
        assert.deepEqual(contexts.parametersOf('booking'), { a: 1 });
        assert.equal(contexts.toMessages('s')[0]?.lifespanCount, left);
      });
    }
    after(session, NOW, (contexts) => assert.equal(contexts.has('booking'), false));
  });

  it('counts what comes with a query as if it had been there before', () => {
    const session = after(empty, NOW, (contexts) => {
      contexts.activate('once', 1, {});
      contexts.activate('twice', 2, {});
      assert.deepEqual(contexts.ids, ['once', 'twice']);
    });
    assert.deepEqual(
      session.contexts.map(({ id }) => id),
      ['twice'],
    );
  });

  it('forgets what no query used for twenty minutes, and nothing before', () => {
    const session = after(empty, NOW, (contexts) => contexts.set('booking', 9, {}));
    after(session, NOW + 20 * MINUTE, (contexts) => assert.equal(contexts.has('booking'), false));
    const used = after(session, NOW + 19 * MINUTE, idle);
    after(used, NOW + 38 * MINUTE, (contexts) => assert.equal(contexts.has('booking'), true));
  });

  it('removes a context that is set for no query', () => {
    const session = after(empty, NOW, (contexts) => contexts.set('booking', 5, {}));
    assert.deepEqual(after(session, NOW, (contexts) => contexts.set('booking', 0, {})).contexts, []);
    assert.deepEqual(after(session, NOW, (contexts) => contexts.set('booking', -1, {})).contexts, []);
  });

  it('does not change the session that it is of', () => {
    const session = after(empty, NOW, (contexts) => contexts.set('booking', 5, { a: 1 }));
    after(session, NOW, (contexts) => contexts.set('booking', 3, { b: 2 }));
    assert.equal(session.contexts[0]?.lifespanCount, 5);
    assert.deepEqual(session.contexts[0]?.parameters, { a: 1 });
  });

  it('keeps the most recent ones of very many', () => {
    let session = after(empty, NOW, (contexts) => contexts.set('first', 1000, {}));
    for (let query = 0; query < 3; query++) {
      session = after(session, NOW, (contexts) => {
        for (let index = 0; index < 50; index++) contexts.set(`c${query}-${index}`, 1000, {});
      });
    }
    assert.equal(session.contexts.length, 100);
    assert.equal(
      session.contexts.some(({ id }) => id === 'first' || id.startsWith('c0')),
      false,
    );
  });
});
