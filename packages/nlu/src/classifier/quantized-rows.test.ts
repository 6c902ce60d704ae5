import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compact, QuantizedRows, quantizeRows, SparseQuantizedRows } from './quantized-rows.ts';

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

describe('compact()', () => {
  it('makes the same products of less', () => {
    const byte = fc.oneof(
      { arbitrary: fc.constant(0), weight: 9 },
      { arbitrary: fc.integer({ min: -127, max: 127 }), weight: 1 },
    );
    const [outputs, columns] = [20, 30];
    const bytes = fc.array(byte, { minLength: outputs * columns, maxLength: outputs * columns });
    const row = fc.uniqueArray(fc.integer({ min: 0, max: columns + 5 }), { maxLength: 10 });
    fc.assert(
      fc.property(bytes, row, (entries, present) => {
        const scales = Float32Array.from({ length: outputs }, (_, output) => 0.01 * (output + 1));
        const whole = new QuantizedRows(Int8Array.from(entries), scales);
        const values = Float32Array.from(present, (column) => column / 7 - 2);
        const [less, more] = [compact(whole), whole].map((matrix) =>
          matrix.multiply(Int32Array.from(present), values),
        );
        assert.deepEqual(less, more);
      }),
    );
  });

  it('keeps what is mostly weights as it is, and takes the zeros out of what is not', () => {
    const scales = new Float32Array(8).fill(1);
    const full = new QuantizedRows(new Int8Array(80).fill(1), scales);
    assert.equal(compact(full), full);
    const sparse = compact(new QuantizedRows(new Int8Array(80), scales));
    assert.ok(sparse instanceof SparseQuantizedRows);
    assert.equal(sparse.bytes.length, 0);
    assert.equal(sparse.outputs, 8);
  });
});
