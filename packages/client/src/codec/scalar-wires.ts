import { BIT32, BIT64, LENGTH_DELIMITED, VARINT } from './wire-reader.ts';
import type { WireType } from './wire-type.ts';

/** By the codes that definitions have for them. Adding zero makes the one of the two zeros that JSON knows. */
export const scalarWires: Readonly<Record<string, WireType>> = {
  s: {
    wireType: LENGTH_DELIMITED,
    read: (reader) => reader.string(),
    write: (writer, v) => writer.string(v as string),
  },
  b: { wireType: VARINT, read: (reader) => reader.bool(), write: (writer, v) => writer.uint32(Number(v)) },
  y: {
    wireType: LENGTH_DELIMITED,
    read: (reader) => reader.copyOfBytes(),
    write: (writer, v) => writer.bytes(v as Uint8Array),
  },
  i: { wireType: VARINT, read: (reader) => reader.int32(), write: (writer, v) => writer.int32(v as number) },
  u: {
    wireType: VARINT,
    read: (reader) => reader.uint32(),
    write: (writer, v) => writer.uint32(v as number),
  },
  z: {
    wireType: VARINT,
    read: (reader) => reader.sint32(),
    write: (writer, v) => writer.sint32(v as number),
  },
  x: {
    wireType: BIT32,
    read: (reader) => reader.fixed32(),
    write: (writer, v) => writer.fixed32(v as number),
  },
  q: {
    wireType: BIT32,
    read: (reader) => reader.fixed32() | 0,
    write: (writer, v) => writer.fixed32(v as number),
  },
  I: { wireType: VARINT, read: (reader) => reader.int64(), write: (writer, v) => writer.int64(v as bigint) },
  U: { wireType: VARINT, read: (reader) => reader.uint64(), write: (writer, v) => writer.int64(v as bigint) },
  Z: {
    wireType: VARINT,
    read: (reader) => reader.sint64(),
    write: (writer, v) => writer.sint64(v as bigint),
  },
  X: {
    wireType: BIT64,
    read: (reader) => reader.fixed64(),
    write: (writer, v) => writer.fixed64(v as bigint),
  },
  Q: {
    wireType: BIT64,
    read: (reader) => BigInt.asIntN(64, reader.fixed64()),
    write: (writer, v) => writer.fixed64(v as bigint),
  },
  f: {
    wireType: BIT32,
    read: (reader) => reader.float() + 0,
    write: (writer, v) => writer.float(v as number),
  },
  d: {
    wireType: BIT64,
    read: (reader) => reader.double() + 0,
    write: (writer, v) => writer.double(v as number),
  },
};
