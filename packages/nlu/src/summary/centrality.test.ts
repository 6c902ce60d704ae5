import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { centralityOf } from './centrality.ts';

describe('centralityOf()', () => {
  it('is greatest for what shares its words with the others', () => {
    const [hub = 0, one = 0, two = 0, apart = 0] = centralityOf([
      ['card', 'blocked', 'abroad'],
      ['card', 'blocked'],
      ['blocked', 'abroad'],
      ['weather', 'nice'],
    ]);
    assert.equal(hub, 1);
    assert.ok(one < hub && two < hub && apart < one && apart < two, `${one} ${two} ${apart}`);
  });

  it('is the same for sentences of the same words', () => {
    const [one, other] = centralityOf([['a', 'b'], ['b', 'a'], ['c']]);
    assert.equal(one, other);
  });

  it('takes sentences without words, and none', () => {
    assert.deepEqual(centralityOf([]), []);
    assert.deepEqual(centralityOf([[], []]), [1, 1]);
    assert.ok(centralityOf([['a'], []]).every(Number.isFinite));
  });
});
