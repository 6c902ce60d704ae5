import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Hold, inOrder } from './in-order.ts';

const turn = () => new Promise<void>(setImmediate);

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('inOrder()', () => {
  it('gives results in order, whatever order the work ends in and however much it holds', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.record({ turns: fc.nat(4), bytes: fc.nat(30) }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async (items, atOnce) => {
        let underWay = 0;
        const work = async (item: (typeof items)[number], hold: Hold) => {
          assert.ok(++underWay <= atOnce);
          for (let each = 0; each < item.turns; each++) {
            await turn();
            await hold(item.bytes);
          }
          underWay--;
          return item;
        };
        assert.deepEqual(await collect(inOrder(items, { atOnce, bytesMax: 40 }, work)), items);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  it('lets only the first go on while too much is held', async () => {
    const log: string[] = [];
    const results = inOrder(['a', 'b'], { atOnce: 2, bytesMax: 10 }, async (item, hold) => {
      await hold(8);
      log.push(item);
      await hold(1);
      return item;
    });
    await results.next();
    assert.deepEqual(log, ['a']);
    assert.equal((await results.next()).value, 'b');
    assert.deepEqual(log, ['a', 'b']);
  });

  it('throws what fails in its turn, after what came before', async () => {
    const results = inOrder([1, 2, 3], { atOnce: 3, bytesMax: 1 }, async (item) => {
      if (item === 2) throw new Error('two');
      return item;
    });
    assert.equal((await results.next()).value, 1);
    await assert.rejects(results.next(), /two/);
  });
});
