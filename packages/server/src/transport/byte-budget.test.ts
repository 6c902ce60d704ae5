import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteBudget, HeldBytes } from './byte-budget.ts';

describe('ByteBudget', () => {
  it('takes all or nothing', () => {
    const budget = new ByteBudget(10);
    assert.deepEqual(
      [budget.take(8), budget.take(3), budget.take(2), budget.take(1)],
      [true, false, true, false],
    );
    budget.give(1);
    assert.equal(budget.take(1), true);
  });

  it('takes nothing where the one around it is empty', () => {
    const around = new ByteBudget(10);
    const [one, other] = [new ByteBudget(8, around), new ByteBudget(8, around)];
    assert.deepEqual([one.take(8), other.take(3), other.take(2)], [true, false, true]);
    assert.deepEqual([one.taken, other.taken, around.taken], [8, 2, 10]);
  });
});

describe('HeldBytes', () => {
  it('counts what is beyond the uncounted bytes', () => {
    const budget = new ByteBudget(10);
    const held = new HeldBytes(budget, 5);
    assert.deepEqual([held.add(5), budget.taken], [true, 0]);
    assert.deepEqual([held.add(10), budget.taken], [true, 10]);
    assert.deepEqual([held.add(1), budget.taken], [false, 10]);
    held.remove(12);
    assert.equal(budget.taken, 0);
  });

  it('gives back what it took, whatever the order', () => {
    const step = fc.tuple(fc.constantFrom('add', 'remove', 'clear'), fc.nat(50));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const budget = new ByteBudget(100);
        const held = new HeldBytes(budget, 7);
        for (const [what, bytes] of steps) {
          if (what === 'add') held.add(bytes);
          else if (what === 'remove') held.remove(bytes);
          else held.clear();
          assert.ok(budget.taken >= 0 && budget.taken <= 100);
        }
        held.clear();
        assert.equal(budget.taken, 0);
      }),
    );
  });
});
