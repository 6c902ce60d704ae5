import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { Fault } from './fault.ts';

describe('encodeBase64() and decodeBase64()', () => {
  it('undo each other, and agree with Buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
        const text = encodeBase64(bytes);
        assert.equal(text, Buffer.from(bytes).toString('base64'));
        const plain = Uint8Array.from(bytes);
        for (const form of [text, text.replace(/=+$/, ''), Buffer.from(bytes).toString('base64url')]) {
          assert.deepStrictEqual(decodeBase64(form), plain);
        }
      }),
    );
  });

  for (const text of ['a', 'a=', 'ab*=', 'abc==', '====', 'abcde', 'ü']) {
    it(`refuse '${text}'`, () => {
      assert.throws(() => decodeBase64(text), Fault);
    });
  }
});
