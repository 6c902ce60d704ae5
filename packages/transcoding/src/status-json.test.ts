import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, createRegistry } from '@bufbuild/protobuf';
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { registry } from '@parleykit/proto';
import { BadRequestSchema, Code, StatusSchema } from '@parleykit/proto/rpc';
import { errorBody, httpStatusOf } from './status-json.ts';

describe('httpStatusOf()', () => {
  const statuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
  statuses.forEach((status, code) => {
    it(`maps ${Code[code]} to ${status}`, () => {
      assert.equal(httpStatusOf(code), status);
    });
  });

  it('maps a number that is no code to 500', () => {
    for (const code of [-1, 17, 0.5, Number.NaN]) assert.equal(httpStatusOf(code), 500);
  });
});

describe('errorBody()', () => {
  const badRequest = anyPack(
    BadRequestSchema,
    create(BadRequestSchema, { fieldViolations: [{ field: 'a.b', description: 'is missing' }] }),
  );

  it('writes the error with its details', () => {
    const status = create(StatusSchema, {
      code: Code.NOT_FOUND,
      message: 'no "such" thing',
      details: [badRequest],
    });
    assert.deepEqual(JSON.parse(errorBody(status, registry)), {
      error: {
        code: 404,
        message: 'no "such" thing',
        status: 'NOT_FOUND',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field: 'a.b', description: 'is missing' }],
          },
        ],
      },
    });
  });

  it('leaves out details of unknown types and with broken bytes', () => {
    const unknown = create(AnySchema, { typeUrl: 'type.googleapis.com/no.such.Type' });
    const broken = create(AnySchema, { typeUrl: badRequest.typeUrl, value: Uint8Array.of(0xff) });
    const status = create(StatusSchema, { code: Code.ABORTED, message: 'm', details: [unknown, broken] });
    assert.equal(errorBody(status, registry), '{"error":{"code":409,"message":"m","status":"ABORTED"}}');
    const known = create(StatusSchema, { code: Code.ABORTED, message: 'm', details: [badRequest] });
    assert.ok(!errorBody(known, createRegistry()).includes('details'));
  });

  it('calls a number that is no code UNKNOWN', () => {
    const status = create(StatusSchema, { code: 99, message: 'm' });
    assert.equal(errorBody(status, registry), '{"error":{"code":500,"message":"m","status":"UNKNOWN"}}');
  });
});
