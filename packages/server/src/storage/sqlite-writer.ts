import type { Applied, ChangeWriter, EncodedChange } from './change-writer.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { ConflictError } from './store.ts';

export type WriterRequest =
  | { readonly kind: 'commit'; readonly id: number; readonly change: EncodedChange; readonly now: number }
  /** Nobody reads any more: the answer to 'suspend'. */
  | { readonly kind: 'suspended' }
  | { readonly kind: 'close' };

export type WriterReply =
  /** With the entries that were appended, which now carry their create_time. */
  | {
      readonly kind: 'committed';
      readonly id: number;
      readonly entries: readonly Uint8Array[];
      readonly applied: Applied;
    }
  | { readonly kind: 'conflict'; readonly id: number; readonly resource: string }
  /** Nothing of it was stored. */
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** All other connections must be closed, and this be answered. */
  | { readonly kind: 'suspend' }
  /** They may be opened again. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'closed' };

type Commit = Extract<WriterRequest, { kind: 'commit' }>;

/** What a writer stands on. */
export interface WriterParts {
  /** Opens the data as it is, brought up to date. */
  open(): { readonly connection: SqliteConnection; readonly changes: ChangeWriter };
  /** What is told together crosses to the other thread together: that costs as much as for one. */
  reply(replies: readonly WriterReply[]): void;
  /** Between attempts to open data that cannot be opened. */
  readonly retryMs: number;
}

/** A group is cut here, so that the first of it does not wait for all that arrive behind it. */
const GROUP_MAX = 512;

/** SQLite's primary result codes for a connection that is not to be used any further, but for FULL. */
const BROKEN = new Set([7, 8, 10, 11, 14, 15, 26]);
const FULL = 13;

/** A commit that failed on its way: whether it is there must be looked at. */
interface Doubt {
  readonly commits: number;
  readonly replies: readonly WriterReply[];
  readonly failures: readonly WriterReply[];
}

/**
 * Owns the only connection that writes. Changes that arrive while a commit is under way wait and form the next
 * group; a group is one transaction and one sync of the disk.
 *
 * A COMMIT that reports an error may have been done all the same: a sync can fail behind its back. Then everybody
 * lets go of the data, which makes SQLite read its log anew; the count of commits tells whether the group is there,
 * and then the log is emptied into the database, so that it is there to stay. Only then the group is answered.
 */
export class SqliteWriter {
  readonly #parts: WriterParts;
  readonly #queue: Commit[] = [];
  #connection: SqliteConnection;
  #changes: ChangeWriter;
  #statements: ReturnType<typeof prepareStatements>;
  #commits: number;
  /** Set from the moment when the data must be opened again until they are. */
  #doubt: Doubt | undefined;
  #closing = false;
  #retry: NodeJS.Timeout | undefined;

  /** Throws where the data cannot be opened. */
  constructor(parts: WriterParts) {
    this.#parts = parts;
    ({ connection: this.#connection, changes: this.#changes } = parts.open());
    this.#statements = prepareStatements(this.#connection);
    this.#commits = Number(this.#statements.commits.get()?.[0]);
  }

  receive(request: WriterRequest): void {
    if (request.kind === 'suspended') {
      this.#reopen();
      return;
    }
    if (request.kind === 'close') this.#closing = true;
    else if (this.#doubt !== undefined) {
      const message = 'the data are being looked at after a failure';
      this.#parts.reply([{ kind: 'failed', id: request.id, message }]);
      return;
    } else this.#queue.push(request);
    // All messages that have arrived are delivered before an immediate runs: they form the group.
    if (this.#queue.length <= 1) setImmediate(() => this.#drain());
  }

  #drain(): void {
    if (this.#doubt !== undefined && !this.#closing) return;
    if (this.#queue.length > 0 && this.#doubt === undefined) {
      this.#commitGroup(this.#queue.splice(0, GROUP_MAX));
    }
    if (this.#queue.length > 0) setImmediate(() => this.#drain());
    else if (this.#closing) this.#close();
  }

  #commitGroup(group: readonly Commit[]): void {
    let replies: WriterReply[] = [];
    let committing = false;
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      replies = group.map((commit) => this.#apply(commit));
      this.#statements.count.run(this.#commits + 1);
      committing = true;
      this.#connection.exec('COMMIT');
      this.#commits++;
    } catch (error) {
      const message = textOf(error);
      const failures = group.map(({ id }): WriterReply => ({ kind: 'failed', id, message }));
      const sound = this.#rollBack();
      if (committing) {
        this.#suspend({ commits: this.#commits + 1, replies, failures });
        return;
      }
      replies = failures;
      if (!sound || isBroken(error)) this.#suspend({ commits: this.#commits + 1, replies: [], failures: [] });
    }
    this.#parts.reply(replies);
  }

  /** Each change runs in a savepoint of its own, so that one that fails takes nothing of its group with it. */
  #apply({ id, change, now }: Commit): WriterReply {
    this.#statements.save.run();
    try {
      const applied = this.#changes.apply(change, now);
      this.#statements.release.run();
      return { kind: 'committed', id, entries: change.append.map(({ entries }) => entries), applied };
    } catch (error) {
      // A full disk or an I/O error ends the whole transaction: then there is no savepoint to go back to.
      if (isBroken(error) || isFull(error) || !this.#connection.inTransaction) throw error;
      this.#connection.exec('ROLLBACK TO change; RELEASE change');
      if (error instanceof ConflictError) return { kind: 'conflict', id, resource: error.resource };
      return { kind: 'failed', id, message: textOf(error) };
    }
  }

  /** Whether the connection can be used as before. */
  #rollBack(): boolean {
    try {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
      return true;
    } catch {
      return false;
    }
  }

  #suspend(doubt: Doubt): void {
    this.#doubt = doubt;
    const message = 'a write before it failed';
    const failures = this.#queue.splice(0).map(({ id }): WriterReply => ({ kind: 'failed', id, message }));
    this.#parts.reply([...failures, { kind: 'suspend' }]);
  }

  /** Looks at what is there; where that cannot be, again and again. Nothing is answered before. */
  #reopen(): void {
    const doubt = this.#doubt;
    if (doubt === undefined) return;
    let isThere: boolean;
    try {
      this.#discard();
      ({ connection: this.#connection, changes: this.#changes } = this.#parts.open());
      this.#statements = prepareStatements(this.#connection);
      this.#commits = Number(this.#statements.commits.get()?.[0]);
      isThere = this.#commits >= doubt.commits;
      if (isThere) this.#emptyLog();
    } catch {
      if (this.#closing) this.#close();
      else this.#retry = setTimeout(() => this.#reopen(), this.#parts.retryMs);
      return;
    }
    this.#doubt = undefined;
    this.#parts.reply([{ kind: 'resume' }, ...(isThere ? doubt.replies : doubt.failures)]);
    if (this.#closing) this.#close();
  }

  #emptyLog(): void {
    const busy = this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.[0];
    if (busy !== 0) throw new Error('the log could not be emptied');
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#discard();
    this.#parts.reply([{ kind: 'closed' }]);
  }

  #discard(): void {
    try {
      this.#connection.close();
    } catch {
      // It was closed before, or is beyond help.
    }
  }
}

/** What every group or change needs: SQL that is read anew each time costs as much as a small change. */
function prepareStatements(connection: SqliteConnection) {
  return {
    commits: connection.prepare(`SELECT value FROM settings WHERE key = 'commits'`),
    count: connection.prepare(`UPDATE settings SET value = $1 WHERE key = 'commits'`),
    save: connection.prepare('SAVEPOINT change'),
    release: connection.prepare('RELEASE change'),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function resultCode(error: unknown): number {
  const { errcode = 0 } = error as { errcode?: number };
  return errcode & 0xff;
}

function isBroken(error: unknown): boolean {
  return BROKEN.has(resultCode(error));
}

function isFull(error: unknown): boolean {
  return resultCode(error) === FULL;
}
