import type { Writable } from 'node:stream';

/** What happened, for people and machines: one JSON object a line, never with message text in it. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Errors become their text with their causes, and their stacks only where `verbose`. */
function describe(value: unknown, verbose: boolean): unknown {
  if (!(value instanceof Error)) return value;
  const text = verbose ? (value.stack ?? value.message) : `${value.name}: ${value.message}`;
  return value.cause === undefined ? text : { error: text, cause: describe(value.cause, verbose) };
}

export function createLog(stream: Writable, { verbose = false } = {}): Log {
  const write = (level: string, event: string, fields: Readonly<Record<string, unknown>>): void => {
    const shown = Object.entries(fields).map(([key, value]) => [key, describe(value, verbose)]);
    const line = { time: new Date().toISOString(), level, event, ...Object.fromEntries(shown) };
    stream.write(`${JSON.stringify(line)}\n`);
  };
  return {
    info: (event, fields = {}) => write('info', event, fields),
    error: (event, fields = {}) => write('error', event, fields),
  };
}
