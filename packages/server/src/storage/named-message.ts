import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { WireWriter } from '../wire-writer.ts';

/** A generated message whose field 1 is its resource name, as all stored resources of the API have it. */
type Named<Desc extends DescMessage> = MessageShape<Desc> & { name: string };

const NAME = 1;

/** The bytes to store: the message without its name, which is the key. Empties the message's name. */
export function withoutName<Desc extends DescMessage>(schema: Desc, message: Named<Desc>): Uint8Array {
  message.name = '';
  return toBinary(schema, message);
}

/** Writes a stored message's fields with its name, in the caller's form, in front. Nothing is decoded. */
export function writeNamed(writer: WireWriter, name: string, body: Uint8Array): void {
  writer.string(NAME, name);
  writer.fields(body);
}

/** The message itself, with its name, from what was stored. */
export function decodeNamed<Desc extends DescMessage>(
  schema: Desc,
  name: string,
  body: Uint8Array,
): MessageShape<Desc> {
  const message = fromBinary(schema, body);
  (message as Named<Desc>).name = name;
  return message;
}
