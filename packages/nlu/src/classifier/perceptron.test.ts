import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classProbabilities, type Perceptron, trainPerceptron } from './perceptron.ts';
import { stackRows } from './sparse-rows.ts';

/** Either of two columns, but not both: no plane tells it from the rest. */
const KINDS: [columns: number[], member: boolean][] = [
  [[0, 3], true],
  [[1, 3], true],
  [[0, 1], false],
  [[2, 3], false],
];
const WIDTH = 4;
const rows = stackRows(
  Array.from({ length: 400 }, (_, index) => {
    const [columns] = KINDS[index % KINDS.length] ?? [[]];
    return { columns: Int32Array.from(columns), values: Float32Array.from(columns, () => 1) };
  }),
  WIDTH,
);
const ofKind = (wanted: boolean) =>
  Int32Array.from(
    Array.from({ length: 400 }, (_, index) => index).filter((index) => KINDS[index % 4]?.[1] === wanted),
  );
const members = [ofKind(true), ofKind(false)];

function train(seed: number, onRound = (_done: number) => {}): Perceptron {
  return trainPerceptron({ rows, width: WIDTH, members, seed, onRound });
}

function probabilities(
  { inward, inwardBias, outward, outwardBias, hidden }: Perceptron,
  columns: number[],
): Float32Array {
  const units = inwardBias.map((bias, unit) =>
    Math.max(
      0,
      columns.reduce((sum, column) => sum + (inward[column * hidden + unit] ?? 0), bias),
    ),
  );
  const shares = new Float32Array(outwardBias.length);
  classProbabilities(units, outward, outwardBias, shares);
  return shares;
}

describe('trainPerceptron()', () => {
  it('learns what no plane can tell', () => {
    const perceptron = train(1);
    for (const [columns, member] of KINDS) {
      const [yes = 0, no = 0] = probabilities(perceptron, columns);
      assert.ok(Math.abs(yes + no - 1) < 1e-5);
      assert.equal(yes > no, member, `${columns}: ${yes}`);
    }
  });

  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(train(3), train(3));
    assert.notDeepEqual(train(3).inward, train(4).inward);
  });

  it('tells how much is done after each round', () => {
    const heard: number[] = [];
    train(1, (done) => heard.push(done));
    assert.equal(heard.at(-1), 1);
    assert.deepEqual(
      heard.toSorted((a, b) => a - b),
      heard,
    );
  });
});
