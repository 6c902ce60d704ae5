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
