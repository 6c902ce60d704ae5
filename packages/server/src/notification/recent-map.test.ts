import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentMap } from './recent-map.ts';

describe('RecentMap', () => {
  it('keeps what was asked for last, undefined values among it', () => {
    const map = new RecentMap<string, number | undefined>(4);
    map.set('a', undefined);
    map.set('b', 2);
    map.set('c', 3);
    assert.equal(map.get('a'), undefined);
    map.set('d', 4);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => map.has(key)),
      [true, false, true, true],
    );
    assert.deepEqual([map.get('b'), map.get('d')], [undefined, 4]);
  });

  it('holds no more than it may, and at least the half that came last', () => {
    const map = new RecentMap<number, number>(10);
    const held = (): number[] => Array.from({ length: 101 }, (_, key) => key).filter((key) => map.has(key));
    for (let key = 0; key <= 100; key++) {
      map.set(key, key);
      assert.ok(held().length <= 10);
      for (let recent = Math.max(0, key - 4); recent <= key; recent++) assert.ok(map.has(recent));
    }
  });

  it('answers what was set last', () => {
    const map = new RecentMap<string, number>(4);
    map.set('a', 1);
    map.set('b', 2);
    map.set('c', 3);
    map.set('a', 4);
    assert.equal(map.get('a'), 4);
    map.clear();
    assert.equal(map.has('a'), false);
  });
});
