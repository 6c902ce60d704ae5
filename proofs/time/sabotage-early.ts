/** Loaded before the server, this breaks it: each move of a project's clock has its timers due a second too early. */
import { isMainThread } from 'node:worker_threads';
import { SqliteConnection } from '../../packages/server/src/storage/sqlite-connection.ts';

const MOVE = 'UPDATE timers SET due = due - $4';

if (!isMainThread) {
  const inner = SqliteConnection.prototype.prepare;
  SqliteConnection.prototype.prepare = function (this: SqliteConnection, sql: string) {
    return inner.call(this, sql.replace(MOVE, `${MOVE} - 1000000`));
  };
}
