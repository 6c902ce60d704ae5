/**
 * Message types with every kind of field that descriptors can tell, beyond those of the sample API: all scalars in
 * all positions, and what proto2 and editions have besides.
 */
import {
  create,
  createFileRegistry,
  type DescMessage,
  type MessageInitShape,
  type Registry,
} from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type DescriptorProtoSchema,
  Edition,
  FeatureSet_MessageEncoding as Encoding,
  type FieldDescriptorProto,
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

type Field = Exclude<MessageInitShape<typeof FieldDescriptorProtoSchema>, FieldDescriptorProto>;
type Message = Exclude<MessageInitShape<typeof DescriptorProtoSchema>, DescriptorProto>;

const imports = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
].map((file) => file.proto);

const scalars: readonly (readonly [name: string, type: Type])[] = Object.values(Type)
  .filter((type) => typeof type === 'number')
  .filter((type) => ![Type.GROUP, Type.MESSAGE, Type.ENUM].includes(type))
  .map((type) => [Type[type].toLowerCase(), type]);

const keyTypes = scalars.filter(([, type]) => ![Type.DOUBLE, Type.FLOAT, Type.BYTES].includes(type));

/** Well-known types, each as it is, in a list, in a oneof and in a map. */
const wellKnown = [
  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (name) => `${name}Value`,
  ),
  ...['Timestamp', 'Duration', 'FieldMask', 'Struct', 'Value', 'ListValue', 'Any'],
];

/** Fields with numbers from 1 on, the later ones being high enough for tags of several bytes. */
function numbered(fields: readonly Field[]): Field[] {
  return fields.map((field, index) => ({
    jsonName: field.name ?? '',
    label: Label.OPTIONAL,
    ...field,
    number: index < 10 ? index + 1 : index * 200,
  }));
}

function messageField(name: string, typeName: string): Field {
  return { name, type: Type.MESSAGE, typeName: `.${typeName}` };
}

function enumField(name: string, typeName: string): Field {
  return { name, type: Type.ENUM, typeName: `.${typeName}` };
}

function repeated(field: Field): Field {
  return { ...field, label: Label.REPEATED };
}

/** A message type with maps of these values, the types of the keys taking turns. */
function mapsOf(name: string, values: readonly Field[]): Message {
  const entries = values.map((value, index): Message => {
    const [, type] = keyTypes[index % keyTypes.length] ?? ['', Type.STRING];
    const key: Field = { name: 'key', jsonName: 'key', number: 1, label: Label.OPTIONAL, type };
    return {
      name: `${name}${index}Entry`,
      field: [key, { ...value, name: 'value', jsonName: 'value', number: 2, label: Label.OPTIONAL }],
      options: { mapEntry: true },
    };
  });
  const fields = entries.map((entry) => messageField(`by_${entry.name}`, `kinds.${name}.${entry.name}`));
  return { name, field: numbered(fields.map(repeated)), nestedType: entries };
}

const values: readonly Field[] = [
  ...scalars.map(([name, type]): Field => ({ name, type })),
  enumField('color', 'kinds.Color'),
  enumField('nothing', 'google.protobuf.NullValue'),
  messageField('lists', 'kinds.Lists'),
  messageField('singles', 'kinds.Singles'),
  ...wellKnown.map((name) => messageField(name.toLowerCase(), `google.protobuf.${name}`)),
];

const scalarValues = values.filter(({ type }) => type !== Type.MESSAGE);
const packableValues = scalarValues.filter(({ type }) => type !== Type.STRING && type !== Type.BYTES);

const messages: readonly Message[] = [
  {
    name: 'Singles',
    field: numbered([
      ...values,
      { name: 'proto', jsonName: '__proto__', type: Type.STRING },
      { name: 'quoted', jsonName: 'a "quoted"\nnäme', type: Type.STRING },
    ]),
  },
  {
    name: 'Optionals',
    field: numbered(
      scalarValues.map((field, oneofIndex) => ({ ...field, proto3Optional: true, oneofIndex })),
    ),
    oneofDecl: scalarValues.map(({ name }) => ({ name: `_${name}` })),
  },
  {
    name: 'Choice',
    field: numbered(values.map((field) => ({ ...field, oneofIndex: 0 }))),
    oneofDecl: [{ name: 'choice' }],
  },
  { name: 'Lists', field: numbered(values.map(repeated)) },
  {
    name: 'UnpackedLists',
    field: numbered(packableValues.map((field) => ({ ...repeated(field), options: { packed: false } }))),
  },
  mapsOf('Maps', values),
  mapsOf('MoreMaps', [...values.slice(5), ...values.slice(0, 5)]),
  { name: 'Empty' },
];

const proto2Messages: readonly Message[] = [
  {
    name: 'Legacy',
    field: numbered([
      { name: 'text', type: Type.STRING },
      { name: 'number', type: Type.INT32, defaultValue: '5' },
      enumField('grade', 'legacy.Grade'),
      repeated(enumField('grades', 'legacy.Grade')),
      { name: 'group', type: Type.GROUP, typeName: '.legacy.Plain' },
    ]),
  },
  { name: 'Graded', field: numbered([enumField('grade', 'legacy.Grade')]) },
  {
    name: 'Plain',
    field: numbered([
      { name: 'text', type: Type.STRING },
      { name: 'zero', type: Type.INT32 },
    ]),
  },
  { name: 'Strict', field: numbered([{ name: 'text', type: Type.STRING, label: Label.REQUIRED }]) },
  {
    name: 'Sorted',
    field: numbered([
      { name: 'text', type: Type.STRING },
      { name: 'seven', jsonName: '7', type: Type.STRING },
    ]),
  },
  {
    name: 'Open',
    field: numbered([{ name: 'text', type: Type.STRING }]),
    extensionRange: [{ start: 100, end: 200 }],
  },
];

const set = create(FileDescriptorSetSchema, {
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
            { name: 'ALSO_RED', number: 1 },
            { name: 'NEGATIVE', number: -7 },
          ],
        },
      ],
      messageType: [...messages],
    },
    {
      name: 'legacy.proto',
      package: 'legacy',
      syntax: 'proto2',
      enumType: [
        { name: 'Grade', value: ['BAD', 'GOOD'].map((name, index) => ({ name, number: index + 3 })) },
      ],
      messageType: [...proto2Messages],
      extension: [
        {
          name: 'extra',
          jsonName: 'extra',
          number: 100,
          label: Label.OPTIONAL,
          type: Type.STRING,
          extendee: '.legacy.Open',
        },
      ],
    },
    {
      name: 'modern.proto',
      package: 'modern',
      syntax: 'editions',
      edition: Edition.EDITION_2023,
      dependency: ['legacy.proto'],
      messageType: [
        {
          name: 'Holder',
          field: numbered([
            ...['Legacy', 'Graded', 'Plain', 'Strict', 'Open'].map((name) =>
              messageField(name.toLowerCase(), `legacy.${name}`),
            ),
            repeated(messageField('plains', 'legacy.Plain')),
            {
              ...messageField('delimited', 'modern.Holder'),
              options: { features: { messageEncoding: Encoding.DELIMITED } },
            },
          ]),
        },
      ],
    },
  ],
});

/** All types of these files, and the well-known ones. */
export const kindsRegistry: Registry = createFileRegistry(set);

function messageTypes(packageName: string, list: readonly Message[]): DescMessage[] {
  return list.flatMap(({ name }) => kindsRegistry.getMessage(`${packageName}.${name}`) ?? []);
}

/** Message types of proto3, all of whose usual forms are written directly. */
export const kinds: readonly DescMessage[] = messageTypes('kinds', messages);

/** Message types with what is rare: groups, closed enums, required fields, extensions, names that are numbers. */
export const legacyKinds: readonly DescMessage[] = [
  ...messageTypes('legacy', proto2Messages),
  ...messageTypes('modern', [{ name: 'Holder' }]),
];
