import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  type MessageShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { Edition, FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { WireWriter } from './wire-writer.ts';

/**
 * Messages by their descriptors, in the very bytes that `toBinary()` makes of them, written where an answer is put
 * together anyway: that needs no buffer that grows anew for each, and a Struct no message for each of its values.
 * Kinds of fields that few messages have are left to the library, and with them the whole message.
 */

type Fields = Readonly<Record<string, unknown>>;
/** Writes one field, where it is set. */
type FieldWriter = (writer: WireWriter, message: Fields) => void;
/** Writes a value of a field, with its tag, whatever it is. */
type ValueWriter = (writer: WireWriter, value: unknown) => void;

/** Writes the fields of a message. */
export function writeMessage<Desc extends DescMessage>(
  writer: WireWriter,
  schema: Desc,
  message: MessageShape<Desc>,
): void {
  writerOf(schema).write(writer, message);
}

/** A message on its own. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): Uint8Array {
  const writer = new WireWriter();
  writeMessage(writer, schema, message);
  return writer.finish();
}

const writers = new Map<DescMessage, MessageWriter>();

function writerOf(schema: DescMessage): MessageWriter {
  let writer = writers.get(schema);
  if (writer === undefined) {
    writer = new MessageWriter(schema);
    writers.set(schema, writer);
  }
  return writer;
}

/** Writes messages of one type. */
class MessageWriter {
  readonly #schema: DescMessage;
  /** In the order of their numbers. Nothing where one of them is left to the library. */
  #fields: readonly FieldWriter[] | undefined;
  #isReady = false;

  constructor(schema: DescMessage) {
    this.#schema = schema;
  }

  write(writer: WireWriter, message: Message): void {
    // At the first message, since types contain themselves.
    if (!this.#isReady) this.#prepare();
    const fields = this.#fields;
    if (fields === undefined || message.$unknown !== undefined) {
      writer.fields(toBinary(this.#schema, message));
      return;
    }
    for (let index = 0; index < fields.length; index++) {
      (fields[index] as FieldWriter)(writer, message as unknown as Fields);
    }
  }

  #prepare(): void {
    this.#isReady = true;
    // Types of before have defaults that are set without being there.
    if (this.#schema.file.edition !== Edition.EDITION_PROTO3) return;
    const fields = this.#schema.fields.toSorted((one, other) => one.number - other.number).map(fieldWriter);
    if (fields.every((field) => field !== undefined)) this.#fields = fields;
  }
}

function fieldWriter(field: DescField): FieldWriter | undefined {
  if (field.fieldKind === 'list' && field.packed) return packedWriter(field);
  const write = valueWriter(field);
  if (write === undefined) return undefined;
  const { localName } = field;
  if (field.fieldKind === 'list') {
    return (writer, message) => {
      const items = message[localName] as readonly unknown[];
      for (let index = 0; index < items.length; index++) write(writer, items[index]);
    };
  }
  if (field.oneof !== undefined) {
    const oneof = field.oneof.localName;
    return (writer, message) => {
      const { case: set, value } = message[oneof] as { case: string | undefined; value?: unknown };
      if (set === localName) write(writer, value);
    };
  }
  if (field.presence === Presence.EXPLICIT) {
    return (writer, message) => {
      const value = message[localName];
      if (value !== undefined) write(writer, value);
    };
  }
  if (field.presence !== Presence.IMPLICIT) return undefined;
  return (writer, message) => {
    const value = message[localName];
    // Negative zero is a value, all other zeros are none.
    if (value === '' || value === false || (value === 0 && !Object.is(value, -0)) || value === 0n) return;
    if (value instanceof Uint8Array && value.byteLength === 0) return;
    write(writer, value);
  };
}

function packedWriter({
  number,
  localName,
  listKind,
  scalar,
}: DescField & { fieldKind: 'list' }): FieldWriter | undefined {
  if (listKind !== 'enum' && scalar !== ScalarType.INT32 && scalar !== ScalarType.INT64) return undefined;
  return (writer, message) => writer.packed(number, message[localName] as readonly (number | bigint)[]);
}

/** Undefined for what is left to the library. */
function valueWriter(field: DescField): ValueWriter | undefined {
  const { number } = field;
  if (field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message')) {
    const { message, delimitedEncoding } = field as { message: DescMessage; delimitedEncoding: boolean };
    if (delimitedEncoding || /^google\.protobuf\..*Value$/u.test(message.typeName)) return undefined;
    const writeFields: ValueWriter =
      message.typeName === 'google.protobuf.Struct' ? writeStruct : nestedWriter(message);
    return (writer, value) => {
      const start = writer.begin(number);
      writeFields(writer, value);
      writer.end(start);
    };
  }
  if (field.fieldKind === 'map') return undefined;
  if (field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum')) {
    return (writer, value) => writer.integer(number, value as number);
  }
  return scalarWriter(number, (field as { scalar: ScalarType }).scalar);
}

function nestedWriter(schema: DescMessage): ValueWriter {
  const nested = writerOf(schema);
  return (writer, value) => nested.write(writer, value as Message);
}

function scalarWriter(number: number, scalar: ScalarType): ValueWriter | undefined {
  switch (scalar) {
    case ScalarType.STRING:
      return (writer, value) => writer.text(number, value as string);
    case ScalarType.BOOL:
      return (writer, value) => writer.number(number, value === true ? 1 : 0);
    case ScalarType.BYTES:
      return (writer, value) => writer.bytes(number, value as Uint8Array);
    case ScalarType.INT32:
    case ScalarType.INT64:
    case ScalarType.UINT32:
      return (writer, value) => writer.integer(number, value as number | bigint);
    case ScalarType.FLOAT:
      return (writer, value) => writer.float(number, value as number);
    case ScalarType.DOUBLE:
      return (writer, value) => writer.double(number, value as number);
    default:
      return undefined;
  }
}

/** https://protobuf.dev/reference/protobuf/google.protobuf/#struct */
function writeStruct(writer: WireWriter, struct: unknown): void {
  for (const [key, value] of Object.entries(struct as Readonly<Record<string, JsonValue>>)) {
    const entry = writer.begin(1);
    writer.text(1, key);
    const start = writer.begin(2);
    writeValue(writer, value);
    writer.end(start);
    writer.end(entry);
  }
}

function writeValue(writer: WireWriter, value: JsonValue): void {
  if (typeof value === 'string') writer.text(3, value);
  else if (typeof value === 'number') writer.double(2, value);
  else if (typeof value === 'boolean') writer.number(4, value ? 1 : 0);
  else if (value === null) writer.number(1, 0);
  else if (Array.isArray(value)) {
    const list = writer.begin(6);
    for (const item of value) {
      const start = writer.begin(1);
      writeValue(writer, item);
      writer.end(start);
    }
    writer.end(list);
  } else {
    const start = writer.begin(5);
    writeStruct(writer, value);
    writer.end(start);
  }
}
