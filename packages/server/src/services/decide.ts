import { type ServiceError, storeUnavailable, tooManyConflicts, writeQueueFull } from '../errors.ts';
import { CONFLICT_ATTEMPTS } from '../limits.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { ConflictError, QueueFullError, StoreFailedError } from '../storage/store.ts';

/**
 * Runs a decision: read what there is, decide, commit what was decided on the condition that it still is so. Where
 * another call was faster it looks again and decides again, so that each answer is right for what it was made from,
 * but only for as long as somebody waits for it.
 */
export async function decide<T>(call: Pick<CallContext, 'signal'>, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      call.signal.throwIfAborted();
      if (attempts === CONFLICT_ATTEMPTS) throw tooManyConflicts(error);
    }
  }
}

/** What a caller is told of a store that cannot do what the call needs; undefined for all other errors. */
export function errorOfStore(error: unknown): ServiceError | undefined {
  if (error instanceof QueueFullError) return writeQueueFull();
  return error instanceof StoreFailedError ? storeUnavailable(error) : undefined;
}
