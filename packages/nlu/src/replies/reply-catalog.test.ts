import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeReplies, shapeOf, similarityOf } from './reply-catalog.ts';

describe('mergeReplies()', () => {
  it('makes one entry of what differs by case, punctuation and numbers, and names it by the most frequent', () => {
    const replies = [
      'what is your name',
      'What is your name?',
      'It costs 9 euros.',
      'it costs 12 euros!',
      'Bye',
    ];
    const { catalog, entryOf } = mergeReplies(replies, [1, 5, 2, 2, 1]);
    assert.deepEqual(catalog.texts, ['What is your name?', 'It costs 9 euros.', 'Bye']);
    assert.deepEqual([...catalog.counts], [6, 4, 1]);
    assert.deepEqual([...entryOf], [0, 0, 1, 1, 2]);
  });

  it('makes one entry of what differs by a word in many', () => {
    const long =
      'I have cancelled your booking for the hotel and you will get the money back within two weeks from';
    const { entryOf } = mergeReplies(
      [`${long} today`, `${long} now`, `${long} when exactly do you ask`],
      [1, 1, 1],
    );
    assert.equal(entryOf[0], entryOf[1]);
    assert.notEqual(entryOf[0], entryOf[2]);
  });

  it('keeps apart what differs in meaning by one of few words', () => {
    const replies = ['Yes.', 'No.', 'Do you need a balcony?', 'Do you need an elevator?', '👍', '👎'];
    assert.deepEqual(mergeReplies(replies, [1, 1, 1, 1, 1, 1]).catalog.texts, replies);
  });

  it('merges nothing into nothing', () => {
    assert.deepEqual(mergeReplies([], []).catalog.texts, []);
  });

  it('leaves no two entries that are nearly the same, and loses no reply', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd');
    const reply = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.uniqueArray(reply, { maxLength: 30 }), (replies) => {
        const { catalog, entryOf } = mergeReplies(
          replies,
          replies.map(() => 1),
        );
        assert.equal(
          catalog.counts.reduce((sum, count) => sum + count, 0),
          replies.length,
        );
        const shapes = catalog.texts.map(shapeOf);
        for (const [index, shape] of shapes.entries()) {
          for (const other of shapes.slice(index + 1)) assert.ok(similarityOf(shape, other) < 0.8);
        }
        for (const [index, text] of replies.entries()) {
          const entry = shapes[entryOf[index] as number] as Uint32Array;
          assert.ok(similarityOf(shapeOf(text), entry) >= 0.8);
        }
      }),
    );
  });
});
