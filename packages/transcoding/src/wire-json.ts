import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromBinary,
  type Registry,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { hasOwnJsonForm } from './json-message.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  JsonOutput,
  type Literal,
  OPEN_BRACE,
  OPEN_BRACKET,
  toLiteral,
} from './json-output.ts';
import { type ScalarForm, scalarForms } from './scalar-json.ts';
import { writeDuration, writeTimestamp } from './time-json.ts';
import { LENGTH_DELIMITED, WireReader } from './wire-reader.ts';

/** How messages are written. */
export interface WireJsonOptions {
  /** The types that may stand in a `google.protobuf.Any`. */
  readonly registry: Registry;
  /** Enums by number instead of by name. */
  readonly enumsAsIntegers?: boolean;
}

/** How deep protobuf-es reads messages in messages. */
const DEPTH_MAX = 100;

/**
 * The proto3 JSON of an encoded message: to the letter what protobuf-es makes of it by way of a message and a
 * JSON value (fromBinary, toJson, JSON.stringify), in a fraction of the time. Throws what protobuf-es throws, for
 * bytes that are no such message and for values that JSON has no words for.
 *
 * What is usual is written straight from the bytes. The rest is left to protobuf-es: types whose JSON is not an
 * object of their fields, messages with a field in several pieces, and, where anything seems wrong, all of the
 * bytes, so that there is one judge of what is wrong. https://protobuf.dev/programming-guides/json/
 */
export function wireToJson(schema: DescMessage, bytes: Uint8Array, options: WireJsonOptions): string {
  try {
    return writeDirectly(schema, bytes, options);
  } catch {
    return writeByMessage(schema, bytes, options, DEPTH_MAX);
  }
}

/** As {@link wireToJson}, but throws an Error of no further meaning where that leaves all to protobuf-es. */
export function writeDirectly(schema: DescMessage, bytes: Uint8Array, options: WireJsonOptions): string {
  const wire = new WireReader(bytes);
  const job: Job = { wire, out: new JsonOutput(), options, depth: 0, places: [], placesUsed: 0 };
  writeMessage(job, writerOf(schema), bytes.length);
  return job.out.finish();
}

function writeByMessage(
  desc: DescMessage,
  bytes: Uint8Array,
  { registry, enumsAsIntegers = false }: WireJsonOptions,
  recursionLimit: number,
): string {
  const message = fromBinary(desc, bytes, { recursionLimit });
  return JSON.stringify(toJson(desc, message, { registry, enumAsInteger: enumsAsIntegers }));
}

/** A message that is being written, with all that it contains. */
interface Job {
  readonly wire: WireReader;
  readonly out: JsonOutput;
  readonly options: WireJsonOptions;
  /** How many messages are open, the one that is being written included. */
  depth: number;
  /** A stack: where each open message has its fields, one place for each member of its type. */
  readonly places: number[];
  placesUsed: number;
}

/** Writes the value that begins at the reader's position, which is moved behind it. */
type WriteValue = (job: Job) => void;

/** Writes the message that reaches from the reader's position to `end`; it leaves the position there. */
type WriteMessage = (job: Job, end: number) => void;

/** Writes all that a message, which ends at `end`, has of a field. It may leave the position anywhere. */
type WriteField = (job: Job, end: number) => void;

/** A field of a message type, as far as it matters here. */
interface Member {
  readonly index: number;
  /** `{"name":` and `,"name":`. */
  readonly firstKey: Literal;
  readonly nextKey: Literal;
  readonly tag: number;
  /** The tag under which several elements of a list of numbers come at once. */
  readonly packedTag: number | undefined;
  /** Whether there may be more than one. Then its place is that of the first tag, else that of the value. */
  readonly repeated: boolean;
  /** The indexes of the other members of its oneof. */
  readonly rivals: readonly number[];
  /** Reads the value: whether it is the default, which goes without saying. Undefined where nothing does. */
  readonly isDefault: ((job: Job) => boolean) | undefined;
  readonly write: WriteField;
}

/** The members of a message type in the order of their numbers, which is that of protobuf-es, and by number. */
interface Members {
  readonly ordered: readonly Member[];
  readonly byNumber: readonly (Member | undefined)[];
}

const NOWHERE = -1;

const writers = new WeakMap<DescMessage, WriteMessage>();

function writerOf(desc: DescMessage): WriteMessage {
  let writer = writers.get(desc);
  if (writer === undefined) {
    writer = !hasOwnJsonForm(desc) && isUsual(desc) ? compileMessage(desc) : compileSpecial(desc);
    writers.set(desc, writer);
  }
  return writer;
}

/** Whether a message is no more than its fields, in the order of their numbers, and those are as proto3 has them. */
function isUsual(desc: DescMessage): boolean {
  return (
    desc.proto.extensionRange.length === 0 &&
    desc.fields.every(
      (field) =>
        field.presence !== Presence.LEGACY_REQUIRED &&
        field.enum?.open !== false &&
        // Objects in JavaScript have members with such names first.
        !/^\d+$/.test(field.jsonName) &&
        !('delimitedEncoding' in field && field.delimitedEncoding),
    )
  );
}

function compileSpecial(desc: DescMessage): WriteMessage {
  switch (desc.typeName) {
    case 'google.protobuf.Timestamp':
      return ({ wire, out }, end) => writeTimestamp(wire, out, end);
    case 'google.protobuf.Duration':
      return ({ wire, out }, end) => writeDuration(wire, out, end);
    default:
      return (job, end) => leaveToProtobuf(desc, job, end);
  }
}

function leaveToProtobuf(desc: DescMessage, { wire, out, options, depth }: Job, end: number): void {
  // The message itself is one of those that may be open.
  const recursionLimit = DEPTH_MAX - depth + 1;
  out.text(writeByMessage(desc, wire.bytesTo(end), options, recursionLimit));
}

function writeMessage(job: Job, write: WriteMessage, end: number): void {
  if (job.depth === DEPTH_MAX) throw new RangeError('messages are nested too deep');
  job.depth += 1;
  write(job, end);
  job.depth -= 1;
  if (job.wire.pos !== end) throw new RangeError('a message does not end where it should');
}

function compileMessage(desc: DescMessage): WriteMessage {
  const members = compileMembers(desc);
  return (job, end) => {
    const start = job.wire.pos;
    const base = job.placesUsed;
    job.placesUsed += members.ordered.length;
    if (findFields(job, members, base, end)) {
      writeFields(job, members, base, end);
      job.wire.pos = end;
    } else {
      job.wire.pos = start;
      leaveToProtobuf(desc, job, end);
    }
    job.placesUsed = base;
  };
}

function compileMembers(desc: DescMessage): Members {
  const fields = desc.fields.toSorted((a, b) => a.number - b.number);
  const ordered = fields.map((field, index) => {
    const rivals = field.oneof?.fields.filter((rival) => rival !== field) ?? [];
    return compileMember(
      field,
      index,
      rivals.map((rival) => fields.indexOf(rival)),
    );
  });
  const byNumber: Member[] = [];
  for (const member of ordered) byNumber[member.tag >>> 3] = member;
  return { ordered, byNumber };
}

/**
 * Notes where the fields of a message are, which may come in any order, in the places from `base` on. False for a
 * message that is more than one after the other: with a field twice, a list in pieces, a oneof set again.
 */
function findFields({ wire, places }: Job, members: Members, base: number, end: number): boolean {
  for (let index = 0; index < members.ordered.length; index += 1) places[base + index] = NOWHERE;
  let last: Member | undefined;
  while (wire.pos < end) {
    const start = wire.pos;
    const tag = wire.tag();
    const member = members.byNumber[tag >>> 3];
    if (member !== undefined) {
      if (tag !== member.tag && tag !== member.packedTag) throw new TypeError('a field has another type');
      if (places[base + member.index] === NOWHERE) {
        for (const rival of member.rivals) if (places[base + rival] !== NOWHERE) return false;
        places[base + member.index] = member.repeated ? start : wire.pos;
      } else if (!member.repeated || member !== last) {
        return false;
      }
    }
    last = member;
    wire.skip(tag);
  }
  if (wire.pos !== end) throw new RangeError('a field does not end within its message');
  return true;
}

/** Writes the fields that {@link findFields} found. */
function writeFields(job: Job, members: Members, base: number, end: number): void {
  const { wire, out, places } = job;
  let isEmpty = true;
  for (let index = 0; index < members.ordered.length; index += 1) {
    const place = places[base + index] as number;
    if (place === NOWHERE) continue;
    const member = members.ordered[index] as Member;
    wire.pos = place;
    if (member.isDefault !== undefined) {
      if (member.isDefault(job)) continue;
      wire.pos = place;
    }
    out.literal(isEmpty ? member.firstKey : member.nextKey);
    isEmpty = false;
    member.write(job, end);
  }
  if (isEmpty) out.character(OPEN_BRACE);
  out.character(CLOSE_BRACE);
}

function compileMember(field: DescField, index: number, rivals: readonly number[]): Member {
  const key = JSON.stringify(field.jsonName);
  const repeated = field.fieldKind === 'list' || field.fieldKind === 'map';
  const wireType = field.fieldKind === 'map' ? LENGTH_DELIMITED : wireTypeOfValue(field);
  const isPackable = field.fieldKind === 'list' && wireType !== LENGTH_DELIMITED;
  return {
    index,
    firstKey: toLiteral(`{${key}:`),
    nextKey: toLiteral(`,${key}:`),
    tag: tagOf(field.number, wireType),
    packedTag: isPackable ? tagOf(field.number, LENGTH_DELIMITED) : undefined,
    repeated,
    rivals,
    isDefault: repeated || field.presence !== Presence.IMPLICIT ? undefined : compileIsDefault(field),
    write: compileField(field),
  };
}

function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

/** The wire type of a field's value, or of an element or the values of the entries. */
function wireTypeOfValue(field: DescField): number {
  return field.message ? LENGTH_DELIMITED : scalarFormOf(field).wireType;
}

/** Enums are read as integers. */
function scalarFormOf(field: DescField): ScalarForm {
  return scalarForms[field.scalar ?? ScalarType.INT32];
}

function compileIsDefault(field: DescField): (job: Job) => boolean {
  if (field.enum) {
    const zero = field.enum.values[0]?.number;
    return ({ wire }) => wire.int32() === zero;
  }
  const form = scalarFormOf(field);
  return ({ wire }) => form.isZero(wire);
}

function compileField(field: DescField): WriteField {
  switch (field.fieldKind) {
    case 'list':
      return compileList(field);
    case 'map':
      return compileMap(field);
    default:
      return compileValue(field);
  }
}

/** For the value of a field, an element of a list or the value of an entry. */
function compileValue(field: DescField): WriteValue {
  if (field.message) {
    const { message } = field;
    // Looked up when there is one to write, since types may contain themselves.
    let write: WriteMessage | undefined;
    return (job) => {
      write ??= writerOf(message);
      writeMessage(job, write, job.wire.end());
    };
  }
  if (field.enum) return compileEnum(field.enum);
  const form = scalarFormOf(field);
  return ({ wire, out }) => form.write(wire, out);
}

function compileEnum(desc: DescEnum): WriteValue {
  if (desc.typeName === 'google.protobuf.NullValue') {
    return ({ wire, out }) => {
      wire.int32();
      out.ascii('null');
    };
  }
  const names = new Map(
    desc.values.map(({ number }) => [number, toLiteral(JSON.stringify(desc.value[number]?.jsonName))]),
  );
  return ({ wire, out, options }) => {
    const number = wire.int32();
    const name = options.enumsAsIntegers ? undefined : names.get(number);
    if (name === undefined) out.ascii(String(number));
    else out.literal(name);
  };
}

function compileList(field: DescField): WriteField {
  const { number } = field;
  const write = compileValue(field);
  const isPackable = wireTypeOfValue(field) !== LENGTH_DELIMITED;
  return (job, end) => {
    const { wire, out } = job;
    let separator = OPEN_BRACKET;
    do {
      const isPacked = (wire.tag() & 7) === LENGTH_DELIMITED && isPackable;
      // Otherwise there is one element, which takes at least one byte.
      const last = isPacked ? wire.end() : wire.pos + 1;
      while (wire.pos < last) {
        out.character(separator);
        separator = COMMA;
        write(job);
      }
      if (isPacked && wire.pos !== last) throw new RangeError('a packed list does not end where it should');
    } while (hasNext(wire, number, end));
    if (separator === OPEN_BRACKET) throw new RangeError('an empty list is no field');
    out.character(CLOSE_BRACKET);
  };
}

/** Whether the field goes on. The position is before the tag again. */
function hasNext(wire: WireReader, number: number, end: number): boolean {
  const start = wire.pos;
  if (start >= end) return false;
  const tag = wire.tag();
  wire.pos = start;
  return tag >>> 3 === number;
}

function compileMap(field: DescField & { readonly fieldKind: 'map' }): WriteField {
  const { number } = field;
  const write = compileValue(field);
  const keyForm = scalarForms[field.mapKey];
  const keyTag = tagOf(1, keyForm.wireType);
  const valueTag = tagOf(2, wireTypeOfValue(field));
  return (job, end) => {
    const { wire, out } = job;
    // The order is that of an object's members, as it is in protobuf-es; no prototype here that a key could meet.
    const places: Record<string, number> = Object.create(null);
    do {
      wire.tag();
      const entryEnd = wire.end();
      if (wire.tag() !== keyTag) throw new TypeError('an entry does not begin with its key');
      const key = keyForm.readKey(wire);
      if (wire.tag() !== valueTag) throw new TypeError('an entry does not go on with its value');
      if (key in places) throw new TypeError('a key comes twice');
      places[key] = wire.pos;
      wire.skip(valueTag);
      if (wire.pos !== entryEnd) throw new RangeError('an entry does not end with its value');
    } while (hasNext(wire, number, end));
    let separator = OPEN_BRACE;
    for (const key of Object.keys(places)) {
      out.character(separator);
      separator = COMMA;
      out.text(JSON.stringify(key));
      out.character(COLON);
      wire.pos = places[key] as number;
      write(job);
    }
    out.character(CLOSE_BRACE);
  };
}
