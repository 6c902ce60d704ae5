/** What the two threads of the store run: the one that writes, and the one that reads what may take long. */
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ChangeWriter } from './change-writer.ts';
import { migrate } from './migrations.ts';
import { explainFailure, SqliteConnection } from './sqlite-connection.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { SqliteWriter, type WriterReply, type WriterRequest } from './sqlite-writer.ts';
import {
  type NamedResource,
  type Page,
  type ResourceRange,
  type StoredResource,
  StoreUnusableError,
} from './store.ts';

export interface ThreadData {
  readonly role: 'writer' | 'scanner';
  readonly file: string;
}

/** The first thing that the writer says. */
export type WriterStart =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string };

export type ScannerRequest =
  | {
      readonly kind: 'list';
      readonly id: number;
      readonly collection: string;
      readonly order: 'id' | 'ordering';
      readonly range: ResourceRange;
    }
  | {
      readonly kind: 'walk';
      readonly id: number;
      readonly after: string | undefined;
      readonly limit: number;
    }
  /** Closes the data until the next request. */
  | { readonly kind: 'release'; readonly id: number };

export type ScannerReply =
  | { readonly kind: 'page'; readonly id: number; readonly page: Page<StoredResource> }
  | { readonly kind: 'resources'; readonly id: number; readonly resources: readonly NamedResource[] }
  | { readonly kind: 'released'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

const RETRY_MS = 250;

function open(file: string): { connection: SqliteConnection; changes: ChangeWriter } {
  const connection = new SqliteConnection(file);
  try {
    // FULL: a commit returns only after the log was synced, so that what was acknowledged outlasts a power cut.
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    connection.exec('PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768;');
    migrate(connection);
    return { connection, changes: new ChangeWriter(connection) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function write(port: MessagePort, file: string): void {
  const reply = (replies: readonly WriterReply[]): void => {
    const entries = replies.flatMap((each) => (each.kind === 'committed' ? each.entries : []));
    port.postMessage(
      replies,
      entries.map(({ buffer }) => buffer as ArrayBuffer),
    );
    if (replies.some(({ kind }) => kind === 'closed')) port.close();
  };
  try {
    const writer = new SqliteWriter({ open: () => open(file), reply, retryMs: RETRY_MS });
    port.on('message', (requests: readonly WriterRequest[]) => {
      for (const request of requests) writer.receive(request);
    });
    port.postMessage({ kind: 'ready' } satisfies WriterStart);
  } catch (error) {
    const message =
      error instanceof StoreUnusableError
        ? error.message
        : `${file} cannot be opened: ${explainFailure(error)}`;
    port.postMessage({ kind: 'unusable', message } satisfies WriterStart);
    port.close();
  }
}

function scan(port: MessagePort, file: string): void {
  let reader: SqliteReader | undefined;
  const answer = (request: ScannerRequest): ScannerReply => {
    const { id } = request;
    try {
      if (request.kind === 'release') {
        reader?.close();
        reader = undefined;
        return { kind: 'released', id };
      }
      reader ??= new SqliteReader(file);
      if (request.kind === 'walk') {
        return { kind: 'resources', id, resources: reader.walk(request.after, request.limit) };
      }
      return { kind: 'page', id, page: reader.list(request.collection, request.order, request.range) };
    } catch (error) {
      return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) };
    }
  };
  port.on('message', (request: ScannerRequest) => port.postMessage(answer(request)));
}

if (!isMainThread && parentPort !== null) {
  const { role, file } = workerData as ThreadData;
  if (role === 'writer') write(parentPort, file);
  else scan(parentPort, file);
}
