/**
 * An API made for tests: one message with every kind of field and a service whose methods bind it in every way
 * that HTTP rules allow, most of which no real API uses at once.
 */
import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type Registry,
} from '@bufbuild/protobuf';
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { type HttpRule, HttpRuleSchema } from '@parleykit/proto/api';

const imports = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

const scalarTypes: Readonly<Record<string, Type>> = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int64: Type.INT64,
  uint64: Type.UINT64,
  int32: Type.INT32,
  uint32: Type.UINT32,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
};

/** Fields from lines in the syntax of .proto files, `oneof` being a suffix: all of them join the first oneof. */
function fields(...lines: string[]): FieldDescriptorProto[] {
  return lines.map((line, index) => {
    const words = line.split(' ');
    const repeated = words[0] === 'repeated';
    const [type = '', name = '', oneof] = repeated ? words.slice(1) : words;
    const scalar = scalarTypes[type];
    return create(FieldDescriptorProtoSchema, {
      name,
      jsonName: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      number: index + 1,
      label: repeated ? Label.REPEATED : Label.OPTIONAL,
      type: scalar ?? (type.endsWith('Color') ? Type.ENUM : Type.MESSAGE),
      ...(scalar === undefined && {
        typeName: type.startsWith('google.') ? `.${type}` : `.sample.v1.${type}`,
      }),
      ...(oneof === 'oneof' && { oneofIndex: 0 }),
    });
  });
}

function mapEntry(name: string, key: string, value: string) {
  return { name, field: fields(`${key} key`, `${value} value`), options: { mapEntry: true } };
}

const methodNames = ['Get', 'Put', 'Post', 'Cancel', 'List', 'Patch', 'Watch', 'Reply'];

/** The one whose replies are a stream. */
const streamingMethod = 'Watch';

const file = create(FileDescriptorProtoSchema, {
  name: 'sample/v1/sample.proto',
  package: 'sample.v1',
  syntax: 'proto3',
  dependency: imports.map((dependency) => dependency.proto.name),
  enumType: [
    {
      name: 'Color',
      value: ['COLOR_UNSPECIFIED', 'RED', 'GREEN'].map((name, number) => ({ name, number })),
    },
  ],
  messageType: [
    {
      name: 'Inner',
      field: fields(
        'string text',
        'Inner inner',
        'repeated string tags',
        'int32 first oneof',
        'Inner second oneof',
      ),
      oneofDecl: [{ name: 'pick' }],
    },
    {
      name: 'Thing',
      field: fields(
        'string name',
        'string display_name',
        'bool is_open',
        'int32 small',
        'uint32 count',
        'int64 big',
        'uint64 huge',
        'float ratio',
        'double amount',
        'bytes data',
        'Color color',
        'Inner inner',
        'repeated Inner inners',
        'repeated int32 numbers',
        'repeated Color colors',
        'Thing.LabelsEntry labels',
        'Thing.InnersByNumberEntry inners_by_number',
        'Thing.CountsByFlagEntry counts_by_flag',
        'Thing.ColorsByBigEntry colors_by_big',
        'google.protobuf.Timestamp time',
        'google.protobuf.Duration ttl',
        'google.protobuf.FieldMask mask',
        'google.protobuf.Struct struct',
        'google.protobuf.Value value',
        'google.protobuf.ListValue list',
        'google.protobuf.StringValue maybe_text',
        'google.protobuf.Int64Value maybe_big',
        'google.protobuf.BoolValue maybe_open',
        'google.protobuf.Any any',
        'repeated google.protobuf.Timestamp times',
        'string key',
        'string left oneof',
        'Inner right oneof',
        'google.protobuf.Value either oneof',
      ).map((field) => {
        if (field.typeName.endsWith('Entry')) field.label = Label.REPEATED;
        return field;
      }),
      oneofDecl: [{ name: 'choice' }],
      nestedType: [
        mapEntry('LabelsEntry', 'string', 'string'),
        mapEntry('InnersByNumberEntry', 'int32', 'Inner'),
        mapEntry('CountsByFlagEntry', 'bool', 'int64'),
        mapEntry('ColorsByBigEntry', 'int64', 'Color'),
      ],
    },
  ],
  service: [
    {
      name: 'Things',
      method: methodNames.map((name) => ({
        name,
        inputType: '.sample.v1.Thing',
        outputType: '.sample.v1.Thing',
        serverStreaming: name === streamingMethod,
      })),
    },
  ],
});

/** All types of the sample API, and the well-known ones. */
export const sampleRegistry: Registry = createFileRegistry(file, (name) =>
  imports.find((dependency) => dependency.proto.name === name),
);

/** The message with every kind of field. */
export const thing: DescMessage = required(sampleRegistry.getMessage('sample.v1.Thing'));

/** The methods of the sample API; each takes and returns a {@link thing}. */
export const sampleMethods: readonly DescMethod[] = required(
  sampleRegistry.getService('sample.v1.Things'),
).methods;

/** A method of the sample API by its name. */
export function sampleMethod(name: string): DescMethod {
  return required(sampleMethods.find((method) => method.name === name));
}

/** A rule from a line such as `POST /v1/things:close`. */
export function rule(binding: string, selectors: { body?: string; responseBody?: string } = {}): HttpRule {
  const [verb = '', path = ''] = binding.split(' ');
  switch (verb) {
    case 'GET':
    case 'PUT':
    case 'POST':
    case 'DELETE':
    case 'PATCH': {
      const name = verb.toLowerCase() as 'get' | 'put' | 'post' | 'delete' | 'patch';
      return create(HttpRuleSchema, { pattern: { case: name, value: path }, ...selectors });
    }
    default:
      return create(HttpRuleSchema, {
        pattern: { case: 'custom', value: { kind: verb, path } },
        ...selectors,
      });
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the sample API lacks it');
  return value;
}
