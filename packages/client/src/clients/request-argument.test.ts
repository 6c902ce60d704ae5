import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidRequestError } from '../errors.ts';
import { requestOf } from './request-argument.ts';

describe('requestOf()', () => {
  it('takes fields, a whole request, and nothing at all', () => {
    const request = { name: 'n' };
    assert.equal(requestOf(request), request);
    assert.equal(requestOf({ request }), request);
    assert.equal(requestOf({ request, name: undefined }), request);
    assert.deepEqual(requestOf({ request: undefined, name: 'n' }), request);
    assert.deepEqual(requestOf({}), {});
    assert.deepEqual(requestOf(undefined), {});
  });

  it('refuses a request beside a field, in the words of the Python client', () => {
    for (const name of ['n', '', null]) {
      assert.throws(() => requestOf({ request: {}, name }), {
        name: 'InvalidRequestError',
        field: 'request',
        message:
          'If the `request` argument is set, then none of the individual field arguments should be set.',
      });
    }
  });

  it('refuses what is no object', () => {
    for (const argument of ['projects/p', 5, null, { request: 'x' }, { request: null }]) {
      assert.throws(() => requestOf(argument as object), InvalidRequestError);
    }
  });
});
