import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PhraseTrie } from './phrase-trie.ts';
import { tokenize, tokenWords } from './tokens.ts';

function trieOf(...phrases: string[]): PhraseTrie<string> {
  const trie = new PhraseTrie<string>();
  for (const phrase of phrases) trie.add(tokenWords(phrase), phrase);
  return trie;
}

describe('PhraseTrie', () => {
  it('finds the longest phrase at each place', () => {
    const found = trieOf('new', 'new york', 'york city').find(tokenize('from New York City to new places'));
    assert.deepEqual(
      found.map(({ start, end, value }) => [start, end, value]),
      [
        [5, 13, 'new york'],
        [22, 25, 'new'],
      ],
    );
  });

  it('goes back to the longest phrase that ends where a longer one fails', () => {
    const [found] = trieOf('a b', 'a b c d').find(tokenize('a b c e'));
    assert.equal(found?.value, 'a b');
  });

  it('keeps the first of equal phrases, and none without words', () => {
    const trie = new PhraseTrie<number>();
    trie.add(['a'], 1);
    trie.add(['a'], 2);
    trie.add([], 3);
    assert.deepEqual(trie.find(tokenize('a !')), [{ start: 0, end: 1, value: 1 }]);
  });
});
