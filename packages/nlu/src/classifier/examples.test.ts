import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectExamples, dealFolds, type TrainingSet } from './examples.ts';

/** A training set's classes, each as its texts. */
function classesOf(set: TrainingSet): string[][] {
  const { texts, members } = collectExamples(set);
  return members.map((numbers) => Array.from(numbers, (number) => texts[number]?.join(' ') ?? ''));
}

describe('collectExamples()', () => {
  const cases: [title: string, set: TrainingSet, intents: string[], classes: string[][]][] = [
    ['has nothing of nothing', { intents: [] }, [], []],
    ['leaves out intents without phrases', { intents: [{ name: 'a', phrases: [] }] }, [], []],
    ['leaves out phrases without words', { intents: [{ name: 'a', phrases: ['?!', '', ' '] }] }, [], []],
    [
      'takes phrases of the same words for one',
      { intents: [{ name: 'a', phrases: ['Hello!', 'hello', 'hi'] }] },
      ['a'],
      [['hello', 'hi']],
    ],
    [
      'takes intents of the same name for one',
      {
        intents: [
          { name: 'a', phrases: ['x'] },
          { name: 'b', phrases: ['y'] },
          { name: 'a', phrases: ['z'] },
        ],
      },
      ['a', 'b'],
      [['x', 'z'], ['y']],
    ],
    [
      'gives a phrase to every intent that has it',
      {
        intents: [
          { name: 'a', phrases: ['yes'] },
          { name: 'b', phrases: ['yes', 'yes please'] },
        ],
      },
      ['a', 'b'],
      [['yes'], ['yes', 'yes please']],
    ],
    [
      'makes negatives a class after the intents',
      { intents: [{ name: 'a', phrases: ['x'] }], negatives: ['y', '...'] },
      ['a'],
      [['x'], ['y']],
    ],
  ];
  for (const [title, set, intents, classes] of cases) {
    it(title, () => {
      assert.deepEqual(collectExamples(set).intents, intents);
      assert.deepEqual(classesOf(set), classes);
    });
  }
});

describe('dealFolds()', () => {
  const phrases = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${name} ${index}`);
  const examples = collectExamples({
    intents: [
      { name: 'a', phrases: phrases('a', 10) },
      { name: 'b', phrases: phrases('b', 25) },
    ],
  });

  it('deals every class evenly', () => {
    const folds = dealFolds(examples, 5, 1);
    for (const members of examples.members) {
      const sizes = [0, 1, 2, 3, 4].map((fold) => members.filter((text) => folds[text] === fold).length);
      assert.deepEqual(sizes, Array(5).fill(members.length / 5));
    }
  });

  it('deals the same for the same seed', () => {
    assert.deepEqual(dealFolds(examples, 5, 7), dealFolds(examples, 5, 7));
    assert.notDeepEqual(dealFolds(examples, 5, 7), dealFolds(examples, 5, 8));
  });
});
