import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodePercent } from './percent-encoding.ts';

describe('decodePercent()', () => {
  it('undoes encodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.equal(decodePercent(encodeURIComponent(text), { keepSlashes: false }), text);
      }),
    );
  });

  it('keeps encoded slashes as they are where asked to', () => {
    assert.equal(decodePercent('a%2Fb%2f%C3%BC/%25', { keepSlashes: true }), 'a%2Fb%2fü/%');
    assert.equal(decodePercent('a%2Fb%2f%C3%BC/%25', { keepSlashes: false }), 'a/b/ü/%');
  });

  for (const text of [
    '%',
    '%4',
    '%zz',
    'a%2',
    '%ff',
    '%C3',
    '%C3%2F%BC',
    '%ED%A0%80',
    'ü',
    'a b',
    '\ud800',
    '\0',
  ]) {
    it(`answers undefined for ${JSON.stringify(text)}`, () => {
      assert.equal(decodePercent(text, { keepSlashes: false }), undefined);
      assert.equal(decodePercent(text, { keepSlashes: true }), undefined);
    });
  }
});
