import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitWords } from './words.ts';

describe('splitWords()', () => {
  const cases: [title: string, text: string, expected: string[]][] = [
    ['splits at spaces and punctuation', 'book a table, for 2!', ['book', 'a', 'table', 'for', '2']],
    ['splits addresses and decimals', 'a@b.co 3.5', ['a', 'b', 'co', '3', '5']],
    ['keeps letters and digits together', 'at 7pm', ['at', '7pm']],
    ['keeps the marks of a script with its letters', 'नमस्ते दुनिया', ['नमस्ते', 'दुनिया']],
    ['takes a pictograph for a word', 'ok👍👍', ['ok', '👍', '👍']],
    ['splits Chinese by dictionary', '去北京的机票', ['去', '北京', '的', '机票']],
    ['splits Japanese by dictionary', '東京に行きたいです', ['東京', 'に', '行き', 'たい', 'です']],
    ['splits Thai by dictionary', 'ต้องการจองโต๊ะ', ['ต้องการ', 'จอง', 'โต๊ะ']],
    ['splits where scripts meet', 'abc北京7pm', ['abc', '北京', '7pm']],
    ['does not split Korean within a word', '한국어 입니다', ['한국어', '입니다']],
    ['finds no words in punctuation', '?! \ufffd ...', []],
    ['finds no words in nothing', '', []],
  ];
  for (const [title, text, expected] of cases) {
    it(title, () => {
      assert.deepEqual(splitWords(text), expected);
    });
  }
});
