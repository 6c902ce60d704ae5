import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MethodTable } from '../codec/tables.ts';
import { apiError } from '../errors.ts';
import { planCall, type RetryPolicy } from './call-options.ts';
import { Backoff, isRepeatable } from './retry.ts';

function method(name: string, kind: MethodTable['kind'] = 'unary'): MethodTable {
  return {
    name,
    localName: name,
    service: 'test.Things',
    kind,
    input: { typeName: 'test.In' },
    output: { typeName: 'test.Out' },
    http: [],
    routing: [],
    flattened: [],
    pagedField: undefined,
  };
}

describe('isRepeatable()', () => {
  const cases: [string, object, boolean][] = [
    ['GetConversation', { name: 'c' }, true],
    ['ListMessages', {}, true],
    ['SearchKnowledge', {}, true],
    ['CreateConversation', { conversationId: 'c-1' }, true],
    ['CreateConversation', { conversationId: '' }, false],
    ['CreateConversation', {}, false],
    ['CreateConversation', { participantId: 'c-1' }, false],
    ['BatchCreateMessages', { requests: [] }, false],
    ['CompleteConversation', { name: 'c' }, false],
    ['UpdateParticipant', {}, false],
    ['DeleteConversationProfile', { name: 'p' }, false],
    ['AnalyzeContent', {}, false],
    ['CancelOperation', { name: 'o' }, false],
    ['Getaway', {}, false],
  ];
  for (const [name, request, want] of cases) {
    it(`is ${want} for ${name} of ${JSON.stringify(request)}`, () => {
      assert.equal(isRepeatable(method(name), request), want);
    });
  }

  for (const kind of ['server_streaming', 'client_streaming', 'bidi_streaming'] as const) {
    it(`is false for a method that is ${kind}`, () => {
      assert.equal(isRepeatable(method('GetThings', kind), {}), false);
    });
  }
});

describe('Backoff', () => {
  const unavailable = apiError('UNAVAILABLE', 'away');

  /** The pauses after as many errors as there are random numbers, if each is waited for. */
  function pauses(
    policy: RetryPolicy,
    randoms: readonly number[],
    more: { deadline?: number; error?: unknown; attemptMs?: number } = {},
  ): (number | undefined)[] {
    const { retry } = planCall({ retry: policy });
    assert.ok(retry !== undefined);
    let now = 1000;
    let drawn = 0;
    const runtime = { now: () => now, random: () => randoms[drawn++] ?? 0, after: () => () => undefined };
    const backoff = new Backoff(retry, { start: now, deadline: more.deadline }, runtime);
    return randoms.map(() => {
      now += more.attemptMs ?? 0;
      const pause = backoff.next(more.error ?? unavailable);
      now += pause ?? 0;
      return pause;
    });
  }

  it('lets chance have any part of a pause that grows', () => {
    const policy = { initialDelayMs: 100, multiplier: 2 };
    assert.deepEqual(pauses(policy, [0.5, 0.5, 0.5, 0]), [50, 100, 200, 0]);
  });

  it('grows up to the maximum', () => {
    const policy = { initialDelayMs: 100, multiplier: 10, maximumDelayMs: 500 };
    assert.deepEqual(pauses(policy, [0.5, 0.5, 0.5]), [50, 250, 250]);
  });

  it('begins with no more than the maximum', () => {
    assert.deepEqual(pauses({ initialDelayMs: 100, maximumDelayMs: 10 }, [0.5]), [5]);
  });

  it("begins as Google's clients do where nobody says otherwise", () => {
    assert.deepEqual(pauses({}, [0.5, 0.5]), [50, 65]);
  });

  it('waits as long as the server asks for', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2.5s' }];
    assert.deepEqual(pauses({}, [0.5], { error: apiError('UNAVAILABLE', 'away', { details }) }), [2500]);
    const headers = { 'retry-after': '3' };
    assert.deepEqual(pauses({}, [0.5], { error: apiError('UNAVAILABLE', 'away', { headers }) }), [3000]);
  });

  it('gives up at once where the server asks for more time than there is', () => {
    const error = apiError('UNAVAILABLE', 'away', { headers: { 'retry-after': '60' } });
    assert.deepEqual(pauses({}, [0.5], { error, deadline: 61_000 }), [undefined]);
  });

  it('does not wait for the deadline of the call', () => {
    assert.deepEqual(pauses({}, [0.5, 0.9], { deadline: 1100 }), [50, undefined]);
  });

  it('does not wait for the deadline of the policy, in which attempts count, too', () => {
    assert.deepEqual(pauses({ deadlineMs: 500 }, [0, 0, 0], { attemptMs: 200 }), [0, 0, undefined]);
  });

  it('asks the predicate', () => {
    const policy = { predicate: (error: { code: string }) => error.code === 'ABORTED' };
    assert.deepEqual(pauses(policy, [0.5]), [undefined]);
    assert.deepEqual(pauses(policy, [0.5], { error: apiError('ABORTED', 'x') }), [50]);
  });

  it('does not wait after what is no error of a call', () => {
    const policy = { predicate: () => true };
    assert.deepEqual(pauses(policy, [0.5], { error: new TypeError('x') }), [undefined]);
  });
});
