import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { FakeClock, ProjectClocks, SystemClock, toMicroseconds, toTimestamp } from './clock.ts';

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

describe('ProjectClocks', () => {
  it('is the system’s for everybody, but for projects that are ahead of it or behind', () => {
    const system = new FakeClock(1000);
    const clocks = new ProjectClocks(system);
    clocks.set('early', 50);
    clocks.set('late', -50);
    const times = () => [clocks.now(), clocks.now('none'), clocks.now('early'), clocks.now('late')];
    assert.deepEqual(times(), [1000, 1000, 1050, 950]);
    system.advance(7);
    assert.deepEqual(times(), [1007, 1007, 1057, 957]);
  });
});

describe('toMicroseconds()', () => {
  for (const { seconds, nanos, want } of [
    { seconds: 1_639_080_336n, nanos: 638_749_999, want: 1_639_080_336_638_749 },
    { seconds: 0n, nanos: 999, want: 0 },
    { seconds: -1n, nanos: -500_000_000, want: -1_500_000 },
  ]) {
    it(`reads ${seconds} s and ${nanos} ns`, () => assert.equal(toMicroseconds({ seconds, nanos }), want));
  }
});

describe('toTimestamp()', () => {
  it('keeps every microsecond', () => {
    const { seconds, nanos } = toTimestamp(1_639_080_336_638_749);
    assert.deepEqual([seconds, nanos], [1_639_080_336n, 638_749_000]);
  });
});
