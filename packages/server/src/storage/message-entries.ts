import type { NewMessage, StoredMessage } from './store.ts';

/**
 * Messages as rows hold them: one blob each that says its own length, so that a page of them is read as one value.
 * A row that becomes an object of its own on its way out of the database costs more than finding it did.
 *
 * An entry is, in little-endian order:
 *   4 bytes   how many bytes follow
 *   8 bytes   create_time, as a float64: microseconds are whole numbers in it for another 200 years
 *   4 bytes   position
 *   2 bytes   length of the id; 0 where the position names the message
 *   2 bytes   length of the participant's id
 *   the id, the participant's id, and the encoded message
 */
const LENGTH_BYTES = 4;
const CREATE_TIME_AT = 4;
const POSITION_AT = 12;
const ID_LENGTH_AT = 16;
const PARTICIPANT_LENGTH_AT = 18;
const HEADER_BYTES = 20;

/** Entries one behind the other, in the positions in which they are given. Their create_time is not known yet. */
export function encodeEntries(messages: readonly NewMessage[]): Buffer {
  // On its own, since it is handed to another thread.
  const entries = Buffer.allocUnsafeSlow(messages.reduce((bytes, message) => bytes + sizeOf(message), 0));
  let at = 0;
  for (const [position, message] of messages.entries()) at = writeEntry(entries, at, message, position);
  return entries;
}

export function encodeEntry(message: NewMessage, position: number): Buffer {
  const entry = Buffer.allocUnsafeSlow(sizeOf(message));
  writeEntry(entry, 0, message, position);
  return entry;
}

function sizeOf({ id = '', participant, body }: NewMessage): number {
  return HEADER_BYTES + Buffer.byteLength(id) + Buffer.byteLength(participant) + body.byteLength;
}

/** Answers where it ends. */
function writeEntry(entries: Buffer, start: number, message: NewMessage, position: number): number {
  const { id = '', participant, body } = message;
  const idBytes = entries.write(id, start + HEADER_BYTES);
  const participantBytes = entries.write(participant, start + HEADER_BYTES + idBytes);
  const bodyAt = start + HEADER_BYTES + idBytes + participantBytes;
  const end = bodyAt + body.byteLength;
  entries.writeUInt32LE(end - start - LENGTH_BYTES, start);
  entries.writeDoubleLE(0, start + CREATE_TIME_AT);
  entries.writeUInt32LE(position, start + POSITION_AT);
  entries.writeUInt16LE(idBytes, start + ID_LENGTH_AT);
  entries.writeUInt16LE(participantBytes, start + PARTICIPANT_LENGTH_AT);
  entries.set(body, bodyAt);
  return end;
}

/** Where the entries begin, and behind them the end of the last. */
export function entryOffsets(entries: Buffer): number[] {
  const offsets: number[] = [];
  let at = 0;
  for (; at < entries.length; at += LENGTH_BYTES + entries.readUInt32LE(at)) offsets.push(at);
  offsets.push(at);
  return offsets;
}

export function setCreateTime(entries: Buffer, at: number, createTime: number): void {
  entries.writeDoubleLE(createTime, at + CREATE_TIME_AT);
}

/** The ids of an entry without the rest of it. */
export function readIds(entries: Buffer, at: number): { id: string; participant: string } {
  const idEnd = at + HEADER_BYTES + entries.readUInt16LE(at + ID_LENGTH_AT);
  const participantEnd = idEnd + entries.readUInt16LE(at + PARTICIPANT_LENGTH_AT);
  return {
    id: entries.toString('utf8', at + HEADER_BYTES, idEnd),
    participant: entries.toString('utf8', idEnd, participantEnd),
  };
}

/** The messages that the entries hold. They are views of the same memory. */
export function decodeEntries(entries: Buffer): StoredMessage[] {
  const messages: StoredMessage[] = [];
  for (let at = 0; at < entries.length; ) {
    const message = new MessageEntry(entries, at);
    messages.push(message);
    at = message.bodyEnd;
  }
  return messages;
}

/** A message in its entry. What nobody asks for is not read. */
class MessageEntry implements StoredMessage {
  readonly source: Buffer;
  readonly #start: number;
  readonly participantAt: number;
  readonly bodyAt: number;
  readonly bodyEnd: number;

  constructor(source: Buffer, start: number) {
    this.source = source;
    this.#start = start;
    this.participantAt = start + HEADER_BYTES + source.readUInt16LE(start + ID_LENGTH_AT);
    this.bodyAt = this.participantAt + source.readUInt16LE(start + PARTICIPANT_LENGTH_AT);
    this.bodyEnd = start + LENGTH_BYTES + source.readUInt32LE(start);
  }

  get createTime(): number {
    return this.source.readDoubleLE(this.#start + CREATE_TIME_AT);
  }

  get position(): number {
    return this.source.readUInt32LE(this.#start + POSITION_AT);
  }

  get id(): string | undefined {
    const from = this.#start + HEADER_BYTES;
    return from === this.participantAt ? undefined : this.source.toString('utf8', from, this.participantAt);
  }

  get participant(): string {
    return this.source.toString('utf8', this.participantAt, this.bodyAt);
  }

  get body(): Uint8Array {
    return this.source.subarray(this.bodyAt, this.bodyEnd);
  }
}
