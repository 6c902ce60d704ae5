import { type AnyWireForm, anyWire } from './any-wire.ts';
import type { EnumType } from './enum-type.ts';
import { located } from './fault.ts';
import {
  any,
  anyMember,
  type Field,
  type MessageType,
  newMessage,
  type Plan,
  type Taken,
} from './message-type.ts';
import { scalarWires } from './scalar-wires.ts';
import type { MessageTable } from './tables.ts';
import { setMember, type ValueType } from './value-type.ts';
import { wellKnownWires } from './well-known-wires.ts';
import { LENGTH_DELIMITED, truncated, VARINT, WireReader } from './wire-reader.ts';
import { messageWire, type WireType } from './wire-type.ts';
import type { WireWriter } from './wire-writer.ts';

/** A field, as the wire has it. */
interface WireField {
  readonly field: Field;
  /** For a list of numbers that of a single one. */
  readonly tag: number;
  readonly wire: WireType;
  /** How a map's keys are written; undefined for what is no map. */
  readonly key: WireType | undefined;
  /** Where a message that is neither in a list nor in a map has its own among the reader's places; else -1. */
  readonly place: number;
}

/** A message, as the wire has it. */
interface WirePlan {
  readonly plan: Plan;
  /** In the order of the plan's. */
  readonly fields: readonly WireField[];
  readonly byTag: readonly (WireField | undefined)[];
  /** How many fields have a place. */
  readonly places: number;
}

const wires = new WeakMap<object, Required<WireType>>();

/** How messages of a type are written in protobuf. */
export function wireOf(table: MessageTable): Required<WireType> {
  let wire = wires.get(table);
  if (wire === undefined) {
    wire = table === any ? anyWire(anyForm) : makeWire(table as MessageType);
    wires.set(table, wire);
  }
  return wire;
}

function makeWire(type: MessageType): Required<WireType> {
  let known: WirePlan | undefined;
  const plan = (): WirePlan => {
    known ??= makePlan(type.plan());
    return known;
  };
  return messageWire<Taken>(
    (reader) => readMessage(plan(), reader),
    (writer, taken) => writeFields(plan(), writer, taken),
  );
}

function makePlan(plan: Plan): WirePlan {
  const byTag: WireField[] = [];
  let places = 0;
  const fields = plan.fields.map((field): WireField => {
    const { code, number, isList, keyCode } = field;
    const wire = wireByCode(code, field.type);
    const key = keyCode === undefined ? undefined : scalarWires[keyCode];
    const tag = ((number << 3) | (key === undefined ? wire.wireType : LENGTH_DELIMITED)) >>> 0;
    const isSingle = !isList && key === undefined;
    const place = isSingle && wire.readBody !== undefined ? places++ : -1;
    const wireField = { field, tag, wire, key, place };
    byTag[tag] = wireField;
    if (isList) byTag[((number << 3) | LENGTH_DELIMITED) >>> 0] = wireField;
    return wireField;
  });
  return { plan, fields, byTag, places };
}

function wireByCode(code: string, type: ValueType): WireType {
  if (code === 'm' || code === 'A') return wireOf(type as MessageType);
  return code === 'e'
    ? enumWire(type as EnumType)
    : ((scalarWires[code] ?? wellKnownWires[code]) as WireType);
}

function enumWire(type: EnumType): WireType {
  return {
    wireType: VARINT,
    read: (reader) => type.named(reader.int32()),
    write: (writer, taken) => writer.int32(type.numberOf(taken)),
  };
}

function anyForm(typeName: string): AnyWireForm | undefined {
  const known = anyMember(typeName);
  if (known === undefined) return undefined;
  if (typeof known !== 'string') return { wire: wireOf(known), hasFields: true };
  return { wire: wireByCode(known, any), hasFields: false };
}

function readMessage({ plan, byTag, places }: WirePlan, reader: WireReader): object {
  reader.enter();
  const message = newMessage(plan);
  const base = reader.placesUsed;
  reader.placesUsed += places;
  let parts: Map<WireField, Uint8Array[]> | undefined;
  let wireField: WireField | undefined;
  try {
    while (reader.pos < reader.end) {
      const tag = reader.uint32();
      wireField = byTag[tag];
      if (wireField === undefined) {
        reader.skip(tag);
        continue;
      }
      const { field, wire, key, place } = wireField;
      const { name } = field;
      if (field.isList) readElements(reader, wireField, tag, message[name] as unknown[]);
      else if (key !== undefined) readEntry(reader, wireField, key, message[name] as object);
      else if (place >= 0 && message[name] !== undefined) {
        parts ??= new Map();
        const spans = parts.get(wireField) ?? [reader.spanAt(reader.places[base + place] as number)];
        parts.set(wireField, spans);
        spans.push(reader.spanAt(reader.pos));
        reader.skip(tag);
      } else {
        if (place >= 0) reader.places[base + place] = reader.pos;
        message[name] = wire.read(reader);
        for (const rival of field.oneof) {
          if (rival !== field && message[rival.name] !== undefined) {
            message[rival.name] = undefined;
            for (const partial of parts?.keys() ?? []) if (partial.field === rival) parts?.delete(partial);
          }
        }
      }
    }
    for (const [partial, spans] of parts ?? []) {
      wireField = partial;
      message[partial.field.name] = readWhole(partial.wire, concatenated(spans), reader.depth);
    }
  } catch (error) {
    throw wireField === undefined ? error : located(error, wireField.field.name);
  }
  reader.placesUsed = base;
  reader.leave();
  return message;
}

function readElements(reader: WireReader, wireField: WireField, tag: number, list: unknown[]): void {
  const { wire } = wireField;
  try {
    if (tag === wireField.tag) list.push(wire.read(reader));
    else {
      const outer = reader.open();
      while (reader.pos < reader.end) list.push(wire.read(reader));
      reader.close(outer);
    }
  } catch (error) {
    throw located(error, list.length);
  }
}

function readEntry(reader: WireReader, { field, wire }: WireField, keyWire: WireType, map: object): void {
  const outer = reader.open();
  const keyTag = 8 | keyWire.wireType;
  const valueTag = 16 | wire.wireType;
  let key = field.key?.zero;
  let value = field.type.zero;
  while (reader.pos < reader.end) {
    const tag = reader.uint32();
    if (tag === keyTag) key = keyWire.read(reader);
    else if (tag === valueTag) value = wire.read(reader);
    else reader.skip(tag);
  }
  reader.close(outer);
  // An entry without a value has the default of its type, which for a message is one without fields.
  if (value === undefined) value = readWhole(wire, new Uint8Array(), reader.depth);
  setMember(map, String(key), value);
}

/** Reads a message that takes up all of the bytes, inside of so many others. */
export function readWhole(wire: WireType, bytes: Uint8Array, depth: number): unknown {
  const reader = new WireReader(bytes, depth);
  const value = wire.readBody?.(reader);
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

/** Writes the fields of a message, without its length in front. */
function writeFields({ fields }: WirePlan, writer: WireWriter, taken: Taken): void {
  for (const [{ index, isList }, value] of taken) {
    const { tag, wire, key } = fields[index] as WireField;
    const isPacked = isList && wire.wireType !== LENGTH_DELIMITED;
    if (isPacked) {
      writer.uint32(((tag & ~7) | LENGTH_DELIMITED) >>> 0);
      const start = writer.begin();
      for (const element of value as unknown[]) wire.write(writer, element);
      writer.end(start);
      continue;
    }
    for (const element of isList || key !== undefined ? (value as unknown[]) : [value]) {
      writer.uint32(tag);
      if (key === undefined) wire.write(writer, element);
      else writeEntry(writer, key, wire, element as [unknown, unknown]);
    }
  }
}

function writeEntry(writer: WireWriter, keyWire: WireType, wire: WireType, entry: [unknown, unknown]): void {
  const [key, value] = entry;
  const start = writer.begin();
  writer.uint32(8 | keyWire.wireType);
  keyWire.write(writer, key);
  writer.uint32(16 | wire.wireType);
  wire.write(writer, value);
  writer.end(start);
}
