import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMMON_MAX, countVocabulary, type Vocabulary, wordsOf } from './vocabulary.ts';

function lengthOf(vocabulary: Vocabulary, text: string): number {
  return Math.hypot(...vocabulary.rowOf(wordsOf(text)).values);
}

describe('Vocabulary', () => {
  const phrases = ['book a table', 'cancel my table', 'what is the weather'];
  const vocabulary = countVocabulary(phrases.map(wordsOf));

  it('gives a text its full length where all of it is known', () => {
    for (const phrase of phrases) assert.ok(Math.abs(lengthOf(vocabulary, phrase) ** 2 - COMMON_MAX) < 1e-6);
  });

  it('gives the less length the more is unknown', () => {
    const lengths = ['book a table', 'book a table zyx', 'table zyx wvu', 'zyx'].map((text) =>
      lengthOf(vocabulary, text),
    );
    assert.deepEqual(
      lengths.toSorted((a, b) => b - a),
      lengths,
    );
    assert.equal(lengths.at(-1), 0);
  });

  it('gives the less length the less there is of a text', () => {
    const long = countVocabulary(
      [...phrases, ...phrases.map((phrase) => `${phrase} ${phrases.join(' ')}`)].map(wordsOf),
    );
    const [all = 0, one = 0, letter = 0] = ['what is the weather', 'table', 'a'].map((text) =>
      lengthOf(long, text),
    );
    assert.ok(all > one && one > letter, `${all}, ${one}, ${letter}`);
  });

  it('gives rare features more weight than common ones', () => {
    const rows = countVocabulary([['a'], ['a'], ['a'], ['b']]);
    const { columns, values } = rows.rowOf(['a', 'b']);
    const weight = (word: string) => values[columns.indexOf(rows.rowOf([word]).columns[0] ?? -1)] ?? 0;
    assert.ok(weight('b') > weight('a'));
  });

  it('is not changed by the texts that it weighs', () => {
    const before = vocabulary.rowOf(wordsOf('book book a table'));
    vocabulary.rowOf(wordsOf('weather table'));
    assert.deepEqual(vocabulary.rowOf(wordsOf('book book a table')), before);
  });

  it('weighs the same in another order of columns', () => {
    const turned = vocabulary.reorder(Int32Array.from(vocabulary.keys.keys()).reverse());
    const { columns, values } = turned.rowOf(['book']);
    const same = vocabulary.rowOf(['book']);
    assert.deepEqual(values, same.values);
    assert.deepEqual(
      columns,
      same.columns.map((column) => vocabulary.size - 1 - column),
    );
  });

  it('passes over what occurs once among many texts', () => {
    const texts = Array.from({ length: 2001 }, (_, index) => ['common', `rare${index}x`]);
    const columns = (count: number, word: string) =>
      countVocabulary(texts.slice(0, count)).rowOf([word]).columns.length;
    assert.equal(columns(2001, 'common'), columns(2000, 'common'));
    assert.ok(columns(2001, 'rare7x') < columns(2000, 'rare7x'));
  });
});

describe('wordsOf()', () => {
  it('reads the first 2,000 characters', () => {
    assert.equal(wordsOf('a '.repeat(500_000)).length, 1000);
    assert.deepEqual(wordsOf('x'.repeat(1_000_000)), ['x'.repeat(2000)]);
  });
});
