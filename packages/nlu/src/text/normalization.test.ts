import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalizeText } from './normalization.ts';

describe('normalizeText()', () => {
  const cases: [title: string, text: string, expected: string][] = [
    ['lowers case', 'Hello THERE', 'hello there'],
    [
      'drops the marks of Latin letters',
      'Crème brûlée à Ångström, žluťoučký',
      'creme brulee a angstrom, zlutoucky',
    ],
    ['drops them where they stand apart', 'e\u0301te\u0301', 'ete'],
    [
      'folds letters that have no mark to drop',
      'Straße, smørrebrød, łódź, ISPARTA, ısparta',
      'strasse, smorrebrod, lodz, isparta, isparta',
    ],
    ['lowers a dotted capital', 'İstanbul', 'istanbul'],
    ['makes compatibility forms plain', 'ﬁve ５ ㎏ Ⅷ', 'five 5 kg viii'],
    ['joins contractions', "What's, don't, WE'LL, they've", 'whats, dont, well, theyve'],
    [
      'takes every apostrophe for one',
      'what\u2019s what\u02bcs what`s what\u00b4s',
      'whats whats whats whats',
    ],
    ['splits at other apostrophes', "l'eau dell'acqua o'clock", 'l eau dell acqua o clock'],
    [
      'drops directions, joiners, soft hyphens and byte order marks',
      '\ufeffa\u202eb\u200fc\u200d\u00add',
      'abcd',
    ],
    ['puts spaces for control characters', 'a\u0000b\tc\nd\u2028e\u007ff', 'a b c d e f'],
    ['replaces halves of surrogate pairs', 'a\ud83d b\udc4d', 'a\ufffd b\ufffd'],
    ['drops the points of Hebrew', 'שָׁלוֹם', 'שלום'],
    ['drops the vowel signs and the strokes of Arabic', 'مَرْحَبًــا', 'مرحبا'],
    ['keeps the vowels of Hindi', 'नमस्ते', 'नमस्ते'],
    ['keeps the tones of Thai', 'โต๊ะ', 'โต๊ะ'],
    ['keeps the voicing of kana', 'ガギが', 'ガギが'],
    ['makes half-width kana whole', 'ｶﾞｷﾞ', 'ガギ'],
    ['keeps Korean syllables together', '한국어', '한국어'],
    ['ends a Greek word like any other letter', 'ΛΌΓΟΣ λόγος', 'λογοσ λογοσ'],
    ['leaves nothing of nothing', '', ''],
  ];
  for (const [title, text, expected] of cases) {
    it(title, () => {
      assert.equal(normalizeText(text), expected);
    });
  }

  it('changes no single character the second time', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      const once = normalizeText(String.fromCodePoint(code));
      assert.equal(normalizeText(once), once, `U+${code.toString(16)}`);
    }
  });

  it('changes nothing the second time, whatever the text', () => {
    const units = fc.string({ unit: 'binary', maxLength: 12 });
    const halves = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const texts = fc
      .array(fc.oneof(units, halves, fc.constantFrom("'", '`', 's', 'ß', 'İ')))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, (text) => {
        const once = normalizeText(text);
        assert.equal(normalizeText(once), once);
        assert.ok(once.isWellFormed());
      }),
      { numRuns: 1000 },
    );
  });
});
