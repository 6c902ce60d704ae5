/** From a margin to a confidence: 1 / (1 + exp(-(slope · margin + offset))). */
export interface Sigmoid {
  readonly slope: number;
  readonly offset: number;
}

/** The confidence that a margin stands for, from 0 to 1. */
export function confidenceOf({ slope, offset }: Sigmoid, margin: number): number {
  return 1 / (1 + Math.exp(-(slope * margin + offset)));
}

const MARGIN_MAX = 3;
const BINS_PER_UNIT = 100;
const BINS = 2 * MARGIN_MAX * BINS_PER_UNIT + 1;
const STEPS_MAX = 50;

/** Margins of rows that belong to a class and of rows that do not, counted by hundredths. */
export class MarginCounts {
  readonly members = new Float64Array(BINS);
  readonly others = new Float64Array(BINS);

  add(margin: number, member: boolean): void {
    const limited = Math.max(-MARGIN_MAX, Math.min(MARGIN_MAX, margin));
    const bin = Math.round((limited + MARGIN_MAX) * BINS_PER_UNIT);
    const counts = member ? this.members : this.others;
    counts[bin] = (counts[bin] as number) + 1;
  }

  addAll(counts: MarginCounts): void {
    for (let bin = 0; bin < BINS; bin++) {
      this.members[bin] = (this.members[bin] as number) + (counts.members[bin] as number);
      this.others[bin] = (this.others[bin] as number) + (counts.others[bin] as number);
    }
  }
}

/** How many observations a sigmoid's prior is worth: the inverse variances of its slope and its offset. */
export interface Trust {
  readonly slope: number;
  readonly offset: number;
}

/**
 * The sigmoid under which the counts are most likely (Platt, 1999), drawn to `prior` as far as it is trusted: few
 * counts change little.
 */
export function fitSigmoid({ members, others }: MarginCounts, prior: Sigmoid, trust: Trust): Sigmoid {
  let { slope, offset } = prior;
  for (let step = 0; step < STEPS_MAX; step++) {
    let gradientSlope = trust.slope * (slope - prior.slope);
    let gradientOffset = trust.offset * (offset - prior.offset);
    let curveSlope = trust.slope;
    let curveBoth = 0;
    let curveOffset = trust.offset;
    for (let bin = 0; bin < BINS; bin++) {
      const member = members[bin] as number;
      const count = member + (others[bin] as number);
      if (count === 0) continue;
      const margin = bin / BINS_PER_UNIT - MARGIN_MAX;
      const confidence = confidenceOf({ slope, offset }, margin);
      const error = count * confidence - member;
      const curve = count * confidence * (1 - confidence);
      gradientSlope += error * margin;
      gradientOffset += error;
      curveSlope += curve * margin * margin;
      curveBoth += curve * margin;
      curveOffset += curve;
    }
    const determinant = curveSlope * curveOffset - curveBoth * curveBoth;
    // Newton's step, held back where the curve is flat.
    const stepSlope = (curveOffset * gradientSlope - curveBoth * gradientOffset) / determinant;
    const stepOffset = (curveSlope * gradientOffset - curveBoth * gradientSlope) / determinant;
    slope -= Math.max(-1, Math.min(1, stepSlope));
    offset -= Math.max(-1, Math.min(1, stepOffset));
    if (Math.abs(stepSlope) + Math.abs(stepOffset) < 1e-6) break;
  }
  return { slope, offset };
}
