import type { DescEnum, DescMessage, DescMethod, DescService } from '@bufbuild/protobuf';
import {
  describeEnum,
  describeFields,
  describeMethod,
  localName,
  reachableTypes,
  shortTypeName,
  typesOf,
} from './definitions.ts';

/** What gen/tables.js is to hold. */
export interface TablesSource {
  readonly services: readonly DescService[];
  /** Messages that may stand in a `google.protobuf.Any`. */
  readonly anyTypes: readonly DescMessage[];
}

const KINDS = { unary: '', server_streaming: 's', client_streaming: 'c', bidi_streaming: 'b' } as const;

const DECLARATIONS = `/** The names of the values, each with \`=\` and its number where that is not one more than the last. */
export type EnumDefinition = readonly [values: string];

/** A name, where \`.\` in front stands for that of the API; the fields; and the types that these refer to. */
export type MessageDefinition = readonly [
  typeName: string,
  fields: string,
  types?: () => readonly (MessageDefinition | EnumDefinition)[],
];

export type MethodDefinition = readonly [
  name: string,
  input: MessageDefinition,
  output: MessageDefinition,
  /** Bindings between \`|\`, each a verb, a path and perhaps the field that is the body. */
  http: string,
  /** Lists between commas. */
  routing: string,
  flattened?: string,
  pagedField?: string,
  /** Empty for one message each way, \`s\`, \`c\` or \`b\` for the server, the client or both streaming. */
  kind?: string,
];

export type ServiceDefinition = readonly [name: string, methods: () => readonly MethodDefinition[]];

/** The messages that may stand in a google.protobuf.Any, beside the ones of google.protobuf. */
export declare const anyTypes: () => readonly MessageDefinition[];
`;

/**
 * The text of gen/tables.js and gen/tables.d.ts: a constant of plain data for each message, enum and service. They
 * refer to each other inside of functions only, so that loading costs nothing, their order does not matter, and a
 * bundler leaves out those that nobody refers to.
 */
export function tablesModule(source: TablesSource): { js: string; dts: string } {
  const { requests, answers } = typesOf(source.services);
  const types = reachableTypes([...requests, ...answers, ...source.anyTypes]);
  const exported = [...types.map(localName), ...source.services.map(({ name }) => name)];
  const twice = exported.find((name, index) => exported.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two types are called ${twice}`);
  const anyTypes = `export const anyTypes = () => [${source.anyTypes.map(localName).join(', ')}];\n`;
  return {
    js: [...types.map(typeConstant), ...source.services.map(serviceConstant), anyTypes].join(''),
    dts: [
      DECLARATIONS,
      ...types.map((type) => declaration(localName(type), type.kind === 'enum' ? 'Enum' : 'Message')),
      ...source.services.map((service) => declaration(service.name, 'Service')),
    ].join(''),
  };
}

function declaration(name: string, kind: 'Enum' | 'Message' | 'Service'): string {
  return `export declare const ${name}: ${kind}Definition;\n`;
}

function typeConstant(type: DescMessage | DescEnum): string {
  if (type.kind === 'enum') return `export const ${localName(type)} = ['${describeEnum(type)}'];\n`;
  const { fields, types } = describeFields(type);
  const references = types.length === 0 ? '' : `, () => [${types.map(localName).join(', ')}]`;
  return `export const ${localName(type)} = ['${shortTypeName(type.typeName)}', '${fields}'${references}];\n`;
}

function serviceConstant(service: DescService): string {
  const methods = service.methods.map((method) => `  [${methodElements(method).join(', ')}],\n`).join('');
  return `export const ${service.name} = ['${shortTypeName(service.typeName)}', () => [\n${methods}]];\n`;
}

function methodElements(method: DescMethod): string[] {
  const { http, routing, flattened, pagedField } = describeMethod(method);
  const rest = [flattened.join(), pagedField ?? '', KINDS[method.methodKind]];
  while (rest.at(-1) === '') rest.pop();
  const { name, input, output } = method;
  const texts = [http, routing.join(), ...rest].map((text) => `'${text}'`);
  return [`'${name}'`, localName(input), localName(output), ...texts];
}
