import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadlineExceeded, type ServiceError } from '../errors.ts';
import { CONFLICT_ATTEMPTS } from '../limits.ts';
import { ConflictError, QueueFullError, StoreFailedError } from '../storage/store.ts';
import { decide, errorOfStore } from './decide.ts';

/** Fails by a conflict as often as it is told to. */
function conflicting(times: number, after = (_attempt: number) => {}) {
  let attempts = 0;
  return async () => {
    attempts++;
    after(attempts);
    if (attempts <= times) throw new ConflictError('projects/p/conversations/c');
    return attempts;
  };
}

function reasonIs(reason: string) {
  return (error: ServiceError) => error.reason === reason;
}

describe('decide()', () => {
  const { signal } = new AbortController();

  it('decides again where another call was faster', async () => {
    assert.equal(await decide({ signal }, conflicting(3)), 4);
  });

  it('gives up after as many attempts as are allowed', async () => {
    await assert.rejects(decide({ signal }, conflicting(CONFLICT_ATTEMPTS)), reasonIs('TOO_MANY_CONFLICTS'));
    assert.equal(await decide({ signal }, conflicting(CONFLICT_ATTEMPTS - 1)), CONFLICT_ATTEMPTS);
  });

  it('stops once nobody waits for it, and says why', async () => {
    const abort = new AbortController();
    let made = 0;
    const attempt = conflicting(5, (attempts) => {
      made = attempts;
      if (attempts === 2) abort.abort(deadlineExceeded());
    });
    await assert.rejects(decide({ signal: abort.signal }, attempt), reasonIs('DEADLINE_EXCEEDED'));
    assert.equal(made, 2);
  });
});

describe('errorOfStore()', () => {
  it('tells a full queue from a store that fails, and knows nothing of other errors', () => {
    assert.equal(errorOfStore(new QueueFullError('full'))?.reason, 'WRITE_QUEUE_FULL');
    assert.equal(errorOfStore(new StoreFailedError('disk'))?.reason, 'STORE_UNAVAILABLE');
    assert.equal(errorOfStore(new Error('something else')), undefined);
  });
});
