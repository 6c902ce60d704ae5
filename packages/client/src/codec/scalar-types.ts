import { decodeBase64, encodeBase64 } from './base64.ts';
import { expected, Fault } from './fault.ts';
import type { Json, ValueType } from './value-type.ts';

/** JSON writes integers as numbers, with a point or an exponent too where that changes nothing, and as strings. */
const INTEGER = /^-?\d+(\.0*)?$/;
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** For types that are the same in answers, in requests and on their way to JSON. */
const asIs = (value: unknown): Json => value as Json;

function integer32(min: number): ValueType {
  const max = min + 2 ** 32 - 1;
  const take = (value: unknown): number => {
    const number = value as number;
    // Adding zero makes the one of the two zeros that there is on the other wire.
    if (Number.isInteger(value) && number >= min && number <= max) return number + 0;
    throw expected(`an integer from ${min} to ${max}`, value);
  };
  const parse = (json: Json) => take(typeof json === 'string' && NUMBER.test(json) ? Number(json) : json);
  return { zero: 0, parse, take, print: asIs };
}

function integer64(min: bigint): ValueType {
  const max = min + 2n ** 64n - 1n;
  const convert = (value: unknown): unknown => {
    if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value.replace(/\..*/, ''));
    const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
    return Number.isInteger(number) ? BigInt(number as number) : value;
  };
  const parse = (value: unknown): bigint => {
    const converted = convert(value);
    if (typeof converted === 'bigint' && converted >= min && converted <= max) return converted;
    throw expected(`an integer from ${min} to ${max}`, value);
  };
  const take = (value: unknown): bigint => {
    // Whoever has such a number has lost digits already.
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw expected('a safe integer or a bigint', value);
    return parse(value);
  };
  return { zero: 0n, parse, take, print: String };
}

const NOT_FINITE: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

function floatingPoint(round: (value: number) => number): ValueType {
  const take = (value: unknown): number => {
    if (typeof value !== 'number') throw expected('a number', value);
    const rounded = round(value) + 0;
    if (Math.abs(rounded) === Infinity && Math.abs(value) !== Infinity) throw expected('a float', value);
    return rounded;
  };
  const parse = (json: Json): number => {
    const notFinite = NOT_FINITE[json as string];
    if (typeof json === 'string' && typeof notFinite === 'number') return notFinite;
    const value = typeof json === 'string' && NUMBER.test(json) ? Number(json) : json;
    if (!Number.isFinite(value)) throw expected('a number', json);
    return take(value);
  };
  const print = (taken: unknown): Json => (Number.isFinite(taken) ? (taken as number) : String(taken));
  return { zero: 0, parse, take, print };
}

function parseString(value: unknown): string {
  if (typeof value !== 'string') throw expected('a string', value);
  return value;
}

/** Lone surrogates have no UTF-8: one wire would change them, the other would have them refused. */
export function takeString(value: unknown): string {
  const text = parseString(value);
  if (/\p{Surrogate}/u.test(text)) throw new Fault('half of a surrogate pair');
  return text;
}

function takeBool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw expected('a boolean', value);
  return value;
}

/** There is but one, so that it can be told from others. */
const NO_BYTES = /* @__PURE__ */ new Uint8Array();

function takeBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw expected('a Uint8Array', value);
  return value.length === 0 ? NO_BYTES : value;
}

const int32 = integer32(-(2 ** 31));
const uint32 = integer32(0);
const int64 = integer64(-(2n ** 63n));
const uint64 = integer64(0n);

/** By the codes that definitions have for them. */
export const scalarTypes: Readonly<Record<string, ValueType>> = {
  s: { zero: '', parse: parseString, take: takeString, print: asIs },
  b: { zero: false, parse: takeBool, take: takeBool, print: asIs },
  y: {
    zero: NO_BYTES,
    parse: (json) => decodeBase64(parseString(json)),
    take: takeBytes,
    print: (taken) => encodeBase64(taken as Uint8Array),
  },
  i: int32,
  z: int32,
  q: int32,
  u: uint32,
  x: uint32,
  I: int64,
  Z: int64,
  Q: int64,
  U: uint64,
  X: uint64,
  f: floatingPoint(Math.fround),
  d: floatingPoint(Number),
};

/** The type of a map's keys, which JSON writes as names whatever they are. */
export function keyType(code: string): ValueType {
  const type = scalarTypes[code] as ValueType;
  return code === 'b' ? { ...type, parse: (name) => takeBool(BOOLS[name as string]) } : type;
}

const BOOLS: Readonly<Record<string, boolean>> = { true: true, false: false };
