import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { RemoteError } from './remote.ts';

/** Passes the time between two attempts; rejects when the signal aborts. */
export type Wait = (delayMs: number, signal: AbortSignal) => Promise<void>;

/** How often and how slowly to try again. `wait` is replaced where nobody wants to wait: in tests. */
export interface RetryOptions {
  signal: AbortSignal;
  wait?: Wait | undefined;
}

const attemptsMax = 6;
const firstDelayMs = 250;

/** Whether a failure may be gone a moment later. Says nothing about whether the call took effect. */
export function isTransient(error: unknown): error is RemoteError {
  return (
    error instanceof RemoteError &&
    (error.code === status.UNAVAILABLE || error.code === status.RESOURCE_EXHAUSTED)
  );
}

/**
 * Does work that is safe to repeat, again while it fails with UNAVAILABLE or RESOURCE_EXHAUSTED, for about eight
 * seconds: long enough for a server to restart. The work is told how many attempts came before, because what is not
 * safe to repeat blindly has to look first whether it already happened.
 */
export async function retryTransient<T>(
  work: (earlierAttempts: number) => Promise<T>,
  { signal, wait = waitFor }: RetryOptions,
): Promise<T> {
  for (let earlier = 0; ; earlier++) {
    try {
      return await work(earlier);
    } catch (error) {
      if (!isTransient(error) || earlier + 1 >= attemptsMax || signal.aborted) throw error;
      // Half of the delay is random, so that the conversations in flight do not come back all at once.
      await wait(firstDelayMs * 2 ** earlier * (0.5 + Math.random() / 2), signal);
    }
  }
}

async function waitFor(delayMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(delayMs, undefined, { signal });
}
