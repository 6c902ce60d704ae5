import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonMembers;
export type JsonMembers = { [name: string]: Json };

/**
 * How values of one type of protobuf look in answers and in requests, on either wire. All of it throws a Fault for
 * what is no such value. Depths count the messages around a value, for types that can be nested.
 */
export interface ValueType {
  readonly wireType: number;
  /** What an answer has where nothing was sent; undefined for messages. */
  readonly zero: unknown;

  /** Reads a value, behind its tag, as answers have it. */
  read(reader: WireReader): unknown;
  /** The same for a value of JSON, which is never null unless the type has a meaning for that. */
  parse(json: Json, depth: number): unknown;

  /** Checks what a request has and brings it into the form that the next two take; the zero is always the same. */
  take(value: unknown, depth: number): unknown;
  write(writer: WireWriter, taken: unknown): void;
  print(taken: unknown): Json;

  /** Whether null is a value, not the lack of one. */
  readonly nullable?: true;
  /**
   * For messages: reads one that takes up all that is left up to the reader's end, without a length in front. Two
   * occurrences of a field that is no list are one message, the bytes of which are those of both in a row.
   */
  readBody?(reader: WireReader): unknown;
}

/** Sets a member of an object, even one that is called `__proto__`. */
export function setMember(object: object, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  } else (object as Record<string, unknown>)[name] = value;
}

/** Whether something is an object that has members, as opposed to a list, a Date, bytes, a Map and the like. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(Symbol.iterator in value) &&
    !ArrayBuffer.isView(value)
  );
}

/** What a value is, for those who read of it in an error. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}...` : text}`;
}
