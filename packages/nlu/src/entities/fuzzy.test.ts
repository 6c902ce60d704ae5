import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FuzzyPhrases } from './fuzzy.ts';
import { tokenize, tokenWords } from './tokens.ts';

function find(values: readonly string[], text: string): [string, unknown][] {
  const phrases = new FuzzyPhrases(values.map((value) => ({ words: tokenWords(value), value })));
  return phrases.find(tokenize(text)).map(({ start, end, value }) => [text.slice(start, end), value]);
}

describe('FuzzyPhrases', () => {
  const balls = ['ball', 'red ball', 'small ball', 'small red ball'];
  const cases: [title: string, values: string[], text: string, found: [string, string][]][] = [
    ['finds a misspelt word', ['lumber'], 'some lumbr please', [['lumbr', 'lumber']]],
    ['finds two letters swapped', ['paris'], 'to Pairs', [['Pairs', 'paris']]],
    ['finds two edits in a long word', ['screwdriver'], 'a scewdrivr', [['scewdrivr', 'screwdriver']]],
    ['does not find two edits in a short word', ['lumber'], 'a lumr', []],
    ['leaves short words alone', ['cat'], 'a car', []],
    ['leaves another first letter of a short word alone', ['lumber'], 'a number', []],
    ['leaves words with digits alone', ['a320neo'], 'a330neo', []],
    ['finds words in another order', balls, 'the ball red', [['ball red', 'red ball']]],
    ['finds the longest of several', balls, 'a red small ball', [['red small ball', 'small red ball']]],
    ['finds misspelt words in another order', balls, 'the ball smal redd', [['ball smal', 'small ball']]],
    ['finds a word that was split', ['facebook'], 'my face book page', [['face book', 'facebook']]],
    ['finds words that were run together', ['credit card'], 'my creditcard', [['creditcard', 'credit card']]],
    [
      'finds three words with one left out',
      ['cold brew coffee'],
      'a cold coffee',
      [['cold coffee', 'cold brew coffee']],
    ],
    ['does not find two words with one left out', ['ice tea'], 'green tea', []],
    ['does not find words that are far apart', ['red ball'], 'a red thing and a ball', []],
    ['finds nothing in nothing', ['paris'], '', []],
  ];
  for (const [title, values, text, found] of cases) {
    it(title, () => assert.deepEqual(find(values, text), found));
  }

  it('prefers the value that is most alike', () => {
    assert.deepEqual(find(['martin', 'marvin'], 'call Martn'), [['Martn', 'martin']]);
  });
});
