/**
 * Loaded before the server, this breaks it: commits return before the disk has them, whatever the server asks for.
 * A kill does not show it, since the system keeps what was written; the order of the system calls does.
 */
import { isMainThread } from 'node:worker_threads';
import type { SqliteConnection } from '../../packages/server/src/storage/sqlite-connection.ts';
import { wrapExec } from './writer-thread.ts';

if (!isMainThread) {
  const broken = new WeakSet<SqliteConnection>();
  wrapExec((sql, execute, connection) => {
    if (sql.startsWith('BEGIN') && !broken.has(connection)) {
      broken.add(connection);
      execute('PRAGMA synchronous = OFF');
    }
    execute(sql);
  });
}
