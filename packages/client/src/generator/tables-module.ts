import type { DescEnum, DescMessage, DescMethod, DescService } from '@bufbuild/protobuf';
import { abbreviate, chooseWords } from './abbreviate.ts';
import {
  describeMethod,
  describeTypes,
  localName,
  reachableTypes,
  shortTypeName,
  typesOf,
} from './definitions.ts';

/** What gen/tables.js is to hold. */
export interface TablesSource {
  /** The first of them, whose types are everybody's; each of the others brings along what it has beside these. */
  readonly common: readonly DescService[];
  readonly others: readonly DescService[];
  /** Messages that may stand in a `google.protobuf.Any`. */
  readonly anyTypes: readonly DescMessage[];
}

const KINDS = { unary: '', server_streaming: 's', client_streaming: 'c', bidi_streaming: 'b' } as const;

const DECLARATIONS = `/** What the texts of types abbreviate, between \`~\`; see src/codec/abbreviations.ts. */
export declare const words: string;

/** Types, a text for each; see describeTypes() in src/generator. */
export type Types = readonly string[];

/** A message by its place among types. */
export type MessageDefinition = readonly [types: Types, place: number];

export type MethodDefinition = readonly [
  name: string,
  /** The places of the messages that it takes and answers. */
  input: number,
  output: number,
  /** Bindings, see MethodDescription in src/generator. */
  http: string,
  /** Lists between commas. */
  routing: string,
  flattened?: string,
  pagedField?: string,
  /** Empty for one message each way, \`s\`, \`c\` or \`b\` for the server, the client or both streaming. */
  kind?: string,
];

/** A name, where \`.\` in front stands for the package of the API; its types; and its methods. */
export type ServiceDefinition = readonly [name: string, types: Types, methods: readonly MethodDefinition[]];

/** The messages that may stand in a google.protobuf.Any, beside the ones of google.protobuf. */
export declare const anyTypes: readonly MessageDefinition[];
`;

/** Types that one constant holds, all that they refer to included. */
interface Group {
  readonly constant: string;
  readonly types: readonly (DescMessage | DescEnum)[];
}

/**
 * The text of gen/tables.js and gen/tables.d.ts: constants of plain data for types, messages and services. Nothing is
 * done with them when they are loaded, and a bundler leaves out those that nobody refers to.
 */
export function tablesModule({ common, others, anyTypes }: TablesSource): { js: string; dts: string } {
  const services = [...common, ...others];
  const named = [...typesOf(services).answers, ...anyTypes];
  const shared = reachableTypes([...rootsOf(common), ...anyTypes]);
  const groups: Group[] = [
    { constant: 'commonTypes', types: shared },
    ...others.map((service) => ({
      constant: `typesOf${service.name}`,
      types: [...new Set([...shared, ...reachableTypes(rootsOf([service]))])],
    })),
  ];
  const groupOf = (type: DescMessage): Group => groups.find(({ types }) => types.includes(type)) as Group;
  const messages = [...new Set(groups.flatMap(({ types }) => types))].filter(
    (type) => type.kind === 'message',
  );
  const names = [...messages.map(localName), ...services.map(({ name }) => name)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two types are called ${twice}`);

  const definition = (type: DescMessage) =>
    `[${groupOf(type).constant}, ${groupOf(type).types.indexOf(type)}]`;
  // Every program has those of the first group: their words are the ones to have.
  const words = chooseWords(describeTypes(shared, named));
  const texts = groups.map(({ constant, types }, index) => {
    const list = `[\n${describeTypes(types, named)
      .slice(index === 0 ? 0 : shared.length)
      .map((text) => `  '${abbreviate(text, words)}',\n`)
      .join('')}]`;
    return `const ${constant} = ${index === 0 ? list : `/* @__PURE__ */ commonTypes.concat(${list})`};\n`;
  });
  return {
    js: [
      `export const words = '${words.join('~')}';\n`,
      ...texts,
      ...messages.map((type) => `export const ${localName(type)} = ${definition(type)};\n`),
      ...common.map((service) => serviceConstant(service, groups[0] as Group)),
      ...others.map((service, index) => serviceConstant(service, groups[index + 1] as Group)),
      `export const anyTypes = [${anyTypes.map(definition).join(', ')}];\n`,
    ].join(''),
    dts: [
      DECLARATIONS,
      ...messages.map((type) => `export declare const ${localName(type)}: MessageDefinition;\n`),
      ...services.map(({ name }) => `export declare const ${name}: ServiceDefinition;\n`),
    ].join(''),
  };
}

function rootsOf(services: readonly DescService[]): DescMessage[] {
  const { requests, answers } = typesOf(services);
  return [...requests, ...answers];
}

function serviceConstant(service: DescService, { constant, types }: Group): string {
  const methods = service.methods
    .map((method) => `  [${methodElements(method, types).join(', ')}],\n`)
    .join('');
  return `export const ${service.name} = ['${shortTypeName(service.typeName)}', ${constant}, [\n${methods}]];\n`;
}

function methodElements(method: DescMethod, types: Group['types']): (string | number)[] {
  const { http, routing, flattened, pagedField } = describeMethod(method);
  const rest = [flattened.join(), pagedField ?? '', KINDS[method.methodKind]];
  while (rest.at(-1) === '') rest.pop();
  const { name, input, output } = method;
  const texts = [http, routing.join(), ...rest].map((text) => `'${text}'`);
  return [`'${name}'`, types.indexOf(input), types.indexOf(output), ...texts];
}
