import { create, toBinary } from '@bufbuild/protobuf';
import { BatchCreateMessagesResponseSchema, type Message, MessageSchema } from '@parleykit/proto/v2beta1';
import type { ResourceName } from '../resource-names.ts';
import type { StoredMessage } from '../storage/store.ts';
import type { WireWriter } from '../wire-writer.ts';

/**
 * Messages as they are stored and as they are answered. Name, participant and create_time are not in the stored
 * bytes: they are written in front of them on the way out, in the name form that the caller used. So one path
 * serves every form, and a page is read without decoding it.
 */

const NAME = MessageSchema.field.name.number;
const PARTICIPANT = MessageSchema.field.participant.number;
const CREATE_TIME = MessageSchema.field.createTime.number;

/** The id of a message that its creator did not name: its place in the conversation. Begins with a digit. */
function messageId({ id, createTime, position }: StoredMessage): string {
  return id ?? `${createTime}-${position}`;
}

/**
 * The bytes to store of each message. Empties the fields that the entries hold beside them. They are encoded in one
 * go, as the elements of a list: to start an encoder for each costs more than the encoding.
 */
export function encodeMessageBodies(messages: readonly Message[]): Uint8Array[] {
  for (const message of messages) {
    message.name = '';
    message.participant = '';
    message.createTime = undefined;
  }
  const list = create(BatchCreateMessagesResponseSchema);
  list.messages = [...messages];
  return elementsOf(toBinary(BatchCreateMessagesResponseSchema, list));
}

/** The elements of a message that is nothing but one list of messages with a field number below 16. */
function elementsOf(bytes: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    at++;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    elements.push(bytes.subarray(at, at + length));
    at += length;
  }
  return elements;
}

/** Writes stored messages as the elements of a repeated field, named in the form of `conversation`. */
export function writeMessages(
  writer: WireWriter,
  field: number,
  conversation: ResourceName,
  messages: Iterable<StoredMessage>,
): void {
  const names = Buffer.from(`${conversation}/messages/`);
  const participants = Buffer.from(`${conversation}/participants/`);
  for (const message of messages) {
    writer.nested(field, () => {
      writer.name(NAME, names, messageId(message));
      writer.name(PARTICIPANT, participants, message.participant);
      writer.timestamp(CREATE_TIME, message.createTime);
      writer.fields(message.body);
    });
  }
}
