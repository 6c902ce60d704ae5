import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { timeoutHeader } from './timeout-header.ts';

describe('timeoutHeader()', () => {
  const cases: readonly [ms: number, header: string][] = [
    [1, '1m'],
    [1500, '1500m'],
    // Rounded up, and never nothing.
    [0.2, '1m'],
    [99.5, '100m'],
    [-5, '1m'],
    // No more than eight digits.
    [99_999_999, '99999999m'],
    [99_999_999.5, '100000S'],
    [100_000_000, '100000S'],
    [99_999_999_000, '99999999S'],
    [100_000_000_000, '1666667M'],
    [6_000_000_000_000, '1666667H'],
    [Number.POSITIVE_INFINITY, '99999999H'],
  ];
  for (const [ms, header] of cases) {
    it(`writes ${ms} as ${header}`, () => assert.equal(timeoutHeader(ms), header));
  }
});
