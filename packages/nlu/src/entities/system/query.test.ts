import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { intlLanguage, plainText } from './query.ts';

describe('plainText()', () => {
  it('writes digits of every script as 0 to 9', () => {
    assert.equal(plainText('٣٤ ५ １２ 𝟗'), '34 5 12 𝟗');
  });

  it('makes spaces of what says nothing', () => {
    assert.equal(plainText('a\u0000b\u202ec\ud800d'), 'a b c d');
    assert.equal(plainText('flag\u{e0020}end'), 'flag  end', 'two units for what takes two');
  });

  it('keeps the length of every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(plainText(text).length, text.length);
      }),
    );
  });
});

describe('intlLanguage()', () => {
  it('takes English for what is no language', () => {
    assert.deepEqual(['pt-br', 'not a language', ''].map(intlLanguage), ['pt-BR', 'en', 'en']);
  });
});
