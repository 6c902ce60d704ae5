import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { quantizeRows } from './quantized-rows.ts';

const OUTPUTS = 3;
const COLUMNS = 4;

describe('quantizeRows()', () => {
  it('keeps products near what they were', () => {
    const number = fc.float({ min: -8, max: 8, noNaN: true });
    const weights = fc.array(number, { minLength: OUTPUTS * COLUMNS, maxLength: OUTPUTS * COLUMNS });
    const values = fc.array(number, { minLength: COLUMNS, maxLength: COLUMNS });
    fc.assert(
      fc.property(weights, values, (entries, row) => {
        const matrix = quantizeRows(Float32Array.from(entries), OUTPUTS);
        assert.equal(matrix.columns, COLUMNS);
        const product = matrix.multiply(Int32Array.from(row.keys()), Float32Array.from(row));
        for (const [output, sum] of product.entries()) {
          const exact = row.reduce(
            (total, value, column) => total + value * (entries[column * OUTPUTS + output] ?? 0),
            0,
          );
          // Each weight is off by half a 127th of the greatest, 8, at most.
          assert.ok(Math.abs(sum - exact) < COLUMNS * 8 * (8 / 254) + 0.01, `${sum} for ${exact}`);
        }
      }),
    );
  });

  it('passes over columns that the matrix does not have', () => {
    const matrix = quantizeRows(Float32Array.of(1, 2), 2);
    const product = matrix.multiply(Int32Array.of(0, 5), Float32Array.of(1, 1));
    assert.deepEqual(
      Array.from(product, (sum) => Math.round(sum)),
      [1, 2],
    );
  });
});
