import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { headerValues } from './request-headers.ts';

describe('headerValues()', () => {
  const request = {
    rawHeaders: ['Host', 'a', 'X-Host', 'host', 'HOST', '', 'Accept', 'b'],
  } as IncomingMessage;

  it('tells every value of a header, in whatever case it came', () => {
    assert.deepEqual(headerValues(request, 'host'), ['a', '']);
    assert.deepEqual(headerValues(request, 'accept'), ['b']);
  });

  it('tells none where there is none', () => {
    assert.deepEqual(headerValues(request, 'a'), []);
  });
});
