import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock } from '../clock.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { StoreUnusableError } from './store.ts';

describe('openSqliteStore()', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-sqlite-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes ahead, and syncs before it acknowledges', async () => {
    const store = await openSqliteStore(folder, new FakeClock());
    await store.close();
    const connection = new SqliteConnection(join(folder, 'parley.sqlite'));
    assert.deepEqual(connection.prepare('PRAGMA journal_mode').get(), ['wal']);
    connection.close();
  });

  it('refuses data of a newer version in one line', async () => {
    const newer = new SqliteConnection(join(folder, 'parley.sqlite'));
    newer.exec('PRAGMA user_version = 9999');
    newer.close();
    await assert.rejects(openSqliteStore(folder, new FakeClock()), (error) => {
      assert.ok(error instanceof StoreUnusableError);
      assert.match(error.message, /^the data was written by a newer version of parley \(schema 9999, .*\)$/);
      return true;
    });
  });

  it('refuses a file that is no database, and lets go of the folder', async () => {
    writeFileSync(join(folder, 'parley.sqlite'), 'this is not a database, but it is long enough to be read');
    await assert.rejects(
      openSqliteStore(folder, new FakeClock()),
      /cannot be opened: file is not a database/,
    );
    rmSync(join(folder, 'parley.sqlite'));
    const store = await openSqliteStore(folder, new FakeClock());
    await store.close();
  });

  it('refuses a folder that cannot be made', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await assert.rejects(openSqliteStore(join(file, 'data'), new FakeClock()), StoreUnusableError);
  });
});
