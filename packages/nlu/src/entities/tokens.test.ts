import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { splitsWord, tokenize, tokenWords } from './tokens.ts';

describe('tokenize()', () => {
  const cases: [title: string, text: string, words: string[]][] = [
    ['splits at spaces and punctuation', 'A table, for 2!', ['a', 'table', 'for', '2']],
    ['keeps the ends that apostrophes add', "what's l'hôtel", ['whats', 'l', 'hotel']],
    ['keeps signs that tell values apart', 'C++ C# AT&T', ['c', '+', '+', 'c', '#', 'at', '&', 't']],
    ['takes the characters of unspaced scripts one by one', '去北京abc', ['去', '北', '京', 'abc']],
    ['keeps vowel signs with their consonants', 'ที่', ['ที่']],
    ['finds nothing in punctuation', ' ?!… ', []],
  ];
  for (const [title, text, words] of cases) {
    it(title, () => assert.deepEqual(tokenWords(text), words));
  }

  it('gives the places of the words as they are written', () => {
    const text = '\u200fÀ table\u00ad,\u200f for 2';
    assert.deepEqual(
      tokenize(text).map(({ start, end }) => text.slice(start, end)),
      ['À', 'table', 'for', '2'],
    );
  });

  it('gives places in order and within the text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        let after = 0;
        for (const { start, end, word } of tokenize(text)) {
          assert.ok(start >= after && end > start && end <= text.length && word !== '');
          after = end;
        }
      }),
    );
  });
});

describe('splitsWord()', () => {
  it('tells the inside of a word from its ends', () => {
    assert.deepEqual(
      [splitsWord('ab 12', 1), splitsWord('ab 12', 2), splitsWord('ab12', 2)],
      [true, false, true],
    );
  });

  it('sees no words in scripts without spaces', () => {
    assert.equal(splitsWord('号码AB', 1), false);
  });
});
