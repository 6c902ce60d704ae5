import { LENGTH_DELIMITED, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** How values of one type are written in protobuf, beside what ValueType says of them. */
export interface WireType {
  readonly wireType: number;
  /** Reads a value, behind its tag, as answers have it. */
  read(reader: WireReader): unknown;
  /** Writes, behind its tag, what was taken. */
  write(writer: WireWriter, taken: unknown): void;
  /**
   * For messages: reads one that takes up all that is left up to the reader's end, without a length in front. Two
   * occurrences of a field that is no list are one message, the bytes of which are those of both in a row.
   */
  readBody?(reader: WireReader): unknown;
  /** For messages: writes one without a length in front. */
  writeBody?(writer: WireWriter, taken: unknown): void;
}

/** The type of fields that hold messages, which have their length in front. */
export function messageWire<Taken>(
  readBody: (reader: WireReader) => unknown,
  writeBody: (writer: WireWriter, taken: Taken) => void,
): Required<WireType> {
  return {
    wireType: LENGTH_DELIMITED,
    readBody,
    writeBody: (writer, taken) => writeBody(writer, taken as Taken),
    read: (reader) => {
      const outer = reader.open();
      const value = readBody(reader);
      reader.close(outer);
      return value;
    },
    write: (writer, taken) => {
      const start = writer.begin();
      writeBody(writer, taken as Taken);
      writer.end(start);
    },
  };
}

/** Reads a message up to the reader's end: `read` gets each tag, and answers whether it has read the value behind it. */
export function readFields(reader: WireReader, read: (tag: number) => boolean): void {
  reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.uint32();
    if (!read(tag)) reader.skip(tag);
  }
  reader.leave();
}
