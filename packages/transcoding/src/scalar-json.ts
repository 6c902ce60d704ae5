import { ScalarType } from '@bufbuild/protobuf';
import { type JsonOutput, QUOTE } from './json-output.ts';
import { BIT32, BIT64, LENGTH_DELIMITED, VARINT, type WireReader } from './wire-reader.ts';

/** How the values of a scalar type are read, and what they are in JSON. */
export interface ScalarForm {
  readonly wireType: number;
  /** Reads a value and writes its JSON. */
  write(wire: WireReader, out: JsonOutput): void;
  /** Reads a value: whether it is the default of its type. */
  isZero(wire: WireReader): boolean;
  /** Reads a value as the name of a member, which is what keys of maps are. */
  readKey(wire: WireReader): string;
}

function integer(wireType: number, read: (wire: WireReader) => number): ScalarForm {
  return {
    wireType,
    write: (wire, out) => out.ascii(String(read(wire))),
    isZero: (wire) => read(wire) === 0,
    readKey: (wire) => String(read(wire)),
  };
}

/** JSON's numbers are doubles to many who read them, so that 64 bits only fit into a string. */
function longInteger(wireType: number, read: (wire: WireReader) => number | bigint): ScalarForm {
  return {
    wireType,
    write: (wire, out) => out.ascii(`"${read(wire)}"`),
    isZero: (wire) => Number(read(wire)) === 0,
    readKey: (wire) => String(read(wire)),
  };
}

function floatingPoint(wireType: number, read: (wire: WireReader) => number): ScalarForm {
  return {
    wireType,
    write: (wire, out) => {
      const value = read(wire);
      out.ascii(Number.isFinite(value) ? String(value) : `"${value}"`);
    },
    // Minus zero is a value of its own, although JSON has but one zero to write.
    isZero: (wire) => Object.is(read(wire), 0),
    readKey: (wire) => String(read(wire)),
  };
}

const bool: ScalarForm = {
  wireType: VARINT,
  write: (wire, out) => out.ascii(String(wire.bool())),
  isZero: (wire) => !wire.bool(),
  readKey: (wire) => String(wire.bool()),
};

const string: ScalarForm = {
  wireType: LENGTH_DELIMITED,
  write: (wire, out) => {
    const end = wire.end();
    out.string(wire.view, wire.pos, end);
    wire.pos = end;
  },
  isZero: (wire) => wire.end() === wire.pos,
  readKey: (wire) => wire.string(),
};

const bytes: ScalarForm = {
  ...string,
  write: (wire, out) => {
    const { buffer, byteOffset, byteLength } = wire.bytesTo(wire.end());
    out.character(QUOTE);
    out.text(Buffer.from(buffer, byteOffset, byteLength).toString('base64'));
    out.character(QUOTE);
  },
};

export const scalarForms: Readonly<Record<ScalarType, ScalarForm>> = {
  [ScalarType.INT32]: integer(VARINT, (wire) => wire.int32()),
  [ScalarType.UINT32]: integer(VARINT, (wire) => wire.uint32()),
  [ScalarType.SINT32]: integer(VARINT, (wire) => wire.sint32()),
  [ScalarType.FIXED32]: integer(BIT32, (wire) => wire.fixed32()),
  [ScalarType.SFIXED32]: integer(BIT32, (wire) => wire.sfixed32()),
  [ScalarType.INT64]: longInteger(VARINT, (wire) => wire.int64()),
  [ScalarType.UINT64]: longInteger(VARINT, (wire) => wire.uint64()),
  [ScalarType.SINT64]: longInteger(VARINT, (wire) => wire.sint64()),
  [ScalarType.FIXED64]: longInteger(BIT64, (wire) => wire.fixed64()),
  [ScalarType.SFIXED64]: longInteger(BIT64, (wire) => wire.sfixed64()),
  [ScalarType.FLOAT]: floatingPoint(BIT32, (wire) => wire.float()),
  [ScalarType.DOUBLE]: floatingPoint(BIT64, (wire) => wire.double()),
  [ScalarType.BOOL]: bool,
  [ScalarType.STRING]: string,
  [ScalarType.BYTES]: bytes,
};
