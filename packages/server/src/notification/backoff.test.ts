import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backoffMs } from './backoff.ts';

describe('backoffMs()', () => {
  for (const [failures, asked, random, want] of [
    [1, 0, 0, 0],
    [1, 0, 1, 200],
    [3, 0, 1, 800],
    [3, 0, 0.5, 400],
    [5000, 0, 1, 30_000],
    [1, 1500, 0, 1500],
    [9, 1500, 1, 30_000],
    [1, 1e9, 0, 300_000],
  ] as const) {
    it(`waits ${want} ms after ${failures} failures, asked for ${asked} ms, at ${random}`, () => {
      assert.equal(
        backoffMs(failures, asked, () => random),
        want,
      );
    });
  }
});
