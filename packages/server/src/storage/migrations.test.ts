import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeEntries } from './message-entries.ts';
import { migrate } from './migrations.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import type { StoredMessage } from './store.ts';

function plain({ createTime, position, id, participant, body }: StoredMessage) {
  return { createTime, position, id, participant, body: Buffer.from(body).toString('hex') };
}

describe('migrate()', () => {
  it('files the messages of schema 2 as entries, with everything that their columns held', () => {
    const connection = new SqliteConnection(':memory:');
    migrate(connection, 2);
    const insert = connection.prepare(
      'INSERT INTO messages (conversation, create_time, position, id, participant, body) VALUES ($1, $2, $3, $4, $5, $6)',
    );
    const time = 1_795_367_852_000_001;
    insert.run(1, time, 0, null, 'ann', Buffer.from('first'));
    insert.run(1, time, 1, 'chosen', 'bob', Buffer.from([0, 255]));
    insert.run(2, time + 1, 0, null, 'ann', Buffer.alloc(0));
    migrate(connection);
    const rows = [
      ...connection.prepare('SELECT conversation, create_time, position, id, entry FROM messages').iterate(),
    ];
    const kept = rows.map(([conversation, createTime, position, id, entry]) => {
      const [message] = decodeEntries(Buffer.from(entry as Uint8Array));
      return [conversation, createTime, position, id, message && plain(message)];
    });
    const at = (createTime: number, position: number) => ({ createTime, position });
    assert.deepEqual(kept, [
      [1, time, 0, null, { ...at(time, 0), id: undefined, participant: 'ann', body: '6669727374' }],
      [1, time, 1, 'chosen', { ...at(time, 1), id: 'chosen', participant: 'bob', body: '00ff' }],
      [2, time + 1, 0, null, { ...at(time + 1, 0), id: undefined, participant: 'ann', body: '' }],
    ]);
  });

  it('leaves data as they were where a step fails, and goes on there the next time', () => {
    const connection = new SqliteConnection(':memory:');
    migrate(connection, 2);
    const insert = 'INSERT INTO messages (conversation, create_time, position, id, participant, body)';
    connection.exec(`${insert} VALUES (1, 2, 0, NULL, 'ann', x'00')`);
    // In the way of the third step, after it has begun to move messages.
    connection.exec('CREATE TABLE replies (other)');
    assert.throws(() => migrate(connection), /replies already exists/);
    if (connection.inTransaction) connection.exec('ROLLBACK');
    assert.deepEqual(connection.prepare('PRAGMA user_version').get(), [2]);
    assert.deepEqual(connection.prepare('SELECT participant FROM messages').get(), ['ann']);
    connection.exec('DROP TABLE replies');
    migrate(connection);
    assert.deepEqual(connection.prepare('SELECT count(*) FROM messages').get(), [1]);
  });

  it('does nothing to data that are up to date', () => {
    const connection = new SqliteConnection(':memory:');
    migrate(connection);
    const secret = connection.prepare(`SELECT value FROM settings WHERE key = 'secret'`);
    const before = secret.get();
    migrate(connection);
    assert.deepEqual(secret.get(), before);
  });
});
