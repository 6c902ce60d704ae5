import { type Message, MessageSchema } from '@parleykit/proto/v2beta1';
import { BATCH_LIMIT_MAX } from '../limits.ts';
import { writeMessage } from '../message-writer.ts';
import type { ResourceName } from '../resource-names.ts';
import type { StoredMessage } from '../storage/store.ts';
import { WireWriter } from '../wire-writer.ts';

/**
 * Messages as they are stored and as they are answered. Name, participant and create_time are not in the stored
 * bytes: they are written in front of them on the way out, in the name form that the caller used. So one path
 * serves every form, and a page is read without decoding it.
 */

const NAME = MessageSchema.field.name.number;
const PARTICIPANT = MessageSchema.field.participant.number;
const CREATE_TIME = MessageSchema.field.createTime.number;

/** The bytes to store of each message. Empties the fields that the entries hold beside them. */
export function encodeMessageBodies(messages: readonly Message[]): Uint8Array[] {
  const writer = new WireWriter();
  const ends = messages.map((message) => {
    message.name = '';
    message.participant = '';
    message.createTime = undefined;
    writeMessage(writer, MessageSchema, message);
    return writer.at;
  });
  const bytes = writer.finish();
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
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
  const elements = new MessageElements(writer, field, conversation);
  for (const message of messages) elements.write(message);
}

/** Where a message's first fields were written last. They are of one length in all that are like it. */
interface Head {
  readonly message: StoredMessage;
  readonly start: number;
  readonly end: number;
  /** Where the position stands in the name, from the start. */
  readonly positionAt: number;
  readonly positionLength: number;
}

/**
 * Name, participant and create_time of messages that a batch and a speaker have in common are the same but for the
 * position. They are put together once and then repeated: to do so for each would cost more than all else of a page.
 */
class MessageElements {
  readonly #writer: WireWriter;
  readonly #field: number;
  readonly #names: Buffer;
  readonly #participants: Buffer;
  #createTime: number | undefined;
  #namesOfTime: Buffer;
  /** Of messages of that create_time. */
  #heads: Head[] = [];

  constructor(writer: WireWriter, field: number, conversation: ResourceName) {
    this.#writer = writer;
    this.#field = field;
    this.#names = Buffer.from(`${conversation}/messages/`);
    this.#participants = Buffer.from(`${conversation}/participants/`);
    this.#namesOfTime = this.#names;
  }

  write(message: StoredMessage): void {
    const { createTime, id } = message;
    if (createTime !== this.#createTime) {
      this.#createTime = createTime;
      this.#namesOfTime = Buffer.concat([this.#names, Buffer.from(`${createTime}-`)]);
      this.#heads = [];
    }
    if (id !== undefined) this.#writeWhole(message, this.#names, Buffer.from(id));
    else {
      const position = positionBytes(message.position);
      const head = this.#heads.find(
        (each) => each.positionLength === position.length && isSameSpeaker(each.message, message),
      );
      if (head === undefined) this.#heads.push(this.#writeWhole(message, this.#namesOfTime, position));
      else this.#repeat(head, message, position);
    }
  }

  #repeat(
    { start, end, positionAt }: Head,
    { source, bodyAt, bodyEnd }: StoredMessage,
    position: Buffer,
  ): void {
    const writer = this.#writer;
    writer.prefix(this.#field, end - start + bodyEnd - bodyAt);
    writer.overwrite(writer.repeat(start, end) + positionAt, position);
    writer.fieldsFrom(source, bodyAt, bodyEnd);
  }

  /** `names` and `last` make up the message's name. */
  #writeWhole(message: StoredMessage, names: Buffer, last: Buffer): Head {
    const { source, participantAt, bodyAt, bodyEnd } = message;
    const writer = this.#writer;
    let length = 0;
    let positionAt = 0;
    writer.nested(this.#field, () => {
      const start = writer.at;
      writer.joined(NAME, names, last);
      positionAt = writer.at - start - last.length;
      writer.joined(PARTICIPANT, this.#participants, source, participantAt, bodyAt);
      writer.timestamp(CREATE_TIME, message.createTime);
      length = writer.at - start;
      writer.fieldsFrom(source, bodyAt, bodyEnd);
    });
    const end = writer.at - (bodyEnd - bodyAt);
    return { message, start: end - length, end, positionAt, positionLength: last.length };
  }
}

function isSameSpeaker(one: StoredMessage, other: StoredMessage): boolean {
  const length = one.bodyAt - one.participantAt;
  if (length !== other.bodyAt - other.participantAt) return false;
  for (let index = 0; index < length; index++) {
    if (one.source[one.participantAt + index] !== other.source[other.participantAt + index]) return false;
  }
  return true;
}

/** Positions as texts: few, and asked for again and again. */
const positions: Buffer[] = [];

function positionBytes(position: number): Buffer {
  if (position >= BATCH_LIMIT_MAX) return Buffer.from(String(position));
  positions[position] ??= Buffer.from(String(position));
  return positions[position];
}
