/** What SQLite itself says of a database, asked on a thread of its own as it reads all of it. */
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** The database and its log. What is in the third file, SQLite makes anew when the first one opens them. */
const FILES = ['parley.sqlite', 'parley.sqlite-wal'] as const;
const IS_CHECKER = 'parley.proofs.integrity';

/** Copies the data of a server that is not running, so that looking at them does not repair what its next start finds. */
export function copyData(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  for (const file of FILES) {
    if (existsSync(join(from, file))) copyFileSync(join(from, file), join(to, file));
  }
}

export class IntegrityChecker implements AsyncDisposable {
  readonly #worker = new Worker(new URL(import.meta.url), { workerData: IS_CHECKER });

  constructor() {
    this.#worker.unref();
  }

  /** Answers what is wrong with a copy; nothing where it is sound. One at a time. */
  async check(folder: string): Promise<string[]> {
    this.#worker.postMessage(folder);
    const [problems] = (await once(this.#worker, 'message')) as [string[]];
    return problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

function findProblems(folder: string): string[] {
  const file = join(folder, FILES[0]);
  if (!existsSync(file)) return [];
  try {
    const database = new DatabaseSync(file);
    const rows = database.prepare('PRAGMA integrity_check').all();
    database.close();
    return rows.map((row) => String(row['integrity_check'])).filter((text) => text !== 'ok');
  } catch (error) {
    return [String(error)];
  }
}

if (!isMainThread && workerData === IS_CHECKER) {
  parentPort?.on('message', (folder: string) => parentPort?.postMessage(findProblems(folder)));
}
