import { setTimeout } from 'node:timers/promises';
import { ApiError, type CallOptions } from '@parleykit/client';

/** For how long, and how often, a server that is away is asked again. In milliseconds. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly allMs: number;
}

/** Long enough for a server to be updated and started again. */
export const defaultPauses: Pauses = { firstMs: 250, longestMs: 3_000, allMs: 60_000 };

const multiplier = 2;
/** Beyond the pauses, so that the last attempt can still be answered. */
const answerMs = 60_000;

/** Whether a failure may be gone a moment later. Says nothing about whether the call took effect. */
export function isPassing(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  if (error.code === 'UNAVAILABLE') return true;
  return error.code === 'RESOURCE_EXHAUSTED' && error.reason?.endsWith('TOO_LARGE') !== true;
}

/** For a read that waits for a server that is being started again, for as long as the client tries by itself. */
export function patientRead(signal: AbortSignal): CallOptions {
  return { signal, retry: { predicate: isPassing, maximumDelayMs: defaultPauses.longestMs } };
}

/**
 * Waits for a server that goes away while it is worked with, one that refuses connections included: it was there a
 * moment ago. `onAway` hears of each failure that is waited after. Aborting the signal ends calls and pauses.
 */
export class Patience {
  readonly signal: AbortSignal;
  /** For calls that the client makes again by itself: reads, and creates that carry an id. */
  readonly call: CallOptions;
  /** For calls that are made once. */
  readonly once: CallOptions;
  readonly #pauses: Pauses;
  readonly #onAway: (error: ApiError) => void;

  constructor(signal: AbortSignal, onAway: (error: ApiError) => void, pauses: Pauses = defaultPauses) {
    this.signal = signal;
    this.#pauses = pauses;
    this.#onAway = onAway;
    this.once = { signal, retry: false };
    this.call = {
      signal,
      timeoutMs: pauses.allMs + answerMs,
      retry: {
        initialDelayMs: pauses.firstMs,
        maximumDelayMs: pauses.longestMs,
        deadlineMs: pauses.allMs,
        multiplier,
        predicate: (error) => {
          if (!isPassing(error)) return false;
          onAway(error);
          return true;
        },
      },
    };
  }

  /**
   * The same for work that the client does not repeat. It is told how many attempts came before, because what is not safe
   * to repeat blindly has to look first whether it already happened.
   */
  async repeat<T>(work: (earlierAttempts: number) => Promise<T>): Promise<T> {
    const start = performance.now();
    let longestMs = this.#pauses.firstMs;
    for (let earlier = 0; ; earlier++) {
      try {
        return await work(earlier);
      } catch (error) {
        // Any part of the longest pause will do, so that the conversations in flight do not come back all at once.
        const pauseMs = Math.max(Math.random() * longestMs, (error as Partial<ApiError>).retryDelayMs ?? 0);
        const isLate = performance.now() + pauseMs >= start + this.#pauses.allMs;
        if (!isPassing(error) || isLate || this.signal.aborted) throw error;
        this.#onAway(error);
        await setTimeout(pauseMs, undefined, { signal: this.signal });
      }
      longestMs = Math.min(longestMs * multiplier, this.#pauses.longestMs);
    }
  }
}

const quietMs = 60_000;

/** Passes on what it is told, at most once a minute: many calls find at the same time that a server is away. */
export function tellOnce<T>(tell: (value: T) => void): (value: T) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (value) => {
    if (performance.now() - toldAt < quietMs) return;
    toldAt = performance.now();
    tell(value);
  };
}
