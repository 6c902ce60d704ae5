/**
 * Messages as plain objects, on both wires. https://protobuf.dev/programming-guides/encoding/ and /json/
 *
 * Answers have a key for every field of their type: the default for scalars and enums, `[]` and `{}` for lists and
 * maps, undefined for messages, optional fields and members of oneofs that are absent. Names are in camelCase; enums
 * are names, numbers where the number has none; 64-bit integers bigints; Timestamps RFC 3339 in UTC with 0, 3, 6 or 9
 * digits, Durations `1.500s`, FieldMasks paths between commas; Structs, Values and ListValues plain JSON; wrappers
 * what they wrap; bytes Uint8Arrays. What a message has beyond its type is dropped. Both wires give equal answers.
 *
 * Requests have the same shape, all of it optional, and may have more than that: Dates for Timestamps, numbers for
 * enums, numbers and strings for 64-bit integers, lists of paths for FieldMasks, null for what is absent.
 */
import type { MessageDefinition } from '../../gen/tables.js';
import { InvalidRequestError } from '../errors.ts';
import { CodecError } from './codec-error.ts';
import { Fault } from './fault.ts';
import { any, type MessageType, messageType } from './message-type.ts';
import { readWhole, wireOf } from './message-wire.ts';
import type { MessageTable } from './tables.ts';
import type { Json, JsonMembers } from './value-type.ts';
import { WireWriter } from './wire-writer.ts';

export { CodecError } from './codec-error.ts';
export { serviceTable } from './service-table.ts';
export type { Json, JsonMembers } from './value-type.ts';

/** The table of a message of gen/tables.js, always the same for the same one. */
export function messageTable(definition: MessageDefinition): MessageTable {
  return messageType(...definition);
}

/** The table of google.protobuf.Any, which is in no definition. Its answers are objects with an `@type`. */
export const anyTable: MessageTable = any;

/** The answer that these bytes are; a CodecError where they are none. Nothing of it refers to the bytes. */
export function decodeMessage(table: MessageTable, bytes: Uint8Array): object {
  try {
    return readWhole(wireOf(table), bytes, 0) as object;
  } catch (error) {
    throw codecError(table, error);
  }
}

/** The answer that this JSON is, as JSON.parse gives it; a CodecError where it is none. Parts of it may be shared. */
export function fromJson(table: MessageTable, json: unknown): object {
  try {
    return (table as MessageType).parse(json as Json, 0) as object;
  } catch (error) {
    throw codecError(table, error);
  }
}

/**
 * The bytes of a request, behind `room` bytes that are left for a prefix; an InvalidRequestError with the path of the
 * field for what is no request of that type.
 */
export function encodeMessage(table: MessageTable, value: object, room = 0): Uint8Array {
  return asRequest(table, (type) => {
    const taken = type.take(value, 0);
    const writer = new WireWriter();
    wireOf(type).writeBody(writer, taken);
    return writer.finish(room);
  });
}

/** The JSON of a request, for JSON.stringify; an InvalidRequestError as {@link encodeMessage}. */
export function toJson(table: MessageTable, value: object): JsonMembers {
  return asRequest(table, (type) => type.print(type.take(value, 0)) as JsonMembers);
}

/**
 * Throws an InvalidRequestError with the path of the field where {@link encodeMessage} and {@link toJson} both would:
 * for fields that do not exist, values of the wrong type or out of range, names that an enum has not, two members of a
 * oneof. What is in an Any of a type that is not known is only right for one of them or the other.
 */
export function checkMessage(table: MessageTable, value: object): void {
  asRequest(table, (type) => type.take(value, 0));
}

function asRequest<T>(table: MessageTable, make: (type: MessageType) => T): T {
  try {
    return make(table as MessageType);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const message = error.path === '' ? error.message : `${error.path}: ${error.message}`;
    throw new InvalidRequestError(message, { field: error.path });
  }
}

function codecError(table: MessageTable, error: unknown): CodecError {
  const { typeName } = table;
  if (error instanceof Fault) {
    const place = error.path === '' ? typeName : `${typeName}, ${error.path}`;
    return new CodecError(`${place}: ${error.message}`, { typeName, field: error.path });
  }
  return new CodecError(`${typeName}: ${String(error)}`, { typeName, cause: error });
}
