import type { Writable } from 'node:stream';

/** What happened, for people and machines: one JSON object a line, never with message text in it. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * Lines that are logged together are written together: a line for each call must not cost each call a write. An
 * error is written at once, with all before it, since it may be the last thing that is.
 */
export function createLog(stream: Writable, { verbose = false } = {}): Log {
  let lines = '';
  const flush = (): void => {
    if (lines === '') return;
    stream.write(lines);
    lines = '';
  };
  const add = (line: string): void => {
    if (lines === '') setImmediate(flush);
    lines += `${line}\n`;
  };
  const now = createTimeText();
  return {
    // The line of each call: to copy its fields into another object costs as much as to write them.
    info: (event, fields = {}) => {
      const rest = JSON.stringify(fields).slice(1);
      add(
        `{"time":"${now()}","level":"info","event":${JSON.stringify(event)}${rest === '}' ? '' : ','}${rest}`,
      );
    },
    error: (event, fields) => {
      // To look at each value costs more than the rest of the line: only errors hold what must be described.
      const line = { time: now(), level: 'error', event, ...fields };
      add(JSON.stringify(line, (_key, value) => describe(value, verbose)));
      flush();
    },
  };
}

/** The time as texts have it, made anew when it is another. */
function createTimeText(): () => string {
  let at = Number.NaN;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = new Date(now).toISOString();
    }
    return text;
  };
}

/** Errors become their text with their causes, and their stacks only where `verbose`. */
function describe(value: unknown, verbose: boolean): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const text = verbose ? (value.stack ?? value.message) : `${value.name}: ${value.message}`;
  return value.cause === undefined ? text : { error: text, cause: value.cause };
}
