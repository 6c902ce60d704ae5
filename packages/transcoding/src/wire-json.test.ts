import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DescMessage, fromBinary, type Registry, toJson } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { EmptySchema, StringValueSchema, StructSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { registry, services } from '@parleykit/proto';
import { kinds, kindsRegistry, legacyKinds } from './field-kinds.test.fixture.ts';
import { type Manner, RandomWire } from './random-wire.test.fixture.ts';
import { sampleRegistry, thing } from './sample-api.test.fixture.ts';
import { type WireJsonOptions, wireToJson, writeDirectly } from './wire-json.ts';

function byProtobuf(schema: DescMessage, bytes: Uint8Array, options: WireJsonOptions): string {
  const { registry, enumsAsIntegers = false } = options;
  return JSON.stringify(
    toJson(schema, fromBinary(schema, bytes), { registry, enumAsInteger: enumsAsIntegers }),
  );
}

/** The text, or the error instead of it. */
function outcome(write: () => string): string {
  try {
    return write();
  } catch (error) {
    return String(error);
  }
}

/** Compares with protobuf-es what is written, or thrown; answers the text. */
function assertSame(schema: DescMessage, bytes: Uint8Array, options: WireJsonOptions): string {
  const expected = outcome(() => byProtobuf(schema, bytes, options));
  const actual = outcome(() => wireToJson(schema, bytes, options));
  assert.equal(actual, expected, `${schema.typeName} ${Buffer.from(bytes).toString('hex')}`);
  return actual;
}

/** Message types with those of their fields, and of the fields of these. */
function reachable(from: Iterable<DescMessage>): DescMessage[] {
  const found = new Set(from);
  // Whatever is added to a set while it is walked is walked as well.
  for (const { fields } of found) for (const { message } of fields) if (message) found.add(message);
  return [...found];
}

const outputs = reachable(services.flatMap(({ methods }) => methods.map(({ output }) => output)));

const sets: [title: string, types: readonly DescMessage[], registry: Registry, rounds: number][] = [
  ['all types of replies', outputs, registry, 12],
  ['fields of every kind', [...kinds, thing], kindsRegistry, 100],
  ['what is rare', legacyKinds, kindsRegistry, 100],
];

/** What may come packed into an Any: JSON of its own, fields, no fields. */
const packable = [TimestampSchema, StringValueSchema, EmptySchema, StructSchema];

const manners: [title: string, manner: Manner, isDamaged: boolean][] = [
  ['usual messages', {}, false],
  ['odd messages', { odd: true }, false],
  ['messages that have no JSON', { odd: true, faulty: true }, false],
  ['damaged messages', { odd: true }, true],
];

describe('wireToJson()', () => {
  for (const [title, types, registry, rounds] of sets) {
    for (const [index, [mannerTitle, manner, isDamaged]] of manners.entries()) {
      it(`does what protobuf-es does: ${title}, ${mannerTitle}`, () => {
        const random = new RandomWire(index + 1, packable);
        for (const type of types) {
          for (let round = 0; round < rounds; round += 1) {
            const whole = random.message(type, manner);
            const bytes = isDamaged ? random.damage(whole) : whole;
            assertSame(type, bytes, { registry, enumsAsIntegers: round % 2 === 1 });
          }
        }
      });
    }
  }

  it('leaves nothing usual to protobuf-es as a whole', () => {
    const random = new RandomWire(1, packable);
    for (const type of [...outputs, ...kinds]) {
      for (let round = 0; round < 5; round += 1) {
        const bytes = random.message(type, {});
        const options = { registry: kindsRegistry };
        assert.equal(writeDirectly(type, bytes, options), byProtobuf(type, bytes, options));
      }
    }
  });

  const options = { registry: sampleRegistry };
  const inner = (text: string) => new BinaryWriter().tag(1, WireType.LengthDelimited).string(text).finish();
  const entry = (...parts: Uint8Array[]) => new BinaryWriter().bytes(Buffer.concat(parts)).finish();
  const text = (number: number, value: string) =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).string(value).finish();
  const message = (number: number, ...parts: Uint8Array[]) =>
    Buffer.concat([new BinaryWriter().tag(number, WireType.LengthDelimited).finish(), entry(...parts)]);
  const varint = (number: number, value: number) =>
    new BinaryWriter().tag(number, WireType.Varint).int32(value).finish();
  const packed = (number: number, ...values: number[]) =>
    message(number, ...values.map((value) => new BinaryWriter().int32(value).finish()));
  const raw = (hex: string) => Buffer.from(hex, 'hex');

  /** Fields of the sample API's Thing by number. */
  const [name, displayName, small, color, innerField, inners, numbers, colors] = [
    1, 2, 4, 11, 12, 13, 14, 15,
  ];
  const [labels, innersByNumber, countsByFlag, time, ttl, mask, struct, value] = [
    16, 17, 18, 20, 21, 22, 23, 24,
  ];
  const [maybeText, any, left, right] = [26, 29, 32, 33];

  const texts: [title: string, parts: Uint8Array[], expected: string][] = [
    ['nothing', [], '{}'],
    [
      'fields out of order',
      [varint(small, 5), text(displayName, 'd'), text(name, 'n')],
      '{"name":"n","displayName":"d","small":5}',
    ],
    ['defaults that are written', [text(name, ''), varint(small, 0), varint(color, 0), varint(3, 0)], '{}'],
    ['the default of a oneof', [text(left, '')], '{"left":""}'],
    ['a field given twice', [varint(small, 5), varint(small, 6)], '{"small":6}'],
    ['a field that is unset again', [varint(small, 5), text(name, 'n'), varint(small, 0)], '{"name":"n"}'],
    [
      'a message in pieces',
      [message(innerField, inner('a')), message(innerField, text(3, 'b'))],
      '{"inner":{"text":"a","tags":["b"]}}',
    ],
    [
      'a message in pieces in a list',
      [message(inners, message(2, inner('a')), message(2, inner('b')))],
      '{"inners":[{"inner":{"text":"b"}}]}',
    ],
    ['an unpacked list', [varint(numbers, 1), varint(numbers, -1)], '{"numbers":[1,-1]}'],
    ['a packed list', [packed(numbers, 1, -1)], '{"numbers":[1,-1]}'],
    [
      'a list that is both',
      [packed(numbers, 1, 2), varint(numbers, 3), packed(numbers)],
      '{"numbers":[1,2,3]}',
    ],
    [
      'a list in pieces',
      [varint(numbers, 1), text(name, 'n'), packed(numbers, 2)],
      '{"name":"n","numbers":[1,2]}',
    ],
    [
      'a list that is interrupted by what is unknown',
      [varint(numbers, 1), varint(900, 1), varint(numbers, 2)],
      '{"numbers":[1,2]}',
    ],
    ['an empty packed list', [packed(numbers)], '{}'],
    ['a oneof that is set again', [text(left, 'l'), message(right, inner('r'))], '{"right":{"text":"r"}}'],
    ['a oneof that is set back', [message(right, inner('r')), text(left, 'l')], '{"left":"l"}'],
    [
      'a oneof with its message in pieces',
      [message(right, inner('r')), message(right, text(3, 's'))],
      '{"right":{"text":"r","tags":["s"]}}',
    ],
    ['an unknown enum', [varint(color, 9), packed(colors, 1, 9, -1)], '{"color":9,"colors":["RED",9,-1]}'],
    [
      'unknown fields',
      [varint(900, 1), text(901, 'x'), raw('953801020304'), raw('91380102030405060708'), text(name, 'n')],
      '{"name":"n"}',
    ],
    ['unknown groups', [raw('e338'), raw('0b08050c'), raw('e438'), text(name, 'n')], '{"name":"n"}'],
    [
      'a key given twice',
      [
        message(labels, text(1, 'a'), text(2, 'x')),
        message(labels, text(1, 'b'), text(2, 'y')),
        message(labels, text(1, 'a'), text(2, 'z')),
      ],
      '{"labels":{"a":"z","b":"y"}}',
    ],
    [
      'entries without a key or value',
      [message(labels, text(2, 'x')), message(labels, text(1, 'k')), message(countsByFlag)],
      '{"labels":{"":"x","k":""},"countsByFlag":{"false":"0"}}',
    ],
    [
      'an entry with something else for a key',
      [message(labels, text(3, 'u'), text(2, 'x'))],
      '{"labels":{"":"x"}}',
    ],
    [
      'an entry with something else for a value',
      [message(labels, text(1, 'k'), text(3, 'u'))],
      '{"labels":{"k":""}}',
    ],
    ['an entry the wrong way round', [message(labels, text(2, 'x'), text(1, 'k'))], '{"labels":{"k":"x"}}'],
    [
      'an entry with its message in pieces',
      [message(innersByNumber, varint(1, 7), message(2, inner('a')), message(2, text(3, 'b')))],
      '{"innersByNumber":{"7":{"text":"a","tags":["b"]}}}',
    ],
    [
      'keys that are numbers',
      [10, 9, -1].map((key) => message(innersByNumber, varint(1, key), message(2))),
      '{"innersByNumber":{"9":{},"10":{},"-1":{}}}',
    ],
    [
      'the key __proto__',
      [message(labels, text(1, '__proto__'), text(2, 'x'))],
      '{"labels":{"__proto__":"x"}}',
    ],
    [
      'the key __proto__ in a Struct',
      [message(struct, message(1, text(1, '__proto__'), message(2, text(3, 'x'))))],
      '{"struct":{"__proto__":"x"}}',
    ],
    [
      'a Struct whose value is not set',
      [message(struct, message(1, text(1, 'k'), message(2)))],
      '{"struct":{"k":null}}',
    ],
    ['a wrapper at its default', [message(maybeText)], '{"maybeText":""}'],
    ['an Any without a type', [message(any)], '{"any":{}}'],
    [
      'an Any of a message',
      [message(any, text(1, 'type.googleapis.com/sample.v1.Inner'), text(2, '\n\u0001x'))],
      '{"any":{"text":"x","@type":"type.googleapis.com/sample.v1.Inner"}}',
    ],
    [
      'varints longer than need be',
      [raw('20858080808000'), raw('0a818000'), raw('6e')],
      '{"name":"n","small":5}',
    ],
    ['a mark of byte order', [text(name, '\u{feff}n')], '{"name":"\u{feff}n"}'],
    [
      'what has to be escaped',
      [text(name, '"\\\b\f\n\r\t\u0000\u001f\u007fü')],
      '{"name":"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\u007fü"}',
    ],
    [
      'a string that says it is a number, which protobuf-es reads',
      [raw('0d01612005')],
      '{"name":"a","small":5}',
    ],
    [
      'a message that ends behind itself, which protobuf-es reads',
      [raw('62020a0161')],
      '{"inner":{"text":"a"}}',
    ],
  ];
  for (const [title, parts, expected] of texts) {
    it(`writes ${title}`, () => {
      assert.equal(assertSame(thing, Buffer.concat(parts), options), expected);
    });
  }

  const times: [field: number, seconds: number, nanos: number, expected: string][] = [
    [time, 0, 0, '1970-01-01T00:00:00Z'],
    [time, -1, 0, '1969-12-31T23:59:59Z'],
    [time, -1, 999_999_999, '1969-12-31T23:59:59.999999999Z'],
    [time, 86_399, 1000, '1970-01-01T23:59:59.000001Z'],
    [time, 951_782_400, 120_000_000, '2000-02-29T00:00:00.120Z'],
    [time, -62_135_596_800, 0, '0001-01-01T00:00:00Z'],
    [time, 253_402_300_799, 999_999_999, '9999-12-31T23:59:59.999999999Z'],
    [ttl, 0, 0, '0s'],
    [ttl, 0, -1, '-0.000000001s'],
    [ttl, -5, -500_000_000, '-5.500s'],
    [ttl, 1, 10_000, '1.000010s'],
    [ttl, 315_576_000_000, 999_999_999, '315576000000.999999999s'],
    [ttl, -315_576_000_000, 0, '-315576000000s'],
  ];
  const timeFields = (seconds: number, nanos: number) => [
    new BinaryWriter().tag(1, WireType.Varint).int64(seconds).finish(),
    varint(2, nanos),
  ];
  for (const [field, seconds, nanos, expected] of times) {
    it(`writes ${expected}`, () => {
      const bytes = message(field, ...timeFields(seconds, nanos));
      assert.equal(assertSame(thing, bytes, options), `{"${field === time ? 'time' : 'ttl'}":"${expected}"}`);
    });
  }

  const nested = (depth: number, ...innermost: Uint8Array[]) => {
    let bytes: Uint8Array = Buffer.concat(innermost);
    for (let level = 0; level < depth; level += 1)
      bytes = message(level === depth - 1 ? innerField : 2, bytes);
    return bytes;
  };
  it('writes a hundred messages in each other, directly', () => {
    assert.match(assertSame(thing, nested(99), options), /^(\{"inner":){99}\{\}{100}$/);
    assert.equal(writeDirectly(thing, nested(99), options), wireToJson(thing, nested(99), options));
  });

  it('writes a hundred messages in each other, of which the last is in pieces', () => {
    const bytes = nested(99, inner('a'), inner('b'));
    assert.match(assertSame(thing, bytes, options), /^(\{"inner":){99}\{"text":"b"\}{100}$/);
    assert.equal(writeDirectly(thing, bytes, options), wireToJson(thing, bytes, options));
  });

  const faults: [title: string, parts: Uint8Array[], message: RegExp][] = [
    ['a hundred and one messages in each other', [nested(100)], /maximum recursion depth of 100 reached/],
    [
      'a hundred and one messages in each other, of which the last but one is in pieces',
      [nested(99, inner('a'), inner('b'), message(2))],
      /maximum recursion depth of/,
    ],
    ['a packed list that ends within a number', [raw('72018020282807')], /illegal tag/],
    ['a time too early', [message(time, ...timeFields(-62_135_596_801, 0))], /must be from 0001-01-01/],
    ['a time too late', [message(time, ...timeFields(253_402_300_800, 0))], /must be from 0001-01-01/],
    ['nanos below zero', [message(time, ...timeFields(0, -1))], /nanos must not be negative/],
    ['nanos above a second', [message(time, ...timeFields(0, 1e9))], /nanos must not be greater/],
    ['a duration too long', [message(ttl, ...timeFields(315_576_000_001, 0))], /value out of range/],
    ['a duration of two signs', [message(ttl, ...timeFields(-1, 1))], /nanos sign must match/],
    ['a Value that is not set', [message(value)], /must have a value/],
    [
      'NaN in a Struct',
      [message(struct, message(1, text(1, 'k'), message(2, raw('11000000000000f87f'))))],
      /cannot be NaN or Infinity/,
    ],
    ['a FieldMask that is not in snake_case', [message(mask, text(1, 'fooBar'))], /irreversible/],
    ['an Any of an unknown type', [message(any, text(1, 'x/no.Such'))], /is not in the type registry/],
    ['text that is not UTF-8', [raw('0a02c328')], /encoded data was not valid/],
    ['a key that is not UTF-8', [message(labels, raw('0a01ff'), text(2, 'x'))], /encoded data was not valid/],
    [
      'a value that is given again, and was not UTF-8',
      [message(labels, text(1, 'k'), raw('1201ff')), message(labels, text(1, 'k'), text(2, 'x'))],
      /encoded data was not valid/,
    ],
    ['the field number 0', [raw('0000')], /illegal tag/],
    ['a tag of more than 32 bits', [raw('f09f99821200')], /illegal tag/],
    ['the wire type 7', [raw('0f00')], /illegal tag/],
    ['a varint without end', [raw('20ffffffffffffffffffffff01')], /invalid varint/],
    ['the end of a group that never began', [raw('e438')], /cant skip wire type 4/],
    ['a length beyond the end', [raw('0affffffff0f')], /premature EOF/],
  ];
  for (const [title, parts, message] of faults) {
    it(`throws what protobuf-es throws for ${title}`, () => {
      const bytes = Buffer.concat(parts);
      assert.throws(() => wireToJson(thing, bytes, options), { message });
      assertSame(thing, bytes, options);
    });
  }

  it('throws wherever the bytes end within a field', () => {
    const whole = Buffer.concat(['a', 'b'].map((tag) => message(inners, inner('text'), text(3, tag))));
    for (let length = 1; length < whole.length; length += 1) {
      const bytes = whole.subarray(0, length);
      if (length === whole.length / 2) continue;
      assert.throws(() => wireToJson(thing, bytes, options));
      assertSame(thing, bytes, options);
    }
  });

  it('writes an extension that the registry knows', () => {
    const [open] = legacyKinds.filter((type) => type.name === 'Open');
    assert.ok(open);
    const bytes = Buffer.concat([text(1, 'a'), text(100, 'b')]);
    assert.equal(assertSame(open, bytes, { registry: kindsRegistry }), '{"text":"a","[legacy.extra]":"b"}');
  });

  it('leaves out an enum of proto2 that is unknown', () => {
    const [graded] = legacyKinds.filter((type) => type.name === 'Graded');
    assert.ok(graded);
    assert.equal(assertSame(graded, varint(1, 9), { registry: kindsRegistry }), '{}');
  });

  it('replaces what is not UTF-8 where the type does not insist on it', () => {
    const [plain] = legacyKinds.filter((type) => type.name === 'Plain');
    assert.ok(plain);
    assert.equal(assertSame(plain, raw('0a01ff'), { registry: kindsRegistry }), '{"text":"\ufffd"}');
  });

  it('reads bytes that are a part of a larger buffer, and leaves them as they are', () => {
    const bytes = Buffer.concat([raw('ffff'), text(name, 'n'), message(10, raw('0102')), raw('ff')]);
    const copy = Buffer.from(bytes);
    assert.equal(assertSame(thing, bytes.subarray(2, -1), options), '{"name":"n","data":"AQI="}');
    assert.deepEqual(bytes, copy);
  });

  it('writes texts of any length, one after the other', () => {
    for (const length of [1, 100_000, 3, 2_000_000, 5, 400_000]) {
      const content = '"ü\n'.repeat(length);
      assert.equal(wireToJson(thing, text(name, content), options), JSON.stringify({ name: content }));
    }
  });
});
