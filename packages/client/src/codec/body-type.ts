import type { Json, ValueType } from './value-type.ts';
import { LENGTH_DELIMITED, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** What is particular to a type of messages; see ValueType. */
export interface Body<Taken> {
  /** Reads up to the reader's end. */
  readBody(reader: WireReader): unknown;
  parse(json: Json, depth: number): unknown;
  take(value: unknown, depth: number): Taken;
  writeBody(writer: WireWriter, taken: Taken): void;
  print(taken: Taken): Json;
  readonly nullable?: true;
}

/** The type of fields that hold messages, which have their length in front on the wire. */
export function bodyType<Taken>(body: Body<Taken>): ValueType & Required<Pick<ValueType, 'readBody'>> {
  return {
    ...(body as Body<unknown>),
    wireType: LENGTH_DELIMITED,
    zero: undefined,
    read: (reader) => {
      const outer = reader.open();
      const value = body.readBody(reader);
      reader.close(outer);
      return value;
    },
    write: (writer, taken) => {
      const start = writer.begin();
      body.writeBody(writer, taken as Taken);
      writer.end(start);
    },
  };
}

/** Reads what a message has up to the reader's end: `read` gets each tag, and answers whether it has read the value. */
export function readFields(reader: WireReader, read: (tag: number) => boolean): void {
  reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.uint32();
    if (!read(tag)) reader.skip(tag);
  }
  reader.leave();
}
