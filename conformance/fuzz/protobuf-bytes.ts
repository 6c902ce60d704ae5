import { type DescField, ScalarType } from '@bufbuild/protobuf';
import { type Draft, type DraftField, type DraftValue, isDraft } from './generators.ts';
import type { Random } from './random.ts';

const VARINT = 0;
const BIT64 = 1;
const LENGTH = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const BIT32 = 5;

/** How an encoding departs from the usual one. */
export interface ByteQuirks {
  readonly random: Random;
  /** How often a field gets one that every parser must take: another order, an unknown field, a longer varint. */
  readonly odd: number;
  /** How often a field gets one that is an error, or means something else. */
  readonly broken: number;
}

/** A message as protobuf bytes. */
export function encodeDraft(draft: Draft, quirks: ByteQuirks): Buffer {
  const sink = new ByteSink();
  writeMessage(sink, draft, quirks);
  return sink.finish();
}

function writeMessage(sink: ByteSink, draft: Draft, quirks: ByteQuirks): void {
  const { random, odd, broken } = quirks;
  const fields = odd > 0 && random.chance(odd) ? draft.fields.toReversed() : draft.fields;
  for (const each of fields) {
    if (odd > 0 && random.chance(odd)) writeOddity(sink, random);
    if (broken > 0 && random.chance(broken)) writeDamage(sink, each.field, random);
    writeField(sink, each, quirks);
    if (odd > 0 && random.chance(odd / 4)) writeField(sink, each, quirks);
  }
}

function writeField(sink: ByteSink, { field, values, keys }: DraftField, quirks: ByteQuirks): void {
  if (field.fieldKind === 'map') {
    values.forEach((value, at) => {
      const entry = new ByteSink();
      writeScalar(entry, 1, field.mapKey, keys[at] ?? '', quirks);
      if (field.mapKind === 'message') writeNested(entry, 2, value, quirks);
      else writeScalar(entry, 2, field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar, value, quirks);
      sink.tag(field.number, LENGTH, quirks);
      sink.lengthPrefixed(entry.finish());
    });
    return;
  }
  const type = field.enum === undefined ? field.scalar : ScalarType.INT32;
  if (type === undefined) {
    for (const value of values) writeNested(sink, field.number, value, quirks);
    return;
  }
  const packs = field.fieldKind === 'list' && type !== ScalarType.STRING && type !== ScalarType.BYTES;
  if (packs && !quirks.random.chance(quirks.odd)) {
    const packed = new ByteSink();
    for (const value of values) writeBare(packed, type, value, quirks);
    sink.tag(field.number, LENGTH, quirks);
    sink.lengthPrefixed(packed.finish());
    return;
  }
  for (const value of values) writeScalar(sink, field.number, type, value, quirks);
}

function writeNested(sink: ByteSink, number: number, value: DraftValue, quirks: ByteQuirks): void {
  const inner = new ByteSink();
  if (isDraft(value)) writeMessage(inner, value, quirks);
  sink.tag(number, LENGTH, quirks);
  const lies = quirks.broken > 0 && quirks.random.chance(quirks.broken);
  sink.lengthPrefixed(inner.finish(), lies ? quirks.random.pick([-1, 1, 2, 1000, 2 ** 31]) : 0);
}

function writeScalar(
  sink: ByteSink,
  number: number,
  type: ScalarType,
  value: DraftValue,
  quirks: ByteQuirks,
): void {
  sink.tag(number, wireTypeOf(type), quirks);
  writeBare(sink, type, value, quirks);
}

function wireTypeOf(type: ScalarType): number {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LENGTH;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BIT64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return BIT32;
    default:
      return VARINT;
  }
}

function writeBare(sink: ByteSink, type: ScalarType, value: DraftValue, quirks: ByteQuirks): void {
  switch (wireTypeOf(type)) {
    case LENGTH: {
      const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
      const lies = quirks.broken > 0 && quirks.random.chance(quirks.broken);
      sink.lengthPrefixed(lies ? damageText(bytes, quirks.random) : bytes);
      break;
    }
    case BIT64:
      sink.bits64(typeof value === 'bigint' ? value : Number(value));
      break;
    case BIT32:
      sink.bits32(Number(value), type === ScalarType.FLOAT);
      break;
    default:
      sink.varint(toVarint(type, value), quirks.odd > 0 && quirks.random.chance(quirks.odd) ? 2 : 0);
  }
}

function toVarint(type: ScalarType, value: DraftValue): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const whole = typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)) || 0);
  const zigzag = type === ScalarType.SINT32 || type === ScalarType.SINT64;
  return zigzag ? (whole << 1n) ^ (whole >> 63n) : whole;
}

/** Bytes that are no UTF-8, in the midst of ones that are. */
function damageText(bytes: Uint8Array, random: Random): Uint8Array {
  const damage = random.pick([
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xe2, 0x82],
  ]);
  return Buffer.concat([bytes, Uint8Array.from(damage)]);
}

/** Fields that nobody knows. */
function writeOddity(sink: ByteSink, random: Random): void {
  const number = random.pick([15, 99, 1000, 18_999, 20_000, 536_870_911]);
  switch (random.below(5)) {
    case 0:
      sink.tag(number, VARINT);
      sink.varint(BigInt(random.next()), random.below(3));
      break;
    case 1:
      sink.tag(number, BIT64);
      sink.bits64(BigInt(random.next()));
      break;
    case 2:
      sink.tag(number, LENGTH);
      sink.lengthPrefixed(random.bytes(random.below(12)));
      break;
    case 3:
      sink.tag(number, BIT32);
      sink.bits32(random.next() >>> 1, false);
      break;
    default: {
      const depth = random.pick([1, 2, 5, 90, 120]);
      for (let level = 0; level < depth; level++) sink.tag(number, GROUP_START);
      for (let level = 0; level < depth; level++) sink.tag(number, GROUP_END);
    }
  }
}

/** What no valid message holds, or not there. */
function writeDamage(sink: ByteSink, field: DescField, random: Random): void {
  const { number } = field;
  switch (random.below(8)) {
    case 0:
      sink.tag(number, random.below(8));
      break;
    case 1:
      sink.tag(0, random.below(6));
      break;
    case 2:
      sink.tag(number, GROUP_END);
      break;
    case 3:
      sink.tag(number, GROUP_START);
      break;
    case 4:
      sink.tag(number, VARINT);
      sink.raw(Buffer.alloc(random.between(10, 12), 0xff));
      break;
    case 5:
      sink.tag(number, LENGTH);
      sink.varint(random.pick([2n ** 31n - 1n, 2n ** 32n - 1n, 2n ** 63n, 2n ** 64n - 1n, 70n]));
      break;
    case 6:
      sink.tag(number, LENGTH);
      sink.lengthPrefixed(random.bytes(random.below(20)));
      break;
    default:
      sink.tag(number, BIT32);
      sink.bits32(random.next() >>> 1, false);
  }
}

/** Encoded bytes with what a bad line or a bad program makes of them. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let changed = bytes;
  for (let times = random.pick([1, 1, 2, 3, 8]); times > 0; times--) changed = mutateOnce(random, changed);
  return changed;
}

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.between(1, 8));
  switch (random.below(6)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.between(1, 6)), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(end - at, random.pick([0, 0xff, 0x80])),
        bytes.subarray(end),
      ]);
  }
}

/** Grows as it is written to. */
class ByteSink {
  #buffer = Buffer.allocUnsafe(128);
  #length = 0;

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  tag(number: number, wireType: number, quirks?: ByteQuirks): void {
    const longer = quirks !== undefined && quirks.odd > 0 && quirks.random.chance(quirks.odd / 2);
    this.varint(BigInt(number) * 8n + BigInt(wireType), longer ? 1 : 0);
  }

  /** `padding` groups of nothing make it longer than it need be, up to ten bytes in all. */
  varint(value: bigint, padding = 0): void {
    let rest = BigInt.asUintN(64, value);
    this.#reserve(16);
    const start = this.#length;
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
    for (let more = 0; more < padding && this.#length - start < 5; more++) {
      this.#buffer[this.#length - 1] = (this.#buffer[this.#length - 1] ?? 0) | 0x80;
      this.#buffer[this.#length++] = 0;
    }
  }

  lengthPrefixed(bytes: Uint8Array, lie = 0): void {
    this.varint(BigInt(Math.max(0, bytes.length + lie)));
    this.raw(bytes);
  }

  bits64(value: bigint | number): void {
    this.#reserve(8);
    if (typeof value === 'bigint') this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length);
    else this.#buffer.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  bits32(value: number, isFloat: boolean): void {
    this.#reserve(4);
    if (isFloat) this.#buffer.writeFloatLE(value, this.#length);
    else this.#buffer.writeUInt32LE(value >>> 0, this.#length);
    this.#length += 4;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
