/**
 * Encoded messages at random, by the descriptor of their type: as they mostly come, and in all the other ways in
 * which the same type may be encoded. The same seed makes the same messages.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** What a message is like. */
export interface Manner {
  /** With fields in several pieces, oneofs set again, unknown fields, and entries of maps that lack a half. */
  readonly odd?: boolean;
  /** With values that have no JSON. */
  readonly faulty?: boolean;
}

const words = [
  'a',
  'Hello, world',
  'what became of my order of last week',
  '"',
  '\\',
  '\n',
  '\u0000\u001f\u007f',
  'für',
  '日本語',
  '🙂',
  '\u{feff}',
  '\u2028',
  '__proto__',
  '7',
  '10',
];

const fieldMaskPaths = ['name', 'display_name', 'a.b_c', 'x1'];

/** Makes encoded messages. */
export class RandomWire {
  #state: number;
  readonly #packable: readonly DescMessage[];

  /** `packable` are the types that come packed into an Any. */
  constructor(seed: number, packable: readonly DescMessage[]) {
    this.#state = seed;
    this.#packable = packable;
  }

  message(desc: DescMessage, manner: Manner, depth = 0): Uint8Array {
    const groups = this.#known(desc, manner, depth) ?? this.#fields(desc, manner, depth);
    if (manner.odd && this.chance(0.3)) groups.push([this.#unknownField(desc)]);
    const records = this.chance(manner.odd ? 0.5 : 0.3) ? this.shuffle(groups).flat() : groups.flat();
    return Buffer.concat(manner.odd && this.chance(0.3) ? this.shuffle(records) : records);
  }

  /** The bytes with a few of them changed, missing or added. */
  damage(bytes: Uint8Array): Uint8Array {
    const damaged = [...bytes];
    for (let count = this.below(3); count >= 0; count -= 1) {
      const at = this.below(damaged.length + 1);
      const kind = this.below(4);
      if (kind === 0) damaged.splice(at);
      else if (kind === 1) damaged.splice(at, 1);
      else if (kind === 2) damaged.splice(at, 0, this.below(256));
      else if (at < damaged.length) damaged[at] = this.below(256);
    }
    return Uint8Array.from(damaged);
  }

  /** Mulberry32: small, fast, and even enough. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const keyed = items.map((item) => ({ item, key: this.random() }));
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
  }

  /** The fields of well-known types, most of whose values have no JSON; undefined for other types. */
  #known(desc: DescMessage, { faulty = false }: Manner, depth: number): Uint8Array[][] | undefined {
    const isFaulty = faulty && this.chance(0.1);
    const field = (number: number, wireType: WireType) => new BinaryWriter().tag(number, wireType);
    switch (desc.typeName) {
      case 'google.protobuf.Timestamp':
      case 'google.protobuf.Duration': {
        const isTime = desc.name === 'Timestamp';
        const limit = isTime ? [-62_135_596_800, 253_402_300_799] : [-315_576_000_000, 315_576_000_000];
        const seconds = this.pick([0, 1, -1, 86_399, -86_400, ...limit, this.below(2e9), -this.below(2e9)]);
        const some = this.pick([0, 1, 1_000, 120_000_000, 999_999_999, this.below(1e9)]);
        const nanos = isTime || seconds > 0 || (seconds === 0 && this.chance(0.5)) ? some : -some;
        const fault = isFaulty ? this.pick([2 ** 40, -(2 ** 40)]) : 0;
        return [
          ...(seconds + fault !== 0
            ? [
                [
                  field(1, WireType.Varint)
                    .int64(seconds + fault)
                    .finish(),
                ],
              ]
            : []),
          ...(nanos !== 0
            ? [
                [
                  field(2, WireType.Varint)
                    .int32(isFaulty ? -nanos : nanos)
                    .finish(),
                ],
              ]
            : []),
        ];
      }
      case 'google.protobuf.FieldMask':
        return [
          Array.from({ length: this.below(3) }, () =>
            field(1, WireType.LengthDelimited)
              .string(isFaulty ? 'notSnake' : this.pick(fieldMaskPaths))
              .finish(),
          ),
        ];
      case 'google.protobuf.Any': {
        const type = this.pick(this.#packable);
        const url = isFaulty ? 'type.example.com/no.Such' : `type.googleapis.com/${type.typeName}`;
        const value = this.message(type, {}, depth + 3);
        return this.chance(0.2)
          ? []
          : [
              [field(1, WireType.LengthDelimited).string(url).finish()],
              [field(2, WireType.LengthDelimited).bytes(value).finish()],
            ];
      }
      case 'google.protobuf.Value': {
        if (isFaulty && this.chance(0.5)) return [];
        const kinds = desc.fields.filter(({ message }) => !message || depth < 4);
        const kind = this.pick(kinds);
        if (kind.number !== 2) return [[this.#record(kind, {}, depth)]];
        const number = isFaulty ? Number.NaN : this.pick([0, -0, 1.5, -1e300, 123456789]);
        return [[field(2, WireType.Bit64).double(number).finish()]];
      }
      default:
        return undefined;
    }
  }

  #fields(desc: DescMessage, manner: Manner, depth: number): Uint8Array[][] {
    const share = depth === 0 ? 0.6 : 2 / (2 + desc.fields.length);
    const chosen = new Map<unknown, DescField>();
    for (const field of desc.fields) {
      if (depth > 4 && field.message && !field.message.typeName.startsWith('google.protobuf.')) continue;
      if (!this.chance(share)) continue;
      // Of a oneof, one is enough; in odd messages, it may be several.
      chosen.set(manner.odd && this.chance(0.3) ? field : (field.oneof ?? field), field);
    }
    return [...chosen.values()].map((field) => this.#field(field, manner, depth));
  }

  /** All records of a field. */
  #field(field: DescField, manner: Manner, depth: number): Uint8Array[] {
    if (field.fieldKind === 'map') return this.#entries(field, manner, depth);
    if (field.fieldKind !== 'list') {
      const count = manner.odd && this.chance(0.2) ? 2 : 1;
      return Array.from({ length: count }, () => this.#record(field, manner, depth));
    }
    const { packable } = this.#kind(field);
    const isPacked = packable && (manner.odd ? this.chance(0.5) : field.packed);
    const count = (manner.odd && isPacked ? 0 : 1) + this.below(4);
    if (!isPacked) return Array.from({ length: count }, () => this.#record(field, manner, depth));
    const packed = Array.from({ length: count }, () => this.#value(field, manner, depth));
    const record = new BinaryWriter().tag(field.number, WireType.LengthDelimited);
    const records: Uint8Array[] = [record.bytes(Buffer.concat(packed)).finish()];
    if (manner.odd && this.chance(0.3)) records.push(this.#record(field, manner, depth));
    return records;
  }

  #entries(field: DescField & { readonly fieldKind: 'map' }, manner: Manner, depth: number): Uint8Array[] {
    const keys = new Set<string>();
    return Array.from({ length: 1 + this.below(4) }).flatMap(() => {
      const key = this.#scalar(field.mapKey);
      const id = Buffer.from(key).toString('hex');
      if (!manner.odd && keys.has(id)) return [];
      keys.add(id);
      const keyType = wireTypeOf(field.mapKey);
      const keyRecord = Buffer.concat([new BinaryWriter().tag(1, keyType).finish(), key]);
      const value = (): Uint8Array => {
        const tag = new BinaryWriter().tag(2, this.#kind(field).wireType).finish();
        return Buffer.concat([tag, this.#value(field, manner, depth)]);
      };
      const halves = [keyRecord, value()];
      if (manner.odd && this.chance(0.1)) halves.push(value());
      if (manner.odd && this.chance(0.1)) halves.reverse();
      if (manner.odd && this.chance(0.1)) halves.splice(this.below(2), 1);
      const entry = new BinaryWriter().tag(field.number, WireType.LengthDelimited);
      return [entry.bytes(Buffer.concat(halves)).finish()];
    });
  }

  /** A tag and one value. */
  #record(field: DescField, manner: Manner, depth: number): Uint8Array {
    const value = this.#value(field, manner, depth);
    if ('delimitedEncoding' in field && field.delimitedEncoding) {
      const start = new BinaryWriter().tag(field.number, WireType.StartGroup).finish();
      const end = new BinaryWriter().tag(field.number, WireType.EndGroup).finish();
      return Buffer.concat([start, value, end]);
    }
    return Buffer.concat([new BinaryWriter().tag(field.number, this.#kind(field).wireType).finish(), value]);
  }

  #kind(field: DescField): { wireType: WireType; packable: boolean } {
    const wireType = field.message ? WireType.LengthDelimited : wireTypeOf(field.scalar ?? ScalarType.INT32);
    return { wireType, packable: wireType !== WireType.LengthDelimited };
  }

  /** One value, without a tag. */
  #value(field: DescField, manner: Manner, depth: number): Uint8Array {
    if (field.message) {
      const message = this.message(field.message, manner, depth + 1);
      if ('delimitedEncoding' in field && field.delimitedEncoding) return message;
      return new BinaryWriter().bytes(message).finish();
    }
    if (field.enum) {
      const known = this.pick(field.enum.values).number;
      return new BinaryWriter().int32(this.chance(0.1) ? this.pick([-1, 77, 0]) : known).finish();
    }
    return this.#scalar(field.scalar);
  }

  #scalar(type: ScalarType): Uint8Array {
    const writer = new BinaryWriter();
    const signed = () => this.pick([0, 1, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31), this.below(1e6)]);
    const unsigned = () => this.pick([0, 1, 127, 128, 2 ** 32 - 1, this.below(1e6)]);
    const long = () => this.pick([0n, 1n, -1n, 2n ** 49n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]);
    const unsignedLong = () => this.pick([0n, 1n, 300n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 64n - 1n]);
    const real = () => this.pick([0, -0, 1, 0.1, -2.5, 1e21, 1e-7, NaN, Infinity, -Infinity, this.random()]);
    switch (type) {
      case ScalarType.INT32:
        return writer.int32(signed()).finish();
      case ScalarType.SINT32:
        return writer.sint32(signed()).finish();
      case ScalarType.SFIXED32:
        return writer.sfixed32(signed()).finish();
      case ScalarType.UINT32:
        return writer.uint32(unsigned()).finish();
      case ScalarType.FIXED32:
        return writer.fixed32(unsigned()).finish();
      case ScalarType.INT64:
        return writer.int64(long()).finish();
      case ScalarType.SINT64:
        return writer.sint64(long()).finish();
      case ScalarType.SFIXED64:
        return writer.sfixed64(long()).finish();
      case ScalarType.UINT64:
        return writer.uint64(unsignedLong()).finish();
      case ScalarType.FIXED64:
        return writer.fixed64(unsignedLong()).finish();
      case ScalarType.BOOL:
        return writer.bool(this.chance(0.7)).finish();
      case ScalarType.FLOAT:
        return writer.float(Math.fround(real())).finish();
      case ScalarType.DOUBLE:
        return writer.double(real()).finish();
      case ScalarType.BYTES:
        return writer.bytes(Uint8Array.from({ length: this.below(20) }, () => this.below(256))).finish();
      case ScalarType.STRING:
        return writer
          .string(Array.from({ length: this.below(5) }, () => this.pick(words)).join(this.pick(['', ' '])))
          .finish();
    }
  }

  #unknownField(desc: DescMessage): Uint8Array {
    const number = Math.max(0, ...desc.fields.map((field) => field.number)) + 1 + this.below(3000);
    const writer = new BinaryWriter();
    switch (this.below(5)) {
      case 0:
        return writer.tag(number, WireType.Varint).int64(-1).finish();
      case 1:
        return writer.tag(number, WireType.Bit32).fixed32(7).finish();
      case 2:
        return writer.tag(number, WireType.Bit64).double(7).finish();
      case 3:
        return writer.tag(number, WireType.LengthDelimited).string('unknown').finish();
      default: {
        const inner = writer.tag(number, WireType.StartGroup).tag(1, WireType.Varint).int32(5);
        return inner.tag(number, WireType.EndGroup).finish();
      }
    }
  }
}

function wireTypeOf(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
