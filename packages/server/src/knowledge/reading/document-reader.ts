import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { DOCUMENT_READING_MEMORY_MAX, DOCUMENT_READING_MS_MAX } from '../../limits.ts';
import { DocumentProblem } from './document-problem.ts';
import { encodePassages } from './passage-rows.ts';
import { type DocumentContent, readDocument } from './read-document.ts';
import type { ReadingMessage } from './reading-thread.ts';

/** Up to so many bytes a text is read faster than a thread begins. A PDF of any size can take long. */
const AT_ONCE_BYTES_MAX = 16 * 1024;

/** Threads that read at once. */
const THREADS = 2;

/** How often it is looked how much memory a thread holds. */
const WATCH_MS = 25;

/** The thread's file has the ending of this one: .ts in development, .js when built. */
const THREAD = new URL(`./reading-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Reads documents without making others wait: a few KiB of text at once, one after another, and everything else on a thread
 * that is ended where it takes too long or too much memory.
 */
export class DocumentReader {
  readonly #msMax: number;
  readonly #memoryMax: number;
  readonly #waiting: (() => void)[] = [];
  #threads = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ msMax = DOCUMENT_READING_MS_MAX, memoryMax = DOCUMENT_READING_MEMORY_MAX } = {}) {
    this.#msMax = msMax;
    this.#memoryMax = memoryMax;
  }

  /** Answers its passages as they are stored. Throws DocumentProblem where it cannot be read, and the signal's reason where that aborts. */
  async read(content: DocumentContent, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    if (content.mimeType !== 'application/pdf' && content.bytes.byteLength <= AT_ONCE_BYTES_MAX) {
      const reading = this.#last.then(async () => {
        await setImmediate();
        signal.throwIfAborted();
        return readDocument(content).then(encodePassages, (error: unknown) =>
          Promise.reject(toProblem(error)),
        );
      });
      this.#last = reading.catch(() => {});
      return reading;
    }
    if (this.#threads >= THREADS) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    } else this.#threads++;
    try {
      signal.throwIfAborted();
      return await this.#readOnThread(content, signal);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#threads--;
      else next();
    }
  }

  async #readOnThread(content: DocumentContent, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const worker = new Worker(THREAD, {
      workerData: content,
      resourceLimits: { maxOldGenerationSizeMb: this.#memoryMax / 1024 / 1024 },
      // What a library prints is nobody's.
      stdout: true,
      stderr: true,
    });
    const { promise, resolve, reject } = Promise.withResolvers<ReadingMessage>();
    const tooLarge = new DocumentProblem(`to read it takes more than ${this.#memoryMax} bytes of memory`);
    const deadline = setTimeout(
      () => reject(new DocumentProblem(`to read it takes longer than ${this.#msMax} ms`)),
      this.#msMax,
    );
    // Buffers are outside of what V8 limits.
    const watch = setInterval(() => {
      worker.getHeapStatistics().then(
        ({ total_heap_size, external_memory }) => {
          if (total_heap_size + external_memory > this.#memoryMax) reject(tooLarge);
        },
        () => {},
      );
    }, WATCH_MS);
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    worker.on('message', resolve);
    worker.on('error', (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY' || error instanceof RangeError;
      reject(isMemory ? tooLarge : toProblem(error));
    });
    worker.on('exit', () => reject(new DocumentProblem('reading it ended without an answer')));
    try {
      const message = await promise;
      if ('problem' in message) throw new DocumentProblem(message.problem);
      return message.rows;
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
      signal.removeEventListener('abort', abort);
      await worker.terminate();
    }
  }
}

/** Whatever a library throws, the document made it do so. */
function toProblem(error: unknown): DocumentProblem {
  if (error instanceof DocumentProblem) return error;
  const { message } = error as Error;
  return new DocumentProblem(`reading it failed: ${message}`, { cause: error });
}
