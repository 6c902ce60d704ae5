import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { spellOut } from '../codec/abbreviations.ts';
import { abbreviate, chooseWords } from './abbreviate.ts';

/** Of few letters, so that codes come to stand beside letters that words begin with. */
const texts = fc.array(
  fc
    .array(fc.constantFrom('agent', 'Agent', 'a', 'bagent', 'END_', 'gent', ' ', '=*m1', '=|0{s?', '=-7'))
    .map((pieces) => pieces.join('')),
  { maxLength: 30 },
);

describe('abbreviate()', () => {
  it('leaves nothing out', () => {
    fc.assert(
      fc.property(texts, texts, (common, others) => {
        const words = chooseWords(common);
        for (const text of [...common, ...others]) {
          assert.equal(spellOut(abbreviate(text, words), words), text);
        }
      }),
    );
  });

  it('puts a sign for what comes often, the most saving first', () => {
    const common = ['conversation agent', 'conversation parent=b', 'conversation', 'agent=b'];
    const words = chooseWords(common);
    assert.deepEqual(words, ['conversation', 'agent']);
    assert.deepEqual(
      common.map((text) => abbreviate(text, words)),
      ['! "', '! parent=b', '!', '"=b'],
    );
  });

  it('finds nothing to say of texts that have nothing in common', () => {
    assert.deepEqual(chooseWords(['name', 'agent']), []);
  });
});
