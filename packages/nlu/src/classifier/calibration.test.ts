import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { confidenceOf, fitSigmoid, MarginCounts, type Sigmoid } from './calibration.ts';

const PRIOR: Sigmoid = { slope: 5, offset: 0 };
const NO_TRUST = { slope: 1e-9, offset: 1e-9 };

/** Margins from -1 to 1, `each` of every one, that belong as often as the sigmoid says. */
function countsUnder(sigmoid: Sigmoid, each: number): MarginCounts {
  const counts = new MarginCounts();
  for (let margin = -1; margin <= 1; margin += 0.05) {
    const members = Math.round(each * confidenceOf(sigmoid, margin));
    for (let index = 0; index < each; index++) counts.add(margin, index < members);
  }
  return counts;
}

describe('fitSigmoid()', () => {
  it('finds the sigmoid that margins follow', () => {
    for (const sigmoid of [
      { slope: 3, offset: -1 },
      { slope: 8, offset: 1.5 },
      { slope: 1, offset: 0 },
    ]) {
      const fitted = fitSigmoid(countsUnder(sigmoid, 1000), PRIOR, NO_TRUST);
      assert.ok(Math.abs(fitted.slope - sigmoid.slope) < 0.1, `${fitted.slope} for ${sigmoid.slope}`);
      assert.ok(Math.abs(fitted.offset - sigmoid.offset) < 0.1, `${fitted.offset} for ${sigmoid.offset}`);
    }
  });

  it('keeps to the prior without counts', () => {
    assert.deepEqual(fitSigmoid(new MarginCounts(), PRIOR, NO_TRUST), PRIOR);
  });

  it('keeps the nearer to the prior the more it is trusted', () => {
    const counts = countsUnder({ slope: 2, offset: 2 }, 10);
    const offsets = [0.1, 10, 1000].map(
      (trust) => fitSigmoid(counts, PRIOR, { slope: trust, offset: trust }).offset,
    );
    assert.ok((offsets[0] ?? 0) > (offsets[1] ?? 0) && (offsets[1] ?? 0) > (offsets[2] ?? 0), `${offsets}`);
  });

  it('stays finite where members and others are far apart', () => {
    const counts = new MarginCounts();
    for (let index = 0; index < 50; index++) {
      counts.add(10, true);
      counts.add(-10, false);
    }
    const { slope, offset } = fitSigmoid(counts, PRIOR, { slope: 1, offset: 1 });
    assert.ok(Number.isFinite(slope) && slope > 0 && Number.isFinite(offset));
  });
});
