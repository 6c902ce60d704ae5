import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backoff } from './backoff.ts';

/** How long a backoff lasts that begins at 0, to the millisecond. */
function pause(backoff: Backoff): number {
  backoff.failed(0);
  for (let low = 0, high = 1e6; ; ) {
    if (low >= high) return low;
    const middle = Math.floor((low + high) / 2);
    if (backoff.isOn(middle)) low = middle + 1;
    else high = middle;
  }
}

describe('Backoff', () => {
  it('is off at first', () => assert.equal(new Backoff().isOn(0), false));

  it('lasts up to a second, 1.6 times that, and so on, but no more than two minutes', () => {
    const backoff = new Backoff(() => 1);
    const pauses = Array.from({ length: 13 }, () => pause(backoff));
    assert.deepEqual(pauses.slice(0, 4), [1000, 1600, 2560, 4096]);
    assert.deepEqual(pauses.slice(-2), [120_000, 120_000]);
  });

  it('leaves the whole of it to chance', () => {
    const backoff = new Backoff(() => 0.25);
    assert.deepEqual([pause(backoff), pause(backoff)], [250, 400]);
    assert.equal(pause(new Backoff(() => 0)), 0);
  });

  it('begins anew after a success', () => {
    const backoff = new Backoff(() => 1);
    backoff.failed(0);
    backoff.failed(0);
    backoff.succeeded();
    assert.equal(backoff.isOn(1), false);
    assert.equal(pause(backoff), 1000);
  });
});
