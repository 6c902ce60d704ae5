import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

/** What the tests make once for all of their files, which run side by side in processes of their own. */
export const CACHE = fileURLToPath(new URL('../node_modules/.cache/parley-packages/', import.meta.url));

/**
 * Waits until no other process holds the lock of that name, and holds it. It is a database's, of which the system lets go
 * when a process ends, however it ends.
 */
export function takeLock(name: string): Disposable {
  mkdirSync(CACHE, { recursive: true });
  const lock = new DatabaseSync(join(CACHE, `${name}.lock`), { timeout: 300_000 });
  lock.exec('BEGIN EXCLUSIVE');
  return { [Symbol.dispose]: () => lock.close() };
}
