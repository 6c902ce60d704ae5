/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonMembers;
export type JsonMembers = { [name: string]: Json };

/**
 * How values of one type of protobuf look in answers and in requests, and in JSON; WireType has the other wire. All of
 * it throws a Fault for what is no such value. Depths count the messages around a value, for types that can be nested.
 */
export interface ValueType {
  /** What an answer has where nothing was sent; undefined for messages. */
  readonly zero: unknown;
  /** Whether null is a value, not the lack of one. */
  readonly nullable?: true;

  /** Reads a value of JSON as answers have it; null only where that is a value. */
  parse(json: Json, depth: number): unknown;
  /** Checks what a request has and brings it into the form that is written; the zero is always the same. */
  take(value: unknown, depth: number): unknown;
  /** Writes what was taken as JSON. */
  print(taken: unknown): Json;
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
