import { Worker } from 'node:worker_threads';
import type { ScannerReply, ScannerRequest, ThreadData } from './sqlite-threads.ts';
import {
  type NamedResource,
  type Page,
  type ResourceRange,
  type StoredResource,
  StoreFailedError,
} from './store.ts';

interface Asked {
  resolve(reply: ScannerReply): void;
  reject(error: Error): void;
}

/** Leaves out the number, which is given here. */
type Question = ScannerRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/**
 * Reads what may take long on a thread of its own, so that no call waits for another's list. The thread is started
 * by the first question: a server that is only asked for single resources needs none.
 */
export class SqliteScanner {
  readonly #module: URL;
  readonly #file: string;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #nextId = 0;

  constructor(module: URL, file: string) {
    this.#module = module;
    this.#file = file;
  }

  async list(
    collection: string,
    order: 'id' | 'ordering',
    range: ResourceRange,
  ): Promise<Page<StoredResource>> {
    const reply = await this.#ask({ kind: 'list', collection, order, range });
    if (reply.kind !== 'page') throw new StoreFailedError('the list could not be read');
    return reply.page;
  }

  async walk(after: string | undefined, limit: number): Promise<readonly NamedResource[]> {
    const reply = await this.#ask({ kind: 'walk', after, limit });
    if (reply.kind !== 'resources') throw new StoreFailedError('the resources could not be read');
    return reply.resources;
  }

  /** Lets go of the data until the next question. */
  async release(): Promise<void> {
    if (this.#worker !== undefined) await this.#ask({ kind: 'release' });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(question: Question): Promise<ScannerReply> {
    const worker = this.#worker ?? this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      worker.postMessage({ ...question, id } as ScannerRequest);
    });
  }

  #start(): Worker {
    const workerData: ThreadData = { role: 'scanner', file: this.#file };
    const worker = new Worker(this.#module, { workerData });
    worker.on('message', (reply: ScannerReply) => {
      const asked = this.#asked.get(reply.id);
      this.#asked.delete(reply.id);
      if (reply.kind === 'failed') asked?.reject(new StoreFailedError(reply.message));
      else asked?.resolve(reply);
    });
    worker.on('error', (error) => this.#lose(error));
    worker.on('exit', () => this.#lose(new Error('the scanning thread has ended')));
    this.#worker = worker;
    return worker;
  }

  /** The next question starts another thread. */
  #lose(cause: Error): void {
    this.#worker = undefined;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(new StoreFailedError('the list could not be read', { cause }));
  }
}
