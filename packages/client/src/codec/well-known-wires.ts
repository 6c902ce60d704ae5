import { scalarTypes } from './scalar-types.ts';
import { scalarWires } from './scalar-wires.ts';
import { formatDuration, formatTimestamp, type Time } from './timestamp.ts';
import { isObject, type Json, type JsonMembers, setMember, type ValueType } from './value-type.ts';
import { camelCasePath, snakeCase } from './well-known-types.ts';
import type { WireReader } from './wire-reader.ts';
import { messageWire, readFields, type WireType } from './wire-type.ts';
import type { WireWriter } from './wire-writer.ts';

/** Timestamp and Duration have the same two fields. */
function readTime(reader: WireReader): Time {
  let seconds = 0;
  let nanos = 0;
  readFields(reader, (tag) => {
    if (tag === 0x08) seconds = reader.int64AsNumber();
    else if (tag === 0x10) nanos = reader.int32();
    else return false;
    return true;
  });
  return { seconds, nanos };
}

function writeTime(writer: WireWriter, { seconds, nanos }: Time): void {
  if (seconds !== 0) {
    writer.uint32(0x08);
    writer.int64(BigInt(seconds));
  }
  if (nanos !== 0) {
    writer.uint32(0x10);
    writer.int32(nanos);
  }
}

function readMask(reader: WireReader): string {
  const paths: string[] = [];
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false;
    paths.push(camelCasePath(reader.string()));
    return true;
  });
  return paths.join();
}

function writeMask(writer: WireWriter, paths: readonly string[]): void {
  for (const path of paths) {
    writer.uint32(0x0a);
    writer.string(snakeCase(path));
  }
}

/** The tags of the members of google.protobuf.Value's oneof. */
const NULL = 0x08;
const NUMBER = 0x11;
const STRING = 0x1a;
const BOOL = 0x20;
const STRUCT = 0x2a;
const LIST = 0x32;

function readStruct(reader: WireReader, members: object): object {
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false;
    const outer = reader.open();
    let key = '';
    let value: unknown = null;
    while (reader.pos < reader.end) {
      const entryTag = reader.uint32();
      if (entryTag === 0x0a) key = reader.string();
      else if (entryTag === 0x12) value = jsonWire.read(reader);
      else reader.skip(entryTag);
    }
    reader.close(outer);
    setMember(members, key, value);
    return true;
  });
  return members;
}

function readList(reader: WireReader, elements: unknown[]): unknown[] {
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false;
    elements.push(jsonWire.read(reader));
    return true;
  });
  return elements;
}

/** Without any of its members, which nobody should send, a Value is as good as null. */
function readValue(reader: WireReader): unknown {
  let value: unknown = null;
  while (reader.pos < reader.end) {
    const tag = reader.uint32();
    if (tag === NULL) {
      reader.int32();
      value = null;
    } else if (tag === NUMBER) value = reader.double() + 0;
    else if (tag === STRING) value = reader.string();
    else if (tag === BOOL) value = reader.bool();
    else if (tag === STRUCT || tag === LIST) {
      const outer = reader.open();
      // What came before of the same kind is a part of the same message.
      if (tag === STRUCT) value = readStruct(reader, isObject(value) ? value : {});
      else value = readList(reader, Array.isArray(value) ? value : []);
      reader.close(outer);
    } else reader.skip(tag);
  }
  return value;
}

function writeValue(writer: WireWriter, value: Json): void {
  if (value === null) {
    writer.uint32(NULL);
    writer.uint32(0);
  } else if (typeof value === 'number') {
    writer.uint32(NUMBER);
    writer.double(value);
  } else if (typeof value === 'string') {
    writer.uint32(STRING);
    writer.string(value);
  } else if (typeof value === 'boolean') {
    writer.uint32(BOOL);
    writer.uint32(Number(value));
  } else {
    const isList = Array.isArray(value);
    writer.uint32(isList ? LIST : STRUCT);
    (isList ? listWire : structWire).write(writer, value);
  }
}

function writeStruct(writer: WireWriter, members: JsonMembers): void {
  for (const [key, value] of Object.entries(members)) {
    writer.uint32(0x0a);
    const start = writer.begin();
    writer.uint32(0x0a);
    writer.string(key);
    writer.uint32(0x12);
    jsonWire.write(writer, value);
    writer.end(start);
  }
}

function writeList(writer: WireWriter, elements: readonly Json[]): void {
  for (const value of elements) {
    writer.uint32(0x0a);
    jsonWire.write(writer, value);
  }
}

const jsonWire = /* @__PURE__ */ messageWire(readValue, writeValue);
const structWire = /* @__PURE__ */ messageWire((reader) => readStruct(reader, {}), writeStruct);
const listWire = /* @__PURE__ */ messageWire((reader) => readList(reader, []), writeList);

/** A message with one field, which JSON has instead of it. */
function wrapper(code: string): WireType {
  const inner = scalarWires[code] as WireType;
  const { zero } = scalarTypes[code] as ValueType;
  const tag = 8 | inner.wireType;
  return messageWire(
    (reader) => {
      let value = zero;
      readFields(reader, (read) => {
        if (read === tag) value = inner.read(reader);
        return read === tag;
      });
      return value;
    },
    (writer, taken) => {
      if (taken === zero) return;
      writer.uint32(tag);
      inner.write(writer, taken);
    },
  );
}

/** By the codes that definitions have for them: the messages of wellKnownTypes. */
export const wellKnownWires: Readonly<Record<string, WireType>> = {
  T: /* @__PURE__ */ messageWire((reader) => formatTimestamp(readTime(reader)), writeTime),
  D: /* @__PURE__ */ messageWire((reader) => formatDuration(readTime(reader)), writeTime),
  K: /* @__PURE__ */ messageWire(readMask, writeMask),
  V: jsonWire,
  S: structWire,
  L: listWire,
  wd: /* @__PURE__ */ wrapper('d'),
  wf: /* @__PURE__ */ wrapper('f'),
  wI: /* @__PURE__ */ wrapper('I'),
  wU: /* @__PURE__ */ wrapper('U'),
  wi: /* @__PURE__ */ wrapper('i'),
  wu: /* @__PURE__ */ wrapper('u'),
  wb: /* @__PURE__ */ wrapper('b'),
  ws: /* @__PURE__ */ wrapper('s'),
  wy: /* @__PURE__ */ wrapper('y'),
};
