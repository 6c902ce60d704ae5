import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NotFoundError } from '../errors.ts';
import { PendingReply } from './pending-reply.ts';

const REPLY = {
  message: { name: 'n' },
  headers: { 'x-request-id': 'r' },
  trailers: { 'grpc-status': '0' },
};

describe('PendingReply', () => {
  it('is a promise of the answer alone', async () => {
    const reply = new PendingReply<{ name: string }>(Promise.resolve(REPLY));
    assert.equal(await reply, REPLY.message);
    assert.deepEqual(await Promise.all([reply, reply]), [REPLY.message, REPLY.message]);
    assert.equal(await reply.finally(() => {}), REPLY.message);
  });

  it('gives what came beside the answer', async () => {
    const reply = new PendingReply<{ name: string }>(Promise.resolve(REPLY));
    assert.deepEqual(await reply.withResponse(), {
      response: REPLY.message,
      headers: REPLY.headers,
      trailers: REPLY.trailers,
      requestId: 'r',
    });
  });

  it('rejects once, in the way that it is asked', async () => {
    const failing = () => new PendingReply(Promise.reject(new NotFoundError('gone')));
    await assert.rejects(failing(), NotFoundError);
    await assert.rejects(failing().withResponse(), NotFoundError);
    assert.equal(await failing().catch(() => 'caught'), 'caught');
  });
});
