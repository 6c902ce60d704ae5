import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JsonList } from './json-list.ts';

function cut(...pieces: string[]): unknown[] {
  const list = new JsonList();
  const elements = pieces.flatMap((piece) => list.push(piece));
  list.end();
  return elements.map((element) => JSON.parse(element));
}

describe('JsonList', () => {
  const lists = [
    '[]',
    ' [ ] ',
    '[{}]',
    '[{"a":1},{"b":[{"c":"}]"}]}]',
    '[{"a":"\\"]}"},\r\n{}\n]\n',
    '[{"a":"\\\\"}]',
  ];
  for (const text of lists) {
    it(`cuts ${JSON.stringify(text)}`, () => assert.deepEqual(cut(text), JSON.parse(text)));
  }

  it('finds the same elements however the text is cut into pieces', () => {
    const texts = fc.tuple(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.boolean());
    fc.assert(
      fc.property(texts, fc.array(fc.nat(200)), ([values, pretty], cuts) => {
        const text = JSON.stringify(values, undefined, pretty ? 2 : undefined);
        const places = [0, ...cuts.map((place) => place % (text.length + 1)), text.length].sort(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
        assert.deepEqual(cut(...pieces), JSON.parse(text));
      }),
    );
  });

  it('gives an element as soon as it is there', () => {
    const list = new JsonList();
    assert.deepEqual(list.push('[{"a":'), []);
    assert.equal(list.pending, 5);
    assert.deepEqual(list.push('1},{'), ['{"a":1}']);
  });

  const wrong = [
    ['{}', 'unexpected "{" before the list'],
    ['<html>', 'unexpected "<" before the list'],
    ['', 'the text ends before the list'],
    ['[', 'the text ends before an element'],
    ['[1]', 'unexpected "1" before an element'],
    ['[{}', 'the text ends behind an element'],
    ['[{},]', 'unexpected "]" before an element'],
    ['[,{}]', 'unexpected "," before an element'],
    ['[{} {}]', 'unexpected "{" behind an element'],
    ['[{"a":"}]', 'the text ends in an element'],
    ['[]{}', 'unexpected "{" behind the list'],
  ] as const;
  for (const [text, message] of wrong) {
    it(`refuses ${JSON.stringify(text)}: ${message}`, () => {
      assert.throws(() => cut(text), { name: 'SyntaxError', message });
    });
  }
});
