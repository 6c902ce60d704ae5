import { OutboundError } from '../outbound/exchange.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

/** Where events go. */
export interface Sink {
  /** For people. */
  readonly target: string;
  /** How many events one call takes at most. */
  readonly batch: number;
  /**
   * Tells events of one conversation and one topic, in their order. Resolves once all of them are taken, and throws
   * DeliveryError where any of them may not be.
   */
  send(events: readonly OutgoingEvent[], signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Events were not taken. The message is one line for people, and fit for a log. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** `sink`: nobody's events are taken now. `event`: it may be about these events alone. */
  readonly scope: 'sink' | 'event';
  /** They will not be taken later either. */
  readonly forGood: boolean;
  /** Nothing was answered for so long that one more attempt is not worth the wait. */
  readonly timedOut: boolean;
  readonly retryAfterMs: number | undefined;
  /** The message with what the receiver said, which is not for the log. */
  readonly reason: string;

  constructor(
    message: string,
    more: {
      scope: 'sink' | 'event';
      forGood?: boolean;
      timedOut?: boolean;
      said?: string;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.scope = more.scope;
    this.forGood = more.forGood ?? false;
    this.timedOut = more.timedOut ?? false;
    this.retryAfterMs = more.retryAfterMs;
    this.reason = more.said === undefined || more.said === '' ? message : `${message}: ${more.said}`;
  }
}

/** Refusals that say "later": Request Timeout, Conflict, Too Early, Too Many Requests. */
const LATER = new Set([408, 409, 425, 429]);

/** Answers of who has too much to do, whatever is asked. */
const OVERLOADED = new Set([429, 503]);

/** What a call that came to nothing says of the events that it told. */
export function toDeliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (!(error instanceof OutboundError)) {
    const message = error instanceof Error ? error.message : String(error);
    return new DeliveryError(message, { scope: 'sink', cause: error });
  }
  const { kind, status = 0, message, excerpt, retryAfterMs } = error;
  if (kind === 'timeout') return new DeliveryError(message, { scope: 'event', timedOut: true });
  if (kind !== 'status') return new DeliveryError(message, { scope: 'sink' });
  const forGood = status >= 400 && status < 500 && !LATER.has(status);
  return new DeliveryError(message, {
    scope: OVERLOADED.has(status) ? 'sink' : 'event',
    forGood,
    said: excerpt,
    retryAfterMs,
  });
}
