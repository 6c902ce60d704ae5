import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepPhrases, NearestPhrases } from './nearest-phrases.ts';
import { stackRows } from './sparse-rows.ts';
import { countVocabulary, wordsOf } from './vocabulary.ts';

describe('NearestPhrases', () => {
  const texts = ['book a table', 'book a room', 'cancel it'].map(wordsOf);
  const vocabulary = countVocabulary(texts);
  const rows = texts.map((words) => vocabulary.rowOf(words));
  // The second class has the second text too.
  const members = [Int32Array.of(0, 1), Int32Array.of(1, 2), Int32Array.of()];
  const nearest = new NearestPhrases(keepPhrases(stackRows(rows, vocabulary.size), members), members.length);
  const nearness = (text: string, without?: (text: number) => boolean) =>
    Array.from(
      nearest.nearness(vocabulary.rowOf(wordsOf(text)), without),
      (near) => Math.round(near * 20) / 20,
    );

  it('is 1 for a phrase itself, and the same for every class that has it', () => {
    assert.deepEqual(nearness('Book a room'), [1, 1, 0]);
  });

  it('takes the nearest phrase of a class', () => {
    const [one = 0, other = 0, none] = nearness('book a table please');
    assert.ok(one > other && other > 0, `${one}, ${other}`);
    assert.equal(none, 0);
  });

  it('is 0 for what has nothing in common', () => {
    assert.deepEqual(nearness('zzz'), [0, 0, 0]);
  });

  it('passes over the texts that it is told to', () => {
    const [one = 1, other = 1] = nearness('book a room', (text) => text === 1);
    assert.ok(one < 1 && other < 0.5, `${one}, ${other}`);
  });
});
