import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type OutputBytes,
  packOutputs,
  QuantizedRows,
  quantizeRows,
  SparseQuantizedRows,
} from './quantized-rows.ts';

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

describe('packOutputs()', () => {
  /** The outputs of a matrix that is given by column. */
  function outputsOf(entries: readonly number[], outputs: number): OutputBytes[] {
    return Array.from({ length: outputs }, (_, output) => {
      const own = entries.flatMap((byte, index) =>
        index % outputs === output && byte !== 0 ? [[Math.floor(index / outputs), byte] as const] : [],
      );
      return {
        columns: Int32Array.from(own, ([column]) => column),
        bytes: Int8Array.from(own, ([, byte]) => byte),
      };
    });
  }

  it('makes the same products in either form', () => {
    const [outputs, columns] = [20, 30];
    const scales = Float32Array.from({ length: outputs }, (_, output) => 0.01 * (output + 1));
    const byte = (zeros: number) =>
      fc.oneof(
        { arbitrary: fc.constant(0), weight: zeros },
        { arbitrary: fc.integer({ min: -127, max: 127 }), weight: 1 },
      );
    const row = fc.uniqueArray(fc.integer({ min: 0, max: columns + 5 }), { maxLength: 10 });
    for (const [zeros, form] of [
      [20, SparseQuantizedRows],
      [0, QuantizedRows],
    ] as const) {
      const bytes = fc.array(byte(zeros), { minLength: outputs * columns, maxLength: outputs * columns });
      fc.assert(
        fc.property(bytes, row, (entries, present) => {
          const packed = packOutputs(outputsOf(entries, outputs), columns, scales);
          const whole = new QuantizedRows(Int8Array.from(entries), scales);
          const values = Float32Array.from(present, (column) => column / 7 - 2);
          const [one, other] = [packed, whole].map((matrix) =>
            matrix.multiply(Int32Array.from(present), values),
          );
          assert.deepEqual(one, other);
          assert.ok(packed instanceof form);
        }),
        { numRuns: 30 },
      );
    }
  });

  it('leaves out the columns from the count on', () => {
    const scales = Float32Array.of(1, 1);
    const packed = packOutputs(outputsOf([1, 2, 3, 4], 2), 1, scales);
    assert.deepEqual(packed.multiply(Int32Array.of(0, 1), Float32Array.of(1, 1)), Float32Array.of(1, 2));
  });
});
