import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createId, createUuid } from './ids.ts';

describe('createId()', () => {
  it('makes ids that sort by time and never meet', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => createId(1_700_000_000_000_000 + i * 1000));
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(new Set(Array.from({ length: 1000 }, () => createId(0))).size, 1000);
  });

  it('makes 22 letters and digits', () => assert.match(createId(Date.now() * 1000), /^[0-9A-Za-z]{22}$/));
});

describe('createUuid()', () => {
  it('makes UUIDs of version 7 that sort by time and never meet', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => createUuid(1_700_000_000_000_000 + i * 1000));
    assert.deepEqual(ids.toSorted(), ids);
    for (const id of ids) {
      assert.match(id, /^018bcfe5-6[0-9a-f]{3}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
    }
    assert.equal(new Set(Array.from({ length: 1000 }, () => createUuid(0))).size, 1000);
  });
});
