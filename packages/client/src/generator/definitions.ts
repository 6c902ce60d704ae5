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
import type { EnumDefinition, MessageDefinition } from '../../gen/tables.js';

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

/**
 * The fields of a message in the notation of gen/tables.js, and the types that it refers to by their indexes:
 * `name=s startTime=5T messages=*m0`, which is for each field
 * its name; its number where that is not one more than the last; `*` for a list, `{` and a key's code for a map, `?`
 * where being absent differs from the default, `|` and an index for a member of a oneof; the code of its type; and the
 * index of a message or an enum among those that the definition refers to.
 */
export function describeFields(message: DescMessage): { fields: string; types: (DescMessage | DescEnum)[] } {
  const types: (DescMessage | DescEnum)[] = [];
  const reference = (type: DescMessage | DescEnum): number => {
    if (!types.includes(type)) types.push(type);
    return types.indexOf(type);
  };
  let expected = 1;
  const fields = message.fields
    .toSorted((a, b) => a.number - b.number)
    .map((field) => {
      if (field.jsonName !== camelCase(field.name))
        throw new Error(`${String(field)} has a JSON name of its own`);
      const number = field.number === expected ? '' : field.number;
      expected = field.number + 1;
      return `${field.jsonName}=${number}${modifier(field)}${valueCode(field, reference)}`;
    });
  return { fields: fields.join(' '), types };
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

function valueCode(field: DescField, reference: (type: DescMessage | DescEnum) => number): string {
  if (field.message !== undefined)
    return WELL_KNOWN_CODES[field.message.typeName] ?? `m${reference(field.message)}`;
  if (field.enum !== undefined) return `e${reference(field.enum)}`;
  if (field.scalar === undefined) throw new Error(`${String(field)} has no type that is known here`);
  return SCALAR_CODES[field.scalar];
}

/** The values of an enum: names, each with its number where that is not one more than the last. */
export function describeEnum(type: DescEnum): string {
  let expected = 0;
  return type.values
    .map(({ name, number }) => {
      const text = number === expected ? name : `${name}=${number}`;
      expected = number + 1;
      return text;
    })
    .join(' ');
}

/** The name of a type or a service, as it stands in definitions. */
export function shortTypeName(typeName: string): string {
  return typeName.startsWith(`${API_PACKAGE}.`) ? typeName.slice(API_PACKAGE.length) : typeName;
}

/** Definitions of types as gen/tables.js has them, made here and now. */
export class Definitions {
  readonly #messages = new Map<DescMessage, MessageDefinition>();
  readonly #enums = new Map<DescEnum, EnumDefinition>();

  of(message: DescMessage): MessageDefinition {
    let definition = this.#messages.get(message);
    if (definition === undefined) {
      const { fields, types } = describeFields(message);
      definition = [
        shortTypeName(message.typeName),
        fields,
        () => types.map((type) => (type.kind === 'message' ? this.of(type) : this.#ofEnum(type))),
      ];
      this.#messages.set(message, definition);
    }
    return definition;
  }

  #ofEnum(type: DescEnum): EnumDefinition {
    let definition = this.#enums.get(type);
    if (definition === undefined) {
      definition = [describeEnum(type)];
      this.#enums.set(type, definition);
    }
    return definition;
  }
}

/** All that definitions of these types refer to, the types themselves included. */
export function reachableTypes(roots: readonly DescMessage[]): (DescMessage | DescEnum)[] {
  const found = new Set<DescMessage | DescEnum>();
  const visit = (type: DescMessage | DescEnum): void => {
    if (found.has(type)) return;
    found.add(type);
    if (type.kind === 'message') describeFields(type).types.forEach(visit);
  };
  roots.filter(hasDefinition).forEach(visit);
  return [...found];
}

/** How a method is called, beside the names of its types: what MethodTable has. */
export interface MethodDescription {
  /** `POST /v2beta1/{parent=projects/*}/conversations conversation`, one binding after the other, between `|`. */
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
    http: rules.map(describeRule).join('|'),
    routing: routingFields(method),
    flattened: ofApi ? (FLATTENED[method.name] ?? flattenedFields(method)) : [],
    pagedField: pagedField(method)?.jsonName,
  };
}

function describeRule(rule: HttpRule): string {
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
