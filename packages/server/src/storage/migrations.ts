import { randomBytes } from 'node:crypto';
import { encodeEntry, setCreateTime } from './message-entries.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { StoreUnusableError } from './store.ts';

/** SQL, or what SQL cannot say. */
type Migration = string | ((connection: SqliteConnection) => void);

/**
 * The schema, step by step. Steps are only ever added: a step that was released is never changed. Each runs in
 * a transaction of its own together with the number that says it was done.
 */
const migrations: readonly Migration[] = [
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
  (connection) => {
    connection.exec(`
      ALTER TABLE messages RENAME TO messages_in_columns;
      DROP INDEX messages_by_chosen_id;

      -- What a message is made of lies in its entry: see message-entries.ts. The columns are there to find it.
      CREATE TABLE messages (
        conversation INTEGER NOT NULL,
        create_time INTEGER NOT NULL,
        position INTEGER NOT NULL,
        id TEXT,
        entry BLOB NOT NULL,
        PRIMARY KEY (conversation, create_time, position)
      ) WITHOUT ROWID;
      CREATE UNIQUE INDEX messages_by_chosen_id ON messages (conversation, id) WHERE id IS NOT NULL;

      -- What was answered to which request of a participant.
      CREATE TABLE replies (
        conversation INTEGER NOT NULL,
        participant TEXT NOT NULL,
        request_id TEXT NOT NULL,
        expires INTEGER NOT NULL,
        response BLOB NOT NULL,
        PRIMARY KEY (conversation, participant, request_id)
      ) WITHOUT ROWID;

      -- What is still to be told. A number is never used twice, even when all before it are gone.
      CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        partition TEXT NOT NULL,
        data BLOB NOT NULL
      );

      -- Conversations that are gone but not yet erased.
      CREATE TABLE purges (
        conversation TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (conversation, number)
      ) WITHOUT ROWID;

      CREATE INDEX timers_by_partition ON timers (partition);

      -- Counts the transactions: after a commit whose end is unknown, it tells whether that is there.
      INSERT INTO settings (key, value) VALUES ('commits', 0);
    `);
    copyMessagesToEntries(connection);
    connection.exec('DROP TABLE messages_in_columns');
  },
  `
  -- Lists of one state, which may be rare among many.
  CREATE INDEX resources_by_state ON resources (collection, state, ordering DESC, id) WHERE ordering IS NOT NULL;
  `,
  `
  -- Of the message that the request made: its name is known only in the commit.
  ALTER TABLE replies ADD COLUMN create_time INTEGER;
  `,
  `
  -- How far a project's clock is ahead of the system's. Messages get create_times above "floor"; "high" is above all that
  -- were ever handed out, as far as it had to be known.
  CREATE TABLE clocks (
    project TEXT PRIMARY KEY,
    ahead INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    high INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- A timer is due by the system's clock; by its project's, it is so much later. NULL: it is none of the project's time.
  ALTER TABLE timers ADD COLUMN ahead INTEGER DEFAULT 0;

  -- These expire by the system's clock, too.
  CREATE INDEX replies_by_expiry ON replies (expires);

  -- Projects as they were: copies of rows, with times by the project's clock.
  CREATE TABLE snapshots (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    create_time INTEGER NOT NULL,
    message_count INTEGER NOT NULL,
    UNIQUE (project, id)
  );
  CREATE TABLE snapshot_resources (
    snapshot INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    ordering INTEGER,
    number INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (snapshot, collection, id)
  ) WITHOUT ROWID;
  CREATE TABLE snapshot_messages (
    snapshot INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id TEXT,
    entry BLOB NOT NULL,
    PRIMARY KEY (snapshot, conversation, create_time, position)
  ) WITHOUT ROWID;
  CREATE TABLE snapshot_send_times (
    snapshot INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    participant TEXT NOT NULL,
    send_seconds INTEGER NOT NULL,
    send_nanos INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (snapshot, conversation, participant, send_seconds, send_nanos)
  ) WITHOUT ROWID;
  CREATE TABLE snapshot_replies (
    snapshot INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    participant TEXT NOT NULL,
    request_id TEXT NOT NULL,
    expires INTEGER NOT NULL,
    response BLOB NOT NULL,
    create_time INTEGER,
    PRIMARY KEY (snapshot, conversation, participant, request_id)
  ) WITHOUT ROWID;
  CREATE TABLE snapshot_timers (
    snapshot INTEGER NOT NULL,
    key TEXT NOT NULL,
    due INTEGER NOT NULL,
    kind TEXT NOT NULL,
    partition TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (snapshot, key)
  ) WITHOUT ROWID;

  -- What was stored before conversations were purged, and operations went, gets its timers by and by.
  INSERT INTO timers (key, due, kind, partition, data, ahead)
  SELECT 'retain', 0, 'retain', 'server', x'', NULL WHERE EXISTS (SELECT 1 FROM resources);
  `,
  `
  -- When an event was filed, and which messages it is about: those of one create_time, or one of them.
  ALTER TABLE events ADD COLUMN filed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE events ADD COLUMN conversation INTEGER;
  ALTER TABLE events ADD COLUMN create_time INTEGER;
  ALTER TABLE events ADD COLUMN position INTEGER;
  CREATE INDEX events_by_partition ON events (partition, number);

  -- Events that were given up, each message of one as an event of its own. The number is that of the event.
  CREATE TABLE dead_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    partition TEXT NOT NULL,
    died INTEGER NOT NULL,
    reason TEXT NOT NULL,
    number INTEGER NOT NULL,
    conversation INTEGER,
    create_time INTEGER,
    position INTEGER,
    data BLOB NOT NULL,
    UNIQUE (number, position)
  );
  CREATE INDEX dead_events_by_project ON dead_events (project, id);
  CREATE INDEX dead_events_by_conversation ON dead_events (conversation) WHERE conversation IS NOT NULL;
  `,
];

function copyMessagesToEntries(connection: SqliteConnection): void {
  const insert = connection.prepare(
    'INSERT INTO messages (conversation, create_time, position, id, entry) VALUES ($1, $2, $3, $4, $5)',
  );
  const rows = connection
    .prepare('SELECT conversation, create_time, position, id, participant, body FROM messages_in_columns')
    .iterate();
  for (const [conversation, createTime, position, id, participant, body] of rows) {
    const message = { participant: participant as string, body: body as Uint8Array };
    const entry = encodeEntry(id === null ? message : { ...message, id: id as string }, position as number);
    setCreateTime(entry, 0, createTime as number);
    insert.run(conversation as number, createTime as number, position as number, id as string | null, entry);
  }
}

/**
 * Brings a database up to this version, or for tests to an earlier one. Refuses one that a newer version has written.
 */
export function migrate(connection: SqliteConnection, to = migrations.length): void {
  const version = Number(connection.prepare('PRAGMA user_version').get()?.[0]);
  if (version > migrations.length) {
    throw new StoreUnusableError(
      `the data was written by a newer version of parley (schema ${version}, this one knows ${migrations.length})`,
    );
  }
  for (const [index, migration] of migrations.slice(0, to).entries()) {
    if (index < version) continue;
    connection.exec('BEGIN IMMEDIATE');
    if (typeof migration === 'string') connection.exec(migration);
    else migration(connection);
    connection.exec(`PRAGMA user_version = ${index + 1}; COMMIT`);
  }
  connection
    .prepare(`INSERT INTO settings (key, value) VALUES ('secret', $1) ON CONFLICT DO NOTHING`)
    .run(randomBytes(32));
}
