import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ApiError,
  apiError,
  ClientOptionsError,
  CODES,
  codeOfHttpStatus,
  codeOfNumber,
  detailsOfHttpAnswer,
  type ErrorDetail,
  errorOfHttpAnswer,
  InvalidRequestError,
  requestIdOf,
  UnavailableError,
} from './errors.ts';

const errorInfo: ErrorDetail = {
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason: 'RESOURCE_NOT_FOUND',
  domain: 'parley',
  metadata: { resourceName: 'projects/p/conversations/c' },
};

function retryInfo(retryDelay: string): ErrorDetail {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay };
}

describe('apiError()', () => {
  const codes = CODES.filter((code) => code !== 'OK');

  for (const code of codes) {
    it(`has a class for ${code} that is named after it`, () => {
      const error = apiError(code, 'no');
      const words = code.toLowerCase().split('_');
      const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
      assert.equal(error.code, code);
      assert.equal(error.name, `${name}Error`);
      assert.equal(String(error), `${name}Error: no`);
      assert.ok(error instanceof ApiError && error instanceof Error);
    });
  }

  it('has a class of its own for each code', () => {
    assert.equal(new Set(codes.map((code) => apiError(code, '').constructor)).size, codes.length);
  });

  it('reads reason, domain and metadata from the ErrorInfo wherever it stands', () => {
    const error = apiError('NOT_FOUND', 'gone', { details: [retryInfo('1s'), errorInfo] });
    assert.equal(error.reason, 'RESOURCE_NOT_FOUND');
    assert.equal(error.domain, 'parley');
    assert.deepEqual(error.metadata, { resourceName: 'projects/p/conversations/c' });
    assert.deepEqual(error.details, [retryInfo('1s'), errorInfo]);
  });

  it('leaves undefined what nobody said', () => {
    const error = apiError('NOT_FOUND', 'gone');
    const { reason, domain, metadata, details, requestId, headers, trailers, httpStatus, cause } = error;
    assert.deepEqual(
      { reason, domain, metadata, details, requestId, headers, trailers, httpStatus, cause },
      {
        reason: undefined,
        domain: undefined,
        metadata: undefined,
        details: [],
        requestId: undefined,
        headers: {},
        trailers: {},
        httpStatus: undefined,
        cause: undefined,
      },
    );
    assert.equal(Object.hasOwn(error, 'cause'), false);
  });

  it('keeps the cause', () => {
    const cause = new Error('ECONNREFUSED');
    assert.equal(apiError('UNAVAILABLE', 'down', { cause }).cause, cause);
  });
});

describe('ApiError.retryDelayMs', () => {
  const date = 'Wed, 25 Nov 2026 18:00:00 GMT';
  const cases: { name: string; details?: ErrorDetail[]; headers?: Record<string, string>; want?: number }[] =
    [
      { name: 'is undefined where nobody asks' },
      { name: 'reads RetryInfo', details: [retryInfo('1.5s')], want: 1500 },
      {
        name: 'takes RetryInfo before the header',
        details: [retryInfo('0s')],
        headers: { 'retry-after': '9' },
        want: 0,
      },
      { name: 'ignores a duration that is none', details: [retryInfo('soon')] },
      { name: 'reads seconds from the header', headers: { 'retry-after': '120' }, want: 120_000 },
      {
        name: 'compares a date with that of the answer',
        headers: { 'retry-after': 'Wed, 25 Nov 2026 18:00:07 GMT', date },
        want: 7000,
      },
      {
        name: 'takes a date that has passed for now',
        headers: { 'retry-after': 'Wed, 25 Nov 2026 17:00:00 GMT', date },
        want: 0,
      },
      { name: 'ignores a header that is neither', headers: { 'retry-after': 'soon', date } },
    ];
  for (const { name, details, headers, want } of cases) {
    it(name, () => {
      assert.equal(apiError('UNAVAILABLE', 'later', { details, headers }).retryDelayMs, want);
    });
  }
});

describe('requestIdOf()', () => {
  const requestInfo = { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'told' };
  const cases = [
    { headers: {}, trailers: {}, details: [], want: undefined },
    { headers: { 'x-request-id': 'h' }, trailers: { 'x-request-id': 't' }, details: [], want: 'h' },
    { headers: {}, trailers: { 'x-goog-request-id': 't' }, details: [], want: 't' },
    { headers: { 'x-request-id': 'h' }, trailers: {}, details: [requestInfo], want: 'told' },
  ];
  for (const { headers, trailers, details, want } of cases) {
    it(`answers ${want} for ${JSON.stringify({ headers, trailers, details })}`, () => {
      assert.equal(requestIdOf(headers, trailers, details), want);
    });
  }
});

describe('codeOfNumber()', () => {
  it('knows the numbers of gRPC', () => {
    assert.equal(codeOfNumber(1), 'CANCELLED');
    assert.equal(codeOfNumber(5), 'NOT_FOUND');
    assert.equal(codeOfNumber(16), 'UNAUTHENTICATED');
  });

  for (const number of [0, 17, -1, 1.5, Number.NaN]) {
    it(`takes ${number} for UNKNOWN`, () => assert.equal(codeOfNumber(number), 'UNKNOWN'));
  }
});

describe('errorOfHttpAnswer()', () => {
  it('believes the status in the JSON before that of HTTP', () => {
    const json = { error: { code: 400, message: 'not now', status: 'FAILED_PRECONDITION' } };
    const error = errorOfHttpAnswer(400, json);
    assert.equal(error.code, 'FAILED_PRECONDITION');
    assert.equal(error.message, 'not now');
    assert.equal(error.httpStatus, 400);
  });

  it('reads an error that is the first of a list', () => {
    const error = errorOfHttpAnswer(404, [{ error: { code: 404, message: 'gone', status: 'NOT_FOUND' } }]);
    assert.equal(error.message, 'gone');
  });

  for (const json of [undefined, null, 'text', 7, [], {}, { error: 'no' }, { error: { status: 'OK' } }]) {
    it(`goes by the HTTP status alone for ${JSON.stringify(json)}`, () => {
      const error = errorOfHttpAnswer(503, json);
      assert.ok(error instanceof UnavailableError);
      assert.equal(error.message, 'the server answered HTTP status 503');
    });
  }

  const table: [number, string][] = [
    [302, 'UNKNOWN'],
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [409, 'ABORTED'],
    [418, 'FAILED_PRECONDITION'],
    [429, 'RESOURCE_EXHAUSTED'],
    [499, 'CANCELLED'],
    [500, 'INTERNAL'],
    [501, 'UNIMPLEMENTED'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
    [599, 'INTERNAL'],
  ];
  for (const [status, code] of table) {
    it(`takes ${status} for ${code}`, () => assert.equal(codeOfHttpStatus(status), code));
  }
});

describe('detailsOfHttpAnswer()', () => {
  it('leaves out what has no type', () => {
    const details = [errorInfo, { reason: 'X' }, null, 'x', { '@type': 5 }];
    assert.deepEqual(detailsOfHttpAnswer({ error: { details } }), [errorInfo]);
  });

  for (const json of [undefined, {}, { error: {} }, { error: { details: {} } }]) {
    it(`finds none in ${JSON.stringify(json)}`, () => assert.deepEqual(detailsOfHttpAnswer(json), []));
  }
});

describe('InvalidRequestError', () => {
  it('is a TypeError that names the field', () => {
    const error = new InvalidRequestError('nam: no such field', { field: 'nam' });
    assert.ok(error instanceof TypeError && !(error instanceof ApiError));
    assert.equal(error.name, 'InvalidRequestError');
    assert.equal(error.field, 'nam');
    assert.equal(new InvalidRequestError('no').field, '');
  });
});

describe('ClientOptionsError', () => {
  it('is a TypeError', () => {
    assert.ok(new ClientOptionsError('no') instanceof TypeError);
    assert.equal(new ClientOptionsError('no').name, 'ClientOptionsError');
  });
});
