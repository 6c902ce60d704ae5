import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  mergeFromJson,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { AnySchema, anyPack, FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import { memberPath, quoteExcerpt, TranscodingError } from './transcoding-error.ts';

/**
 * Message types that proto3 JSON does not write as an object of their fields, and what it expects instead.
 * https://protobuf.dev/programming-guides/json/
 */
const ownJsonForms: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Any', 'an object with "@type"'],
  ['google.protobuf.Timestamp', 'a time such as "2026-01-31T09:30:00Z"'],
  ['google.protobuf.Duration', 'a duration such as "1.5s"'],
  ['google.protobuf.FieldMask', 'names of fields, separated by commas'],
  ['google.protobuf.Struct', 'an object'],
  ['google.protobuf.Value', 'a JSON value'],
  ['google.protobuf.ListValue', 'an array'],
  ['google.protobuf.BoolValue', 'true or false'],
  ['google.protobuf.StringValue', 'a string'],
  ['google.protobuf.BytesValue', 'bytes in base64'],
  ['google.protobuf.Int32Value', 'a 32-bit integer'],
  ['google.protobuf.UInt32Value', 'an unsigned 32-bit integer'],
  ['google.protobuf.Int64Value', 'a 64-bit integer'],
  ['google.protobuf.UInt64Value', 'an unsigned 64-bit integer'],
  ['google.protobuf.FloatValue', 'a number'],
  ['google.protobuf.DoubleValue', 'a number'],
]);

const scalarForms: Readonly<Record<ScalarType, string>> = {
  [ScalarType.BOOL]: 'true or false',
  [ScalarType.STRING]: 'a string',
  [ScalarType.BYTES]: 'bytes in base64',
  [ScalarType.DOUBLE]: 'a number',
  [ScalarType.FLOAT]: 'a 32-bit number',
  [ScalarType.INT32]: 'a 32-bit integer',
  [ScalarType.SINT32]: 'a 32-bit integer',
  [ScalarType.SFIXED32]: 'a 32-bit integer',
  [ScalarType.UINT32]: 'an unsigned 32-bit integer',
  [ScalarType.FIXED32]: 'an unsigned 32-bit integer',
  [ScalarType.INT64]: 'a 64-bit integer',
  [ScalarType.SINT64]: 'a 64-bit integer',
  [ScalarType.SFIXED64]: 'a 64-bit integer',
  [ScalarType.UINT64]: 'an unsigned 64-bit integer',
  [ScalarType.FIXED64]: 'an unsigned 64-bit integer',
};

/** What `fromJson` counts is not quite the nesting of the JSON, which is limited already when the text is read. */
const recursionLimit = 1000;

/** Whether proto3 JSON writes messages of this type as one value instead of an object of their fields. */
export function hasOwnJsonForm(message: DescMessage): boolean {
  return ownJsonForms.has(message.typeName);
}

const fieldsByName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** The field of a message by its proto name or its JSON name: parsers of proto3 JSON accept both. */
export function findField(message: DescMessage, name: string): DescField | undefined {
  let fields = fieldsByName.get(message);
  if (fields === undefined) {
    fields = new Map(
      message.fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field]]),
    );
    fieldsByName.set(message, fields);
  }
  return fields.get(name);
}

/**
 * Reads a message from its proto3 JSON form. `path` says where the value stands, for the TranscodingError that
 * is thrown where it does not fit. This walks over messages, lists and maps itself and leaves only their
 * scalars and well-known types to protobuf-es, whose errors do not tell where in the value they arose.
 */
export function decodeMessage(desc: DescMessage, json: JsonValue, path: string, registry: Registry): Message {
  if (desc.typeName === 'google.protobuf.Any') return decodeAny(json, path, registry);
  if (hasOwnJsonForm(desc)) return decodeWellKnown(desc, json, path);
  const message = reflect(desc);
  decodeMembers(message, requireObject(json, path), path, registry);
  return message.message;
}

/** Sets the fields of a message from the members of a JSON object; see {@link decodeMessage}. */
export function decodeMembers(
  message: ReflectMessage,
  json: JsonObject,
  path: string,
  registry: Registry,
): void {
  const seen = new Set<DescField>();
  const oneofs = new Map<DescOneof, DescField>();
  for (const [key, value] of Object.entries(json)) {
    const field = findField(message.desc, key);
    if (field === undefined) {
      throw new TranscodingError(memberPath(path, key), `unknown field in ${message.desc.typeName}`);
    }
    const fieldPath = memberPath(path, field.name);
    // The two spellings of a name are two keys to JSON, but one field.
    if (seen.has(field)) throw new TranscodingError(fieldPath, 'is given more than once');
    seen.add(field);
    if (value === null && !acceptsNull(field)) continue;
    if (field.oneof) {
      const taken = oneofs.get(field.oneof);
      if (taken) {
        const oneof = field.oneof.name;
        throw new TranscodingError(
          fieldPath,
          `cannot be set together with ${taken.name}: both belong to ${oneof}`,
        );
      }
      oneofs.set(field.oneof, field);
    }
    decodeField(message, field, value, fieldPath, registry);
  }
}

/**
 * Sets one field from its JSON value, adding to what a list or map holds already; see {@link decodeMessage}.
 * Here `null` is refused unless it is a value of the field.
 */
export function decodeField(
  message: ReflectMessage,
  field: DescField,
  json: JsonValue,
  path: string,
  registry: Registry,
): void {
  switch (field.fieldKind) {
    case 'list':
      decodeList(message, field, json, path, registry);
      break;
    case 'map':
      decodeMap(message, field, json, path, registry);
      break;
    case 'message':
      message.set(field, reflect(field.message, decodeMessage(field.message, json, path, registry)));
      break;
    default:
      decodeScalar(message, field, json, (value) => value, path);
  }
}

function decodeList(
  message: ReflectMessage,
  field: DescField & { fieldKind: 'list' },
  json: JsonValue,
  path: string,
  registry: Registry,
): void {
  if (!Array.isArray(json)) throw unexpected('an array', json, path);
  const list = message.get(field);
  for (const element of json) {
    const elementPath = `${path}[${list.size}]`;
    if (field.listKind === 'message') {
      list.add(reflect(field.message, decodeMessage(field.message, element, elementPath, registry)));
    } else {
      decodeScalar(message, field, element, (value) => [value], elementPath);
    }
  }
}

function decodeMap(
  message: ReflectMessage,
  field: DescField & { fieldKind: 'map' },
  json: JsonValue,
  path: string,
  registry: Registry,
): void {
  const entries = Object.entries(requireObject(json, path));
  const map = message.get(field);
  for (const [text, value] of entries) {
    const entryPath = `${path}[${quoteExcerpt(text)}]`;
    const key = mapKey(field.mapKey, text);
    if (key === undefined) throw unexpected(`${scalarForms[field.mapKey]} as the key`, text, entryPath);
    // "1" and "01" are two keys to JSON, but one to a map with numbers for keys.
    if (map.has(key)) throw new TranscodingError(entryPath, 'is given more than once');
    if (field.mapKind === 'message') {
      map.set(key, reflect(field.message, decodeMessage(field.message, value, entryPath, registry)));
    } else {
      decodeScalar(message, field, value, (entry) => ({ [text]: entry }), entryPath);
    }
  }
}

/** The key of a map from its JSON form, which is a string whatever its type; undefined if it is none. */
function mapKey(type: ScalarType, text: string): string | number | bigint | boolean | undefined {
  if (type === ScalarType.STRING) return text;
  if (type === ScalarType.BOOL) return text === 'true' || text === 'false' ? text === 'true' : undefined;
  if (!/^-?\d{1,20}$/.test(text)) return undefined;
  const key = BigInt(text);
  switch (type) {
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return BigInt.asIntN(64, key) === key ? key : undefined;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt.asUintN(64, key) === key ? key : undefined;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return BigInt.asUintN(32, key) === key ? Number(key) : undefined;
    default:
      return BigInt.asIntN(32, key) === key ? Number(key) : undefined;
  }
}

/**
 * Hands one scalar or enum value to protobuf-es, in the shape that its field has: `wrap` makes a list or map of
 * one element of it where the field is one, which the merge then adds.
 */
function decodeScalar(
  message: ReflectMessage,
  field: DescField,
  json: JsonValue,
  wrap: (value: JsonValue) => JsonValue,
  path: string,
): void {
  if (
    (json === null && !acceptsNull(field)) ||
    (field.scalar !== undefined && !isPlainNumber(field.scalar, json))
  ) {
    throw unexpected(formOf(field), json, path);
  }
  try {
    // Most values are strings, which are the same in JSON and in a message.
    if (typeof json === 'string' && field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) {
      message.set(field, json);
    } else {
      mergeFromJson(message.desc, message.message, { [field.jsonName]: wrap(json) });
    }
  } catch (cause) {
    throw unexpected(formOf(field), json, path, cause);
  }
}

function formOf(field: DescField): string {
  if (!field.enum) return scalarForms[field.scalar ?? ScalarType.STRING];
  const names = field.enum.values.map((value) => value.name);
  return names.length <= 8 ? `one of ${names.join(', ')}` : `a value of ${field.enum.typeName}`;
}

/** Keeps away from protobuf-es what the conversions of JavaScript accept as numbers: `""`, `" 1"`, `"0x10"`. */
function isPlainNumber(type: ScalarType, json: JsonValue): boolean {
  if (typeof json !== 'string') return true;
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
    case ScalarType.BOOL:
      return true;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return /^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/.test(json);
    default:
      return json.length <= 40 && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(json);
  }
}

function decodeWellKnown(desc: DescMessage, json: JsonValue, path: string): Message {
  const form = ownJsonForms.get(desc.typeName) ?? 'another value';
  if (json === null && desc.typeName !== 'google.protobuf.Value') throw unexpected(form, json, path);
  if (desc.typeName === 'google.protobuf.FieldMask') {
    if (typeof json !== 'string') throw unexpected(form, json, path);
    return create(FieldMaskSchema, { paths: fieldMaskPaths(json) });
  }
  const scalar = desc.fields[0]?.scalar;
  const plain =
    desc.typeName === 'google.protobuf.Duration'
      ? // protobuf-es ignores what stands behind the "s".
        typeof json === 'string' && /^-?\d{1,12}(?:\.\d{1,9})?s$/.test(json)
      : desc.typeName === 'google.protobuf.Timestamp'
        ? isCalendarTime(json)
        : scalar === undefined || isPlainNumber(scalar, json);
  if (!plain) throw unexpected(form, json, path);
  try {
    return fromJson(desc, json, { recursionLimit });
  } catch (cause) {
    throw unexpected(form, json, path, cause);
  }
}

/** Whether the day and hour of a time exist: Date.parse moves the 30th of February to the 1st of March. */
function isCalendarTime(json: JsonValue): boolean {
  const match = typeof json === 'string' && /^(\d{4})-(\d\d)-(\d\d)T(\d\d):/.exec(json);
  if (!match) return false;
  const [year, month, day, hour] = match.slice(1).map(Number) as [number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24;
}

/** The paths of a mask; ones in snake_case, which callers write although the JSON form has none, stay as they are. */
function fieldMaskPaths(text: string): string[] {
  if (text === '') return [];
  return text.split(',').map((path) => path.trim().replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

function decodeAny(json: JsonValue, path: string, registry: Registry): Message {
  const { '@type': url, ...members } = requireObject(json, path);
  if (url === undefined && Object.keys(members).length === 0) return create(AnySchema);
  const typePath = memberPath(path, '@type');
  if (typeof url !== 'string') throw unexpected('the URL of a message type', url ?? null, typePath);
  const desc = registry.getMessage(url.slice(url.lastIndexOf('/') + 1));
  if (desc === undefined) throw new TranscodingError(typePath, `${quoteExcerpt(url)} is not a known type`);
  if (!hasOwnJsonForm(desc)) return anyPack(desc, decodeMessage(desc, members, path, registry));
  const { value, ...others } = members;
  for (const key of Object.keys(others)) {
    throw new TranscodingError(memberPath(path, key), 'unknown field in google.protobuf.Any');
  }
  return anyPack(desc, decodeMessage(desc, value ?? null, memberPath(path, 'value'), registry));
}

/** Whether `null` is a value of the field, instead of another way to leave it unset. */
function acceptsNull(field: DescField): boolean {
  if (field.fieldKind === 'list' || field.fieldKind === 'map') return false;
  return (
    field.message?.typeName === 'google.protobuf.Value' ||
    field.enum?.typeName === 'google.protobuf.NullValue'
  );
}

function requireObject(json: JsonValue, path: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  throw unexpected('an object', json, path);
}

function unexpected(form: string, json: JsonValue, path: string, cause?: unknown): TranscodingError {
  return new TranscodingError(path, `expected ${form}, got ${describe(json)}`, { cause });
}

function describe(json: JsonValue): string {
  if (Array.isArray(json)) return 'an array';
  if (typeof json === 'string') return quoteExcerpt(json);
  return typeof json === 'object' && json !== null ? 'an object' : String(json);
}
