import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { FrameReader, frame, type Inflate, PREFIX_BYTES } from './frames.ts';

const inflate: Inflate = (bytes, maxOutputLength) => gunzipSync(bytes, { maxOutputLength });

/** All that a reader gives for these chunks. */
function readAll(chunks: readonly Uint8Array[], reader = new FrameReader(1000), how?: Inflate) {
  const read = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(how); next !== undefined; next = reader.next(how)) {
      // Copied: a later chunk must not change what was read.
      read.push(next instanceof Uint8Array ? Buffer.from(next) : next);
      if (!(next instanceof Uint8Array)) return read;
    }
  }
  return read;
}

function framed(message: Uint8Array): Uint8Array {
  return frame(Buffer.concat([Buffer.alloc(PREFIX_BYTES), message]));
}

function compressed(message: Uint8Array, flag = 1): Uint8Array {
  const bytes = framed(message);
  bytes[0] = flag;
  return bytes;
}

describe('frame()', () => {
  it('puts a flag and the length in four bytes before the message', () => {
    assert.deepEqual([...frame(Uint8Array.of(9, 9, 9, 9, 9, 7, 8))], [0, 0, 0, 0, 2, 7, 8]);
    assert.deepEqual([...frame(new Uint8Array(0x01_02_08)).subarray(0, 5)], [0, 0, 1, 2, 3]);
  });
});

describe('FrameReader', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });

  it('finds the messages wherever the bytes are cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(framed));
        const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
          (a, b) => a - b,
        );
        const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
        const reader = new FrameReader(1000);
        assert.deepEqual(
          readAll(chunks, reader).map((read) => [...(read as Buffer)]),
          sent.map((message) => [...message]),
        );
        assert.equal(reader.isTruncated, false);
      }),
    );
  });

  it('finds them in single bytes, and knows at each byte whether a message is cut short', () => {
    const sent = ['first', '', 'third'].map((text) => Buffer.from(text));
    const bytes = Buffer.concat(sent.map(framed));
    const ends = [10, 15, 25];
    for (let length = 0; length <= bytes.length; length++) {
      const reader = new FrameReader(1000);
      const chunks = [...bytes.subarray(0, length)].map((byte) => Uint8Array.of(byte));
      const whole = ends.filter((end) => end <= length).length;
      assert.deepEqual(readAll(chunks, reader), sent.slice(0, whole));
      assert.equal(reader.isTruncated, length > 0 && !ends.includes(length), `after ${length} bytes`);
    }
  });

  it('inflates messages with flag 1, and those alone', () => {
    const sent = [compressed(gzipSync('small')), framed(Buffer.from('plain'))];
    assert.deepEqual(readAll(sent, undefined, inflate), [Buffer.from('small'), Buffer.from('plain')]);
  });

  const failures = [
    { what: 'flag 1 without an encoding', bytes: compressed(gzipSync('x')), code: 'INTERNAL' },
    { what: 'an unknown flag', bytes: compressed(Buffer.from('x'), 2), code: 'INTERNAL', how: inflate },
    { what: 'what is not compressed', bytes: compressed(Buffer.from('x')), code: 'INTERNAL', how: inflate },
    {
      what: 'what is compressed by half',
      bytes: compressed(gzipSync('half of it').subarray(0, 12)),
      code: 'INTERNAL',
      how: inflate,
    },
    { what: 'a message that is too long', bytes: framed(new Uint8Array(1001)), code: 'RESOURCE_EXHAUSTED' },
    {
      what: 'a length that is too long, before the message is there',
      bytes: Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff),
      code: 'RESOURCE_EXHAUSTED',
    },
    {
      what: 'a message that is too long once it is inflated',
      bytes: compressed(gzipSync(Buffer.alloc(1001))),
      code: 'RESOURCE_EXHAUSTED',
      how: inflate,
    },
  ];
  for (const { what, bytes, code, how } of failures) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(
        readAll([bytes], undefined, how).map((read) => ('code' in read ? read.code : read)),
        [code],
      );
    });
  }

  it('takes a message of just the size that is allowed', () => {
    assert.equal(readAll([framed(new Uint8Array(1000))])[0] instanceof Buffer, true);
  });
});
