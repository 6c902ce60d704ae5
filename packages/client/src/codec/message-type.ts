import { anyTypes, type MessageDefinition, type Types, words } from '../../gen/tables.js';
import { spellOut } from './abbreviations.ts';
import { type AnyForm, anyType } from './any-type.ts';
import { type EnumType, enumType } from './enum-type.ts';
import { checkDepth, expected, Fault, located, within } from './fault.ts';
import { keyType, scalarTypes } from './scalar-types.ts';
import type { MessageTable } from './tables.ts';
import { isObject, type Json, type JsonMembers, setMember, type ValueType } from './value-type.ts';
import { WELL_KNOWN_NAMES, wellKnownTypes } from './well-known-types.ts';

/** A message as the codec knows it. */
export interface MessageType extends MessageTable, ValueType {
  /** Its fields, looked into when there is something to read or to write for the first time. */
  plan(): Plan;
}

/** What is known of a message. */
export interface Plan {
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  /** An answer in which everything is absent, lists and maps left out: always the same keys in the same order. */
  readonly template: Members;
  /** The lists and maps. */
  readonly collections: readonly Field[];
}

/** A field of a message. */
export interface Field {
  /** Its place among the fields of the message. */
  readonly index: number;
  readonly name: string;
  readonly number: number;
  readonly isList: boolean;
  /** The code and the type of a map's keys; both undefined for what is no map. */
  readonly keyCode: string | undefined;
  readonly key: ValueType | undefined;
  readonly code: string;
  readonly type: ValueType;
  /** What a field that is no list or map has without being sent. */
  readonly zero: unknown;
  /** The members of its oneof, the field itself among them; empty without a oneof. */
  readonly oneof: readonly Field[];
}

/** A message while it is read. */
export type Members = Record<string, unknown>;

/** What of a request is written: fields with their values, lists of values, or pairs of keys and values. */
export type Taken = (readonly [field: Field, value: unknown])[];

const known = new WeakMap<Types, Map<number, MessageType | EnumType>>();

/** The type at a place among types, always the same one. */
function typeAt<T extends MessageType | EnumType>(
  types: Types,
  place: number,
  make: (types: Types, place: number) => T,
): T {
  let ofTypes = known.get(types);
  if (ofTypes === undefined) {
    ofTypes = new Map();
    known.set(types, ofTypes);
  }
  let type = ofTypes.get(place);
  if (type === undefined) {
    type = make(types, place);
    ofTypes.set(place, type);
  }
  // Whoever refers to a place knows what is there.
  return type as T;
}

export function messageType(...[types, place]: MessageDefinition): MessageType {
  return typeAt(types, place, makeMessage);
}

function makeMessage(types: Types, place: number): MessageType {
  const texts = textAt(types, place).split(' ');
  const [first = ''] = texts;
  const typeName = first.includes('.') ? fullName(first) : '';
  let plan: Plan | undefined;
  const planOnce = (): Plan => {
    plan ??= makePlan(types, typeName === '' ? texts : texts.slice(1));
    return plan;
  };
  return {
    typeName,
    plan: planOnce,
    zero: undefined,
    parse: (json, depth) => parseMessage(planOnce(), json, depth),
    take: (value, depth) => takeMessage(planOnce(), value, depth),
    print: (taken) => printFields(taken as Taken),
  };
}

function makeEnum(types: Types, place: number): EnumType {
  return enumType(textAt(types, place));
}

let splitWords: readonly string[] | undefined;

function textAt(types: Types, place: number): string {
  splitWords ??= words.split('~');
  return spellOut(types[place] ?? '', splitWords);
}

/** A dot in front stands for the package of the API. */
export function fullName(name: string): string {
  return name.startsWith('.') ? `google.cloud.dialogflow.v2beta1${name}` : name;
}

/** One field in the notation of gen/tables.js, see describeFields(). */
const FIELD = /^(\w+)(?:=(\d*)(?:(\*)|(\?)|\|(\d+)|\{(\w))?(w?\D)(\d*))?$/;

function makePlan(types: Types, texts: readonly string[]): Plan {
  const fields: Field[] = [];
  const oneofs = new Map<string, Field[]>();
  const template: Members = {};
  let number = 0;
  for (const text of texts) {
    if (text === '') continue;
    const [, name = '', ownNumber, list, optional, oneof, keyCode, code = 's', reference] =
      FIELD.exec(text) ?? [];
    number = Number(ownNumber) || number + 1;
    const type = typeOf(code, types, Number(reference));
    const members = (oneof === undefined ? undefined : oneofs.get(oneof)) ?? [];
    const zero = optional === undefined && oneof === undefined ? type.zero : undefined;
    const isList = list !== undefined;
    const key = keyCode === undefined ? undefined : keyType(keyCode);
    const field = {
      index: fields.length,
      name,
      number,
      isList,
      keyCode,
      key,
      code,
      type,
      zero,
      oneof: members,
    };
    fields.push(field);
    if (oneof !== undefined) {
      members.push(field);
      oneofs.set(oneof, members);
    }
    template[name] = isList || key !== undefined ? undefined : zero;
  }
  const collections = fields.filter(({ isList, key }) => isList || key !== undefined);
  return { fields, byName: new Map(fields.map((field) => [field.name, field])), template, collections };
}

function typeOf(code: string, types: Types, place: number): ValueType {
  if (code === 'm') return messageType(types, place);
  if (code === 'e') return typeAt(types, place, makeEnum);
  return code === 'A' ? any : ((scalarTypes[code] ?? wellKnownTypes[code]) as ValueType);
}

/** google.protobuf.Any. */
export const any: ValueType & MessageTable = {
  typeName: 'google.protobuf.Any',
  ...anyType(anyForm),
};

function anyForm(typeName: string): AnyForm | undefined {
  const member = anyMember(typeName);
  if (member === undefined) return undefined;
  if (typeof member !== 'string') return { type: member, hasFields: true };
  return { type: typeOf(member, [], 0), hasFields: false };
}

let anyMessages: Map<string, MessageType> | undefined;

/** What may stand in an Any: a message that has fields, or the code of a type that has none in JSON. */
export function anyMember(typeName: string): MessageType | string | undefined {
  anyMessages ??= new Map(
    anyTypes.map((definition) => {
      const type = messageType(...definition);
      return [type.typeName, type];
    }),
  );
  return anyMessages.get(typeName) ?? WELL_KNOWN_NAMES.get(typeName);
}

/** An answer without anything in it. */
export function newMessage({ template, collections }: Plan): Members {
  // Copies of one object share its shape, which makes them quick to make and to use.
  const message = { ...template };
  for (const { name, isList } of collections) message[name] = isList ? [] : {};
  return message;
}

function parseMessage(plan: Plan, json: Json, depth: number): Members {
  const members = objectOf(json);
  checkDepth(depth);
  const message = newMessage(plan);
  let field: Field | undefined;
  try {
    for (const name in members) {
      // Parsers of JSON take the names of the .proto file as well.
      field = plan.byName.get(name) ?? (name.includes('_') ? plan.byName.get(camelCase(name)) : undefined);
      const value = members[name] as Json;
      if (field === undefined || (value === null && !isNull(field))) continue;
      message[field.name] = parseField(field, value, depth + 1);
      for (const rival of field.oneof) {
        if (rival !== field && message[rival.name] !== undefined)
          throw new Fault(`${rival.name} is there as well`);
      }
    }
  } catch (error) {
    throw field === undefined ? error : located(error, field.name);
  }
  return message;
}

function parseField({ type, isList, key }: Field, json: Json, depth: number): unknown {
  if (!isList && key === undefined) return type.parse(json, depth);
  const parse = (member: Json): unknown => {
    if (member === null && !type.nullable) throw new Fault('null is no value here');
    return type.parse(member, depth);
  };
  if (key === undefined)
    return listOf(json).map((member, index) => within(index, () => parse(member as Json)));
  const map = {};
  for (const [name, member] of Object.entries(objectOf(json))) {
    within(name, () => setMember(map, String(key.parse(name, depth)), parse(member as Json)));
  }
  return map;
}

/** Whether null is a value of the field. */
function isNull({ type, isList, key }: Field): boolean {
  return type.nullable === true && !isList && key === undefined;
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function objectOf(value: unknown): Members {
  if (!isObject(value)) throw expected('an object', value);
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw expected('a list', value);
  return value;
}

function takeMessage(plan: Plan, value: unknown, depth: number): Taken {
  const members = objectOf(value);
  checkDepth(depth);
  const taken: Taken = [];
  for (const name of Object.keys(members)) {
    const given = members[name];
    if (given === undefined) continue;
    const field = plan.byName.get(name);
    if (field === undefined) throw unknownField(plan, name);
    if (given === null && !isNull(field)) continue;
    try {
      for (const rival of field.oneof) {
        if (rival === field || (members[rival.name] ?? undefined) === undefined) continue;
        throw new Fault(`only one of ${field.name} and ${rival.name} can be sent`);
      }
      const fieldTaken = takeField(field, given, depth + 1);
      if (fieldTaken !== field.zero) taken.push([field, fieldTaken]);
    } catch (error) {
      throw located(error, name);
    }
  }
  return taken;
}

function unknownField({ byName }: Plan, name: string): Fault {
  const camel = camelCase(name);
  const hint = byName.has(camel) ? `: it is called ${camel} here` : '';
  return new Fault(`there is no such field${hint}`).within(name);
}

/** What is to be written; for a list or a map without elements what nothing is written for. */
function takeField({ type, isList, key, zero }: Field, value: unknown, depth: number): unknown {
  if (!isList && key === undefined) return type.take(value, depth);
  const take = (member: unknown) => type.take(member, depth);
  const taken =
    key === undefined
      ? Array.from(listOf(value), (member, index) => within(index, () => take(member)))
      : Object.entries(objectOf(value))
          .filter(([, member]) => member !== undefined)
          .map(([name, member]) =>
            within(name, () => [key.take(key.parse(name, depth), depth), take(member)]),
          );
  return taken.length === 0 ? zero : taken;
}

function printFields(taken: Taken): JsonMembers {
  const json: JsonMembers = {};
  for (const [field, value] of taken) json[field.name] = printField(field, value);
  return json;
}

function printField({ type, isList, key }: Field, value: unknown): Json {
  if (isList) return (value as unknown[]).map(type.print);
  if (key === undefined) return type.print(value);
  const map: JsonMembers = {};
  for (const [entryKey, member] of value as [unknown, unknown][]) {
    setMember(map, String(entryKey), type.print(member));
  }
  return map;
}
