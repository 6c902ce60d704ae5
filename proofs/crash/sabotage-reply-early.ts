/**
 * Loaded before the server, this breaks it: the writer thread says that a commit is done and does it a little
 * later, as a server would that trades durability for speed. The proofs must notice.
 */
import { isMainThread } from 'node:worker_threads';
import { type Execute, wrapExec } from './writer-thread.ts';

/** Long enough for the reply to be on its way. */
const LATER_MS = 5;

interface Pending {
  readonly timer: NodeJS.Timeout;
  readonly due: number;
}

if (!isMainThread) {
  const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let pending: Pending | undefined;
  const settle = (execute: Execute): void => {
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    Atomics.wait(sleeper, 0, 0, Math.max(0, pending.due - performance.now()));
    pending = undefined;
    execute('COMMIT');
  };
  wrapExec((sql, execute) => {
    if (sql === 'COMMIT') {
      pending = {
        timer: setTimeout(() => settle(execute), LATER_MS),
        due: performance.now() + LATER_MS,
      };
      return;
    }
    settle(execute);
    execute(sql);
  });
}
