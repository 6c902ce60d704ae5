import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KILL_KINDS, planRun } from './plan.ts';

describe('planRun()', () => {
  it('has every kind of kill, and decides by seed and run alone', () => {
    const plans = Array.from({ length: 200 }, (_, run) => planRun(7, run));
    assert.deepEqual(new Set(plans.map(({ kind }) => kind)), new Set(KILL_KINDS));
    assert.deepEqual(plans.at(50), planRun(7, 50));
    assert.notDeepEqual(plans.at(50), planRun(8, 50));
  });
});
