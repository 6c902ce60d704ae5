import { randomBytes } from 'node:crypto';
import type { SqliteConnection } from './sqlite-connection.ts';
import { StoreUnusableError } from './store.ts';

/**
 * The schema, step by step. Steps are only ever added: a step that was released is never changed. Each runs in
 * a transaction of its own together with the number that says it was done.
 */
const migrations: readonly string[] = [
  `
  -- Every resource but messages. Conversations carry a number under which their messages are filed: it is never
  -- used twice, so that a purged conversation's id can be used again while its messages are still being erased.
  CREATE TABLE resources (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    ordering INTEGER,
    number INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (collection, id)
  ) WITHOUT ROWID;
  CREATE INDEX resources_in_order ON resources (collection, ordering DESC, id) WHERE ordering IS NOT NULL;
  CREATE UNIQUE INDEX resources_by_number ON resources (number) WHERE number IS NOT NULL;

  CREATE TABLE messages (
    conversation INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id TEXT,
    participant TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (conversation, create_time, position)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX messages_by_chosen_id ON messages (conversation, id) WHERE id IS NOT NULL;

  -- Which message of a batch a participant sent when.
  CREATE TABLE send_times (
    conversation INTEGER NOT NULL,
    participant TEXT NOT NULL,
    send_seconds INTEGER NOT NULL,
    send_nanos INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (conversation, participant, send_seconds, send_nanos)
  ) WITHOUT ROWID;

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE timers (
    key TEXT PRIMARY KEY,
    due INTEGER NOT NULL,
    kind TEXT NOT NULL,
    partition TEXT NOT NULL,
    data BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX timers_by_due ON timers (due, key);
  `,
];

/** Brings a database up to this version. Refuses one that a newer version has written. */
export function migrate(connection: SqliteConnection): void {
  const version = Number(connection.prepare('PRAGMA user_version').get()?.[0]);
  if (version > migrations.length) {
    throw new StoreUnusableError(
      `the data was written by a newer version of parley (schema ${version}, this one knows ${migrations.length})`,
    );
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    connection.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${index + 1}; COMMIT`);
  }
  connection
    .prepare(`INSERT INTO settings (key, value) VALUES ('secret', $1) ON CONFLICT DO NOTHING`)
    .run(randomBytes(32));
}
