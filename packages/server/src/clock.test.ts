import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { SystemClock, toTimestamp } from './clock.ts';

describe('SystemClock', () => {
  it('follows the wall clock when that is set', () => {
    const clock = new SystemClock();
    clock.now();
    const later = Date.now() + 3_600_000;
    mock.method(Date, 'now', () => later);
    try {
      assert.equal(clock.now(), later * 1000);
    } finally {
      mock.restoreAll();
    }
  });

  it('answers whole microseconds', () => assert.ok(Number.isSafeInteger(new SystemClock().now())));
});

describe('toTimestamp()', () => {
  it('keeps every microsecond', () => {
    const { seconds, nanos } = toTimestamp(1_639_080_336_638_749);
    assert.deepEqual([seconds, nanos], [1_639_080_336n, 638_749_000]);
  });
});
