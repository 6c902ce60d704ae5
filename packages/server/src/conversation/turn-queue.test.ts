import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TurnQueue } from './turn-queue.ts';

const { signal } = new AbortController();

describe('TurnQueue', () => {
  it('does the work of one conversation in order, one at a time', async () => {
    const queue = new TurnQueue();
    const told: string[] = [];
    const turns = ['a', 'b', 'c'].map((name) =>
      queue.run('conversation', signal, async () => {
        told.push(`${name} begins`);
        await new Promise(setImmediate);
        told.push(`${name} ends`);
        return name;
      }),
    );
    assert.deepEqual(await Promise.all(turns), ['a', 'b', 'c']);
    assert.deepEqual(told, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('does not make one conversation wait for another', async () => {
    const queue = new TurnQueue();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = queue.run('slow', signal, () => promise);
    assert.equal(await queue.run('other', signal, async () => 'done'), 'done');
    resolve();
    await slow;
  });

  it('goes on after work that fails', async () => {
    const queue = new TurnQueue();
    const failing = queue.run('c', signal, () => Promise.reject(new Error('no')));
    const next = queue.run('c', signal, async () => 'done');
    await assert.rejects(failing, /no/u);
    assert.equal(await next, 'done');
  });

  it('leaves out the work of who has gone, and nobody else’s', async () => {
    const queue = new TurnQueue();
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    let worked = false;
    const first = queue.run('c', signal, () => promise);
    const gone = queue.run('c', abort.signal, async () => {
      worked = true;
    });
    const last = queue.run('c', signal, async () => 'done');
    abort.abort(new Error('gone'));
    resolve();
    await first;
    await assert.rejects(gone, /gone/u);
    assert.equal(await last, 'done');
    assert.equal(worked, false);
  });
});
