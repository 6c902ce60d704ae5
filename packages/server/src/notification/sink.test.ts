import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutboundError } from '../outbound/exchange.ts';
import { DeliveryError, toDeliveryError } from './sink.ts';

describe('toDeliveryError()', () => {
  for (const [kind, status, scope, forGood] of [
    ['status', 400, 'event', true],
    ['status', 401, 'event', true],
    ['status', 404, 'event', true],
    ['status', 408, 'event', false],
    ['status', 409, 'event', false],
    ['status', 413, 'event', true],
    ['status', 425, 'event', false],
    ['status', 429, 'sink', false],
    ['status', 500, 'event', false],
    ['status', 503, 'sink', false],
    ['redirect', 302, 'sink', false],
    ['timeout', undefined, 'event', false],
    ['connection', undefined, 'sink', false],
    ['refused-address', undefined, 'sink', false],
  ] as const) {
    it(`takes ${kind} ${status ?? ''} for the ${scope}'s, ${forGood ? 'for good' : 'for now'}`, () => {
      const error = toDeliveryError(new OutboundError(kind, 'text', { status, retryAfterMs: 7 }));
      assert.deepEqual([error.scope, error.forGood, error.message], [scope, forGood, 'text']);
      assert.equal(error.timedOut, kind === 'timeout');
    });
  }

  it('keeps what the receiver said apart from what is logged', () => {
    const refusal = new OutboundError('status', 'refused', { status: 400, excerpt: 'no such field' });
    const { message, reason } = toDeliveryError(refusal);
    assert.deepEqual([message, reason], ['refused', 'refused: no such field']);
  });

  it('passes on how long the receiver asks to be left alone', () => {
    const busy = new OutboundError('status', 'text', { status: 503, retryAfterMs: 7 });
    assert.equal(toDeliveryError(busy).retryAfterMs, 7);
  });

  it('leaves alone what says it already, and takes all else for the sink', () => {
    const error = new DeliveryError('text', { scope: 'event' });
    assert.equal(toDeliveryError(error), error);
    const { scope, message } = toDeliveryError(new TypeError('odd'));
    assert.deepEqual([scope, message], ['sink', 'odd']);
  });
});
