import type { Log } from '../log.ts';

/** How often at most a line says that something has happened again, in milliseconds. */
const EVERY_MS = 60_000;

/** What was said of an event of the log, and what has happened since. */
interface Window {
  readonly timer: NodeJS.Timeout;
  /** How often it happened since the last line; the fields are those of the last time. */
  count: number;
  fields: Readonly<Record<string, unknown>>;
}

/**
 * Logs errors that may come by the thousand. The first of a kind is a line at once, those of the next minute are one line
 * together at its end. Each line says in `count` how many it stands for.
 */
export class SparseLog {
  readonly #log: Log;
  readonly #windows = new Map<string, Window>();

  constructor(log: Log) {
    this.#log = log;
  }

  error(event: string, count: number, fields: Readonly<Record<string, unknown>>): void {
    const window = this.#windows.get(event);
    if (window === undefined) {
      this.#log.error(event, { ...fields, count });
      this.#open(event);
      return;
    }
    window.count += count;
    window.fields = fields;
  }

  /** Says what is not said yet, and waits for nothing any more. */
  close(): void {
    for (const [event, { timer, count, fields }] of this.#windows) {
      clearTimeout(timer);
      if (count > 0) this.#log.error(event, { ...fields, count });
    }
    this.#windows.clear();
  }

  #open(event: string): void {
    const timer = setTimeout(() => {
      const { count, fields } = window;
      this.#windows.delete(event);
      if (count > 0) this.error(event, count, fields);
    }, EVERY_MS);
    const window: Window = { timer, count: 0, fields: {} };
    this.#windows.set(event, window);
  }
}
