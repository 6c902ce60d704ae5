import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentMap } from './recent-map.ts';

describe('RecentMap', () => {
  it('keeps what was asked for last, undefined values among it', () => {
    const map = new RecentMap<string, number | undefined>(2);
    map.set('a', undefined);
    map.set('b', 2);
    assert.equal(map.get('a'), undefined);
    map.set('c', 3);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => [map.has(key), map.get(key)]),
      [
        [true, undefined],
        [false, undefined],
        [true, 3],
      ],
    );
  });
});
