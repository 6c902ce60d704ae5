import { checkDepth, expected, Fault, within } from './fault.ts';
import { scalarTypes, takeString } from './scalar-types.ts';
import {
  formatDuration,
  formatTimestamp,
  normalizeTimestamp,
  parseDuration,
  parseTimestamp,
  type Time,
} from './timestamp.ts';
import { isObject, type Json, type JsonMembers, setMember, type ValueType } from './value-type.ts';

/** The type of a message whose JSON is not an object of its fields, and which is never absent where it is written. */
function message<Taken>(type: {
  parse(json: Json, depth: number): unknown;
  take(value: unknown, depth: number): Taken;
  print(taken: Taken): Json;
  readonly nullable?: true;
}): ValueType {
  return { ...(type as ValueType), zero: undefined };
}

function text(json: unknown): string {
  if (typeof json !== 'string') throw expected('a string', json);
  return json;
}

/** `display_name` for `displayName`; what is in snake case already stays as it is. */
export function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `displayName` for `display_name`, a path of a field mask; a Fault where that could not be undone. */
export function camelCasePath(path: string): string {
  const camel = path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (camel.includes('_') || snakeCase(camel) !== path)
    throw new Fault(`the path ${path} has no form in JSON`);
  return camel;
}

/** What JSON.parse has made is what answers have; only its depth is looked at, since the other wire has a limit. */
function parseValue(value: Json, depth: number): Json {
  if (typeof value === 'object' && value !== null) {
    checkDepth(depth);
    for (const member of Array.isArray(value) ? value : Object.values(value)) parseValue(member, depth + 1);
  }
  return value;
}

/** A copy of what JSON can say; members that are undefined are left out, as JSON.stringify does. */
function takeValue(value: unknown, depth: number): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (Number.isFinite(value)) return (value as number) + 0;
  if (typeof value === 'string') return takeString(value);
  checkDepth(depth);
  if (Array.isArray(value)) {
    return value.map((element, index) => within(index, () => takeValue(element, depth + 1)));
  }
  const members: JsonMembers = {};
  for (const [name, member] of Object.entries(structOf(value))) {
    if (member !== undefined)
      setMember(
        members,
        name,
        within(name, () => takeValue(member, depth + 1)),
      );
  }
  return members;
}

function structOf(value: unknown): JsonMembers {
  if (!isObject(value)) throw expected('an object of JSON', value);
  return value as JsonMembers;
}

function listOf(value: unknown): Json[] {
  if (!Array.isArray(value)) throw expected('a list', value);
  return value;
}

const asIs = (value: Json): Json => value;

function wrapper(code: string): ValueType {
  return { ...(scalarTypes[code] as ValueType), zero: undefined };
}

/** By the codes that definitions have for them: messages whose JSON is not an object of their fields. */
export const wellKnownTypes: Readonly<Record<string, ValueType>> = {
  // Timestamp
  T: message<Time>({
    parse: (json) => normalizeTimestamp(text(json)),
    take: (value) => {
      if (!(value instanceof Date)) return parseTimestamp(text(value));
      if (Number.isNaN(value.getTime())) throw new Fault('not a valid Date');
      return parseTimestamp(value.toISOString());
    },
    print: formatTimestamp,
  }),
  // Duration
  D: message<Time>({
    parse: (json) => formatDuration(parseDuration(text(json))),
    take: (value) => parseDuration(text(value)),
    print: formatDuration,
  }),
  // FieldMask
  K: message<readonly string[]>({
    parse: (json) => {
      if (text(json).includes('_')) throw new Fault('a path in JSON has no underscores');
      return json;
    },
    take: (value) => {
      const paths =
        typeof value === 'string' ? value.split(',').filter((path) => path !== '') : listOf(value);
      // A path that JSON has no form for would be refused over one wire only.
      return paths.map((path) => camelCasePath(snakeCase(text(path))));
    },
    print: (paths) => paths.join(),
  }),
  // Value, Struct and ListValue
  V: message<Json>({ parse: parseValue, take: takeValue, print: asIs, nullable: true }),
  S: message<Json>({
    parse: (json, depth) => parseValue(structOf(json), depth),
    take: (value, depth) => takeValue(structOf(value), depth),
    print: asIs,
  }),
  L: message<Json>({
    parse: (json, depth) => parseValue(listOf(json), depth),
    take: (value, depth) => takeValue(listOf(value), depth),
    print: asIs,
  }),
  wd: wrapper('d'),
  wf: wrapper('f'),
  wI: wrapper('I'),
  wU: wrapper('U'),
  wi: wrapper('i'),
  wu: wrapper('u'),
  wb: wrapper('b'),
  ws: wrapper('s'),
  wy: wrapper('y'),
};

/** The codes of these types by their names. */
export const WELL_KNOWN_NAMES: ReadonlyMap<string, string> = new Map(
  (
    'Timestamp=T Duration=D FieldMask=K Value=V Struct=S ListValue=L Any=A DoubleValue=wd FloatValue=wf ' +
    'Int64Value=wI UInt64Value=wU Int32Value=wi UInt32Value=wu BoolValue=wb StringValue=ws BytesValue=wy'
  )
    .split(' ')
    .map((text) => `google.protobuf.${text}`.split('=') as [string, string]),
);
