import { bodyType, readFields } from './body-type.ts';
import { Fault } from './fault.ts';
import { isObject, type JsonMembers, kindOf, type ValueType } from './value-type.ts';
import { DEPTH_MAX, type WireReader } from './wire-reader.ts';

/** A type that may stand in an Any. */
export interface AnyMember {
  readonly type: ValueType & Required<Pick<ValueType, 'readBody'>>;
  /** Whether its JSON is an object of its fields, to which `@type` is added; else that has a `value` beside it. */
  readonly hasFields: boolean;
}

interface TakenAny {
  readonly url: string;
  /** Undefined for a type that is not known, or none. */
  readonly member: AnyMember | undefined;
  readonly value: unknown;
}

/**
 * The type of google.protobuf.Any, where `find` knows types by their names. What it does not know has, as answers
 * have it, a `value` that is bytes where bytes have come, and is left as it is where JSON has. In requests it is the
 * same, each for its own wire. `@type` is empty for an Any that holds nothing.
 */
export function anyType(find: (typeName: string) => AnyMember | undefined): ValueType {
  const memberOf = (url: string) => find(url.slice(url.lastIndexOf('/') + 1));

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
    const member = memberOf(url);
    // The value may have come in front of the name of its type.
    const behind = reader.pos;
    if (behind > outer) throw new Fault('the bytes end in the middle of a value');
    reader.pos = start;
    reader.end = end;
    let value: unknown;
    if (member === undefined) value = reader.bytes.slice(start, end);
    else {
      reader.enter();
      value = member.type.readBody(reader);
      if (reader.pos !== end) throw new Fault('the bytes end in the middle of a value');
      reader.leave();
    }
    reader.pos = behind;
    reader.end = outer;
    return member?.hasFields ? { '@type': url, ...(value as object) } : { '@type': url, value };
  };

  return bodyType<TakenAny>({
    readBody: readAny,
    parse: (json, depth) => {
      const members = objectOnly(json) as JsonMembers;
      const { '@type': url = '', ...fields } = members;
      if (typeof url !== 'string' || (url === '' && Object.keys(fields).length > 0))
        throw new Fault('no @type');
      if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
      if (url === '') return { '@type': url };
      const member = memberOf(url);
      if (member === undefined) return members;
      if (member.hasFields) return { '@type': url, ...(member.type.parse(fields, depth + 1) as object) };
      return { '@type': url, value: member.type.parse(fields['value'] ?? null, depth + 1) };
    },
    take: (value, depth) => {
      if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
      const { '@type': url, ...fields } = objectOnly(value);
      if (typeof url !== 'string') throw new Fault('no @type').within('@type');
      const member = memberOf(url);
      if (member?.hasFields) return { url, member, value: member.type.take(fields, depth + 1) };
      if (member !== undefined) return { url, member, value: member.type.take(fields['value'], depth + 1) };
      return { url, member, value: fields };
    },
    writeBody: (writer, { url, member, value }) => {
      if (url !== '') {
        writer.uint32(0x0a);
        writer.string(url);
        writer.uint32(0x12);
        if (member !== undefined) member.type.write(writer, value);
        else writer.bytes(bytesOf(value as Record<string, unknown>, url));
      }
    },
    print: ({ url, member, value }) => {
      if (url === '') return {};
      if (member === undefined) return { '@type': url, ...jsonOf(value as Record<string, unknown>, url) };
      const json = member.type.print(value);
      return member.hasFields ? { '@type': url, ...(json as JsonMembers) } : { '@type': url, value: json };
    },
  });
}

function objectOnly(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw new Fault(`expected an object, not ${kindOf(value)}`);
  return value;
}

function bytesOf(fields: Record<string, unknown>, url: string): Uint8Array {
  if (fields['value'] instanceof Uint8Array) return fields['value'];
  throw new Fault(`${url} is not known here, so that its value has to be bytes`);
}

function jsonOf(fields: Record<string, unknown>, url: string): JsonMembers {
  if (fields['value'] instanceof Uint8Array)
    throw new Fault(`${url} is not known here, so that it has no JSON`);
  return fields as JsonMembers;
}
