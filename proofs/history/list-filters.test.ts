import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { passesState, passesTime, type TimeFilter, writeTimeFilter } from './list-filters.ts';

const later: TimeFilter = { kind: 'microseconds', comparator: '>', value: 1500, quoted: true };
const inSecond: TimeFilter = { kind: 'milliseconds', comparator: '=', value: 2 };

describe('passesTime()', () => {
  for (const { filter, passing, kept } of [
    { filter: undefined, passing: [0, 1], kept: [] },
    { filter: later, passing: [1501], kept: [1499, 1500] },
    // A millisecond is all of its microseconds.
    { filter: inSecond, passing: [2000, 2999], kept: [1999, 3000] },
    { filter: { ...inSecond, comparator: '>' as const }, passing: [3000], kept: [2000, 2999] },
    { filter: { kind: 'not' as const, operand: inSecond }, passing: [1999, 3000], kept: [2000, 2999] },
    { filter: { kind: 'and' as const, operands: [later, inSecond] }, passing: [2500], kept: [1501, 3000] },
    { filter: { kind: 'or' as const, operands: [later, inSecond] }, passing: [1501, 2500], kept: [1500] },
  ]) {
    it(`is right for ${writeTimeFilter(filter) || 'no filter'}`, () => {
      for (const time of passing) assert.ok(passesTime(filter, time), String(time));
      for (const time of kept) assert.ok(!passesTime(filter, time), String(time));
    });
  }
});

describe('passesState()', () => {
  it('tells states apart', () => {
    assert.ok(passesState(undefined, 'COMPLETED'));
    assert.ok(passesState({ comparator: '=', state: 'COMPLETED' }, 'COMPLETED'));
    assert.ok(!passesState({ comparator: '!=', state: 'COMPLETED' }, 'COMPLETED'));
    assert.ok(!passesState({ comparator: '=', state: 'COMPLETED' }, 'IN_PROGRESS'));
  });
});
