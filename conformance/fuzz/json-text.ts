import { type DescField, ScalarType } from '@bufbuild/protobuf';
import { type Draft, type DraftField, type DraftValue, isDraft } from './generators.ts';
import type { Random } from './random.ts';
import { oddText } from './texts.ts';

/** How a JSON text departs from the usual one. */
export interface JsonQuirks {
  readonly random: Random;
  /** Whether keys are spelled as in the .proto files instead of in camel case. */
  readonly protoNames: boolean;
  /** How often a member or value is another than it should be. */
  readonly broken: number;
}

/** A draft as proto3 JSON, or nearly. */
export function printDraft(draft: Draft, quirks: JsonQuirks): string {
  return quirks.broken > 0 && quirks.random.chance(quirks.broken)
    ? oddJson(quirks.random)
    : printMessage(draft, quirks);
}

function printMessage(draft: Draft, quirks: JsonQuirks): string {
  const own = wellKnownForms[draft.desc.typeName];
  if (own !== undefined) return own(draft, quirks);
  if (/^google\.protobuf\.\w+Value$/u.test(draft.desc.typeName)) {
    const [wrapped] = draft.fields;
    return wrapped === undefined ? 'null' : printScalar(wrapped.field, wrapped.values[0] ?? 0);
  }
  const members: string[] = [];
  for (const each of draft.fields) addMember(members, each, quirks);
  return `{${members.join(',')}}`;
}

function addMember(members: string[], each: DraftField, quirks: JsonQuirks): void {
  const { random, protoNames, broken } = quirks;
  const { field } = each;
  let key = protoNames ? field.name : field.jsonName;
  if (broken > 0 && random.chance(broken)) {
    switch (random.below(5)) {
      case 0:
        members.push(`${JSON.stringify(random.pick(oddKeys))}:${oddJson(random)}`);
        break;
      case 1:
        members.push(
          `${JSON.stringify(protoNames ? field.jsonName : field.name)}:${printField(each, quirks)}`,
        );
        break;
      case 2:
        key = random.pick([key.toUpperCase(), ` ${key}`, `${key}\0`, `[${key}]`]);
        break;
      case 3:
        members.push(`${JSON.stringify(key)}:${oddJson(random)}`);
        return;
      default:
        members.push(`${JSON.stringify(key)}:null`);
        return;
    }
  }
  members.push(`${JSON.stringify(key)}:${printField(each, quirks)}`);
}

function printField({ field, values, keys }: DraftField, quirks: JsonQuirks): string {
  const texts = values.map((value) => printValue(field, value, quirks));
  if (field.fieldKind === 'map') {
    return `{${texts.map((text, at) => `${JSON.stringify(String(keys[at]))}:${text}`).join(',')}}`;
  }
  return field.fieldKind === 'list' ? `[${texts.join(',')}]` : (texts[0] ?? 'null');
}

function printValue(field: DescField, value: DraftValue, quirks: JsonQuirks): string {
  if (quirks.broken > 0 && quirks.random.chance(quirks.broken / 2)) return oddJson(quirks.random);
  return isDraft(value) ? printMessage(value, quirks) : printScalar(field, value);
}

function printScalar(field: DescField, value: DraftValue): string {
  if (field.enum !== undefined) {
    const name = field.enum.values.find(({ number }) => number === value)?.name;
    if (field.enum.typeName === 'google.protobuf.NullValue') return 'null';
    return name === undefined ? String(value) : JSON.stringify(name);
  }
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (typeof value === 'bigint') return `"${value}"`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  if (field.scalar === ScalarType.STRING) return JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

const wellKnownForms: Readonly<Record<string, (draft: Draft, quirks: JsonQuirks) => string>> = {
  'google.protobuf.Timestamp': (draft, quirks) => printTime(draft, quirks),
  'google.protobuf.Duration': (draft) => printDuration(draft),
  'google.protobuf.FieldMask': (draft) => {
    const paths = draft.fields[0]?.values.map(String) ?? [];
    const camel = paths.map((path) =>
      path.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase()),
    );
    return JSON.stringify(camel.join(','));
  },
  'google.protobuf.Struct': (draft, quirks) => printOnly(draft, quirks, '{}'),
  'google.protobuf.ListValue': (draft, quirks) => printOnly(draft, quirks, '[]'),
  'google.protobuf.Value': (draft, quirks) => {
    const text = printOnly(draft, quirks, 'null');
    // The text forms of what is no number are strings to a Value.
    return draft.fields[0]?.field.scalar === ScalarType.DOUBLE && text.startsWith('"') ? '1e400' : text;
  },
  'google.protobuf.Any': (draft, { random }) => {
    const url = String(draft.fields.find(({ field }) => field.name === 'type_url')?.values[0] ?? '');
    return `{"@type":${JSON.stringify(url)}${random.chance(0.5) ? '' : `,"value":${oddJson(random)}`}}`;
  },
};

function printOnly(draft: Draft, quirks: JsonQuirks, otherwise: string): string {
  const [only] = draft.fields;
  return only === undefined ? otherwise : printField(only, quirks);
}

function numberOf(draft: Draft, name: string): bigint {
  return BigInt(Number(draft.fields.find(({ field }) => field.name === name)?.values[0] ?? 0));
}

function printTime(draft: Draft, { random }: JsonQuirks): string {
  const nanos = numberOf(draft, 'nanos');
  const date = new Date(Number(numberOf(draft, 'seconds')) * 1000);
  if (Number.isNaN(date.getTime()) || nanos < 0n || nanos > 999_999_999n) {
    return JSON.stringify(random.pick(oddTimes));
  }
  const fraction = nanos === 0n ? '' : `.${String(nanos).padStart(9, '0')}`;
  const text = date.toISOString().replace(/\.\d+Z$/u, fraction);
  return `"${text}${random.oddly(0.15) ? random.pick(['+00:00', '-23:59', '+24:00', 'z', '']) : 'Z'}"`;
}

function printDuration(draft: Draft): string {
  const nanos = numberOf(draft, 'nanos');
  const seconds = numberOf(draft, 'seconds');
  return nanos === 0n ? `"${seconds}s"` : `"${seconds}.${String(nanos).padStart(9, '0')}s"`;
}

const oddTimes = [
  '',
  '0000-12-31T23:59:59Z',
  '10000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999-00:01',
  '0001-01-01T00:00:00+00:01',
  '2026-02-29T00:00:00Z',
  '2026-01-01T23:59:60Z',
  '2026-01-01T00:00:00.1234567890Z',
  '2026-01-01T00:00:00,5Z',
  '2026-01-01 00:00:00Z',
  '-2026-01-01T00:00:00Z',
  '+002026-01-01T00:00:00Z',
  '2026-01-01',
  '1700000000',
];
const oddKeys = [
  '__proto__',
  'constructor',
  'toString',
  '@type',
  '',
  'unknown',
  '$ref',
  '0',
  'a.b',
  '\ud800',
  'x'.repeat(3000),
];
const oddValues = [
  ...[
    'null',
    'true',
    '0',
    '-0',
    '1',
    '1.0',
    '1e2',
    '-1',
    '1e999',
    '-1e999',
    '2147483648',
    '9223372036854775808',
  ],
  ...[
    '"1"',
    '" 1"',
    '"0x10"',
    '"1e999"',
    '"NaN"',
    '"-Infinity"',
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '"END_USER"',
  ],
  ...[
    '{}',
    '[]',
    '[null]',
    '[[]]',
    '{"":{}}',
    '{"__proto__":{"a":1}}',
    '{"a":1,"a":2}',
    '{"value":1}',
    '[1,"a",{}]',
  ],
  // These are no JSON at all.
  ...[
    '01',
    '+1',
    '.5',
    '0x10',
    'NaN',
    'Infinity',
    'undefined',
    "'a'",
    '"a',
    '"\\x"',
    '"\t"',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
  ],
];

function oddJson(random: Random): string {
  if (random.chance(0.08)) {
    const depth = random.pick([10, 50, 99, 100, 101, 1000, 20_000]);
    const [open, close] = random.pick([['[', ']'] as const, ['{"a":', '}'] as const]);
    return `${open.repeat(depth)}1${close.repeat(random.chance(0.8) ? depth : 0)}`;
  }
  return random.chance(0.1) ? JSON.stringify(oddText(random)) : random.pick(oddValues);
}

/** The bytes of a JSON text, damaged as a whole. */
export function mutateJson(random: Random, text: string): Buffer {
  switch (random.below(10)) {
    case 0:
      return Buffer.from(`\ufeff${text}`);
    case 1:
      return Buffer.from(text + random.pick(['}', ']', 'x', '\0', ',', '{}', ' null', '//', '\ufeff']));
    case 2:
      return Buffer.from(text.slice(0, random.below(text.length + 1)));
    case 3:
      return Buffer.from(
        random.pick([`[${text}]`, `/* */${text}`, JSON.stringify(text), `${text}\n${text}`]),
      );
    case 4:
      return Buffer.from(text, random.pick(['utf16le', 'latin1'] as const));
    case 5:
      return Buffer.from(text.replaceAll('"', "'"));
    case 6:
      return Buffer.from(random.pick(['', ' ', '""', 'null', '0', '[]', 'true', '{', '"', '\0', '\u2028{}']));
    default: {
      const bytes = Buffer.from(text);
      for (let times = random.between(1, 3); times > 0 && bytes.length > 0; times--) {
        bytes[random.below(bytes.length)] = random.pick([
          0,
          0xff,
          0xc0,
          0x7f,
          0x22,
          0x5c,
          0x7b,
          0x5d,
          random.below(256),
        ]);
      }
      return bytes;
    }
  }
}
