import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTimeout } from './grpc-timeout.ts';

describe('parseTimeout()', () => {
  const milliseconds = {
    '0m': 0,
    '1n': 1e-6,
    '250u': 0.25,
    '30m': 30,
    '30S': 30_000,
    '2M': 120_000,
    '1H': 3.6e6,
  };
  for (const [value, expected] of Object.entries(milliseconds)) {
    it(`takes ${value} for ${expected} ms`, () => assert.equal(parseTimeout(value), expected));
  }

  for (const value of ['597H', '35792M', '2147484S', '99999999H']) {
    it(`shortens ${value} to what a timer holds`, () => assert.equal(parseTimeout(value), 2 ** 31 - 1));
  }

  for (const value of [
    '',
    '1',
    'S',
    '1s',
    '1 S',
    ' 1S',
    '-1S',
    '1.5S',
    '100000000m',
    '1S, 2S',
    '1SS',
    '1S\n',
  ]) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal(parseTimeout(value), undefined));
  }
});
