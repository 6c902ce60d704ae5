import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeGrpcMessage, failureOfHttpAnswer, failureOfReset, isGrpc, statusOf } from './reply-status.ts';

describe('decodeGrpcMessage()', () => {
  const cases: readonly [encoded: string, message: string][] = [
    ['', ''],
    ['not found', 'not found'],
    ['50%25 of it', '50% of it'],
    ['caf%C3%A9', 'café'],
    ['caf%c3%a9', 'café'],
    ['%F0%9F%A6%9C', '🦜'],
    ['line%0Aline', 'line\nline'],
    // What is not encoded rightly stays.
    ['100%', '100%'],
    ['%G1 %1', '%G1 %1'],
    ['%%32', '%2'],
    // Sent as UTF-8 without encoding, which Node shows byte by byte.
    [Buffer.from('grün').toString('latin1'), 'grün'],
    // No UTF-8 at all.
    ['%FF', '\ufffd'],
  ];
  for (const [encoded, message] of cases) {
    it(`reads ${JSON.stringify(encoded)}`, () => assert.equal(decodeGrpcMessage(encoded), message));
  }

  it('undoes what a server encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = [...Buffer.from(text)]
          .map((byte) =>
            byte >= 0x20 && byte <= 0x7e && byte !== 0x25
              ? String.fromCharCode(byte)
              : `%${byte.toString(16).padStart(2, '0')}`,
          )
          .join('');
        assert.equal(decodeGrpcMessage(encoded), Buffer.from(text).toString());
      }),
    );
  });
});

describe('statusOf()', () => {
  it('answers OK for 0 and undefined for none', () => {
    assert.equal(statusOf({ 'grpc-status': '0' }), 'OK');
    assert.equal(statusOf({ 'grpc-message': 'what' }), undefined);
  });

  const cases: readonly [status: string, code: string][] = [
    ['1', 'CANCELLED'],
    ['5', 'NOT_FOUND'],
    ['16', 'UNAUTHENTICATED'],
    ['17', 'UNKNOWN'],
    ['-1', 'UNKNOWN'],
    ['', 'UNKNOWN'],
    ['00x', 'UNKNOWN'],
  ];
  for (const [status, code] of cases) {
    it(`reads ${JSON.stringify(status)} as ${code}`, () => {
      const failure = statusOf({ 'grpc-status': status, 'grpc-message': 'gone%21' });
      assert.ok(failure !== undefined && failure !== 'OK');
      assert.equal(failure.code, code);
      assert.equal(failure.message, 'gone!');
    });
  }

  it('names the code where there is no message', () => {
    const failure = statusOf({ 'grpc-status': '5' });
    assert.match(JSON.stringify(failure), /NOT_FOUND/);
  });

  const binaries: readonly [header: string, bytes: readonly number[] | undefined][] = [
    ['AQI=', [1, 2]],
    ['AQI', [1, 2]],
    ['-_8', [0xfb, 0xff]],
    ['+/8=', [0xfb, 0xff]],
    ['AQI=, AwQ=', [1, 2]],
    ['', undefined],
    ['n*o', undefined],
  ];
  for (const [header, bytes] of binaries) {
    it(`takes ${JSON.stringify(header)} for details`, () => {
      const failure = statusOf({ 'grpc-status': '3', 'grpc-status-details-bin': header });
      assert.ok(failure !== undefined && failure !== 'OK');
      assert.deepEqual(failure.details === undefined ? undefined : [...failure.details], bytes);
    });
  }
});

describe('isGrpc()', () => {
  for (const type of ['application/grpc', 'application/grpc+proto', 'Application/gRPC; charset=utf-8']) {
    it(`takes ${type}`, () => assert.equal(isGrpc({ 'content-type': type }), true));
  }
  for (const type of ['text/html', 'application/grpc+json', 'application/grpc-web', '']) {
    it(`does not take ${JSON.stringify(type)}`, () => assert.equal(isGrpc({ 'content-type': type }), false));
  }
});

describe('failureOfHttpAnswer()', () => {
  // https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  const cases: readonly [status: number, code: string][] = [
    [200, 'UNKNOWN'],
    [302, 'UNKNOWN'],
    [400, 'INTERNAL'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'UNIMPLEMENTED'],
    [413, 'UNKNOWN'],
    [429, 'UNAVAILABLE'],
    [500, 'UNKNOWN'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'UNAVAILABLE'],
  ];
  for (const [status, code] of cases) {
    it(`reads HTTP status ${status} as ${code}`, () => {
      const failure = failureOfHttpAnswer({ 'content-type': 'text/html' }, status);
      assert.deepEqual([failure.code, failure.httpStatus], [code, status]);
      assert.match(failure.message, new RegExp(`${status}.*text/html`));
    });
  }
});

describe('failureOfReset()', () => {
  // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
  const codes = ['INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL']
    .concat(['UNAVAILABLE', 'CANCELLED', 'INTERNAL', 'INTERNAL', 'RESOURCE_EXHAUSTED', 'PERMISSION_DENIED'])
    .concat(['INTERNAL', 'INTERNAL']);
  for (const [reset, code] of codes.entries()) {
    it(`reads ${reset} as ${code}`, () => assert.equal(failureOfReset(reset, undefined).code, code));
  }
});
