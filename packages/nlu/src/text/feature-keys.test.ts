import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { featureKeys } from './feature-keys.ts';

describe('featureKeys()', () => {
  it('makes a feature of each word and of each row up to the longest', () => {
    const [a, ab, abc, b, bc, c] = featureKeys(['a', 'b', 'c'], { wordGrams: 3 }).words;
    assert.deepEqual(featureKeys(['a'], { wordGrams: 3 }).words, [a]);
    assert.deepEqual(featureKeys(['b'], { wordGrams: 3 }).words, [b]);
    assert.deepEqual(featureKeys(['c'], { wordGrams: 3 }).words, [c]);
    assert.deepEqual(featureKeys(['a', 'b'], { wordGrams: 2 }).words, [a, ab, b]);
    assert.equal(new Set([a, ab, abc, b, bc, c]).size, 6);
  });

  it('makes a feature of two words near one another, in whichever order', () => {
    const pairs = (...words: string[]) => {
      const singles = new Set(featureKeys(words, { wordGrams: 1 }).words);
      const keys = featureKeys(words, { wordGrams: 1, wordPairsWithin: 2 }).words;
      return keys.filter((key) => !singles.has(key));
    };
    const [ab, ac, bc] = pairs('a', 'b', 'c');
    assert.equal(new Set([ab, ac, bc]).size, 3);
    assert.deepEqual(pairs('b', 'a'), [ab]);
    assert.deepEqual(pairs('c', 'x', 'a')[1], ac);
    assert.equal(pairs('c', 'x', 'y', 'a').includes(ac ?? 0), false);
  });

  it('makes no feature of characters unless asked', () => {
    assert.deepEqual(featureKeys(['word'], { wordGrams: 1 }).characters, []);
  });

  it('makes a feature of each row of characters within a word', () => {
    const characters = (...words: string[]) =>
      featureKeys(words, { wordGrams: 1, characterGrams: [3, 4] }).characters;
    // " cat ": " ca", " cat", "cat", "cat ", "at "
    assert.equal(characters('cat').length, 5);
    assert.deepEqual(characters('cat', 'dog'), [...characters('cat'), ...characters('dog')]);
    const shared = characters('cats').filter((key) => characters('cat').includes(key));
    assert.equal(shared.length, 3); // " ca", " cat", "cat"
  });

  it('makes one feature of a word that is shorter than any row', () => {
    assert.equal(featureKeys(['a'], { wordGrams: 1, characterGrams: [4, 6] }).characters.length, 1);
  });

  it('tells a word from the same characters', () => {
    const { words, characters } = featureKeys(['ab'], { wordGrams: 1, characterGrams: [2, 4] });
    assert.equal(new Set([...words, ...characters]).size, words.length + characters.length);
  });

  it('keeps the keys that models were saved with', () => {
    assert.deepEqual(featureKeys(['hi', 'you'], { wordGrams: 2, characterGrams: [3, 3] }), {
      words: [3122874460, 1130447822, 3190978015],
      characters: [921640604, 1567272941, 3739215165, 209321148, 555113083],
    });
  });

  it('gives unsigned 32-bit keys, the same each time', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
        const keys = featureKeys(words, { wordGrams: 2, characterGrams: [2, 3] });
        for (const key of [...keys.words, ...keys.characters]) assert.equal(key, key >>> 0);
        assert.deepEqual(featureKeys(words, { wordGrams: 2, characterGrams: [2, 3] }), keys);
      }),
    );
  });
});
