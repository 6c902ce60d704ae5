import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Seen } from './seen.js';

/** @param {string} name @param {number} second */
function message(name, second) {
  return { name, createTime: `2026-01-01T00:00:0${second}Z` };
}

describe('Seen', () => {
  it('begins where it is told to', () => {
    assert.equal(new Seen(undefined).after, undefined);
    assert.equal(new Seen('2026-01-01T00:00:00Z').after, '2026-01-01T00:00:00Z');
  });

  it('asks for what is left of a batch, and knows the messages of it that were seen', () => {
    const seen = new Seen('2026-01-01T00:00:00Z');
    assert.ok(seen.add(message('a', 1)));
    assert.ok(seen.add(message('b', 2)));
    assert.ok(seen.add(message('c', 2)));
    assert.equal(seen.after, '2026-01-01T00:00:01.999999Z');
    // The connection breaks, and the batch comes whole.
    assert.deepEqual(
      [message('b', 2), message('c', 2), message('d', 2), message('a', 3)].map((each) => seen.add(each)),
      [false, false, true, true],
    );
    assert.equal(seen.after, '2026-01-01T00:00:02.999999Z');
  });
});
