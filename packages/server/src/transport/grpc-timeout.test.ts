import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundTimeout } from './grpc-timeout.ts';

describe('boundTimeout()', () => {
  for (const value of ['0m', '1n', '30S', '596H', '35791M', '2147483S', '99999999m', '99999999u']) {
    it(`leaves ${value} as it is`, () => assert.equal(boundTimeout(value), value));
  }

  for (const value of ['597H', '35792M', '2147484S', '99999999H']) {
    it(`shortens ${value} to what a timer holds`, () => assert.equal(boundTimeout(value), '2147483S'));
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
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal(boundTimeout(value), undefined));
  }
});
