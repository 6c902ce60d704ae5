/**
 * Message types with every kind of field that proto3 has, in every place where it may stand: all scalars, enums,
 * messages and well-known types, each alone, optional, in a oneof, in a list, packed and unpacked, and in maps with
 * keys of all types.
 */
import { create, createFileRegistry, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type DescriptorProtoSchema,
  type FieldDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { describeTypes, reachableTypes } from '../generator/definitions.ts';
import { messageTable } from './codec.ts';
import type { MessageTable } from './tables.ts';

type Field = Extract<MessageInitShape<typeof FieldDescriptorProtoSchema>, { $typeName?: never }>;
type Message = Extract<MessageInitShape<typeof DescriptorProtoSchema>, { $typeName?: never }>;

const imports = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
].map((file) => file.proto);

const SCALARS: Readonly<Record<string, Type>> = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int64: Type.INT64,
  uint64: Type.UINT64,
  int32: Type.INT32,
  fixed64: Type.FIXED64,
  fixed32: Type.FIXED32,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
  uint32: Type.UINT32,
  sfixed32: Type.SFIXED32,
  sfixed64: Type.SFIXED64,
  sint32: Type.SINT32,
  sint64: Type.SINT64,
};

const WELL_KNOWN = [
  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (name) => `${name}Value`,
  ),
  ...['Timestamp', 'Duration', 'FieldMask', 'Struct', 'Value', 'ListValue', 'Any', 'Empty'],
];

const values: Field[] = [
  ...Object.entries(SCALARS).map(([name, type]): Field => ({ name, type })),
  { name: 'color', type: Type.ENUM, typeName: '.kinds.Color' },
  { name: 'singles', type: Type.MESSAGE, typeName: '.kinds.Singles' },
  { name: 'lists', type: Type.MESSAGE, typeName: '.kinds.Lists' },
  ...WELL_KNOWN.map(
    (name): Field => ({ name: name.toLowerCase(), type: Type.MESSAGE, typeName: `.google.protobuf.${name}` }),
  ),
];

const flat = values.filter(({ type }) => type !== Type.MESSAGE);
const packable = flat.filter(({ type }) => type !== Type.STRING && type !== Type.BYTES);
const keys = Object.values(SCALARS).filter((type) => ![Type.DOUBLE, Type.FLOAT, Type.BYTES].includes(type));

/** The first with small numbers, the later ones with numbers far apart, whose tags take up to four bytes. */
function numbered(fields: readonly Field[]): Field[] {
  return fields.map((field, index) => ({
    label: Label.OPTIONAL,
    jsonName: field.name ?? '',
    ...field,
    number: index < 12 ? index + 1 : index ** 4,
  }));
}

function listsOf(fields: readonly Field[]): Field[] {
  return fields.map((field) => ({ ...field, label: Label.REPEATED }));
}

const mapEntries = values.map(
  (value, index): Message => ({
    name: `By${index}Entry`,
    field: numbered([
      { name: 'key', type: keys[index % keys.length] ?? Type.STRING },
      { ...value, name: 'value' },
    ]),
    options: { mapEntry: true },
  }),
);

const messageTypes: Message[] = [
  { name: 'Singles', field: numbered(values) },
  {
    name: 'Optionals',
    field: numbered(flat.map((field, oneofIndex) => ({ ...field, proto3Optional: true, oneofIndex }))),
    oneofDecl: flat.map(({ name }) => ({ name: `_${name}` })),
  },
  {
    name: 'Choices',
    field: numbered(values.map((field, index) => ({ ...field, oneofIndex: index % 2 }))),
    oneofDecl: [{ name: 'even' }, { name: 'odd' }],
  },
  { name: 'Lists', field: numbered(listsOf(values)) },
  {
    name: 'Unpacked',
    field: numbered(listsOf(packable).map((field) => ({ ...field, options: { packed: false } }))),
  },
  {
    name: 'Maps',
    field: numbered(
      listsOf(
        values.map((_, index) => ({
          name: `by${index}`,
          type: Type.MESSAGE,
          typeName: `.kinds.Maps.By${index}Entry`,
        })),
      ),
    ),
    nestedType: mapEntries,
  },
];

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      ...imports,
      {
        name: 'kinds.proto',
        package: 'kinds',
        syntax: 'proto3',
        dependency: imports.map(({ name }) => name),
        enumType: [
          {
            name: 'Color',
            options: { allowAlias: true },
            value: [
              ...['NONE', 'RED', 'GREEN'].map((name, number) => ({ name, number })),
              { name: 'CRIMSON', number: 1 },
              { name: 'NEGATIVE', number: -7 },
              { name: 'BEHIND', number: -6 },
            ],
          },
        ],
        messageType: messageTypes,
      },
    ],
  }),
);

/** Singles, Optionals, Choices, Lists, Unpacked and Maps. */
export const kinds: readonly DescMessage[] = messageTypes.map(({ name }) => kind(name ?? ''));

export function kind(name: string): DescMessage {
  const desc = registry.getMessage(`kinds.${name}`);
  if (desc === undefined) throw new Error(`there is no kind ${name}`);
  return desc;
}

const types = reachableTypes(kinds);
const texts = describeTypes(types, kinds);

export function kindTable(desc: DescMessage): MessageTable {
  return messageTable([texts, types.indexOf(desc)]);
}
