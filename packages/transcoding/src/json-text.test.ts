import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json-text.ts';
import { TranscodingError } from './transcoding-error.ts';

const utf8 = new TextEncoder();

function parse(text: string) {
  return parseJson(utf8.encode(text));
}

function nested(depth: number): string {
  return `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
}

describe('parseJson()', () => {
  it('reads what JSON.parse reads', () => {
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' });
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 2 }), (json, indent) => {
        const text = JSON.stringify(json, null, indent);
        assert.deepEqual(parse(text), JSON.parse(text));
      }),
    );
  });

  it('throws nothing but a TranscodingError, and reads only what JSON.parse reads', () => {
    const text = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'u', 'd8', '00'),
    });
    fc.assert(
      fc.property(text, (broken) => {
        try {
          const value = parse(broken);
          if (value !== undefined) assert.deepEqual(value, JSON.parse(broken));
        } catch (error) {
          assert.ok(error instanceof TranscodingError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const text of ['', ' ', '\r\n\t', '\u{feff}']) {
    it(`takes ${JSON.stringify(text)} for no value`, () => {
      assert.equal(parse(text), undefined);
    });
  }

  it('skips a byte order mark', () => {
    assert.deepEqual(parse('\u{feff}{"a":1}'), { a: 1 });
  });

  it('keeps equal keys of different objects, and equal strings that are no keys', () => {
    const text = '{"a":{"a":"a"},"b":["a","a",{"a":[]},{"a":"b"}],"c":"b"}';
    assert.deepEqual(parse(text), JSON.parse(text));
  });

  it('makes __proto__ an ordinary key', () => {
    const value = parse('{"__proto__":{"polluted":true}}');
    assert.deepEqual(Object.keys(value ?? {}), ['__proto__']);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  it('reads a value of 100 levels', () => {
    assert.equal(JSON.stringify(parse(nested(100))), nested(100));
  });

  const faults: [title: string, text: string, message: string][] = [
    ['101 levels', `[${nested(100)}]`, 'the body nests deeper than 100 levels'],
    ['a million open brackets', '['.repeat(1_000_000), 'the body nests deeper than 100 levels'],
    ['a million open objects', '{"":'.repeat(1_000_000), 'the body nests deeper than 100 levels'],
    ['a key given twice', '{"a":1,"b":2,"a":3}', 'a: is given more than once'],
    ['a nested key given twice', '{"a":[{},{"b":{"c":1,"c":1}}]}', 'a[1].b.c: is given more than once'],
    ['a key given twice in different spelling', '{"ab":1,"\\u0061b":1}', 'ab: is given more than once'],
    ['a key with quotes given twice', '{"a\\"":1,"a\\"":1}', '["a\\""]: is given more than once'],
    ['__proto__ given twice', '{"__proto__":1,"__proto__":1}', '__proto__: is given more than once'],
    ['half a surrogate pair', '{"a":["\\ud800"]}', 'a[0]: contains half of a surrogate pair'],
    [
      'half a surrogate pair in a key',
      '{"a":{"\\udc00":1}}',
      'a["\\udc00"]: contains half of a surrogate pair',
    ],
    ['a number beyond a double', '{"a":{"b":[1,1e999]}}', 'a.b[1]: is too large a number'],
    ['an end too early', '{"a":', 'the body is not valid JSON: Unexpected end of JSON input'],
    [
      'text behind the value',
      '{} x',
      'the body is not valid JSON: Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)',
    ],
    ['a wrong token', '{"secret":nope}', "the body is not valid JSON: Unexpected token 'o'"],
    [
      'a bad escape in a key',
      '{"\\x":1}',
      'the body is not valid JSON: Bad escaped character in JSON at position 3 (line 1 column 4)',
    ],
    ['a word', 'undefined', 'the body is not valid JSON'],
    [
      'an open string',
      '"abc',
      'the body is not valid JSON: Unterminated string in JSON at position 4 (line 1 column 5)',
    ],
  ];
  for (const [title, text, message] of faults) {
    it(`rejects ${title}`, () => {
      assert.throws(() => parse(text), { name: 'TranscodingError', message });
    });
  }

  it('rejects more values than any request has, however small they are', () => {
    const fits = `[${'0,'.repeat(99_999)}0]`;
    assert.equal((parse(fits) as unknown[]).length, 100_000);
    for (const text of [`[${'0,'.repeat(100_000)}0]`, `[${'{},'.repeat(60_000)}{}]`, '['.repeat(200_000)]) {
      assert.throws(() => parse(text), { name: 'TranscodingError' });
    }
    assert.throws(() => parse(`[${'0,'.repeat(100_000)}0]`), {
      message: 'the body holds more than 100000 values',
    });
  });

  const notUtf8: [title: string, bytes: number[]][] = [
    ['a stray byte', [0x22, 0xff, 0x22]],
    ['half a character', [0x22, 0xc3, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
  ];
  for (const [title, bytes] of notUtf8) {
    it(`rejects ${title}`, () => {
      assert.throws(() => parseJson(Uint8Array.from(bytes)), {
        name: 'TranscodingError',
        message: 'the body is not valid UTF-8',
      });
    });
  }
});
