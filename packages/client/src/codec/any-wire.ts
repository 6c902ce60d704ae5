import { anyTypeName, type TakenAny } from './any-type.ts';
import { Fault } from './fault.ts';
import { truncated, type WireReader } from './wire-reader.ts';
import { messageWire, readFields, type WireType } from './wire-type.ts';

/** How the bytes of a type stand in an Any. */
export interface AnyWireForm {
  readonly wire: WireType;
  /** As AnyForm has it. */
  readonly hasFields: boolean;
}

/** google.protobuf.Any, see anyType(). */
export function anyWire(find: (typeName: string) => AnyWireForm | undefined): Required<WireType> {
  const readAny = (reader: WireReader): object => {
    let url = '';
    let start = 0;
    let end = 0;
    const outer = reader.end;
    readFields(reader, (tag) => {
      if (tag === 0x0a) url = reader.string();
      else if (tag === 0x12) {
        reader.open();
        start = reader.pos;
        end = reader.end;
        reader.pos = end;
        reader.end = outer;
      } else return false;
      return true;
    });
    if (url === '') return { '@type': url };
    const form = find(anyTypeName(url));
    if (form === undefined) return { '@type': url, value: reader.bytes.slice(start, end) };
    const value = readAt(reader, start, end, form.wire);
    return form.hasFields ? { '@type': url, ...(value as object) } : { '@type': url, value };
  };
  return messageWire<TakenAny>(readAny, (writer, { url, value }) => {
    if (url === '') return;
    const form = find(anyTypeName(url));
    writer.uint32(0x0a);
    writer.string(url);
    writer.uint32(0x12);
    if (form !== undefined) form.wire.write(writer, value);
    else {
      const { value: bytes } = value as { value?: unknown };
      if (!(bytes instanceof Uint8Array))
        throw new Fault(`${url} is unknown, so that its value has to be bytes`);
      writer.bytes(bytes);
    }
  });
}

/** Reads a message that lies behind: it may have come in front of the name of its type. */
function readAt(reader: WireReader, start: number, end: number, { readBody }: WireType): unknown {
  const { pos: behind, end: outer } = reader;
  if (behind !== outer) throw truncated();
  reader.pos = start;
  reader.end = end;
  reader.enter();
  const value = readBody?.(reader);
  reader.leave();
  if (reader.pos !== end) throw truncated();
  reader.pos = behind;
  reader.end = outer;
  return value;
}
