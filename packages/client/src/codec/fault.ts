/**
 * What is wrong with a value, thrown inside of the codec only: whoever knows where the value stands adds that on the
 * way out, and the codec's door makes of it the error that fits the direction.
 */
export class Fault extends Error {
  /** Such as `conversation.conversationStage` or `requests[3].message`. */
  path = '';

  /** Says that the value stands inside of this field, element or entry. */
  within(name: string | number): this {
    const step = typeof name === 'number' ? `[${name}]` : name;
    this.path = this.path === '' || this.path.startsWith('[') ? step + this.path : `${step}.${this.path}`;
    return this;
  }
}

/** What was thrown while a value inside of that field, element or entry was read or taken. */
export function located(error: unknown, name: string | number): unknown {
  return error instanceof Fault ? error.within(name) : error;
}

/** Reads or takes a value inside of that field, element or entry. */
export function within<T>(name: string | number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw located(error, name);
  }
}

/** A value that is not what it should be. */
export function expected(what: string, value: unknown): Fault {
  return new Fault(`expected ${what}, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}...` : text}`;
}

/** How deep messages may be nested, on either wire and in either direction. */
const DEPTH_MAX = 100;

/** Refuses a message around which there are so many others. */
export function checkDepth(depth: number): void {
  if (depth >= DEPTH_MAX) throw new Fault('nested too deep');
}
