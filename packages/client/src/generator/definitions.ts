/**
 * What the codec knows of messages, enums and services, as plain data made from descriptors. Only the build and the
 * tests use this: the package that is published has the outcome, gen/tables.js.
 */
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { httpRules } from '@parleykit/proto';
import { type HttpRule, http, method_signature } from '@parleykit/proto/api';

/** The package whose name is left out in front of a dot. */
export const API_PACKAGE = 'google.cloud.dialogflow.v2beta1';

const SCALAR_CODES: Readonly<Record<ScalarType, string>> = {
  [ScalarType.STRING]: 's',
  [ScalarType.BOOL]: 'b',
  [ScalarType.BYTES]: 'y',
  [ScalarType.INT32]: 'i',
  [ScalarType.UINT32]: 'u',
  [ScalarType.SINT32]: 'z',
  [ScalarType.FIXED32]: 'x',
  [ScalarType.SFIXED32]: 'q',
  [ScalarType.INT64]: 'I',
  [ScalarType.UINT64]: 'U',
  [ScalarType.SINT64]: 'Z',
  [ScalarType.FIXED64]: 'X',
  [ScalarType.SFIXED64]: 'Q',
  [ScalarType.FLOAT]: 'f',
  [ScalarType.DOUBLE]: 'd',
};

/** Messages that are not objects of their fields in JSON, and so not here. */
const WELL_KNOWN_CODES: Readonly<Record<string, string>> = {
  'google.protobuf.Timestamp': 'T',
  'google.protobuf.Duration': 'D',
  'google.protobuf.FieldMask': 'K',
  'google.protobuf.Struct': 'S',
  'google.protobuf.Value': 'V',
  'google.protobuf.ListValue': 'L',
  'google.protobuf.Any': 'A',
  'google.protobuf.DoubleValue': 'wd',
  'google.protobuf.FloatValue': 'wf',
  'google.protobuf.Int64Value': 'wI',
  'google.protobuf.UInt64Value': 'wU',
  'google.protobuf.Int32Value': 'wi',
  'google.protobuf.UInt32Value': 'wu',
  'google.protobuf.BoolValue': 'wb',
  'google.protobuf.StringValue': 'ws',
  'google.protobuf.BytesValue': 'wy',
};

/** Whether a message has a definition: all do but those whose JSON is not an object of their fields. */
export function hasDefinition(message: DescMessage): boolean {
  return WELL_KNOWN_CODES[message.typeName] === undefined;
}

/**
 * Such as `ParticipantRole` for the enum Role inside of the message Participant, and `ConversationStage` for one that
 * has the name of the message Conversation in its own already.
 */
export function localName(type: DescMessage | DescEnum): string {
  if (type.parent === undefined || type.name.startsWith(type.parent.name)) return type.name;
  return localName(type.parent) + type.name;
}

/** Such as `google.cloud.dialogflow.v2beta1.Conversation`, the API's own package left out: `.Conversation`. */
export function shortTypeName(typeName: string): string {
  return typeName.startsWith(`${API_PACKAGE}.`) ? typeName.slice(API_PACKAGE.length) : typeName;
}

/**
 * Types as the codec reads them, a text for each; they refer to each other by their places in the list.
 *
 * That of a message is its name, which has a dot in it, for those in `named`; and its fields, so that there may be
 * `.Note title time=5T parts=*m7`. A field is its name and, unless it is a string with the next number, `=` and: its
 * number where that is not one more than the last; `*` for a list, `{` and a key's code for a map, `?` where being
 * absent differs from the default, `|` and a number for a member of a oneof; the code of its type; and the place of a
 * message or an enum. That of an enum is its values, each with `=` and its number where that is not one more than the
 * last.
 */
export function describeTypes(
  types: readonly (DescMessage | DescEnum)[],
  named: readonly DescMessage[],
): string[] {
  const places = new Map(types.map((type, place) => [type, place]));
  return types.map((type) => {
    if (type.kind === 'enum') return describeEnum(type);
    const fields = describeFields(type, (referred) => {
      const place = places.get(referred);
      if (place === undefined)
        throw new Error(`${type.typeName} refers to ${referred.typeName}, which is not here`);
      return place;
    });
    return [...(named.includes(type) ? [shortTypeName(type.typeName)] : []), ...fields].join(' ');
  });
}

function describeFields(message: DescMessage, placeOf: (type: DescMessage | DescEnum) => number): string[] {
  let next = 1;
  return message.fields
    .toSorted((a, b) => a.number - b.number)
    .map((field) => {
      if (field.jsonName !== camelCase(field.name))
        throw new Error(`${String(field)} has a JSON name of its own`);
      const number = field.number === next ? '' : field.number;
      next = field.number + 1;
      const kind = `${number}${modifier(field)}${valueCode(field, placeOf)}`;
      return kind === SCALAR_CODES[ScalarType.STRING] ? field.jsonName : `${field.jsonName}=${kind}`;
    });
}

function describeEnum(type: DescEnum): string {
  let next = 0;
  const values = type.values.map(({ name, number }) => {
    const text = number === next ? name : `${name}=${number}`;
    next = number + 1;
    return text;
  });
  return values.join(' ');
}

/** As protoc makes names for JSON. */
function camelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function modifier(field: DescField): string {
  if (field.fieldKind === 'list') return '*';
  if (field.fieldKind === 'map') return `{${SCALAR_CODES[field.mapKey]}`;
  if (field.oneof !== undefined) return `|${field.parent.oneofs.indexOf(field.oneof)}`;
  return field.presence === Presence.EXPLICIT && field.message === undefined ? '?' : '';
}

function valueCode(field: DescField, placeOf: (type: DescMessage | DescEnum) => number): string {
  if (field.message !== undefined)
    return WELL_KNOWN_CODES[field.message.typeName] ?? `m${placeOf(field.message)}`;
  if (field.enum !== undefined) return `e${placeOf(field.enum)}`;
  if (field.scalar === undefined) throw new Error(`${String(field)} has no type that is known here`);
  return SCALAR_CODES[field.scalar];
}

/** All types that these refer to, the types themselves included: what the texts of describeTypes() need. */
export function reachableTypes(roots: readonly DescMessage[]): (DescMessage | DescEnum)[] {
  const found = new Set<DescMessage | DescEnum>();
  const visit = (type: DescMessage | DescEnum): void => {
    if (found.has(type) || (type.kind === 'message' && !hasDefinition(type))) return;
    found.add(type);
    if (type.kind === 'enum') return;
    for (const { message, enum: enumDesc } of type.fields) {
      if (message !== undefined) visit(message);
      if (enumDesc !== undefined) visit(enumDesc);
    }
  };
  roots.forEach(visit);
  return [...found];
}

/** How a method is called, beside the names of its types: what MethodTable has. */
export interface MethodDescription {
  /**
   * Bindings between `|`, each a verb, a path and perhaps the field that is the body: `POST {parent=projects/*}/notes *`.
   * `/v2beta1/` stands in front of a path without a slash. One without anything is the one before it with a location.
   */
  readonly http: string;
  readonly routing: readonly string[];
  readonly flattened: readonly string[];
  readonly pagedField: string | undefined;
}

/**
 * Methods that took fewer fields in the release that the client is to cover: its `requests` were not among them.
 */
const FLATTENED: Readonly<Record<string, readonly string[]>> = { BatchCreateMessages: ['parent'] };

export function describeMethod(method: DescMethod): MethodDescription {
  const rules = httpRules(method);
  const ofApi = method.parent.typeName.startsWith(`${API_PACKAGE}.`);
  return {
    http: rules.map((rule, index) => describeRule(rule, rules[index - 1])).join('|'),
    routing: routingFields(method),
    flattened: ofApi ? (FLATTENED[method.name] ?? flattenedFields(method)) : [],
    pagedField: pagedField(method)?.jsonName,
  };
}

function describeRule(rule: HttpRule, before: HttpRule | undefined): string {
  const text = bindingText(rule);
  const located = before === undefined ? undefined : bindingText(before).replace(...WITH_LOCATION);
  return text === located ? '' : text.replace(' /v2beta1/', ' ');
}

/** What makes a binding of one without a location. */
const WITH_LOCATION = ['projects/*', 'projects/*/locations/*'] as const;

function bindingText(rule: HttpRule): string {
  const { case: verb, value } = rule.pattern;
  if (verb === undefined || verb === 'custom') throw new Error('a binding has no verb that is known here');
  return [verb.toUpperCase(), value, ...(rule.body === '' ? [] : [rule.body])].join(' ');
}

/**
 * Google's clients route by all variables of all paths of a method, as long as it has no google.api.routing, and none
 * of these has. The paths in the .proto files decide, since methods of mixed-in services have variables there even
 * without a binding here.
 */
function routingFields(method: DescMethod): string[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  const paths = [rule, ...rule.additionalBindings].map(({ pattern }) => String(pattern.value));
  // `/v1/{name=operations}` and `{name=operations/**}` alike.
  const variables = paths.flatMap((path) => [...path.matchAll(/\{([\w.]+)/g)].map(([, name]) => name ?? ''));
  return [...new Set(variables)];
}

/** The fields of all signatures, in the order in which they come up: that is what Google's Python clients take. */
function flattenedFields(method: DescMethod): string[] {
  const names = getOption(method, method_signature).flatMap((signature) => signature.split(','));
  return [...new Set(names.filter((name) => name !== '').map(camelCase))];
}

/** https://google.aip.dev/client-libraries/4233 */
export function pagedField(method: DescMethod): DescField | undefined {
  const has = (type: DescMessage, name: string) => type.fields.some((field) => field.name === name);
  const { input, output } = method;
  if (!has(input, 'page_size') || !has(input, 'page_token') || !has(output, 'next_page_token'))
    return undefined;
  return output.fields
    .toSorted((a, b) => a.number - b.number)
    .find((field) => field.fieldKind === 'list' && field.message !== undefined);
}

/** The types that requests and answers of services consist of. */
export function typesOf(services: readonly DescService[]): {
  requests: DescMessage[];
  answers: DescMessage[];
} {
  const methods = services.flatMap((service) => service.methods);
  return { requests: methods.map(({ input }) => input), answers: methods.map(({ output }) => output) };
}
