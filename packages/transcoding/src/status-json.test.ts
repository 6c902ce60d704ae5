import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type DescMessage, toJson } from '@bufbuild/protobuf';
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { registry } from '@parleykit/proto';
import { BadRequestSchema, Code, ErrorInfoSchema } from '@parleykit/proto/rpc';
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
  const badRequest = {
    schema: BadRequestSchema,
    message: create(BadRequestSchema, { fieldViolations: [{ field: 'a.b', description: 'is missing' }] }),
  };

  it('writes the error with its details', () => {
    const status = { code: Code.NOT_FOUND, message: 'no "such" thing', details: [badRequest] };
    assert.deepEqual(JSON.parse(errorBody(status)), {
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

  it('writes a detail as it stands in a google.protobuf.Any', () => {
    const errorInfo = {
      schema: ErrorInfoSchema,
      message: create(ErrorInfoSchema, { reason: 'R', domain: 'd', metadata: { a: '', b: 'B' } }),
    };
    const details = [errorInfo, badRequest];
    const packed = details.map(({ schema, message }) =>
      toJson(AnySchema, anyPack<DescMessage>(schema, message), { registry }),
    );
    const body = errorBody({ code: Code.ABORTED, message: 'm', details });
    assert.ok(body.endsWith(`,"details":${JSON.stringify(packed)}}}`), body);
  });

  it('writes no details where there are none, and the HTTP status that it is given', () => {
    const status = { code: Code.ABORTED, message: 'm', details: [] };
    assert.equal(errorBody(status), '{"error":{"code":409,"message":"m","status":"ABORTED"}}');
    assert.equal(errorBody(status, 405), '{"error":{"code":405,"message":"m","status":"ABORTED"}}');
  });

  it('calls a number that is no code UNKNOWN', () => {
    const status = { code: 99, message: 'm', details: [] };
    assert.equal(errorBody(status), '{"error":{"code":500,"message":"m","status":"UNKNOWN"}}');
  });
});
