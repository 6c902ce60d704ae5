import { anyTypes, type EnumDefinition, type MessageDefinition } from '../../gen/tables.js';
import { type AnyMember, anyType } from './any-type.ts';
import { bodyType } from './body-type.ts';
import { enumType } from './enum-type.ts';
import { Fault, located } from './fault.ts';
import { scalarTypes } from './scalar-types.ts';
import type { MessageTable } from './tables.ts';
import { isObject, type Json, type JsonMembers, kindOf, setMember, type ValueType } from './value-type.ts';
import { wellKnownTypes } from './well-known-types.ts';
import { DEPTH_MAX, LENGTH_DELIMITED, truncated, WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** A field of a message. */
interface Field {
  readonly name: string;
  /** Of the wire; for a list of numbers that of a single one. */
  readonly tag: number;
  readonly type: ValueType;
  readonly isList: boolean;
  /** The type of a map's keys, which have their names parsed. */
  readonly key: ValueType | undefined;
  /** What a field that is no list or map has without being sent. */
  readonly zero: unknown;
  /** The other members of its oneof. */
  readonly rivals: readonly Field[];
  /** Where the field has its own among the reader's places, if it is a message and neither list nor map; else -1. */
  readonly place: number;
}

/** What is known of a message. */
interface Plan {
  readonly byName: ReadonlyMap<string, Field>;
  readonly byTag: readonly (Field | undefined)[];
  readonly collections: readonly Field[];
  /** How many fields have a place. */
  readonly places: number;
  /** An answer in which everything is absent, lists and maps left out: always the same keys in the same order. */
  readonly template: Members;
}

type Members = Record<string, unknown>;

/** What of a request is sent: fields with their values, lists of values, or pairs of keys and values. */
type Taken = (readonly [field: Field, value: unknown])[];

/** A message as the codec knows it. */
export interface MessageType extends MessageTable, ValueType {
  readBody(reader: WireReader): object;
  writeBody(writer: WireWriter, taken: unknown): void;
}

const types = new WeakMap<MessageDefinition, MessageType>();

/** The type of a message. Its definition is not looked into before there is something to read or to write. */
export function messageType(definition: MessageDefinition): MessageType {
  let type = types.get(definition);
  if (type === undefined) {
    type = makeType(definition);
    types.set(definition, type);
  }
  return type;
}

function makeType(definition: MessageDefinition): MessageType {
  let known: Plan | undefined;
  const plan = (): Plan => {
    known ??= makePlan(definition);
    return known;
  };
  const typeName = fullName(definition[0]);
  const body = {
    typeName,
    readBody: (reader: WireReader) => readMessage(plan(), reader),
    writeBody: (writer: WireWriter, taken: unknown) => writeFields(writer, taken as Taken),
    parse: (json: Json, depth: number) => parseMessage(plan(), json, depth),
    take: (value: unknown, depth: number) => takeMessage(plan(), typeName, value, depth),
    print: (taken: unknown) => printFields(taken as Taken),
  };
  return { ...body, ...bodyType(body), readBody: body.readBody };
}

/** A dot in front stands for the package of the API. */
export function fullName(name: string): string {
  return name.startsWith('.') ? `google.cloud.dialogflow.v2beta1${name}` : name;
}

const FIELD = /^(\w+)=(\d*)(?:(\*)|(\?)|\|(\d+)|\{(\w))?(w?\D)(\d*)$/;

function makePlan([, fields, referredTypes]: MessageDefinition): Plan {
  const referred = referredTypes?.() ?? [];
  const byName = new Map<string, Field>();
  const byTag: Field[] = [];
  const collections: Field[] = [];
  const oneofs = new Map<string, Field[]>();
  const template: Members = {};
  let number = 0;
  let places = 0;
  for (const text of fields === '' ? [] : fields.split(' ')) {
    const [, name = '', ownNumber = '', list, optional, oneof, keyCode, code = '', index = ''] =
      FIELD.exec(text) ?? [];
    number = ownNumber === '' ? number + 1 : Number(ownNumber);
    const type = typeByCode(code, referred[Number(index)]);
    const rivals = (oneof === undefined ? undefined : oneofs.get(oneof)) ?? [];
    if (oneof !== undefined) oneofs.set(oneof, rivals);
    const isSingle = list === undefined && keyCode === undefined;
    const wireType = keyCode === undefined ? type.wireType : LENGTH_DELIMITED;
    const field: Field = {
      name,
      tag: ((number << 3) | wireType) >>> 0,
      type,
      isList: list !== undefined,
      key: keyCode === undefined ? undefined : keyType(keyCode),
      zero: optional === undefined && oneof === undefined ? type.zero : undefined,
      rivals,
      place: isSingle && type.readBody !== undefined ? places++ : -1,
    };
    if (oneof !== undefined) rivals.push(field);
    template[name] = isSingle ? field.zero : undefined;
    if (!isSingle) collections.push(field);
    byName.set(name, field);
    byTag[field.tag] = field;
    if (field.isList) byTag[((number << 3) | LENGTH_DELIMITED) >>> 0] = field;
  }
  return { byName, byTag, collections, places, template };
}

function typeByCode(code: string, referred: MessageDefinition | EnumDefinition | undefined): ValueType {
  if (code === 'm') return messageType(referred as MessageDefinition);
  if (code === 'e') return enumType(referred as EnumDefinition);
  return code === 'A' ? any : ((scalarTypes[code] ?? wellKnownTypes[code]) as ValueType);
}

function keyType(code: string): ValueType {
  const type = scalarTypes[code] as ValueType;
  if (code !== 'b') return type;
  return { ...type, parse: (name) => type.parse(name === 'true' || (name === 'false' ? false : name), 0) };
}

const WELL_KNOWN_NAMES =
  'TTimestamp DDuration KFieldMask VValue SStruct LListValue wdDoubleValue wfFloatValue wIInt64Value wUUInt64Value wiInt32Value wuUInt32Value wbBoolValue wsStringValue wyBytesValue';

let anyMembers: Map<string, AnyMember> | undefined;

/** google.protobuf.Any. */
export const any: ValueType & MessageTable = {
  typeName: 'google.protobuf.Any',
  ...anyType(memberOfAny),
};

function memberOfAny(typeName: string): AnyMember | undefined {
  if (anyMembers === undefined) {
    anyMembers = new Map();
    for (const text of WELL_KNOWN_NAMES.split(' ')) {
      const code = text.startsWith('w') ? text.slice(0, 2) : text.slice(0, 1);
      const type = wellKnownTypes[code] as AnyMember['type'];
      anyMembers.set(`google.protobuf.${text.slice(code.length)}`, { type, hasFields: false });
    }
    anyMembers.set('google.protobuf.Any', { type: any as AnyMember['type'], hasFields: false });
    for (const type of anyTypes().map(messageType)) anyMembers.set(type.typeName, { type, hasFields: true });
  }
  return anyMembers.get(typeName);
}

function newMessage({ template, collections }: Plan): Members {
  // Copies of one object share its shape, which makes them quick to make and to use.
  const message = { ...template };
  for (const { name, isList } of collections) message[name] = isList ? [] : {};
  return message;
}

function readMessage(plan: Plan, reader: WireReader): object {
  reader.enter();
  const message = newMessage(plan);
  const base = reader.placesUsed;
  reader.placesUsed += plan.places;
  let pieces: Map<Field, Uint8Array[]> | undefined;
  let field: Field | undefined;
  try {
    while (reader.pos < reader.end) {
      const tag = reader.uint32();
      field = plan.byTag[tag];
      if (field === undefined) reader.skip(tag);
      else if (field.isList) readElements(reader, field, tag, message[field.name] as unknown[]);
      else if (field.key !== undefined) readEntry(reader, field, field.key, message[field.name] as object);
      else {
        if (field.place >= 0) {
          const place = base + field.place;
          if (message[field.name] !== undefined) {
            pieces ??= new Map();
            const spans = pieces.get(field) ?? [reader.spanAt(reader.places[place] as number)];
            spans.push(reader.spanAt(reader.pos));
            pieces.set(field, spans);
            reader.skip(tag);
            continue;
          }
          reader.places[place] = reader.pos;
        }
        message[field.name] = field.type.read(reader);
        for (const rival of field.rivals) {
          if (rival === field) continue;
          message[rival.name] = undefined;
          pieces?.delete(rival);
        }
      }
    }
    for (const [piecesField, spans] of pieces ?? []) {
      field = piecesField;
      message[field.name] = readWhole(field.type, concatenated(spans), reader.depth);
    }
  } catch (error) {
    throw field === undefined ? error : located(error, field.name);
  }
  reader.placesUsed = base;
  reader.leave();
  return message;
}

function readElements(
  reader: WireReader,
  { type, tag: tagOfOne }: Field,
  tag: number,
  list: unknown[],
): void {
  try {
    if (tag === tagOfOne) list.push(type.read(reader));
    else {
      const outer = reader.open();
      while (reader.pos < reader.end) list.push(type.read(reader));
      reader.close(outer);
    }
  } catch (error) {
    throw located(error, list.length);
  }
}

function readEntry(reader: WireReader, { type }: Field, keyOfMap: ValueType, map: object): void {
  const outer = reader.open();
  const keyTag = 8 | keyOfMap.wireType;
  const valueTag = 16 | type.wireType;
  let key = keyOfMap.zero;
  let value = type.zero;
  while (reader.pos < reader.end) {
    const tag = reader.uint32();
    if (tag === keyTag) key = keyOfMap.read(reader);
    else if (tag === valueTag) value = type.read(reader);
    else reader.skip(tag);
  }
  reader.close(outer);
  // An entry without a value has the default of its type, which for a message is one without fields.
  if (value === undefined) value = readWhole(type, new Uint8Array(), reader.depth);
  setMember(map, String(key), value);
}

/** Reads a message that takes up all of the bytes. */
function readWhole(type: ValueType, bytes: Uint8Array, depth: number): unknown {
  const reader = new WireReader(bytes, depth);
  const value = type.readBody?.(reader);
  if (reader.pos !== bytes.length) throw truncated();
  return value;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let pos = 0;
  for (const part of parts) {
    whole.set(part, pos);
    pos += part.length;
  }
  return whole;
}

function parseMessage(plan: Plan, json: Json, depth: number): object {
  if (!isObject(json)) throw new Fault(`expected an object, not ${kindOf(json)}`);
  if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
  const message = newMessage(plan);
  let field: Field | undefined;
  try {
    for (const name in json) {
      // Parsers of JSON take the names of the .proto file as well.
      field = plan.byName.get(name) ?? (name.includes('_') ? plan.byName.get(camelCase(name)) : undefined);
      const value = json[name] as Json;
      if (field === undefined || (value === null && !isNull(field))) continue;
      message[field.name] = parseField(field, value, depth + 1);
      for (const rival of field.rivals) {
        if (rival !== field && message[rival.name] !== undefined)
          throw new Fault(`${rival.name} is there as well`);
      }
    }
  } catch (error) {
    throw field === undefined ? error : located(error, field.name);
  }
  return message;
}

/** Whether null is a value of the field. */
function isNull({ type, isList, key }: Field): boolean {
  return type.nullable === true && !isList && key === undefined;
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function parseField({ type, isList, key }: Field, json: Json, depth: number): unknown {
  if (isList) {
    if (!Array.isArray(json)) throw new Fault(`expected a list, not ${kindOf(json)}`);
    return json.map((element, index) => parseWithin(type, element, index, depth));
  }
  if (key === undefined) return type.parse(json, depth);
  if (!isObject(json)) throw new Fault(`expected an object, not ${kindOf(json)}`);
  const map = {};
  for (const name of Object.keys(json)) {
    const value = parseWithin(type, json[name] as Json, name, depth);
    setMember(map, String(parseKey(key, name)), value);
  }
  return map;
}

function parseWithin(type: ValueType, json: Json, name: string | number, depth: number): unknown {
  try {
    if (json === null && !type.nullable) throw new Fault('null is no value here');
    return type.parse(json, depth);
  } catch (error) {
    throw located(error, name);
  }
}

function parseKey(key: ValueType, name: string): unknown {
  try {
    return key.parse(name, 0);
  } catch (error) {
    throw located(error, name);
  }
}

function takeMessage(plan: Plan, typeName: string, value: unknown, depth: number): Taken {
  if (!isObject(value)) throw new Fault(`expected an object, not ${kindOf(value)}`);
  if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
  const taken: Taken = [];
  for (const name of Object.keys(value)) {
    const given = value[name];
    if (given === undefined) continue;
    const field = plan.byName.get(name);
    if (field === undefined) throw unknownField(plan, typeName, name);
    if (given === null && !isNull(field)) continue;
    try {
      const rival = field.rivals.find(
        (other) => other !== field && (value[other.name] ?? undefined) !== undefined,
      );
      if (rival !== undefined) throw new Fault(`only one of ${field.name} and ${rival.name} can be sent`);
      const fieldValue = takeField(field, given, depth + 1);
      if (fieldValue !== undefined && fieldValue !== field.zero) taken.push([field, fieldValue]);
    } catch (error) {
      throw located(error, name);
    }
  }
  return taken;
}

function unknownField({ byName }: Plan, typeName: string, name: string): Fault {
  const camel = camelCase(name);
  const hint = byName.has(camel) ? `: it is called ${camel} here` : '';
  return new Fault(`unknown field of ${typeName}${hint}`).within(name);
}

/** What is to be sent; undefined for a list or a map without elements. */
function takeField({ type, isList, key }: Field, value: unknown, depth: number): unknown {
  if (isList) {
    if (!Array.isArray(value)) throw new Fault(`expected a list, not ${kindOf(value)}`);
    if (value.length === 0) return undefined;
    return Array.from(value, (element, index) => takeWithin(type, element, index, depth));
  }
  if (key === undefined) return type.take(value, depth);
  if (!isObject(value)) throw new Fault(`expected an object, not ${kindOf(value)}`);
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  if (entries.length === 0) return undefined;
  return entries.map(([name, member]) => [
    key.take(parseKey(key, name), depth),
    takeWithin(type, member, name, depth),
  ]);
}

function takeWithin(type: ValueType, value: unknown, name: string | number, depth: number): unknown {
  try {
    return type.take(value, depth);
  } catch (error) {
    throw located(error, name);
  }
}

function writeFields(writer: WireWriter, taken: Taken): void {
  for (const [field, value] of taken) {
    const { type, tag, key } = field;
    if (key !== undefined) {
      for (const [entryKey, entryValue] of value as [unknown, unknown][]) {
        writer.uint32(tag);
        const start = writer.begin();
        writer.uint32(8 | key.wireType);
        key.write(writer, entryKey);
        writer.uint32(16 | type.wireType);
        type.write(writer, entryValue);
        writer.end(start);
      }
    } else if (!field.isList) {
      writer.uint32(tag);
      type.write(writer, value);
    } else if (type.wireType === LENGTH_DELIMITED) {
      for (const element of value as unknown[]) {
        writer.uint32(tag);
        type.write(writer, element);
      }
    } else {
      writer.uint32((tag & ~7) | LENGTH_DELIMITED);
      const start = writer.begin();
      for (const element of value as unknown[]) type.write(writer, element);
      writer.end(start);
    }
  }
}

function printFields(taken: Taken): JsonMembers {
  const json: JsonMembers = {};
  for (const [field, value] of taken) json[field.name] = printField(field, value);
  return json;
}

function printField({ type, isList, key }: Field, value: unknown): Json {
  if (isList) return (value as unknown[]).map((element) => type.print(element));
  if (key === undefined) return type.print(value);
  const map: JsonMembers = {};
  for (const [entryKey, entryValue] of value as [unknown, unknown][]) {
    setMember(map, String(entryKey), type.print(entryValue));
  }
  return map;
}
