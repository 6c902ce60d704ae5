import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EventStream } from './event-stream.ts';

/** What is read when the bytes come in the parts that end at these places. */
function read(text: string, ...cuts: readonly number[]): string[] {
  const stream = new EventStream();
  const bytes = Buffer.from(text);
  const places = [0, ...cuts, bytes.length];
  return places.slice(1).flatMap((end, index) => stream.feed(bytes.subarray(places[index], end)));
}

describe('EventStream', () => {
  for (const [text, events] of [
    ['data: a\n\n', ['a']],
    ['data:a\n\ndata:  b\n\n', ['a', ' b']],
    ['\ufeffdata: a\n\n', ['a']],
    ['data: a\ndata: b\n\n', ['a\nb']],
    ['data: a\r\ndata: b\r\rdata: c\r\n\r\n', ['a\nb', 'c']],
    ['data\n\n', ['']],
    ['data: \u2028:\n\n', ['\u2028:']],
    [': comment\nid: 1\nevent: e\nretry: 5\n\ndata: a\n\n', ['a']],
    ['dataset: a\n\n data: b\n\n\n\n', []],
    ['data: a\n', []],
    ['data: a', []],
    ['', []],
  ] as const) {
    it(`finds ${JSON.stringify(events)} in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(read(text), events);
    });
  }

  it('reads the same however the bytes are cut', () => {
    const text = ': €\r\ndata: né\r\ndata: 👍\r\n\r\ndata: b\n\ndata: c\r\rdata';
    const length = Buffer.byteLength(text);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: length }), { maxLength: 9 }), (cuts) => {
        assert.deepEqual(read(text, ...cuts.toSorted((a, b) => a - b)), ['né\n👍', 'b', 'c']);
      }),
    );
  });
});
