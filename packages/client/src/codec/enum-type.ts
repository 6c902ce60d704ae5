import type { EnumDefinition } from '../../gen/tables.js';
import { Fault } from './fault.ts';
import { scalarTypes } from './scalar-types.ts';
import { kindOf, type ValueType } from './value-type.ts';
import { VARINT } from './wire-reader.ts';

const types = new WeakMap<EnumDefinition, ValueType>();

/**
 * Values are names, in requests numbers as well. A number that has no name here stays a number, and so does, over
 * JSON alone, a name that has no number here: servers may be newer than this.
 */
export function enumType(definition: EnumDefinition): ValueType {
  let type = types.get(definition);
  if (type === undefined) {
    type = makeType(definition);
    types.set(definition, type);
  }
  return type;
}

function makeType([values]: EnumDefinition): ValueType {
  const names = new Map<number, string>();
  const numbers = new Map<string, number>();
  let next = 0;
  for (const value of values.split(' ')) {
    const [name = '', number] = value.split('=');
    next = number === undefined ? next : Number(number);
    // The first of several names for one number is the one that is written.
    if (!names.has(next)) names.set(next, name);
    numbers.set(name, next);
    next += 1;
  }
  const int32 = scalarTypes['i'] as ValueType;
  const named = (number: unknown): string | number => names.get(number as number) ?? (number as number);
  return {
    wireType: VARINT,
    zero: named(0),
    read: (reader) => named(reader.int32()),
    parse: (json, depth) => {
      if (typeof json !== 'string') return named(int32.parse(json, depth));
      const number = numbers.get(json);
      return number === undefined ? json : named(number);
    },
    take: (value, depth) => {
      if (typeof value === 'number') return named(int32.take(value, depth));
      if (typeof value === 'string' && numbers.has(value)) return named(numbers.get(value));
      throw new Fault(`expected one of ${[...numbers.keys()].join(', ')}, not ${kindOf(value)}`);
    },
    write: (writer, taken) => {
      writer.int32(typeof taken === 'number' ? taken : (numbers.get(taken as string) as number));
    },
    print: (taken) => taken as string | number,
  };
}
