import { decodeBase64, encodeBase64 } from './base64.ts';
import { Fault } from './fault.ts';
import { type Json, kindOf, type ValueType } from './value-type.ts';
import { BIT32, BIT64, LENGTH_DELIMITED, VARINT, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** JSON writes integers as numbers, with a point or an exponent too where that changes nothing, and as strings. */
const INTEGER = /^-?\d+(\.0*)?$/;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

function expected(what: string, value: unknown): Fault {
  return new Fault(`expected ${what}, not ${kindOf(value)}`);
}

/** What both directions have in common: an unknown value that has to be of the type. */
type Take<T> = (value: unknown) => T;

function scalar<T>(type: {
  wireType: number;
  zero: T;
  read: (reader: WireReader) => T;
  parse: (json: Json) => T;
  take: Take<T>;
  write: (writer: WireWriter, value: T) => void;
  print: (value: T) => Json;
}): ValueType {
  return {
    ...type,
    write: (writer, taken) => type.write(writer, taken as T),
    print: (taken) => type.print(taken as T),
  };
}

function integer32(
  wireType: number,
  min: number,
  read: (reader: WireReader) => number,
  write: (writer: WireWriter, value: number) => void,
): ValueType {
  const max = min + 2 ** 32 - 1;
  const take = (value: unknown): number => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
      return (value as number) + 0;
    throw expected(`an integer from ${min} to ${max}`, value);
  };
  const parse = (json: Json) => take(typeof json === 'string' && NUMBER.test(json) ? Number(json) : json);
  return scalar({ wireType, zero: 0, read, parse, take, write, print: (value) => value });
}

function integer64(
  wireType: number,
  min: bigint,
  read: (reader: WireReader) => bigint,
  write: (writer: WireWriter, value: bigint) => void,
): ValueType {
  const max = min + 2n ** 64n - 1n;
  const convert = (value: unknown): bigint | undefined => {
    if (typeof value === 'bigint') return value;
    if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
    if (typeof value !== 'string') return undefined;
    if (INTEGER.test(value)) return BigInt(value.replace(/\..*/, ''));
    return NUMBER.test(value) && Number.isInteger(Number(value)) ? BigInt(Number(value)) : undefined;
  };
  const parse = (value: unknown): bigint => {
    const converted = convert(value);
    if (converted === undefined || converted < min || converted > max) {
      throw expected(`an integer from ${min} to ${max}`, value);
    }
    return converted;
  };
  const take = (value: unknown): bigint => {
    // Whoever has such a number has lost digits already.
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw expected('a safe integer or a bigint', value);
    return parse(value);
  };
  return scalar({ wireType, zero: 0n, read, parse, take, write, print: String });
}

function floatingPoint(
  wireType: number,
  round: (value: number) => number,
  read: (reader: WireReader) => number,
  write: (writer: WireWriter, value: number) => void,
): ValueType {
  const take = (value: unknown): number => {
    if (typeof value !== 'number') throw expected('a number', value);
    const rounded = round(value);
    if (Math.abs(rounded) === Infinity && Math.abs(value) !== Infinity) throw expected('a float', value);
    // JSON.stringify knows but one zero, so that there is but one on the other wire either.
    return rounded + 0;
  };
  const parse = (json: Json): number => {
    if (typeof json !== 'string') {
      if (Math.abs(json as number) === Infinity) throw expected('a number', json);
      return take(json);
    }
    if (json === 'NaN') return Number.NaN;
    if (json === 'Infinity') return Infinity;
    if (json === '-Infinity') return -Infinity;
    if (!NUMBER.test(json) || Math.abs(Number(json)) === Infinity) throw expected('a number', json);
    return take(Number(json));
  };
  return scalar({
    wireType,
    zero: 0,
    read: (reader) => read(reader) + 0,
    parse,
    take,
    write,
    print: (value) => (Number.isFinite(value) ? value : String(value)),
  });
}

const takeBool = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw expected('a boolean', value);
  return value;
};

const parseString = (value: unknown): string => {
  if (typeof value !== 'string') throw expected('a string', value);
  return value;
};

/** Lone surrogates have no UTF-8: one wire would change them, the other would have them refused. */
const takeString = (value: unknown): string => {
  const text = parseString(value);
  if (/\p{Surrogate}/u.test(text)) throw new Fault('half of a surrogate pair');
  return text;
};

/** The one that is compared with: bytes are equal if there are none. */
const NO_BYTES = new Uint8Array();

const takeBytes = (value: unknown): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw expected('a Uint8Array', value);
  return value.length === 0 ? NO_BYTES : value;
};

const INT32_MIN = -(2 ** 31);
const INT64_MIN = -(2n ** 63n);

/** By the codes that definitions have for them. */
export const scalarTypes: Readonly<Record<string, ValueType>> = {
  s: scalar({
    wireType: LENGTH_DELIMITED,
    zero: '',
    read: (reader) => reader.string(),
    parse: parseString,
    take: takeString,
    write: (writer, value) => writer.string(value),
    print: (value) => value,
  }),
  b: scalar({
    wireType: VARINT,
    zero: false,
    read: (reader) => reader.bool(),
    parse: takeBool,
    take: takeBool,
    write: (writer, value) => writer.uint32(Number(value)),
    print: (value) => value,
  }),
  y: scalar({
    wireType: LENGTH_DELIMITED,
    zero: NO_BYTES,
    read: (reader) => reader.copyOfBytes(),
    parse: (json) => decodeBase64(parseString(json)),
    take: takeBytes,
    write: (writer, value) => writer.bytes(value),
    print: encodeBase64,
  }),
  i: integer32(
    VARINT,
    INT32_MIN,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value),
  ),
  u: integer32(
    VARINT,
    0,
    (reader) => reader.uint32(),
    (writer, value) => writer.uint32(value),
  ),
  z: integer32(
    VARINT,
    INT32_MIN,
    (reader) => reader.sint32(),
    (writer, value) => writer.sint32(value),
  ),
  x: integer32(
    BIT32,
    0,
    (reader) => reader.fixed32(),
    (writer, value) => writer.fixed32(value),
  ),
  q: integer32(
    BIT32,
    INT32_MIN,
    (reader) => reader.fixed32() | 0,
    (writer, value) => writer.fixed32(value),
  ),
  I: integer64(
    VARINT,
    INT64_MIN,
    (reader) => reader.int64(),
    (writer, value) => writer.int64(value),
  ),
  U: integer64(
    VARINT,
    0n,
    (reader) => reader.uint64(),
    (writer, value) => writer.int64(value),
  ),
  Z: integer64(
    VARINT,
    INT64_MIN,
    (reader) => reader.sint64(),
    (writer, value) => writer.sint64(value),
  ),
  X: integer64(
    BIT64,
    0n,
    (reader) => reader.fixed64(),
    (writer, value) => writer.fixed64(value),
  ),
  Q: integer64(
    BIT64,
    INT64_MIN,
    (reader) => BigInt.asIntN(64, reader.fixed64()),
    (writer, value) => writer.fixed64(value),
  ),
  f: floatingPoint(
    BIT32,
    Math.fround,
    (reader) => reader.float(),
    (writer, value) => writer.float(value),
  ),
  d: floatingPoint(
    BIT64,
    Number,
    (reader) => reader.double(),
    (writer, value) => writer.double(value),
  ),
};
