import { toBinary } from '@bufbuild/protobuf';
import { type Message, MessageSchema } from '@parleykit/proto/v2beta1';
import type { ResourceName } from '../resource-names.ts';
import type { StoredMessage } from '../storage/store.ts';
import type { WireWriter } from '../wire-writer.ts';

/**
 * Messages as they are stored and as they are answered. What the key columns hold (name, participant and
 * create_time) is not in the stored bytes: it is written in front of them on the way out, in the name form that
 * the caller used. So one path serves every form, and a page is read without decoding it.
 */

const NAME = MessageSchema.field.name.number;
const PARTICIPANT = MessageSchema.field.participant.number;
const CREATE_TIME = MessageSchema.field.createTime.number;

/** The id of a message that its creator did not name: its place in the conversation. Begins with a digit. */
function messageId({ id, createTime, position }: StoredMessage): string {
  return id ?? `${createTime}-${position}`;
}

/** The bytes to store. Empties the fields that the key columns hold. */
export function encodeMessageBody(message: Message): Uint8Array {
  message.name = '';
  message.participant = '';
  message.createTime = undefined;
  return toBinary(MessageSchema, message);
}

/** Writes stored messages as the elements of a repeated field, named in the form of `conversation`. */
export function writeMessages(
  writer: WireWriter,
  field: number,
  conversation: ResourceName,
  messages: Iterable<StoredMessage>,
): void {
  const names = `${conversation}/messages/`;
  const participants = `${conversation}/participants/`;
  for (const message of messages) {
    writer.nested(field, () => {
      writer.string(NAME, names + messageId(message));
      writer.string(PARTICIPANT, participants + message.participant);
      writer.timestamp(CREATE_TIME, message.createTime);
      writer.fields(message.body);
    });
  }
}
