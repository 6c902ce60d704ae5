/**
 * Loaded before the server, this gives it a disk that becomes full: the database may grow by so many pages beyond
 * what it has when the server is started, and by no more.
 */
import { isMainThread } from 'node:worker_threads';
import type { SqliteConnection } from '../../packages/server/src/storage/sqlite-connection.ts';
import { wrapExec } from '../crash/writer-thread.ts';
import { PAGES_LEFT_VARIABLE } from './page-limit-variable.ts';

if (!isMainThread) {
  const left = Number(process.env[PAGES_LEFT_VARIABLE]);
  if (!Number.isInteger(left)) throw new Error(`${PAGES_LEFT_VARIABLE} is not a number of pages`);
  const limited = new WeakSet<SqliteConnection>();
  wrapExec((sql, execute, connection) => {
    if (sql.startsWith('BEGIN') && !limited.has(connection)) {
      limited.add(connection);
      const pages = Number(connection.prepare('PRAGMA page_count').get()?.[0]);
      execute(`PRAGMA max_page_count = ${pages + left}`);
    }
    execute(sql);
  });
}
