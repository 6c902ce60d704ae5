import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  agentResourceName,
  contextIdAfter,
  contextIdOf,
  followupContextId,
  isContextId,
  sessionIdOf,
} from './context-names.ts';

describe('agentResourceName()', () => {
  const cases: readonly [session: string, name: string, whole: string][] = [
    ['projects/p/agent/sessions/s', 'intents/i', 'projects/p/agent/intents/i'],
    ['projects/p/locations/l/agent/sessions/s', 'intents/i', 'projects/p/locations/l/agent/intents/i'],
    ['projects/p/agent/environments/e/users/-/sessions/s', 'intents/i', 'projects/p/agent/intents/i'],
    ['projects/agent/agent/sessions/s', 'intents/i', 'projects/agent/agent/intents/i'],
    ['projects/p/agent/sessions/s', 'projects/q/agent/intents/i', 'projects/q/agent/intents/i'],
    ['projects/p/agent/sessions/s', '', ''],
    ['s', 'intents/i', 'intents/i'],
  ];
  for (const [session, name, whole] of cases) {
    it(`is ${JSON.stringify(whole)} for ${name} in ${session}`, () => {
      assert.equal(agentResourceName(session, name), whole);
    });
  }
});

describe('contextIdOf()', () => {
  it('is the last part in small letters, of whatever names it', () => {
    assert.equal(contextIdOf('projects/p/agent/sessions/-/contexts/Order-Followup'), 'order-followup');
    assert.equal(contextIdOf('sessions/-/contexts/a'), 'a');
    assert.equal(contextIdOf('Plain'), 'plain');
  });
});

describe('isContextId()', () => {
  it('takes the signs that ids may have, up to 250 of them', () => {
    for (const id of ['a', 'a-b_c%20', '__system_counters__', 'a'.repeat(250)])
      assert.equal(isContextId(id), true);
    for (const id of ['', 'a b', 'A', 'é', 'a.b', 'a'.repeat(251)]) assert.equal(isContextId(id), false);
  });
});

describe('contextIdAfter()', () => {
  it('leaves out what ids cannot have, and the end of what is too long', () => {
    assert.equal(followupContextId({ displayName: 'Book a room: yes?', id: 'i' }), 'bookaroomyes-followup');
    const long = contextIdAfter({ displayName: 'x'.repeat(300), id: 'i' }, '_dialog_context');
    assert.equal(long.length, 250);
    assert.ok(long.endsWith('x_dialog_context'));
  });

  it('takes the id of an intent whose name has nothing that ids may have', () => {
    assert.equal(followupContextId({ displayName: '予約', id: 'A-1' }), 'a-1-followup');
    assert.equal(followupContextId({ displayName: '予約', id: '予約' }), '-followup');
  });
});

describe('sessionIdOf()', () => {
  it('is what follows "sessions"', () => {
    assert.equal(sessionIdOf('projects/p/agent/environments/e/users/-/sessions/s/contexts/c'), 's');
    assert.equal(sessionIdOf('sessions/-/contexts/c'), '-');
    assert.equal(sessionIdOf('contexts/c'), undefined);
  });
});
