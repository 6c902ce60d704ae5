/**
 * The writer thread: it owns the only connection that writes. Changes that arrive while a commit is under way
 * wait and form the next group; a group is one transaction and one sync of the disk.
 */
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type AppendedList, ChangeWriter } from './change-writer.ts';
import { migrate } from './migrations.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { type Change, ConflictError, StoreUnusableError } from './store.ts';

export interface WriterData {
  readonly file: string;
}

export type WriterRequest =
  | { readonly kind: 'commit'; readonly id: number; readonly change: Change; readonly now: number }
  | { readonly kind: 'close' };

export type WriterReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'committed'; readonly id: number; readonly appended: readonly AppendedList[] }
  | { readonly kind: 'conflict'; readonly id: number; readonly resource: string }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'closed' };

type Commit = Extract<WriterRequest, { kind: 'commit' }>;

/** A group is cut here, so that the first of it does not wait for all that arrive behind it. */
const GROUP_MAX = 512;

function open(file: string): SqliteConnection {
  const connection = new SqliteConnection(file);
  // FULL: a commit returns only after the log was synced, so that what was acknowledged outlasts a power cut.
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  connection.exec('PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536;');
  migrate(connection);
  return connection;
}

class Writer {
  readonly #port: MessagePort;
  readonly #connection: SqliteConnection;
  readonly #changes: ChangeWriter;
  readonly #queue: Commit[] = [];
  #closing = false;

  constructor(port: MessagePort, connection: SqliteConnection) {
    this.#port = port;
    this.#connection = connection;
    this.#changes = new ChangeWriter(connection);
  }

  receive(request: WriterRequest): void {
    if (request.kind === 'close') this.#closing = true;
    else this.#queue.push(request);
    // All messages that have arrived are delivered before an immediate runs: they form the group.
    if (this.#queue.length <= 1) setImmediate(() => this.#drain());
  }

  #drain(): void {
    if (this.#queue.length > 0) this.#commitGroup(this.#queue.splice(0, GROUP_MAX));
    if (this.#queue.length > 0) {
      setImmediate(() => this.#drain());
    } else if (this.#closing) {
      this.#connection.close();
      this.#reply({ kind: 'closed' });
      this.#port.close();
    }
  }

  #commitGroup(group: readonly Commit[]): void {
    let replies: WriterReply[];
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      replies = group.map((commit) => this.#apply(commit));
      this.#connection.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      const message = error instanceof Error ? error.message : String(error);
      replies = group.map(({ id }) => ({ kind: 'failed', id, message }));
    }
    for (const reply of replies) this.#reply(reply);
  }

  /** Each change runs in a savepoint of its own, so that one that fails takes nothing of its group with it. */
  #apply(commit: Commit): WriterReply {
    this.#connection.exec('SAVEPOINT change');
    try {
      const appended = this.#changes.apply(commit.change, commit.now);
      this.#connection.exec('RELEASE change');
      return { kind: 'committed', id: commit.id, appended };
    } catch (error) {
      // A full disk or an I/O error ends the whole transaction: then there is no savepoint to go back to.
      if (!this.#connection.inTransaction) throw error;
      this.#connection.exec('ROLLBACK TO change; RELEASE change');
      if (error instanceof ConflictError)
        return { kind: 'conflict', id: commit.id, resource: error.resource };
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', id: commit.id, message };
    }
  }

  #rollBack(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
    } catch {
      // The connection is beyond help; the next BEGIN says so to the group that asks for it.
    }
  }

  #reply(reply: WriterReply): void {
    this.#port.postMessage(reply);
  }
}

function main(port: MessagePort, { file }: WriterData): void {
  let writer: Writer;
  try {
    writer = new Writer(port, open(file));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reply: WriterReply = {
      kind: 'unusable',
      message: error instanceof StoreUnusableError ? message : `${file} cannot be opened: ${message}`,
    };
    port.postMessage(reply);
    port.close();
    return;
  }
  port.on('message', (request: WriterRequest) => writer.receive(request));
  port.postMessage({ kind: 'ready' } satisfies WriterReply);
}

if (!isMainThread && parentPort !== null) main(parentPort, workerData as WriterData);
