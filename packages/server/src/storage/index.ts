/** The store without the server, for those who measure it or look into data. */
export { SqliteConnection } from './sqlite-connection.ts';
export { openSqliteStore } from './sqlite-store.ts';
export type * from './store.ts';
