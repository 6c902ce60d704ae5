import { create, toBinary } from '@bufbuild/protobuf';
import { BatchCreateMessagesResponseSchema, type Message, MessageSchema } from '@parleykit/proto/v2beta1';
import { BATCH_LIMIT_MAX } from '../limits.ts';
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

/**
 * Writes stored messages as the elements of a repeated field, named in the form of `conversation`. A message that its
 * creator did not name has its place in the conversation for an id, which begins with a digit.
 */
export function writeMessages(
  writer: WireWriter,
  field: number,
  conversation: ResourceName,
  messages: Iterable<StoredMessage>,
): void {
  const participants = Buffer.from(`${conversation}/participants/`);
  const names = Buffer.from(`${conversation}/messages/`);
  // The messages of a batch share their create_time, and with it most of their names.
  let createTime: number | undefined;
  let namesOfTime = names;
  for (const message of messages) {
    if (message.createTime !== createTime) {
      createTime = message.createTime;
      namesOfTime = Buffer.concat([names, Buffer.from(`${createTime}-`)]);
    }
    writer.nested(field, () => {
      const { id, source, participantAt, bodyAt, bodyEnd } = message;
      if (id === undefined) writer.joined(NAME, namesOfTime, positionBytes(message.position));
      else writer.joined(NAME, names, Buffer.from(id));
      writer.joined(PARTICIPANT, participants, source, participantAt, bodyAt);
      writer.timestamp(CREATE_TIME, message.createTime);
      writer.fieldsFrom(source, bodyAt, bodyEnd);
    });
  }
}

/** Positions as texts: few, and asked for again and again. */
const positions: Buffer[] = [];

function positionBytes(position: number): Buffer {
  if (position >= BATCH_LIMIT_MAX) return Buffer.from(String(position));
  positions[position] ??= Buffer.from(String(position));
  return positions[position];
}
