import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { elementsOf } from './json-array.js';

const elements = [
  { a: 'brackets ]}" and \\ in a string', b: [1, [2, { c: {} }]] },
  {},
  { emoji: '🙂', escaped: '\u0000\\"' },
  [],
  { last: 'ends with a backslash \\' },
];

/** @param {string} text @param {number} size */
async function* cut(text, size) {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

describe('elementsOf()', () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    it(`finds them in pieces of ${size}`, async () => {
      const text = `${JSON.stringify(elements)}`.replaceAll('},', '} , \n');
      assert.deepEqual(await Array.fromAsync(elementsOf(cut(text, size))), elements);
    });
  }

  it('gives each as soon as it is whole, and none of an empty array', async () => {
    const { promise, resolve } = Promise.withResolvers();
    async function* pieces() {
      yield '[{"a":1}';
      await promise;
      yield ',{"a":2}]';
    }
    const found = elementsOf(pieces());
    assert.deepEqual((await found.next()).value, { a: 1 });
    resolve(undefined);
    assert.deepEqual((await found.next()).value, { a: 2 });
    assert.deepEqual(await Array.fromAsync(elementsOf(cut('[ ]', 1))), []);
  });
});
