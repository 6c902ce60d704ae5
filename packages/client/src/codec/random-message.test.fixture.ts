import {
  create,
  createRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import {
  AnySchema,
  anyPack,
  DurationSchema,
  FieldMaskSchema,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
  ListValueSchema,
  StructSchema,
  TimestampSchema,
  type Value,
  ValueSchema,
} from '@bufbuild/protobuf/wkt';
import { registry as apiRegistry } from '@parleykit/proto';
import { anyTypes } from '../../gen/tables.js';
import { messageTable } from './codec.ts';

/** All types of the API, with those of google.protobuf that may stand in an Any. */
export const registry = createRegistry(
  apiRegistry,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
  AnySchema,
);

/** Numbers from 0 up to 1, the same ones for the same seed. */
export type Random = () => number;

/** https://en.wikipedia.org/wiki/Xorshift */
export function randomOf(seed: number): Random {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const anyDescs = [
  ...anyTypes.map((definition) => messageTable(definition).typeName),
  ...[
    'Timestamp',
    'Duration',
    'FieldMask',
    'Struct',
    'Value',
    'ListValue',
    'Any',
    'Int64Value',
    'BytesValue',
  ].map((name) => `google.protobuf.${name}`),
].flatMap((name) => registry.getMessage(name) ?? []);

const STRINGS = [
  '',
  'a',
  'en-US',
  'héllo wörld',
  '🦜 and more',
  '\u0000\t"\\',
  '\ufffd',
  '__proto__',
  'x'.repeat(200),
];
const KEYS = ['', 'a', '__proto__', 'constructor', '5', 'ü'];

/** A message with values in about half of its fields, limits among them, that JSON has words for. */
export function randomMessage(desc: DescMessage, random: Random, depth = 0): Message {
  switch (desc.typeName) {
    case TimestampSchema.typeName:
      return create(TimestampSchema, {
        seconds: pick([0n, -62_135_596_800n, 253_402_300_799n, BigInt(integer(random, -2e9, 2e9))], random),
        nanos: nanosOf(random),
      });
    case DurationSchema.typeName: {
      const sign = pick([1, -1], random);
      const seconds = pick([0, 315_576_000_000, integer(random, 0, 1e6)], random);
      return create(DurationSchema, { seconds: BigInt(sign * seconds), nanos: sign * nanosOf(random) });
    }
    case FieldMaskSchema.typeName:
      return create(FieldMaskSchema, {
        paths: some(random, 3, () => pick(['name', 'a.b_c', 'long_field_name'], random)),
      });
    case AnySchema.typeName: {
      if (random() < 0.2 || depth > 3) return create(AnySchema);
      const packed = pick(anyDescs, random);
      return anyPack(packed, randomMessage(packed, random, depth + 2));
    }
    case ValueSchema.typeName:
      return create(ValueSchema, { kind: valueKind(random, depth) });
    case StructSchema.typeName:
      return create(StructSchema, {
        fields: entriesOf(random, () => create(ValueSchema, { kind: valueKind(random, depth) })),
      });
    case ListValueSchema.typeName:
      return create(ListValueSchema, {
        values: some(random, 3, () => create(ValueSchema, { kind: valueKind(random, depth) })),
      });
    default:
      return anyMessage(desc, random, depth);
  }
}

function anyMessage(desc: DescMessage, random: Random, depth: number): Message {
  const message = reflect(desc);
  for (const member of desc.members) {
    if (member.kind === 'oneof') {
      if (random() < 0.8) setField(message, pick(member.fields, random), random, depth);
    } else if (random() < 0.5 && (random() < 0.3 || depth < 4)) setField(message, member, random, depth);
  }
  return message.message;
}

function setField(message: ReflectMessage, field: DescField, random: Random, depth: number): void {
  switch (field.fieldKind) {
    case 'scalar':
      message.set(field, scalar(field.scalar, random));
      return;
    case 'enum':
      message.set(field, enumValue(field.enum, random));
      return;
    case 'message':
      if (depth < 6)
        message.set(field, reflect(field.message, randomMessage(field.message, random, depth + 1)));
      return;
    case 'list': {
      const list = message.get(field);
      for (let rest = integer(random, 0, depth > 2 ? 1 : 3); rest > 0; rest--)
        list.add(element(field, random, depth));
      return;
    }
    case 'map': {
      const map = message.get(field);
      for (let rest = integer(random, 0, depth > 2 ? 1 : 3); rest > 0; rest--) {
        const key = field.mapKey === ScalarType.STRING ? pick(KEYS, random) : scalar(field.mapKey, random);
        map.set(key as string, element(field, random, depth));
      }
    }
  }
}

function element(field: DescField & { fieldKind: 'list' | 'map' }, random: Random, depth: number): unknown {
  if (field.message !== undefined)
    return reflect(field.message, randomMessage(field.message, random, depth + 2));
  return field.enum !== undefined ? enumValue(field.enum, random) : scalar(field.scalar, random);
}

function valueKind(random: Random, depth: number): Value['kind'] {
  switch (integer(random, 0, depth > 4 ? 3 : 5)) {
    case 0:
      return { case: 'nullValue', value: 0 };
    case 1:
      return { case: 'numberValue', value: pick([0, 1.5, -2e300, 5], random) };
    case 2:
      return { case: 'stringValue', value: pick(STRINGS, random) };
    case 3:
      return { case: 'boolValue', value: random() < 0.5 };
    case 4:
      return {
        case: 'structValue',
        value: create(StructSchema, {
          fields: entriesOf(random, () => create(ValueSchema, { kind: valueKind(random, depth + 1) })),
        }),
      };
    default:
      return {
        case: 'listValue',
        value: create(ListValueSchema, {
          values: some(random, 3, () => create(ValueSchema, { kind: valueKind(random, depth + 1) })),
        }),
      };
  }
}

function entriesOf<T>(random: Random, value: () => T): Record<string, T> {
  const entries = some(random, 3, () => [pick(KEYS, random), value()] as const);
  return Object.fromEntries(entries);
}

function enumValue(desc: DescEnum, random: Random): number {
  return random() < 0.1 ? integer(random, -5000, 5000) : pick(desc.values, random).number;
}

function scalar(type: ScalarType, random: Random): number | bigint | boolean | string | Uint8Array {
  switch (type) {
    case ScalarType.BOOL:
      return random() < 0.5;
    case ScalarType.STRING:
      return pick(STRINGS, random);
    case ScalarType.BYTES:
      return Uint8Array.from(some(random, 20, () => integer(random, 0, 255)));
    case ScalarType.FLOAT:
      return pick(
        [0, Math.fround(0.1), Number.NaN, Infinity, -Infinity, 3.4028234663852886e38, -1e-40],
        random,
      );
    case ScalarType.DOUBLE:
      return pick([0, 0.1, Number.NaN, Infinity, -Infinity, Number.MAX_VALUE, 5e-324, -12.5], random);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return pick([0, 1, 127, 128, 2 ** 32 - 1, integer(random, 0, 2 ** 32 - 1)], random);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return pick([0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n, BigInt(integer(random, 0, 2 ** 50))], random);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return pick(
        [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(integer(random, -(2 ** 50), 2 ** 50))],
        random,
      );
    default:
      return pick([0, -1, 1, 300, 2 ** 31 - 1, -(2 ** 31), integer(random, -(2 ** 31), 2 ** 31 - 1)], random);
  }
}

function nanosOf(random: Random): number {
  return pick([0, 5_000_000, 120_000_000, 1_000, 999_999_999, integer(random, 0, 999_999) * 1_000], random);
}

function integer(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function some<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: integer(random, 0, most) }, make);
}
