import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { tooManyFields } from '../errors.ts';
import { REQUEST_FIELDS_MAX } from '../limits.ts';

/** A field and its tag, where they are as short as can be. */
const FIELD_BYTES_MIN = 2;

/** The fields of a message that are messages, by their numbers, with the same of each. */
type Nested = ReadonlyMap<number, () => Nested>;

const nestedByMessage = new WeakMap<DescMessage, Nested>();

/** The number of the value in an entry of a map. */
const MAP_VALUE = 2;

/**
 * Counts the fields of an encoded request, known or not, before it is decoded. Throws a ServiceError where there are
 * more than any request needs, and whatever the reader throws where the bytes are none.
 */
export function requireFewFields(schema: DescMessage, bytes: Uint8Array): void {
  if (bytes.byteLength <= REQUEST_FIELDS_MAX * FIELD_BYTES_MIN) return;
  const reader = new BinaryReader(bytes);
  let count = 0;
  const walk = (nested: Nested, end: number): void => {
    while (reader.pos < end) {
      if (++count > REQUEST_FIELDS_MAX) throw tooManyFields(REQUEST_FIELDS_MAX);
      const [number, type] = reader.tag();
      if (type !== WireType.LengthDelimited) {
        reader.skip(type, number);
        continue;
      }
      const length = reader.uint32();
      const fieldEnd = reader.pos + length;
      const inner = nested.get(number);
      if (inner !== undefined && fieldEnd <= end) walk(inner(), fieldEnd);
      reader.pos = fieldEnd;
    }
  };
  walk(nestedOf(schema), bytes.byteLength);
}

function nestedOf(message: DescMessage): Nested {
  const known = nestedByMessage.get(message);
  if (known !== undefined) return known;
  const nested = new Map<number, () => Nested>();
  for (const field of message.fields) {
    const { message: inner } = field;
    if (inner === undefined) continue;
    const entry: Nested = new Map([[MAP_VALUE, () => nestedOf(inner)]]);
    nested.set(field.number, field.fieldKind === 'map' ? () => entry : () => nestedOf(inner));
  }
  nestedByMessage.set(message, nested);
  return nested;
}
