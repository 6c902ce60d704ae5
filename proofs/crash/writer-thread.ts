/**
 * The two places at which a write passes from one thread of the server to the other. What is loaded before the
 * server can put itself in between there, so that the server itself needs no hook: all of its threads inherit
 * `--import`.
 */
import { Worker } from 'node:worker_threads';
import { SqliteConnection } from '../../packages/server/src/storage/sqlite-connection.ts';

/** Has a connection execute SQL, as it would have without anything in between. */
export type Execute = (sql: string) => void;

/** Puts itself in front of every `exec` of every connection of this thread. */
export function wrapExec(
  wrapper: (sql: string, execute: Execute, connection: SqliteConnection) => void,
): void {
  const inner = SqliteConnection.prototype.exec;
  SqliteConnection.prototype.exec = function (this: SqliteConnection, sql: string): void {
    wrapper(sql, (text) => inner.call(this, text), this);
  };
}

/**
 * Calls back on the main thread each time it has been told what became of a write: whoever waits for it is woken,
 * and has not run yet.
 */
export function afterEachReceipt(callback: () => void): void {
  const inner = Worker.prototype.emit;
  const emit = function (this: Worker, event: string, ...values: unknown[]): boolean {
    const heard = Reflect.apply(inner, this, [event, ...values]) as boolean;
    if (event === 'message' && holdsReceipt(values[0])) callback();
    return heard;
  };
  Worker.prototype.emit = emit as typeof inner;
}

/** Whether the writer thread says of a write that it was done. It tells of many at a time. */
function holdsReceipt(message: unknown): boolean {
  return Array.isArray(message) && message.some((reply: { kind?: unknown }) => reply.kind === 'committed');
}
