import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromMicros, showDuration, toMicros } from './times.js';

describe('toMicros()', () => {
  /** @type {[string, bigint | undefined][]} */
  const cases = [
    ['1970-01-01T00:00:00Z', 0n],
    ['1970-01-01T00:00:01.5Z', 1_500_000n],
    ['2021-12-09T20:05:36.638749Z', 1_639_080_336_638_749n],
    ['2021-12-09T20:05:36.638749999Z', 1_639_080_336_638_749n],
    ['2021-12-09T21:05:36.638749+01:00', 1_639_080_336_638_749n],
    ['yesterday', undefined],
    ['', undefined],
  ];
  for (const [time, expected] of cases) {
    it(`reads ${JSON.stringify(time)}`, () => assert.equal(toMicros(time), expected));
  }
});

describe('fromMicros()', () => {
  for (const micros of [0n, 1_639_080_336_638_749n, 1_639_080_336_000_000n, -1n]) {
    it(`writes ${micros} as toMicros() reads it`, () => assert.equal(toMicros(fromMicros(micros)), micros));
  }
});

describe('showDuration()', () => {
  const from = '2026-01-01T00:00:00Z';
  for (const [to, expected] of [
    ['2026-01-01T00:00:00Z', '0 s'],
    ['2026-01-01T00:00:59.4Z', '59 s'],
    ['2026-01-01T00:05:07Z', '5 min 7 s'],
    ['2026-01-01T03:05:07Z', '3 h 5 min'],
    ['2026-01-03T04:00:00Z', '2 d 4 h'],
    ['2025-12-31T00:00:00Z', '0 s'],
  ]) {
    it(`says ${expected}`, () => assert.equal(showDuration(from, String(to)), expected));
  }
});
