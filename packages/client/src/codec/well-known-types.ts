import { type Body, bodyType, readFields } from './body-type.ts';
import { Fault, located } from './fault.ts';
import { scalarTypes } from './scalar-types.ts';
import {
  formatDuration,
  formatTimestamp,
  normalizeTimestamp,
  parseDuration,
  parseTimestamp,
  type Time,
} from './timestamp.ts';
import { isObject, type Json, type JsonMembers, kindOf, setMember, type ValueType } from './value-type.ts';
import { DEPTH_MAX, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** A string of JSON, or what is wrong. */
function text(json: unknown): string {
  if (typeof json !== 'string') throw new Fault(`expected a string, not ${kindOf(json)}`);
  return json;
}

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

const timestamp = bodyType<Time>({
  readBody: (reader) => {
    const { seconds, nanos } = readTime(reader);
    return formatTimestamp(seconds, nanos);
  },
  parse: (json) => normalizeTimestamp(text(json)),
  take: (value) => {
    if (!(value instanceof Date)) return parseTimestamp(text(value));
    if (Number.isNaN(value.getTime())) throw new Fault('not a valid Date');
    return parseTimestamp(value.toISOString());
  },
  writeBody: writeTime,
  print: ({ seconds, nanos }) => formatTimestamp(seconds, nanos),
});

const duration = bodyType<Time>({
  readBody: (reader) => {
    const { seconds, nanos } = readTime(reader);
    return formatDuration(seconds, nanos);
  },
  parse: (json) => {
    const { seconds, nanos } = parseDuration(text(json));
    return formatDuration(seconds, nanos);
  },
  take: (value) => parseDuration(text(value)),
  writeBody: writeTime,
  print: ({ seconds, nanos }) => formatDuration(seconds, nanos),
});

/** `display_name` for `displayName`; what is in snake case already stays as it is. */
function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(path: string): string {
  const camel = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (camel.includes('_') || snakeCase(camel) !== path)
    throw new Fault(`the path ${path} has no form in JSON`);
  return camel;
}

const fieldMask = bodyType<readonly string[]>({
  readBody: (reader) => {
    const paths: string[] = [];
    readFields(reader, (tag) => {
      if (tag !== 0x0a) return false;
      paths.push(camelCase(reader.string()));
      return true;
    });
    return paths.join();
  },
  parse: (json) => {
    const paths = text(json);
    if (paths.includes('_')) throw new Fault('a path in JSON has no underscores');
    return paths;
  },
  take: (value) => {
    const paths = typeof value === 'string' ? (value === '' ? [] : value.split(',')) : value;
    if (!Array.isArray(paths)) throw new Fault(`expected a string or a list, not ${kindOf(value)}`);
    // A path that JSON has no form for would be refused over one wire only.
    return paths.map((path) => camelCase(snakeCase(text(path))));
  },
  writeBody: (writer, paths) => {
    for (const path of paths) {
      writer.uint32(0x0a);
      writer.string(snakeCase(path));
    }
  },
  print: (paths) => paths.join(),
});

/** The tags of the members of google.protobuf.Value's oneof. */
const NULL = 0x08;
const NUMBER = 0x11;
const STRING = 0x1a;
const BOOL = 0x20;
const STRUCT = 0x2a;
const LIST = 0x32;

function readStruct(reader: WireReader, struct: object = {}): object {
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false;
    const outer = reader.open();
    let key = '';
    let value: unknown = null;
    while (reader.pos < reader.end) {
      const entryTag = reader.uint32();
      if (entryTag === 0x0a) key = reader.string();
      else if (entryTag === 0x12) value = json.read(reader);
      else reader.skip(entryTag);
    }
    reader.close(outer);
    setMember(struct, key, value);
    return true;
  });
  return struct;
}

function readList(reader: WireReader, list: unknown[] = []): unknown[] {
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false;
    list.push(json.read(reader));
    return true;
  });
  return list;
}

/** Without any of its members, which nobody should send, a Value is as good as null. */
function readValue(reader: WireReader): unknown {
  let value: unknown = null;
  const readNested = (read: () => unknown): void => {
    const outer = reader.open();
    value = read();
    reader.close(outer);
  };
  while (reader.pos < reader.end) {
    const tag = reader.uint32();
    if (tag === NULL) {
      reader.int32();
      value = null;
    } else if (tag === NUMBER) value = reader.double() + 0;
    else if (tag === STRING) value = reader.string();
    else if (tag === BOOL) value = reader.bool();
    else if (tag === STRUCT) {
      const before = isObject(value) ? value : undefined;
      readNested(() => readStruct(reader, before));
    } else if (tag === LIST) {
      const before = Array.isArray(value) ? value : undefined;
      readNested(() => readList(reader, before));
    } else reader.skip(tag);
  }
  return value;
}

function writeStruct(writer: WireWriter, struct: JsonMembers): void {
  for (const [key, value] of Object.entries(struct)) {
    writer.uint32(0x0a);
    const start = writer.begin();
    writer.uint32(0x0a);
    writer.string(key);
    writer.uint32(0x12);
    json.write(writer, value);
    writer.end(start);
  }
}

function writeList(writer: WireWriter, list: readonly Json[]): void {
  for (const value of list) {
    writer.uint32(0x0a);
    json.write(writer, value);
  }
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
    writer.uint32(Array.isArray(value) ? LIST : STRUCT);
    (Array.isArray(value) ? list : struct).write(writer, value);
  }
}

/** What JSON.parse has made is what answers have; only its depth is looked at, since the other wire has a limit. */
function parsed(value: Json, depth: number): Json {
  if (typeof value === 'object' && value !== null) {
    if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
    for (const member of Array.isArray(value) ? value : Object.values(value)) parsed(member, depth + 1);
  }
  return value;
}

/** A copy of what JSON can say; members that are undefined are left out, as JSON.stringify does. */
function taken(value: unknown, depth: number): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value === 'string') return scalarTypes['s']?.take(value, depth) as string;
  if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
  if (Array.isArray(value)) return value.map((element, index) => takenWithin(element, index, depth));
  if (!isObject(value)) throw new Fault(`expected what JSON can say, not ${kindOf(value)}`);
  const members: JsonMembers = {};
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) setMember(members, name, takenWithin(member, name, depth));
  }
  return members;
}

function takenWithin(value: unknown, name: string | number, depth: number): Json {
  try {
    return taken(value, depth + 1);
  } catch (error) {
    throw located(error, name);
  }
}

function structOnly<T>(value: T): T & JsonMembers {
  if (!isObject(value)) throw new Fault(`expected an object, not ${kindOf(value)}`);
  return value as T & JsonMembers;
}

function listOnly<T>(value: T): T & Json[] {
  if (!Array.isArray(value)) throw new Fault(`expected a list, not ${kindOf(value)}`);
  return value;
}

const json = bodyType<Json>({
  readBody: readValue,
  parse: parsed,
  take: taken,
  writeBody: writeValue,
  print: (value) => value,
  nullable: true,
});

const struct = bodyType<JsonMembers>({
  readBody: (reader) => readStruct(reader),
  parse: (value, depth) => parsed(structOnly(value), depth),
  take: (value, depth) => taken(structOnly(value), depth) as JsonMembers,
  writeBody: writeStruct,
  print: (value) => value,
});

const list = bodyType<Json[]>({
  readBody: (reader) => readList(reader),
  parse: (value, depth) => parsed(listOnly(value), depth),
  take: (value, depth) => taken(listOnly(value), depth) as Json[],
  writeBody: writeList,
  print: (value) => value,
});

/** A message with one field, of which JSON has but the value. */
function wrapper(inner: ValueType): ValueType {
  const tag = 8 | inner.wireType;
  const body: Body<unknown> = {
    readBody: (reader) => {
      let value = inner.zero;
      readFields(reader, (read) => {
        if (read === tag) value = inner.read(reader);
        return read === tag;
      });
      return value;
    },
    parse: (value, depth) => inner.parse(value, depth),
    take: (value, depth) => inner.take(value, depth),
    writeBody: (writer, value) => {
      if (value === inner.zero) return;
      writer.uint32(tag);
      inner.write(writer, value);
    },
    print: (value) => inner.print(value),
  };
  return bodyType(body);
}

/** By the codes that definitions have for them: the types whose JSON is not an object of their fields. */
export const wellKnownTypes: Readonly<Record<string, ValueType>> = {
  T: timestamp,
  D: duration,
  K: fieldMask,
  V: json,
  S: struct,
  L: list,
  ...Object.fromEntries(
    [...'dfIUiubsy'].map((code) => [`w${code}`, wrapper(scalarTypes[code] as ValueType)]),
  ),
};
