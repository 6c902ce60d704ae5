import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apiError, InvalidRequestError } from '../errors.ts';
import { type CallOptions, isTransient, planCall } from './call-options.ts';

describe('planCall()', () => {
  it('fills in the defaults', () => {
    for (const plan of [planCall(undefined), planCall({}), planCall({ retry: {} })]) {
      assert.deepEqual(plan, {
        signal: undefined,
        timeoutMs: undefined,
        headers: {},
        retry: {
          initialDelayMs: 100,
          maximumDelayMs: 60_000,
          multiplier: 1.3,
          deadlineMs: Number.POSITIVE_INFINITY,
          predicate: isTransient,
        },
      });
    }
  });

  it('keeps nothing of what the caller may change later', () => {
    const headers: Record<string, string> = { a: '1' };
    const retry = { multiplier: 2 };
    const plan = planCall({ headers, retry });
    headers['a'] = '2';
    retry.multiplier = 3;
    assert.equal(plan.headers['a'], '1');
    assert.equal(plan.retry?.multiplier, 2);
    for (const part of [plan, plan.headers, plan.retry]) assert.ok(Object.isFrozen(part));
  });

  it('takes options that are frozen', () => {
    const options = Object.freeze({
      headers: Object.freeze({ a: '1' }),
      retry: false,
      timeoutMs: 5,
    } as const);
    assert.deepEqual(planCall(options), {
      signal: undefined,
      timeoutMs: 5,
      retry: undefined,
      headers: { a: '1' },
    });
  });

  it('leaves the defaults as they are for what is given as undefined', () => {
    assert.equal(planCall({ retry: { multiplier: undefined } }).retry?.multiplier, 1.3);
  });

  const wrong: [unknown, string][] = [
    [null, 'options'],
    ['x', 'options'],
    [{ timeout: 5 }, 'timeout'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs'],
    [{ timeoutMs: '5' }, 'timeoutMs'],
    [{ timeoutMs: null }, 'timeoutMs'],
    [{ signal: {} }, 'signal'],
    [{ signal: null }, 'signal'],
    [{ retry: true }, 'retry'],
    [{ retry: null }, 'retry'],
    [{ retry: { maxRetries: 3 } }, 'maxRetries'],
    [{ retry: { initialDelayMs: -1 } }, 'retry.initialDelayMs'],
    [{ retry: { maximumDelayMs: 'x' } }, 'retry.maximumDelayMs'],
    [{ retry: { multiplier: 0.5 } }, 'retry.multiplier'],
    [{ retry: { deadlineMs: Number.NaN } }, 'retry.deadlineMs'],
    [{ retry: { predicate: 'UNAVAILABLE' } }, 'retry.predicate'],
    [{ headers: 5 }, 'headers'],
    [{ metadata: 5 }, 'metadata'],
  ];
  for (const [options, field] of wrong) {
    it(`refuses ${JSON.stringify(options)} by an error that names ${field}`, () => {
      assert.throws(
        () => planCall(options as CallOptions),
        (error) => error instanceof InvalidRequestError && error.field === field,
      );
    });
  }
});

describe('isTransient()', () => {
  const codeOf = (code: string) => Object.assign(new Error(code), { code });

  for (const cause of [
    undefined,
    codeOf('ECONNRESET'),
    codeOf('EAI_AGAIN'),
    codeOf('ETIMEDOUT'),
    new Error('x'),
  ]) {
    it(`is true for UNAVAILABLE because of ${cause?.message}`, () => {
      assert.equal(isTransient(apiError('UNAVAILABLE', 'x', { cause })), true);
    });
  }

  const futile = [
    codeOf('ECONNREFUSED'),
    codeOf('ENOTFOUND'),
    codeOf('DEPTH_ZERO_SELF_SIGNED_CERT'),
    codeOf('CERT_HAS_EXPIRED'),
    codeOf('ERR_TLS_CERT_ALTNAME_INVALID'),
    codeOf('EPROTO'),
    new TypeError('Failed to fetch'),
  ];
  for (const cause of futile) {
    it(`is false for UNAVAILABLE because of ${cause.message}`, () => {
      assert.equal(isTransient(apiError('UNAVAILABLE', 'x', { cause })), false);
    });
  }

  for (const code of [
    'DEADLINE_EXCEEDED',
    'RESOURCE_EXHAUSTED',
    'INTERNAL',
    'ABORTED',
    'NOT_FOUND',
  ] as const) {
    it(`is false for ${code}`, () => assert.equal(isTransient(apiError(code, 'x')), false));
  }
});
