import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ModelFileError, type ModelFileFault, readModelFile, writeModelFile } from './model-file.ts';

const PARTS = {
  header: { name: 'Jörg 👍', list: [1, null] },
  arrays: {
    bytes: Int8Array.of(-128, 0, 127),
    empty: new Float32Array(),
    floats: Float32Array.of(0.5, Number.NaN, -0),
    keys: Uint32Array.of(0, 0xffffffff),
    indices: Int32Array.of(-1),
  },
};
const BYTES = writeModelFile('TEST', 3, PARTS);

function faultOf(bytes: Uint8Array, kind = 'TEST', version = 3): ModelFileFault {
  try {
    readModelFile(kind, version, bytes);
  } catch (error) {
    assert.ok(error instanceof ModelFileError, String(error));
    return error.fault;
  }
  assert.fail('it was read');
}

describe('readModelFile()', () => {
  it('reads what was written, wherever the bytes lie', () => {
    const shifted = Buffer.concat([Buffer.from('x'), BYTES]).subarray(1);
    assert.deepEqual(readModelFile('TEST', 3, BYTES), PARTS);
    assert.deepEqual(readModelFile('TEST', 3, shifted), PARTS);
  });

  it('tells of every file that is cut short', () => {
    for (let length = 0; length < BYTES.length; length++) {
      assert.equal(faultOf(BYTES.subarray(0, length)), 'truncated', `${length} bytes`);
    }
  });

  it('tells of another version, and of another kind', () => {
    assert.equal(faultOf(BYTES, 'TEST', 4), 'version');
    assert.equal(faultOf(BYTES.subarray(0, 12), 'TEST', 2), 'version');
    assert.equal(faultOf(BYTES, 'TUST', 3), 'foreign');
    assert.equal(faultOf(Buffer.from('PK\u0003\u0004 a zip file')), 'foreign');
  });

  it('tells of what was appended or altered', () => {
    assert.equal(faultOf(Buffer.concat([BYTES, Buffer.alloc(4)])), 'damaged');
    fc.assert(
      fc.property(fc.nat({ max: BYTES.length - 1 }), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const altered = Uint8Array.from(BYTES, (byte, index) => (index === place ? byte ^ change : byte));
        assert.match(faultOf(altered), /^(?:foreign|version|truncated|damaged)$/);
      }),
    );
  });
});
