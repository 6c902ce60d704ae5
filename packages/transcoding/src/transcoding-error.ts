/** One thing that is wrong with a request: where, as a path of field names (`''` for the request as a whole), and what. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/**
 * A request that cannot be turned into a message. It is always the caller's fault (INVALID_ARGUMENT), and what
 * it says is meant for the caller: short, and never a stack or the request itself.
 */
export class TranscodingError extends Error {
  override readonly name = 'TranscodingError';
  readonly violations: readonly Violation[];

  constructor(field: string, description: string, options?: ErrorOptions) {
    super(field === '' ? description : `${field}: ${description}`, options);
    this.violations = [{ field, description }];
  }
}

const excerptLength = 60;

/** Something the caller sent as a JSON string, cut to a length that fits an error message. */
export function quoteExcerpt(text: string): string {
  return JSON.stringify(text.length > excerptLength ? `${text.slice(0, excerptLength)}…` : text);
}

/**
 * The path of a member of a field. Names of proto fields are joined with dots; any other key, which may hold
 * anything at all, is quoted and cut.
 */
export function memberPath(parent: string, key: string): string {
  if (!/^[@$\w][$\w-]{0,59}$/.test(key)) return `${parent}[${quoteExcerpt(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
