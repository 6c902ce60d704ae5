import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SparseRow, stackRows } from './sparse-rows.ts';
import { PlaneFinder } from './support-vectors.ts';

const WIDTH = 6;
const SEARCH = { seed: 1, sweeps: 3, fromCommon: false };

/** Rows that have one column each of their own, and a column that all share. */
function sampleRows(): SparseRow[] {
  return Array.from({ length: 40 }, (_, index) => ({
    columns: Int32Array.of(index % 4, 4, 5),
    values: Float32Array.of(1, 0.5, (index % 7) / 10),
  }));
}

function membersOf(group: number): Int32Array {
  return Int32Array.from({ length: 10 }, (_, index) => 4 * index + group);
}

describe('PlaneFinder', () => {
  const rows = sampleRows();

  for (const search of [SEARCH, { seed: 1, sweeps: 1, fromCommon: true }]) {
    it(`finds a plane that has the members on one side and the others on the other: ${JSON.stringify(search)}`, () => {
      const finder = new PlaneFinder(stackRows(rows, WIDTH), WIDTH, search);
      for (let group = 0; group < 4; group++) {
        const { weights, bias } = finder.find(membersOf(group));
        for (const [row, { columns, values }] of rows.entries()) {
          const margin = columns.reduce(
            (sum, column, index) => sum + (weights[column] ?? 0) * (values[index] ?? 0),
            bias,
          );
          assert.equal(margin > 0, row % 4 === group, `row ${row}, group ${group}: ${margin}`);
        }
      }
    });

    it(`finds the same plane again, whatever it found before: ${JSON.stringify(search)}`, () => {
      const finder = new PlaneFinder(stackRows(rows, WIDTH), WIDTH, search);
      const first = finder.find(membersOf(2)).weights.slice();
      finder.marginsAcross(new Uint8Array(rows.length), 2);
      finder.find(membersOf(3));
      assert.deepEqual(finder.find(membersOf(2)).weights, first);
    });
  }

  it('estimates margins without what it knows of the row', () => {
    // The last row is like no other: nothing but itself says on which side it is.
    const odd = [...rows, { columns: Int32Array.of(5), values: Float32Array.of(1.4) }];
    const finder = new PlaneFinder(stackRows(odd, WIDTH), WIDTH, SEARCH);
    const members = Int32Array.of(...membersOf(0), 40);
    const folds = Uint8Array.from(odd, (_, index) => index % 5);
    const { weights, bias } = finder.find(members);
    const known = bias + (weights[5] ?? 0) * 1.4;
    const { rows: near, margins } = finder.marginsAcross(folds, 5);
    const across = (row: number) => margins[near.indexOf(row)] ?? Number.NaN;
    assert.ok(across(40) < known - 0.5, `${across(40)} across, ${known} known`);
    assert.ok(across(0) > 0 && across(1) < 0);
    assert.deepEqual(near, near.toSorted());
  });

  it('rejects everything where a class has no members', () => {
    const finder = new PlaneFinder(stackRows(rows, WIDTH), WIDTH, SEARCH);
    const { bias } = finder.find(new Int32Array());
    assert.ok(bias < 0);
  });
});
