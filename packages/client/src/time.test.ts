import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fromEpochMicros, toDate, toEpochMicros } from './time.ts';

const MICROS_MIN = -62_135_596_800_000_000n;
const MICROS_MAX = 253_402_300_799_999_999n;

describe('toDate()', () => {
  for (const { timestamp, date } of [
    { timestamp: '2026-09-21T14:13:20.005Z', date: '2026-09-21T14:13:20.005Z' },
    { timestamp: '2026-09-21T14:13:20Z', date: '2026-09-21T14:13:20.000Z' },
    { timestamp: '2026-09-21T14:13:20.005999Z', date: '2026-09-21T14:13:20.005Z' },
    { timestamp: '1969-12-31T23:59:59.999999999Z', date: '1969-12-31T23:59:59.999Z' },
    { timestamp: '2026-09-21T16:13:20+02:00', date: '2026-09-21T14:13:20.000Z' },
    { timestamp: '2000-02-29T00:00:00Z', date: '2000-02-29T00:00:00.000Z' },
    { timestamp: '0001-01-01T00:00:00Z', date: '0001-01-01T00:00:00.000Z' },
    { timestamp: '9999-12-31T23:59:59.999999999Z', date: '9999-12-31T23:59:59.999Z' },
  ]) {
    it(`makes ${date} of ${timestamp}`, () => {
      assert.equal(toDate(timestamp).toISOString(), date);
    });
  }

  it('agrees with Date on all that Date can say', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => assert.equal(toDate(date.toISOString()).getTime(), date.getTime())),
    );
  });

  for (const text of [
    '',
    'now',
    '2026-09-21',
    '1900-02-29T00:00:00Z',
    '2026-09-21T14:13:20',
    '0000-12-31T00:00:00Z',
  ]) {
    it(`refuses '${text}'`, () => {
      assert.throws(() => toDate(text), TypeError);
      assert.throws(() => toEpochMicros(text), TypeError);
    });
  }
});

describe('toEpochMicros() and fromEpochMicros()', () => {
  for (const { timestamp, micros } of [
    { timestamp: '1970-01-01T00:00:00Z', micros: 0n },
    { timestamp: '1970-01-01T00:00:00.000001Z', micros: 1n },
    { timestamp: '1969-12-31T23:59:59.999999Z', micros: -1n },
    { timestamp: '2026-09-21T14:13:20.005001Z', micros: 1_790_000_000_005_001n },
    { timestamp: '0001-01-01T00:00:00Z', micros: MICROS_MIN },
    { timestamp: '9999-12-31T23:59:59.999999Z', micros: MICROS_MAX },
  ]) {
    it(`are each other's inverse for ${timestamp}`, () => {
      assert.equal(toEpochMicros(timestamp), micros);
      assert.equal(fromEpochMicros(micros), timestamp);
    });
  }

  it('lose no microsecond', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: MICROS_MIN, max: MICROS_MAX }), (micros) => {
        assert.equal(toEpochMicros(fromEpochMicros(micros)), micros);
      }),
    );
  });

  it('cut off what is below a microsecond', () => {
    assert.equal(toEpochMicros('1970-01-01T00:00:00.000001999Z'), 1n);
  });

  it('refuse what is beyond the years of a Timestamp', () => {
    assert.throws(() => fromEpochMicros(MICROS_MIN - 1n), TypeError);
    assert.throws(() => fromEpochMicros(MICROS_MAX + 1n), TypeError);
  });
});
