import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitSentences } from './sentences.ts';

describe('splitSentences()', () => {
  for (const { text, want } of [
    { text: '', want: [] },
    { text: ' \n ', want: [] },
    { text: 'One. Two!  Three?', want: ['One.', 'Two!', 'Three?'] },
    { text: 'It costs 3.50 today', want: ['It costs 3.50 today'] },
    { text: 'one\ntwo\r\nthree', want: ['one', 'two', 'three'] },
    { text: '卡丢了。怎么办?', want: ['卡丢了。', '怎么办?'] },
    { text: 'a  b\tc', want: ['a b c'] },
    { text: 'I saw Dr. Morgan. Prof. St. Clair came.', want: ['I saw Dr. Morgan.', 'Prof. St. Clair came.'] },
    { text: 'I know Dr. Who. I do.', want: ['I know Dr. Who.', 'I do.'] },
    { text: 'I asked the Dr.', want: ['I asked the Dr.'] },
    { text: 'I asked the Dr. ', want: ['I asked the Dr.'] },
  ]) {
    it(`splits ${JSON.stringify(text)}`, () => assert.deepEqual(splitSentences(text, 10), want));
  }

  it('gives no more than asked for', () => {
    assert.deepEqual(splitSentences('One. Two. Three.', 2), ['One.', 'Two.']);
  });

  it('cuts what is no sentence any more, between words where it can', () => {
    const [words = ''] = splitSentences('some words '.repeat(100), 1);
    assert.match(words, /^(?:some words )*some(?: words)?…$/u);
    const [run = ''] = splitSentences('\u{1f600}'.repeat(1000), 1);
    assert.ok(run.length <= 400 && run.isWellFormed());
  });
});
