import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSessionName, type SessionName, standsFor } from './session-names.ts';

const read = (text: string): SessionName => readSessionName(text) ?? assert.fail(text);

describe('readSessionName()', () => {
  const cases: readonly [text: string, key: string | undefined][] = [
    ['projects/p/agent/sessions/s', 'projects/p/agent/sessions/s'],
    ['projects/p/locations/us/agent/sessions/s/contexts/c', 'projects/p/agent/sessions/s'],
    ['projects/p/agent/environments/draft/users/-/sessions/s', 'projects/p/agent/sessions/s'],
    [
      'projects/p/agent/environments/e/users/u/sessions/s/entityTypes/t',
      'projects/p/agent/environments/e/users/u/sessions/s',
    ],
    ['projects/p/agent/sessions', undefined],
    ['projects/p/agents/a/sessions/s', undefined],
    ['agent/sessions/s', undefined],
    ['', undefined],
  ];
  for (const [text, key] of cases) {
    it(`is ${key ?? 'nothing'} for ${JSON.stringify(text)}`, () => {
      assert.equal(readSessionName(text)?.key, key);
    });
  }
});

describe('standsFor()', () => {
  const cases: readonly [session: string, other: string, stands: boolean][] = [
    ['projects/p/agent/sessions/s', 'projects/p/locations/global/agent/sessions/s', true],
    ['projects/p/agent/sessions/-', 'projects/p/agent/environments/e/users/u/sessions/s', true],
    ['projects/p/agent/sessions/s', 'projects/p/agent/environments/e/users/-/sessions/s', false],
    ['projects/q/agent/sessions/-', 'projects/p/agent/sessions/s', false],
    ['projects/p/agent/sessions/s', 'projects/p/agent/sessions/t', false],
  ];
  for (const [session, other, stands] of cases) {
    it(`is ${stands} of ${session} and ${other}`, () => {
      assert.equal(standsFor(read(session), read(other)), stands);
    });
  }
});
