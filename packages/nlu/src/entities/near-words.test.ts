import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NearWords } from './near-words.ts';

/** The restricted distance of Damerau and Levenshtein, straight from its definition. */
function distance(one: string, other: string): number {
  const rows: number[][] = [];
  for (let row = 0; row <= one.length; row++) {
    rows.push([]);
    for (let column = 0; column <= other.length; column++) {
      const at = (r: number, c: number): number => rows[r]?.[c] ?? Number.POSITIVE_INFINITY;
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      const swap =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const best = Math.min(
        row === 0 ? column : at(row - 1, column) + 1,
        column === 0 ? row : at(row, column - 1) + 1,
        row > 0 && column > 0 ? at(row - 1, column - 1) + same : Number.POSITIVE_INFINITY,
        swap ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      rows[row]?.push(best);
    }
  }
  return rows[one.length]?.[other.length] ?? 0;
}

describe('NearWords', () => {
  it('counts letters left out, added, replaced and swapped', () => {
    const words = new NearWords(['lumber', 'paris', 'new']);
    assert.deepEqual(
      ['lumbr', 'lummber', 'number', 'lubmer'].map((word) => words.near(word, 1).get('lumber')),
      [1, 1, 1, 1],
    );
    assert.equal(words.near('lubmre', 1).size, 0);
    assert.equal(words.near('lubmre', 2).get('lumber'), 2);
  });

  it('leaves out other first letters if so asked', () => {
    const words = new NearWords(['lumber', 'number', 'numbers']);
    assert.deepEqual([...words.near('number', 1, { sameFirst: true }).keys()], ['number', 'numbers']);
  });

  it('finds exactly the words within the distance, in lists of any words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 30 }),
        word,
        fc.integer({ min: 0, max: 3 }),
        (list, looked, edits) => {
          const want = new Map(
            [...new Set(list)].sort().flatMap((listed) => {
              const far = distance(listed, looked);
              return far <= edits ? [[listed, far] as const] : [];
            }),
          );
          assert.deepEqual(new NearWords(list).near(looked, edits), want);
        },
      ),
      { numRuns: 500 },
    );
  });
});
