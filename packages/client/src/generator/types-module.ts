import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { FieldBehavior, field_behavior } from '@parleykit/proto/api';
import { commentOf } from './comments.ts';
import {
  describeMethod,
  hasDefinition,
  localName,
  pagedField,
  reachableTypes,
  typesOf,
} from './definitions.ts';
import type { TablesSource } from './tables-module.ts';

const PRELUDE = `/*
 * Types of requests and answers. What comments say of messages, fields, values and methods is the beginning of what
 * Google's .proto files say of them (Copyright Google LLC, Apache License 2.0).
 *
 * Answers have a key for each field: the default for scalars and enums, [] and {} for lists and maps, undefined for what
 * is absent otherwise. Enums are names; a value that is newer than these types is its number, or over REST the name if
 * that is what the server writes. Types called Init are for requests.
 */

/** A point in time in RFC 3339 with 0, 3, 6 or 9 digits of a second, always in UTC: \`2026-09-21T14:13:20.005Z\`. */
export type Timestamp = string;

/** As {@link Timestamp}, with any offset and number of digits up to nine; or a Date. */
export type TimestampInit = string | Date;

/** Seconds with up to nine digits and an \`s\` behind: \`1.500s\`. */
export type Duration = string;

/** Paths of fields in camelCase, between commas: \`displayName,automatedAgentConfig.agent\`. */
export type FieldMask = string;

/** As {@link FieldMask}, or the paths one by one; in camelCase or as the .proto files write them. */
export type FieldMaskInit = string | readonly string[];

/** A 64-bit integer. Numbers have to be safe integers. */
export type Int64Init = bigint | number | string;

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = { [name: string]: JsonValue };

/** As {@link JsonValue}, where nobody is going to change it. */
export type JsonValueInit = null | boolean | number | string | readonly JsonValueInit[] | JsonObjectInit;
export type JsonObjectInit = { readonly [name: string]: JsonValueInit };

/**
 * A message of any type, named by \`@type\`: \`type.googleapis.com/google.rpc.ErrorInfo\`, or \`''\` for none. Beside it are
 * the fields of the message, or \`value\` for types whose JSON is not an object of their fields. A message of a type that
 * is unknown here has over gRPC a \`value\` that is the bytes, and over REST whatever the server wrote.
 */
export type AnyMessage = { '@type': string; [name: string]: unknown };
`;

const RESULT_SCALARS: Readonly<Record<ScalarType, string>> = {
  [ScalarType.STRING]: 'string',
  [ScalarType.BOOL]: 'boolean',
  [ScalarType.BYTES]: 'Uint8Array',
  [ScalarType.INT32]: 'number',
  [ScalarType.UINT32]: 'number',
  [ScalarType.SINT32]: 'number',
  [ScalarType.FIXED32]: 'number',
  [ScalarType.SFIXED32]: 'number',
  [ScalarType.INT64]: 'bigint',
  [ScalarType.UINT64]: 'bigint',
  [ScalarType.SINT64]: 'bigint',
  [ScalarType.FIXED64]: 'bigint',
  [ScalarType.SFIXED64]: 'bigint',
  [ScalarType.FLOAT]: 'number',
  [ScalarType.DOUBLE]: 'number',
};

/** Types of messages that are not objects of their fields: in answers and in requests. */
const WELL_KNOWN: Readonly<Record<string, readonly [result: string, init: string]>> = {
  'google.protobuf.Timestamp': ['Timestamp', 'TimestampInit'],
  'google.protobuf.Duration': ['Duration', 'Duration'],
  'google.protobuf.FieldMask': ['FieldMask', 'FieldMaskInit'],
  'google.protobuf.Struct': ['JsonObject', 'JsonObjectInit'],
  'google.protobuf.Value': ['JsonValue', 'JsonValueInit'],
  'google.protobuf.ListValue': ['JsonValue[]', 'readonly JsonValueInit[]'],
  'google.protobuf.Any': ['AnyMessage', 'AnyMessage'],
};

/** Which way messages of a type go. The name itself belongs to answers, where there are any. */
interface Names {
  result(type: DescMessage): string;
  init(type: DescMessage): string;
}

/**
 * The text of gen/types.d.ts: an interface for each message that answers consist of, another (`...Init`, where there
 * is the first as well) for what may be given in requests, the names of enums, and for each service an interface that
 * has, by the local names of its methods, the types of what they take and answer.
 */
export function typesModule({ common, others, anyTypes }: TablesSource): string {
  const services = [...common, ...others];
  const { requests, answers } = typesOf(services);
  const results = reachableTypes([...answers, ...anyTypes]);
  const inits = reachableTypes(requests);
  const names: Names = {
    result: localName,
    init: (type) => (results.includes(type) ? `${localName(type)}Init` : localName(type)),
  };
  const parts = [PRELUDE];
  for (const type of new Set([...results, ...inits])) {
    if (type.kind === 'enum') parts.push(enumType(type));
    else {
      if (results.includes(type)) parts.push(resultType(type, names));
      if (inits.includes(type)) parts.push(initType(type, names));
    }
  }
  parts.push(...services.map((service) => serviceType(service, names)));
  return parts.join('\n');
}

function enumType(type: DescEnum): string {
  const values = type.values.map((value) => `${docComment(commentOf(value), '  ')}  | '${value.name}'`);
  return `${docComment(commentOf(type))}export type ${localName(type)} =\n${values.join('\n')};\n`;
}

function resultType(type: DescMessage, names: Names): string {
  return interfaceOf(type, names.result(type), (field) => {
    const optional = field.oneof !== undefined || (hasPresence(field) && !isRepeated(field));
    return member(field, optional, resultValue(field, names));
  });
}

function initType(type: DescMessage, names: Names): string {
  // With a mask, a resource has the fields that are to be updated, required or not.
  const partial = type.fields.some(({ name }) => name === 'update_mask');
  return interfaceOf(type, names.init(type), (field) => {
    const required = getOption(field, field_behavior).includes(FieldBehavior.REQUIRED);
    const value = initValue(field, names);
    const isResource = field.fieldKind === 'message' && hasDefinition(field.message);
    return member(field, !required, partial && isResource ? `Partial<${value}>` : value);
  });
}

function interfaceOf(type: DescMessage, name: string, write: (field: DescField) => string): string {
  const fields = type.fields.map((field) => `${docComment(fieldComment(field), '  ')}  ${write(field)}\n`);
  return `${docComment(commentOf(type))}export interface ${name} {\n${fields.join('')}}\n`;
}

function fieldComment(field: DescField): string {
  if (field.oneof === undefined) return commentOf(field);
  const rivals = field.oneof.fields
    .filter((rival) => rival !== field)
    .map(({ jsonName }) => `\`${jsonName}\``);
  if (rivals.length === 0) return commentOf(field);
  return `${commentOf(field)}\n\nExcludes ${rivals.join(', ')}.`.trim();
}

function member(field: DescField, optional: boolean, type: string): string {
  return optional ? `${field.jsonName}?: ${type} | undefined;` : `${field.jsonName}: ${type};`;
}

function hasPresence(field: DescField): boolean {
  return field.message !== undefined || field.proto.proto3Optional;
}

function isRepeated(field: DescField): boolean {
  return field.fieldKind === 'list' || field.fieldKind === 'map';
}

function resultValue(field: DescField, names: Names): string {
  const value = singleValue(field, 0, names.result);
  if (field.fieldKind === 'list') return value.includes(' ') ? `(${value})[]` : `${value}[]`;
  return field.fieldKind === 'map' ? `{ [key: string]: ${value} }` : value;
}

function initValue(field: DescField, names: Names): string {
  const value = singleValue(field, 1, names.init);
  if (field.fieldKind === 'list')
    return value.includes(' ') ? `readonly (${value})[]` : `readonly ${value}[]`;
  return field.fieldKind === 'map' ? `{ readonly [key: string]: ${value} }` : value;
}

function singleValue(field: DescField, way: 0 | 1, nameOf: (type: DescMessage) => string): string {
  if (field.message !== undefined) {
    const { typeName, fields } = field.message;
    if (hasDefinition(field.message)) return nameOf(field.message);
    const wrapped = typeName.endsWith('Value') ? fields.find(({ name }) => name === 'value') : undefined;
    return (
      WELL_KNOWN[typeName]?.[way] ?? (wrapped === undefined ? 'never' : singleValue(wrapped, way, nameOf))
    );
  }
  if (field.enum !== undefined) return `${localName(field.enum)} | number`;
  const scalar = RESULT_SCALARS[field.scalar ?? ScalarType.STRING];
  return way === 1 && scalar === 'bigint' ? 'Int64Init' : scalar;
}

function serviceType(service: DescService, names: Names): string {
  const methods = service.methods.map(
    (method) => `${docComment(commentOf(method), '  ')}  ${methodType(method, names)}`,
  );
  return `${docComment(commentOf(service))}export interface ${service.name}Service {\n${methods.join('')}}\n`;
}

function methodType(method: DescMethod, names: Names): string {
  const item = pagedField(method)?.message;
  const { flattened } = describeMethod(method);
  const lines = [
    `kind: '${method.methodKind}';`,
    `request: ${names.init(method.input)};`,
    `response: ${names.result(method.output)};`,
    `flattened: ${flattened.length === 0 ? 'never' : flattened.map((name) => `'${name}'`).join(' | ')};`,
    `item: ${item === undefined ? 'never' : names.result(item)};`,
  ];
  return `${method.localName}: {\n${lines.map((line) => `    ${line}\n`).join('')}  };\n`;
}

function docComment(text: string, indent = ''): string {
  if (text === '') return '';
  const lines = text.split('\n');
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}
