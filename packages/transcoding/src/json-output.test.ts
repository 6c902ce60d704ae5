import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JsonOutput, toLiteral } from './json-output.ts';

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const fiveLetters = toLiteral('abcde');

describe('JsonOutput', () => {
  it('writes strings as JSON.stringify does, wherever they lie', () => {
    const text = fc.array(
      fc.constantFrom('abcd', 'e', '"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'é', '日', '🙂'),
    );
    const offset = fc.integer({ min: 0, max: 7 });
    fc.assert(
      fc.property(text, offset, offset, (parts, before, after) => {
        const content = Buffer.from(parts.join(''));
        const bytes = Buffer.concat([Buffer.alloc(before, '"'), content, Buffer.alloc(after, '"')]);
        const out = new JsonOutput();
        out.string(viewOf(bytes), before, before + content.length);
        assert.equal(out.finish(), JSON.stringify(parts.join('')));
      }),
    );
  });

  it('writes each byte below 0x80 as JSON.stringify does', () => {
    for (let byte = 0; byte < 0x80; byte += 1) {
      for (let place = 0; place < 5; place += 1) {
        const bytes = Buffer.from('aaaaa');
        bytes[place] = byte;
        const out = new JsonOutput();
        out.string(viewOf(bytes), 0, 5);
        assert.equal(out.finish(), JSON.stringify(bytes.toString()));
      }
    }
  });

  it('puts everything one after the other, however long it grows', () => {
    const literals = ['', 'a', 'four', '"name":', ',"größe":'];
    const out = new JsonOutput();
    let expected = '';
    for (let round = 0; round < 5000; round += 1) {
      const literal = literals[round % literals.length] ?? '';
      out.literal(toLiteral(literal));
      out.character(0x2c);
      out.ascii(String(round));
      out.text(`<${literal}>`);
      out.digits(round, 6);
      expected += `${literal},${round}<${literal}>${String(round).padStart(6, '0')}`;
    }
    assert.equal(out.finish(), expected);
  });

  it('grows in time for a literal at its very end', () => {
    // Five starts, so that for one of them a literal lies across the end of whatever is reserved at first.
    for (let start = 0; start < 5; start += 1) {
      const out = new JsonOutput();
      out.ascii('.'.repeat(start));
      for (let round = 0; round < 300_000; round += 1) out.literal(fiveLetters);
      assert.equal(out.finish(), '.'.repeat(start) + 'abcde'.repeat(300_000));
    }
  });

  it('keeps outputs apart that are written at the same time', () => {
    const [one, two] = [new JsonOutput(), new JsonOutput()];
    one.ascii('1');
    two.ascii('2');
    one.ascii('1');
    assert.deepEqual([one.finish(), two.finish()], ['11', '2']);
  });

  it('refuses what is not UTF-8', () => {
    const out = new JsonOutput();
    out.string(viewOf(Uint8Array.of(0x61, 0xff)), 0, 2);
    assert.throws(() => out.finish(), TypeError);
  });
});
