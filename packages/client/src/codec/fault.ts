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

/** Runs what reads or takes a value that stands inside of a field. */
export function located(error: unknown, name: string | number): unknown {
  return error instanceof Fault ? error.within(name) : error;
}
