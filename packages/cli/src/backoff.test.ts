import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { retryTransient } from './backoff.ts';
import { RemoteError } from './remote.ts';

const failure = (code: status) => new RemoteError(code, 'no');

describe('retryTransient()', () => {
  for (const code of [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]) {
    it(`tries again after ${status[code]}, telling how many attempts came before`, async () => {
      const attempts: number[] = [];
      const work = async (earlier: number) => {
        attempts.push(earlier);
        if (earlier < 2) throw failure(code);
        return 'reply';
      };
      const options = { signal: new AbortController().signal, wait: async () => {} };
      assert.equal(await retryTransient(work, options), 'reply');
      assert.deepEqual(attempts, [0, 1, 2]);
    });
  }

  it('gives up after six attempts, each delay within its half-open step', async () => {
    const delays: number[] = [];
    const error = failure(status.UNAVAILABLE);
    const options = {
      signal: new AbortController().signal,
      wait: async (delayMs: number) => void delays.push(delayMs),
    };
    await assert.rejects(
      retryTransient(() => Promise.reject(error), options),
      error,
    );
    assert.equal(delays.length, 5);
    for (const [index, delayMs] of delays.entries()) {
      const full = 250 * 2 ** index;
      assert.ok(delayMs >= full / 2 && delayMs <= full, `${delayMs} of ${full}`);
    }
  });

  for (const error of [failure(status.INVALID_ARGUMENT), failure(status.CANCELLED), new Error('bug')]) {
    it(`passes on ${error instanceof RemoteError ? error.codeName : 'an unknown error'} at once`, async () => {
      let attempts = 0;
      const work = async () => {
        attempts++;
        throw error;
      };
      await assert.rejects(retryTransient(work, { signal: new AbortController().signal }), error);
      assert.equal(attempts, 1);
    });
  }

  it('stops waiting when the signal aborts', async () => {
    const aborter = new AbortController();
    const work = async () => {
      setImmediate(() => aborter.abort());
      throw failure(status.UNAVAILABLE);
    };
    await assert.rejects(retryTransient(work, { signal: aborter.signal }), { name: 'AbortError' });
  });
});
