import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deadlines } from './deadlines.ts';

/** Adds each in its turn; resolves with the names of those whose time was over, up to the last. */
function expired(
  deadlines: Deadlines,
  afterMs: Readonly<Record<string, number>>,
  last: string,
  leaving: readonly string[] = [],
): Promise<string[]> {
  const now = performance.now();
  return new Promise((resolve) => {
    const told: string[] = [];
    const waiters = Object.entries(afterMs).map(([name, ms]) => {
      const expire = (): void => {
        assert.ok(performance.now() >= now + ms, `${name} is told too early`);
        told.push(name);
        if (name === last) resolve(told);
      };
      const waiter = { expire };
      deadlines.add(waiter, now + ms);
      return [name, waiter] as const;
    });
    for (const [name, waiter] of waiters) if (leaving.includes(name)) deadlines.delete(waiter);
  });
}

describe('Deadlines', () => {
  it('tells each when its time is over, in whatever order they came', async () => {
    assert.deepEqual(await expired(new Deadlines(), { b: 10, c: 30, a: 2 }, 'c'), ['a', 'b', 'c']);
  });

  it('tells nobody who has left, and those behind all the same', async () => {
    const afterMs = { a: 2, b: 5, c: 20 };
    assert.deepEqual(await expired(new Deadlines(), afterMs, 'c', ['a', 'b']), ['c']);
  });

  it('goes on after all have left, and after all were told', async () => {
    const deadlines = new Deadlines();
    const left = { expire: () => assert.fail('it has left') };
    deadlines.add(left, performance.now() + 5);
    deadlines.delete(left);
    assert.deepEqual(await expired(deadlines, { a: 20 }, 'a'), ['a']);
    assert.deepEqual(await expired(deadlines, { b: 1 }, 'b'), ['b']);
  });
});
