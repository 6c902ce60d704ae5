import { once } from 'node:events';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import { WRITE_QUEUE_BYTES_MAX, WRITE_QUEUE_MAX } from '../limits.ts';
import type { Applied, EncodedChange, EncodedList } from './change-writer.ts';
import { decodeEntries, encodeEntries } from './message-entries.ts';
import { explainFailure, SqliteConnection } from './sqlite-connection.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { asBuffer, projectOf } from './sqlite-rows.ts';
import { SqliteScanner } from './sqlite-scanner.ts';
import type { ThreadData, WriterStart } from './sqlite-threads.ts';
import type { WriterReply, WriterRequest } from './sqlite-writer.ts';
import {
  type Change,
  ConflictError,
  type DeadEvent,
  type EventCount,
  type KeptReply,
  type MessageRange,
  type NamedResource,
  type NewMessage,
  type Page,
  type PageRange,
  type ProjectClock,
  QueueFullError,
  type Receipt,
  type ResourceRange,
  type Store,
  type StoredEvent,
  type StoredMessage,
  type StoredResource,
  type StoredSnapshot,
  type StoredTimer,
  StoreFailedError,
  StoreUnusableError,
  type TimerRange,
} from './store.ts';

/** How long changes that arrive in turn after turn are gathered before they are handed on. */
const GATHER_MS = 2;

interface Waiting {
  readonly partition: string;
  /** Whether it is about all partitions below that one, too. */
  readonly isProject: boolean;
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
    makeFolder(resolve(folder));
  } catch (error) {
    throw new StoreUnusableError(`${resolve(folder)} cannot be made: ${(error as Error).message}`);
  }
  const lock = lockFolder(folder);
  try {
    const file = join(folder, 'parley.sqlite');
    // A killed server leaves writes in the log that it had not synced; this one answers by them.
    syncIfThere(`${file}-wal`);
    const worker = await startWriter(file);
    syncIfThere(folder);
    return new SqliteStore({ file, lock, worker, clock });
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Makes what is missing of a path, so that it is still there after a power cut. */
function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncIfThere(dirname(made));
}

/** What is synced lasts, but only in folders that are synced too. Systems that cannot sync a folder need not. */
function syncIfThere(path: string): void {
  if (!existsSync(path)) return;
  try {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (process.platform !== 'win32') throw error;
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
      throw new StoreUnusableError(`${resolve(folder)} cannot be used: ${explainFailure(error)}`);
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

/** The threads' file has the ending of this one: .ts in development, .js when built. */
const THREADS = new URL(`./sqlite-threads.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

async function startWriter(file: string): Promise<Worker> {
  const workerData: ThreadData = { role: 'writer', file };
  const worker = new Worker(THREADS, { workerData });
  const [first] = (await once(worker, 'message')) as [WriterStart];
  if (first.kind === 'unusable') throw new StoreUnusableError(first.message);
  return worker;
}

/**
 * Reads single resources and pages of messages on this thread, lists on another, and hands every write to the
 * writer's. While the writer looks at the data after a failure, reads wait.
 */
class SqliteStore implements Store {
  readonly secret: Uint8Array;
  readonly #file: string;
  readonly #lock: SqliteConnection;
  readonly #scanner: SqliteScanner;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #outgoing: WriterRequest[] = [];
  #transfer: ArrayBuffer[] = [];
  #reader: SqliteReader;
  /** Resolves when reads can go on. */
  #suspended: PromiseWithResolvers<void> | undefined;
  #waitingBytes = 0;
  #nextId = 0;
  readonly #listeners: ((filed: EventCount) => void)[] = [];
  #failure: Error | undefined;
  #closed: Promise<void> | undefined;
  #onClosed = (): void => {};

  constructor(parts: { file: string; lock: SqliteConnection; worker: Worker; clock: Clock }) {
    this.#file = parts.file;
    this.#lock = parts.lock;
    this.#worker = parts.worker;
    this.#clock = parts.clock;
    this.#reader = new SqliteReader(parts.file);
    this.#scanner = new SqliteScanner(THREADS, parts.file);
    this.secret = this.#reader.secret;
    this.#worker.on('message', (replies: readonly WriterReply[]) => {
      for (const reply of replies) this.#receive(reply);
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the writer thread has ended')));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get usable(): boolean {
    return this.#failure === undefined && this.#closed === undefined && this.#suspended === undefined;
  }

  commit(change: Change): Promise<Receipt> {
    if (this.#failure !== undefined || this.#closed !== undefined) {
      return Promise.reject(new StoreFailedError('the store is closed', { cause: this.#failure }));
    }
    const bytes = sizeOf(change);
    if (this.#waiting.size >= WRITE_QUEUE_MAX || this.#waitingBytes + bytes > WRITE_QUEUE_BYTES_MAX) {
      return Promise.reject(new QueueFullError('too many writes are waiting'));
    }
    const id = this.#nextId++;
    const { partition } = change;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { partition, isProject: change.project !== undefined, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      const encoded = encodeChange(change, this.#clock.now());
      const transfer = encoded.append.flatMap(({ entries, sendTimes }) =>
        sendTimes === undefined ? [entries.buffer] : [entries.buffer, sendTimes.buffer],
      );
      const now = this.#clock.now(projectOf(partition));
      this.#send({ kind: 'commit', id, change: encoded, now }, transfer as ArrayBuffer[]);
    });
  }

  get(name: string): Promise<StoredResource | undefined> {
    return this.#read((reader) => reader.get(name));
  }

  getState(name: string): Promise<number | undefined> {
    return this.#read((reader) => reader.getState(name));
  }

  list(collection: string, order: 'id' | 'ordering', range: ResourceRange): Promise<Page<StoredResource>> {
    if (this.#suspended === undefined) return this.#scanner.list(collection, order, range);
    return this.#suspended.promise.then(() => this.list(collection, order, range));
  }

  listMessages(conversation: string, range: MessageRange): Promise<Page<StoredMessage> | undefined> {
    return this.#read((reader) => reader.listMessages(conversation, range));
  }

  async getReply(
    conversation: string,
    participant: string,
    requestId: string,
  ): Promise<KeptReply | undefined> {
    const reply = await this.#read((reader) => reader.getReply(conversation, participant, requestId));
    return reply !== undefined && reply.expires > this.#clock.now(projectOf(conversation))
      ? reply
      : undefined;
  }

  listEvents(after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#read((reader) => reader.listEvents(after, limit));
  }

  listEventsOf(
    partition: string,
    after: number,
    until: number,
    limit: number,
  ): Promise<readonly StoredEvent[]> {
    return this.#read((reader) => reader.listEventsOf(partition, after, until, limit));
  }

  listEventMessages(
    event: number,
    range: { readonly from: number; readonly limit: number; readonly bytes: number },
  ): Promise<Page<StoredMessage>> {
    return this.#read((reader) => reader.listEventMessages(event, range));
  }

  countEvents(): Promise<EventCount> {
    return this.#read((reader) => reader.countEvents());
  }

  onEvents(listener: (more: EventCount) => void): void {
    this.#listeners.push(listener);
  }

  listDeadEvents(project: string, range: PageRange<{ readonly id: number }>): Promise<Page<DeadEvent>> {
    return this.#read((reader) => reader.listDeadEvents(project, range));
  }

  getTimer(key: string): Promise<StoredTimer | undefined> {
    return this.#read((reader) => reader.getTimer(key));
  }

  dueTimers(until: number, range: TimerRange): Promise<readonly StoredTimer[]> {
    return this.#read((reader) => reader.dueTimers(until, range));
  }

  nextDue(): Promise<number | undefined> {
    return this.#read((reader) => reader.nextDue());
  }

  listClocks(): Promise<readonly ProjectClock[]> {
    return this.#read((reader) => reader.listClocks());
  }

  listSnapshots(
    project: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly StoredSnapshot[]> {
    return this.#read((reader) => reader.listSnapshots(project, after, limit));
  }

  walk(after: string | undefined, limit: number): Promise<readonly NamedResource[]> {
    if (this.#suspended === undefined) return this.#scanner.walk(after, limit);
    return this.#suspended.promise.then(() => this.walk(after, limit));
  }

  watch(partition: string, onChange: () => void): () => void {
    const watchers = this.#watchers.get(partition) ?? new Set();
    this.#watchers.set(partition, watchers);
    watchers.add(onChange);
    return () => {
      watchers.delete(onChange);
      if (watchers.size === 0 && this.#watchers.get(partition) === watchers) this.#watchers.delete(partition);
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #read<T>(read: (reader: SqliteReader) => T): Promise<T> {
    if (this.#suspended !== undefined) await this.#suspended.promise;
    try {
      return read(this.#reader);
    } catch (error) {
      throw new StoreFailedError(`the data cannot be read: ${(error as Error).message}`, { cause: error });
    }
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
    await this.#scanner.close();
    if (this.#suspended === undefined) this.#reader.close();
    this.#suspended?.reject(new StoreFailedError('the store is closed'));
    this.#lock.close();
  }

  /**
   * What is sent in one turn of the event loop crosses to the other thread together, and so does what the next turns
   * add to it while there are several at it: a group costs the writer one sync of the disk, however large it is.
   */
  #send(request: WriterRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.#outgoing.push(request);
    this.#transfer.push(...transfer);
    if (this.#outgoing.length === 1) this.#flushSoon(performance.now() + GATHER_MS);
  }

  /** One that stays alone waits for nobody. */
  #flushSoon(latest: number): void {
    const before = this.#outgoing.length;
    setImmediate(() => {
      if (this.#outgoing.length > before && performance.now() < latest) this.#flushSoon(latest);
      else this.#flush();
    });
  }

  #flush(): void {
    this.#worker.postMessage(this.#outgoing, this.#transfer);
    this.#outgoing = [];
    this.#transfer = [];
  }

  #receive(reply: WriterReply): void {
    switch (reply.kind) {
      case 'suspend':
        this.#suspend().catch((error: unknown) => this.#fail(error));
        return;
      case 'resume':
        this.#resume();
        return;
      case 'closed':
        this.#onClosed();
        return;
      default:
        this.#settle(reply);
    }
  }

  #settle(reply: Extract<WriterReply, { id: number }>): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    this.#waitingBytes -= waiting.bytes;
    if (reply.kind === 'committed') {
      const { events } = reply.applied;
      waiting.resolve(toReceipt(reply.entries, reply.applied));
      this.#tell(waiting);
      if (events !== undefined) for (const listener of this.#listeners) listener(events);
    } else if (reply.kind === 'conflict') waiting.reject(new ConflictError(reply.resource));
    else waiting.reject(new StoreFailedError(reply.message));
  }

  #tell({ partition, isProject }: Waiting): void {
    for (const tell of this.#watchers.get(partition) ?? []) tell();
    if (!isProject) return;
    for (const [watched, watchers] of this.#watchers) {
      if (watched.startsWith(`${partition}/`)) for (const tell of watchers) tell();
    }
  }

  async #suspend(): Promise<void> {
    this.#suspended = Promise.withResolvers();
    this.#suspended.promise.catch(() => {});
    this.#reader.close();
    await this.#scanner.release();
    this.#send({ kind: 'suspended' });
  }

  #resume(): void {
    this.#reader = new SqliteReader(this.#file);
    this.#suspended?.resolve();
    this.#suspended = undefined;
  }

  /**
   * Without its thread the store can acknowledge nothing, and nobody knows what became of what was under way: that
   * is looked at on the next start.
   */
  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new Error('the writer thread has ended', { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
    this.#onClosed();
  }
}

function encodeChange({ append = [], ...rest }: Change, filed: number): EncodedChange {
  return { ...rest, append: append.map(encodeList), filed };
}

function encodeList(messages: readonly NewMessage[]): EncodedList {
  const entries = encodeEntries(messages);
  if (messages.every(({ sendTime }) => sendTime === undefined)) return { entries, sendTimes: undefined };
  const sendTimes = new Float64Array(messages.length * 2);
  let at = 0;
  for (const { sendTime } of messages) {
    sendTimes[at++] = sendTime?.seconds ?? Number.NaN;
    sendTimes[at++] = sendTime?.nanos ?? 0;
  }
  return { entries, sendTimes };
}

function toReceipt(entries: readonly Uint8Array[], { appended, left, buried, project }: Applied): Receipt {
  return {
    appended: appended.map(({ twins }, list) => {
      const messages = decodeEntries(asBuffer(entries[list] ?? new Uint8Array()));
      for (const [position, twin] of twins) messages.splice(position, 1, ...decodeEntries(asBuffer(twin)));
      return messages;
    }),
    left,
    buried,
    project,
  };
}

function sizeOf(change: Change): number {
  let bytes = 0;
  for (const write of change.put ?? []) bytes += write.body.byteLength;
  for (const { data } of change.emit ?? []) bytes += data.byteLength;
  for (const list of change.append ?? []) for (const message of list) bytes += message.body.byteLength;
  return bytes;
}
