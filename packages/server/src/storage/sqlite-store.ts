import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import { WRITE_QUEUE_BYTES_MAX, WRITE_QUEUE_MAX } from '../limits.ts';
import type { AppendedList } from './change-writer.ts';
import { type Row, SqliteConnection, type Statement } from './sqlite-connection.ts';
import {
  keyOf,
  MESSAGE_COLUMNS,
  RESOURCE_COLUMNS,
  TIMER_COLUMNS,
  toMessage,
  toResource,
  toTimer,
} from './sqlite-rows.ts';
import type { WriterReply, WriterRequest } from './sqlite-writer.ts';
import {
  type Change,
  ConflictError,
  type MessageRange,
  type Page,
  type PageRange,
  QueueFullError,
  type Receipt,
  type ResourceRange,
  type Store,
  type StoredMessage,
  type StoredResource,
  StoreFailedError,
  StoreUnusableError,
  type Timer,
} from './store.ts';

interface Waiting {
  readonly change: Change;
  readonly bytes: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens the data folder, makes it where absent and brings it up to date. Throws StoreUnusableError with one line
 * that says why not.
 */
export async function openSqliteStore(folder: string, clock: Clock): Promise<Store> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreUnusableError(`${resolve(folder)} cannot be made: ${(error as Error).message}`);
  }
  const lock = lockFolder(folder);
  try {
    const file = join(folder, 'parley.sqlite');
    const worker = await startWriter(file);
    return new SqliteStore({ file, lock, worker, clock });
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Holds the folder for this process. The lock is SQLite's own, on a file beside the data: the system lets go of
 * it when the process ends, however it ends. Who holds it stands in a second file, for people to read.
 */
function lockFolder(folder: string): SqliteConnection {
  const holderFile = join(folder, 'lock.pid');
  let lock: SqliteConnection | undefined;
  try {
    lock = new SqliteConnection(join(folder, 'lock.sqlite'), { timeoutMs: 0 });
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    writeFileSync(holderFile, `${process.pid}\n`);
    return lock;
  } catch (error) {
    lock?.close();
    if (!/locked|busy/iu.test((error as Error).message)) {
      throw new StoreUnusableError(`${resolve(folder)} cannot be used: ${(error as Error).message}`);
    }
    throw new StoreUnusableError(`${resolve(folder)} is in use by process ${readHolder(holderFile)}`);
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

async function startWriter(file: string): Promise<Worker> {
  // The worker's file has the ending of this one: .ts in development, .js when built.
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./sqlite-writer.${ending}`, import.meta.url), { workerData: { file } });
  const [first] = (await once(worker, 'message')) as [WriterReply];
  if (first.kind === 'unusable') throw new StoreUnusableError(first.message);
  return worker;
}

/** Reads on this thread from a connection that cannot write; hands every write to the writer thread. */
class SqliteStore implements Store {
  readonly secret: Uint8Array;
  readonly #lock: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #waitingBytes = 0;
  #nextId = 0;
  #failure: StoreFailedError | undefined;
  #closed: Promise<void> | undefined;
  #onClosed = (): void => {};

  constructor(parts: { file: string; lock: SqliteConnection; worker: Worker; clock: Clock }) {
    this.#lock = parts.lock;
    this.#worker = parts.worker;
    this.#clock = parts.clock;
    this.#reader = new SqliteConnection(parts.file, { readOnly: true });
    this.#reader.exec('PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -65536');
    this.#statements = prepareStatements(this.#reader);
    this.secret = this.#reader
      .prepare(`SELECT value FROM settings WHERE key = 'secret'`)
      .get()?.[0] as Uint8Array;
    this.#worker.on('message', (reply: WriterReply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the writer thread has ended')));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get usable(): boolean {
    return this.#failure === undefined && this.#closed === undefined;
  }

  commit(change: Change): Promise<Receipt> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed !== undefined) return Promise.reject(new StoreFailedError('the store is closed'));
    const bytes = sizeOf(change);
    if (this.#waiting.size >= WRITE_QUEUE_MAX || this.#waitingBytes + bytes > WRITE_QUEUE_BYTES_MAX) {
      return Promise.reject(new QueueFullError('too many writes are waiting'));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { change, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#send({ kind: 'commit', id, change, now: this.#clock.now() });
    });
  }

  async get(name: string): Promise<StoredResource | undefined> {
    const [collection, id] = keyOf(name);
    const row = this.#statements.get.get(collection, id);
    return row === undefined ? undefined : toResource(row);
  }

  async list(
    collection: string,
    order: 'id' | 'ordering',
    range: ResourceRange,
  ): Promise<Page<StoredResource>> {
    const { after, limit, states } = range;
    const wanted = states === undefined ? null : JSON.stringify(states);
    const rows =
      order === 'id'
        ? this.#statements.listById.iterate(collection, after?.id ?? '', wanted, limit + 1)
        : this.#statements.listInOrder.iterate(
            collection,
            after?.ordering ?? Number.MAX_SAFE_INTEGER,
            after?.id ?? '',
            wanted,
            limit + 1,
          );
    return readPage(rows, range, toResource);
  }

  async listMessages(conversation: string, range: MessageRange): Promise<Page<StoredMessage> | undefined> {
    const number = this.#statements.number.get(...keyOf(conversation))?.[0];
    if (typeof number !== 'number') return undefined;
    return readPage(this.#messageRows(number, range), range, toMessage);
  }

  /** Newest first: the last range first, each from its end. */
  *#messageRows(conversation: number, range: MessageRange): Iterable<Row> {
    const { after, limit, createTimes = [[0, Number.MAX_SAFE_INTEGER]] } = range;
    let left = limit + 1;
    for (const [first, last] of createTimes.toReversed()) {
      if (left === 0 || (after !== undefined && after.createTime < first)) continue;
      const inside = after !== undefined && after.createTime <= last;
      const rows = this.#statements.listMessages.iterate(
        conversation,
        first,
        inside ? after.createTime : last,
        inside ? after.position : Number.MAX_SAFE_INTEGER,
        left,
      );
      for (const row of rows) {
        left--;
        yield row;
      }
    }
  }

  async getTimer(key: string): Promise<Timer | undefined> {
    const row = this.#statements.getTimer.get(key);
    return row === undefined ? undefined : toTimer(row);
  }

  async dueTimers(until: number, limit: number): Promise<readonly Timer[]> {
    return Array.from(this.#statements.dueTimers.iterate(until, limit), toTimer);
  }

  async nextDue(): Promise<number | undefined> {
    return this.#statements.nextDue.get()?.[0] as number | undefined;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#failure === undefined) {
      const closed = new Promise<void>((resolve) => {
        this.#onClosed = resolve;
      });
      this.#send({ kind: 'close' });
      await closed;
    }
    await this.#worker.terminate();
    this.#reader.close();
    this.#lock.close();
  }

  #send(request: WriterRequest): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: WriterReply): void {
    if (reply.kind === 'closed') this.#onClosed();
    if (!('id' in reply)) return;
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    this.#waitingBytes -= waiting.bytes;
    if (reply.kind === 'committed') waiting.resolve(toReceipt(waiting.change, reply.appended));
    else if (reply.kind === 'conflict') waiting.reject(new ConflictError(reply.resource));
    else waiting.reject(new StoreFailedError(reply.message));
  }

  /** Without its thread the store can acknowledge nothing; what was under way is looked at on the next start. */
  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new StoreFailedError('the writer thread has ended', { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
    this.#onClosed();
  }
}

/** A list of states as JSON, so that one statement serves every list; null lets all through. */
const IN_STATES = (parameter: string): string =>
  `(${parameter} IS NULL OR state IN (SELECT value FROM json_each(${parameter})))`;

function prepareStatements(connection: SqliteConnection) {
  const prepare = (sql: string): Statement => connection.prepare(sql);
  return {
    get: prepare(`SELECT ${RESOURCE_COLUMNS} FROM resources WHERE collection = $1 AND id = $2`),
    number: prepare('SELECT number FROM resources WHERE collection = $1 AND id = $2'),
    listById: prepare(
      `SELECT ${RESOURCE_COLUMNS} FROM resources
       WHERE collection = $1 AND id > $2 AND ${IN_STATES('$3')} ORDER BY id LIMIT $4`,
    ),
    listInOrder: prepare(
      `SELECT ${RESOURCE_COLUMNS} FROM resources
       WHERE collection = $1 AND ordering IS NOT NULL AND ordering <= $2 AND (ordering < $2 OR id > $3)
         AND ${IN_STATES('$4')}
       ORDER BY ordering DESC, id LIMIT $5`,
    ),
    getTimer: prepare(`SELECT ${TIMER_COLUMNS} FROM timers WHERE key = $1`),
    dueTimers: prepare(`SELECT ${TIMER_COLUMNS} FROM timers WHERE due <= $1 ORDER BY due, key LIMIT $2`),
    nextDue: prepare('SELECT due FROM timers ORDER BY due LIMIT 1'),
    listMessages: prepare(
      `SELECT ${MESSAGE_COLUMNS} FROM messages
       WHERE conversation = $1 AND create_time >= $2 AND (create_time, position) < ($3, $4)
       ORDER BY create_time DESC, position DESC LIMIT $5`,
    ),
  };
}

function readPage<T extends { readonly body: Uint8Array }>(
  rows: Iterable<Row>,
  range: PageRange<unknown>,
  read: (row: Row) => T,
): Page<T> {
  const items: T[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (items.length === range.limit || (items.length > 0 && bytes > range.bytes))
      return { items, more: true };
    const item = read(row);
    bytes += item.body.byteLength;
    items.push(item);
  }
  return { items, more: false };
}

/** Puts the receipt together here, so that bodies do not cross the thread twice. */
function toReceipt(change: Change, appended: readonly AppendedList[]): Receipt {
  return {
    appended: appended.map(({ createTime, twins }, list) =>
      (change.append?.[list] ?? []).map((message, position): StoredMessage => {
        const twin = twins.get(position);
        if (twin !== undefined) return twin;
        if (createTime === undefined) throw new Error('a message is neither stored nor a duplicate');
        const { id, participant, body } = message;
        return { createTime, position, id, participant, body };
      }),
    ),
  };
}

function sizeOf(change: Change): number {
  let bytes = 0;
  for (const write of change.put ?? []) bytes += write.body.byteLength;
  for (const list of change.append ?? []) for (const message of list) bytes += message.body.byteLength;
  return bytes;
}
