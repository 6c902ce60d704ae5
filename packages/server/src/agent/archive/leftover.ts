import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { isObject } from './json-node.ts';

/**
 * What a file of an export says beyond what is written of what was read of it. It is stored as a Struct and put back
 * when the file is written again. Values may have changed meanwhile, so each difference is bound to what it differed
 * from: a value that is written otherwise by now stays as it is written.
 */
interface Leftover {
  /** Keys that are not written. */
  more?: JsonObject;
  /** Keys that are written and were not there, with what is written. */
  less?: JsonObject;
  /** Values in another form: what is written, and what was there. */
  other?: Record<string, [JsonValue, JsonValue]>;
  /** Differences within values. */
  in?: Record<string, Leftover>;
  /** The same difference in every element of a list. */
  each?: Leftover;
  /** Differences in elements of a list: where each was, its `id` if it has one, the difference. */
  at?: [number, string | null, Leftover][];
  /** How many elements the list had. */
  of?: number;
}

/** Under which the two sides of a file lie that have nothing in common. */
const ALL = 'file';

/** What `found` says beyond `written`; undefined where they are the same. */
export function leftoverOf(written: JsonValue, found: JsonValue): JsonObject | undefined {
  const leftover = compare({ [ALL]: written }, { [ALL]: found });
  return (leftover === undefined || leftover === 'unlike' ? undefined : leftover) as JsonObject | undefined;
}

/** `written`, with what was left over when it was read. */
export function withLeftover<Value extends JsonValue>(
  written: Value,
  leftover: JsonObject | undefined,
): Value {
  if (leftover === undefined) return written;
  return (complete({ [ALL]: written }, leftover as Leftover) as JsonObject)[ALL] as Value;
}

function compare(written: JsonValue, found: JsonValue): Leftover | 'unlike' | undefined {
  if (isObject(written) && isObject(found)) return compareObjects(written, found);
  if (Array.isArray(written) && Array.isArray(found)) return compareLists(written, found);
  return written === found ? undefined : 'unlike';
}

function compareObjects(written: JsonObject, found: JsonObject): Leftover | undefined {
  const leftover: Leftover = {};
  for (const [key, value] of Object.entries(found)) {
    if (!Object.hasOwn(written, key)) {
      leftover.more ??= {};
      leftover.more[key] = value;
      continue;
    }
    const own = written[key] as JsonValue;
    const difference = compare(own, value);
    if (difference === 'unlike') {
      leftover.other ??= {};
      leftover.other[key] = [own, value];
    } else if (difference !== undefined) {
      leftover.in ??= {};
      leftover.in[key] = difference;
    }
  }
  for (const [key, value] of Object.entries(written)) {
    if (Object.hasOwn(found, key)) continue;
    leftover.less ??= {};
    leftover.less[key] = value;
  }
  return Object.keys(leftover).length === 0 ? undefined : leftover;
}

function compareLists(written: JsonValue[], found: JsonValue[]): Leftover | 'unlike' | undefined {
  if (written.length !== found.length) return 'unlike';
  const differences: [number, string | null, Leftover][] = [];
  for (const [index, own] of written.entries()) {
    const difference = compare(own, found[index] as JsonValue);
    if (difference === undefined) continue;
    // An element has no key beside which the two forms of a plain value could stand.
    if (difference === 'unlike' || !isObject(own)) return 'unlike';
    differences.push([index, idOf(own), difference]);
  }
  const [first] = differences;
  if (first === undefined) return undefined;
  if (differences.length > 1 && differences.length === written.length) {
    const model = JSON.stringify(first[2]);
    if (differences.every(([, , difference]) => JSON.stringify(difference) === model))
      return { each: first[2] };
  }
  return { at: differences, of: written.length };
}

function idOf(element: JsonValue | undefined): string | null {
  const id = isObject(element) ? element['id'] : undefined;
  return typeof id === 'string' && id !== '' ? id : null;
}

function complete(written: JsonValue, leftover: Leftover): JsonValue {
  if (isObject(written)) return completeObject(written, leftover);
  if (Array.isArray(written)) return completeList(written, leftover);
  return written;
}

function completeObject(
  written: JsonObject,
  { more = {}, less = {}, other = {}, in: within = {} }: Leftover,
): JsonObject {
  const whole: JsonObject = {};
  for (const [key, value] of Object.entries(written)) {
    const [was, form] = Object.hasOwn(other, key) ? (other[key] ?? []) : [];
    if (Object.hasOwn(less, key) && isSame(value, less[key])) continue;
    if (form !== undefined && isSame(value, was)) whole[key] = form;
    else if (Object.hasOwn(within, key)) whole[key] = complete(value, within[key] ?? {});
    else whole[key] = value;
  }
  for (const [key, value] of Object.entries(more)) if (!Object.hasOwn(whole, key)) whole[key] = value;
  return whole;
}

function completeList(written: JsonValue[], { each, at, of }: Leftover): JsonValue[] {
  if (each !== undefined) return written.map((element) => completeElement(element, each));
  const whole = [...written];
  const places = new Map<string, number>();
  for (const [index, element] of written.entries()) {
    const id = idOf(element);
    if (id !== null && !places.has(id)) places.set(id, index);
  }
  for (const [index, id, leftover] of at ?? []) {
    // Where nothing was added or taken away each is in its place: those without an id are told by it.
    const inPlace = written.length === of && idOf(written[index]) === id;
    const place = inPlace ? index : id === null ? undefined : places.get(id);
    if (place !== undefined) whole[place] = completeElement(written[place] as JsonValue, leftover);
  }
  return whole;
}

/** An element that differs from what it was may be another one: it gets all of what was left over, or nothing. */
function completeElement(element: JsonValue, leftover: Leftover): JsonValue {
  if (!isObject(element)) return complete(element, leftover);
  const bound = [
    ...Object.entries(leftover.less ?? {}),
    ...Object.entries(leftover.other ?? {}).map(([key, [was]]) => [key, was] as const),
  ];
  const isIt = bound.every(([key, was]) => Object.hasOwn(element, key) && isSame(element[key], was));
  return isIt ? complete(element, leftover) : element;
}

function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && compare(one, other) === undefined);
}
