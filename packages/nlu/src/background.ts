import { constants, setPriority } from 'node:os';

/**
 * Has the thread that calls this give way to all that wants the processor beside it; it still gets a tenth of one that is
 * busy. Only Linux has priorities of threads: elsewhere they are the process's, which is left alone, as it is where the
 * system does not allow it.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Then it competes with all others.
  }
}
