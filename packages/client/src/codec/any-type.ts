import { checkDepth, expected, Fault } from './fault.ts';
import { isObject, type Json, type JsonMembers, type ValueType } from './value-type.ts';

/** The name of the type behind a `@type`. */
export function anyTypeName(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** What was taken of an Any. Without a type that is known, the value is what stands beside the `@type`. */
export interface TakenAny {
  readonly url: string;
  readonly value: unknown;
}

/** How the JSON of a type stands in an Any. */
export interface AnyForm {
  readonly type: ValueType;
  /** Whether its JSON is an object of its fields, to which `@type` is added; else that has a `value` beside it. */
  readonly hasFields: boolean;
}

/**
 * The type of google.protobuf.Any, where `find` knows types by their names. What it does not know has, as answers
 * have it, a `value` that is bytes where bytes have come, and is left as it is where JSON has. In requests it is the
 * same, each for its own wire. `@type` is empty for an Any that holds nothing.
 */
export function anyType(find: (typeName: string) => AnyForm | undefined): ValueType {
  const split = (value: unknown) => {
    if (!isObject(value)) throw expected('an object', value);
    const { '@type': url = '', ...fields } = value;
    if (typeof url !== 'string') throw expected('a string', url).within('@type');
    return { url, fields, form: find(anyTypeName(url)) };
  };
  return {
    zero: undefined,
    parse: (json, depth) => {
      checkDepth(depth);
      const { url, fields, form } = split(json);
      if (url === '' && Object.keys(fields).length > 0) throw new Fault('no @type');
      if (form === undefined) return { '@type': url, ...fields };
      if (form.hasFields) return { '@type': url, ...(form.type.parse(fields as Json, depth + 1) as object) };
      return { '@type': url, value: form.type.parse((fields['value'] ?? null) as Json, depth + 1) };
    },
    take: (value, depth): TakenAny => {
      checkDepth(depth);
      const { url, fields, form } = split(value);
      if (url === '' && Object.keys(fields).length > 0) throw new Fault('no @type').within('@type');
      if (form === undefined) return { url, value: fields };
      return { url, value: form.type.take(form.hasFields ? fields : fields['value'], depth + 1) };
    },
    print: (taken) => {
      const { url, value } = taken as TakenAny;
      if (url === '') return {};
      const form = find(anyTypeName(url));
      if (form === undefined) {
        if ((value as JsonMembers)['value'] instanceof Uint8Array)
          throw new Fault(`${url} is unknown and has no JSON`);
        return { '@type': url, ...(value as JsonMembers) };
      }
      const json = form.type.print(value);
      return form.hasFields ? { '@type': url, ...(json as JsonMembers) } : { '@type': url, value: json };
    },
  };
}
