import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { SystemClock, toNanoseconds, toTimestamp } from './clock.ts';

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

describe('toNanoseconds()', () => {
  it('keeps every digit, before the epoch too', () => {
    const { $typeName } = toTimestamp(0);
    assert.equal(
      toNanoseconds({ $typeName, seconds: 1_795_367_852n, nanos: 133_881_001 }),
      1_795_367_852_133_881_001n,
    );
    assert.equal(toNanoseconds({ $typeName, seconds: -1n, nanos: 999_999_999 }), -1n);
  });
});
