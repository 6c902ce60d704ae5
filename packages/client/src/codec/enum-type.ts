import { expected } from './fault.ts';
import { scalarTypes } from './scalar-types.ts';
import type { ValueType } from './value-type.ts';

/**
 * An enum. Values are names, in requests numbers as well. A number that has no name here stays a number, and over
 * JSON alone a name that has no number here stays that name: servers may be newer than this.
 */
export interface EnumType extends ValueType {
  /** The first name of a number; the number where it has none. */
  named(number: number): string | number;
  /** The number of what was taken. */
  numberOf(taken: unknown): number;
}

/** The enum with these values, see describeTypes(). */
export function enumType(values: string): EnumType {
  const names = new Map<number, string>();
  const numbers = new Map<unknown, number>();
  let next = 0;
  for (const value of values.split(' ')) {
    const [name = '', number = next] = value.split('=');
    next = Number(number);
    // The first of several names for one number is the one that is written.
    if (!names.has(next)) names.set(next, name);
    numbers.set(name, next);
    next += 1;
  }
  const named = (number: number) => names.get(number) ?? number;
  const int32 = scalarTypes['i'] as ValueType;
  return {
    named,
    numberOf: (taken) => numbers.get(taken) ?? (taken as number),
    zero: named(0),
    parse: (json, depth) => {
      if (typeof json !== 'string') return named(int32.parse(json, depth) as number);
      const number = numbers.get(json);
      return number === undefined ? json : named(number);
    },
    take: (value, depth) => {
      const number = typeof value === 'number' ? (int32.take(value, depth) as number) : numbers.get(value);
      if (number === undefined) throw expected(`one of ${[...numbers.keys()].join(', ')}`, value);
      return named(number);
    },
    print: (taken) => taken as string | number,
  };
}
