/**
 * A matrix in bytes, by column of the input and then by output: what is read for one column of a text lies together.
 * An entry stands for its byte times its output's scale.
 */
export class QuantizedRows {
  readonly outputs: number;
  readonly bytes: Int8Array;
  readonly scales: Float32Array;

  constructor(bytes: Int8Array, scales: Float32Array) {
    this.outputs = scales.length;
    this.bytes = bytes;
    this.scales = scales;
  }

  get columns(): number {
    return this.outputs === 0 ? 0 : this.bytes.length / this.outputs;
  }

  /** The row times this matrix, without the columns that it does not have. */
  multiply(columns: Int32Array, values: Float32Array): Float32Array {
    const { outputs, bytes } = this;
    const sums = new Float32Array(outputs);
    for (let index = 0; index < columns.length; index++) {
      const from = (columns[index] as number) * outputs;
      if (from >= bytes.length) continue;
      const value = values[index] as number;
      for (let output = 0; output < outputs; output++) {
        sums[output] = (sums[output] as number) + (bytes[from + output] as number) * value;
      }
    }
    for (let output = 0; output < outputs; output++) {
      sums[output] = (sums[output] as number) * (this.scales[output] as number);
    }
    return sums;
  }
}

/** A quantised matrix of which most entries are 0: of each column only the others are kept, with their outputs. */
export class SparseQuantizedRows {
  /** By column: where its entries begin. One more says where they end. */
  readonly starts: Uint32Array;
  readonly places: Uint16Array;
  readonly bytes: Int8Array;
  readonly scales: Float32Array;

  constructor(starts: Uint32Array, places: Uint16Array, bytes: Int8Array, scales: Float32Array) {
    this.starts = starts;
    this.places = places;
    this.bytes = bytes;
    this.scales = scales;
  }

  get outputs(): number {
    return this.scales.length;
  }

  /** The row times this matrix: the same numbers as of the whole matrix. */
  multiply(columns: Int32Array, values: Float32Array): Float32Array {
    const { outputs, starts, places, bytes } = this;
    const sums = new Float32Array(outputs);
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as number;
      const value = values[index] as number;
      for (let entry = starts[column] ?? 0, end = starts[column + 1] ?? 0; entry < end; entry++) {
        const output = places[entry] as number;
        sums[output] = (sums[output] as number) + (bytes[entry] as number) * value;
      }
    }
    for (let output = 0; output < outputs; output++) {
      sums[output] = (sums[output] as number) * (this.scales[output] as number);
    }
    return sums;
  }
}

/** Outputs that a sparse matrix can tell apart. */
const PLACES_MAX = 0x1_0000;

/** What one output gives the columns that it gives anything at all, in their order. */
export interface OutputBytes {
  readonly columns: Int32Array;
  readonly bytes: Int8Array;
}

/** The matrix of some outputs, in whichever form is smaller. Columns from the count on are left out. */
export function packOutputs(
  outputs: readonly OutputBytes[],
  count: number,
  scales: Float32Array,
): QuantizedRows | SparseQuantizedRows {
  const starts = new Uint32Array(count + 1);
  for (const { columns } of outputs) {
    for (const column of columns) if (column < count) starts[column + 1] = (starts[column + 1] as number) + 1;
  }
  for (let column = 0; column < count; column++) {
    starts[column + 1] = (starts[column + 1] as number) + (starts[column] as number);
  }
  const entries = starts[count] as number;
  const size = count * outputs.length;
  if (outputs.length > PLACES_MAX || 3 * entries + 4 * count >= size) {
    const whole = new Int8Array(size);
    visit(outputs, count, (column, output, byte) => {
      whole[column * outputs.length + output] = byte;
    });
    return new QuantizedRows(whole, scales);
  }
  const next = starts.slice();
  const places = new Uint16Array(entries);
  const bytes = new Int8Array(entries);
  visit(outputs, count, (column, output, byte) => {
    const entry = next[column] as number;
    next[column] = entry + 1;
    places[entry] = output;
    bytes[entry] = byte;
  });
  return new SparseQuantizedRows(starts, places, bytes, scales);
}

function visit(
  outputs: readonly OutputBytes[],
  count: number,
  take: (column: number, output: number, byte: number) => void,
): void {
  for (const [output, { columns, bytes }] of outputs.entries()) {
    for (let entry = 0; entry < columns.length; entry++) {
      const column = columns[entry] as number;
      if (column < count) take(column, output, bytes[entry] as number);
    }
  }
}

/** The scale at which bytes hold weights best: the greatest of them is 127. */
export function scaleOf(weights: Float32Array): number {
  let greatest = 0;
  for (const weight of weights) greatest = Math.max(greatest, Math.abs(weight));
  return greatest / 127 || 1;
}

/** Rounds a matrix that is ordered like a quantised one. */
export function quantizeRows(weights: Float32Array, outputs: number): QuantizedRows {
  const scales = new Float32Array(outputs).fill(0);
  for (const [index, weight] of weights.entries()) {
    const output = index % outputs;
    scales[output] = Math.max(scales[output] as number, Math.abs(weight) / 127);
  }
  const bytes = new Int8Array(weights.length);
  for (const [index, weight] of weights.entries()) {
    bytes[index] = Math.round(weight / (scales[index % outputs] || 1));
  }
  return new QuantizedRows(bytes, scales);
}
