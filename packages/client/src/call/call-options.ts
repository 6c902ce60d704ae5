import { type ApiError, InvalidRequestError } from '../errors.ts';
import type { Headers } from '../transport/transport.ts';
import { readHeaders } from './request-headers.ts';

/**
 * When a call that may be made again is made again: https://google.aip.dev/194
 *
 * A policy says how, not whether: reads (Get, List, Search) and creates that carry the id of what they create are made
 * again, other writes never are, as nobody knows whether the first one was done. Of a create, the second attempt may be
 * told ALREADY_EXISTS for what the first one made.
 */
export interface RetryPolicy {
  /** The longest pause before the second attempt, in milliseconds; 100 by default. */
  readonly initialDelayMs?: number | undefined;
  /** The longest pause of all; 60,000 by default. */
  readonly maximumDelayMs?: number | undefined;
  /** By how much the longest pause grows with each attempt; 1.3 by default. */
  readonly multiplier?: number | undefined;
  /** No attempt begins later than this after the first one; by default the call's own `timeoutMs` is all that ends it. */
  readonly deadlineMs?: number | undefined;
  /** Whether an error is one that passes; `isTransient` by default. */
  readonly predicate?: ((error: ApiError) => boolean) | undefined;
}

/** How one call is made. Copied when the call begins: what is done to it later changes no call. */
export interface CallOptions {
  /** Ends the call with CANCELLED when it is aborted, whatever it is waiting for. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds that the call may take with all its attempts and the pauses between them; 60,000 by default, but for
   * methods that stream requests, which take as long as they take. Infinity for no limit.
   */
  readonly timeoutMs?: number | undefined;
  /** False for one attempt and no more. */
  readonly retry?: RetryPolicy | false | undefined;
  /** Sent as they are, in place of what the client sends under the same names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The same as pairs, which may name a header several times; goes before `headers`. */
  readonly metadata?: Iterable<readonly [string, string]> | undefined;
}

/** Call options as they are used: checked, complete and nobody else's. */
export interface CallPlan {
  readonly signal: AbortSignal | undefined;
  /** Undefined where the caller said nothing. */
  readonly timeoutMs: number | undefined;
  /** Undefined for one attempt. */
  readonly retry: RetryPlan | undefined;
  readonly headers: Headers;
}

/** A retry policy with its defaults. */
export type RetryPlan = { readonly [Name in keyof RetryPolicy]-?: Exclude<RetryPolicy[Name], undefined> };

/**
 * Whether an error is one that passes by itself: UNAVAILABLE, unless nobody listens at that address, its name does not
 * exist, or the two sides do not agree on TLS. A call to a server that is not there fails at once.
 */
export function isTransient(error: ApiError): boolean {
  return error.code === 'UNAVAILABLE' && !isFutile(error.cause);
}

/** Of Node, OpenSSL and Bun: the connection that could not be made will not be made the next time. */
const futile =
  /^(?:ECONNREFUSED|ConnectionRefused|ENOTFOUND|EPROTO|(?:CERT|DEPTH|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|HOSTNAME)_.*)$/;

function isFutile(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if ('code' in cause && typeof cause.code === 'string') return futile.test(cause.code);
  // A fetch that says no more than that it failed: most often nobody listens, or a browser's rules forbid the call.
  return cause instanceof TypeError;
}

const DEFAULT_RETRY: RetryPlan = Object.freeze({
  initialDelayMs: 100,
  maximumDelayMs: 60_000,
  multiplier: 1.3,
  deadlineMs: Number.POSITIVE_INFINITY,
  predicate: isTransient,
});

const DEFAULT_PLAN: CallPlan = Object.freeze({
  signal: undefined,
  timeoutMs: undefined,
  retry: DEFAULT_RETRY,
  headers: Object.freeze({}),
});

/** Checks options and copies them. Throws an InvalidRequestError for a name that is none and a value of the wrong kind. */
export function planCall(options: CallOptions | undefined): CallPlan {
  if (options === undefined) return DEFAULT_PLAN;
  if (typeof options !== 'object' || options === null) throw invalid('options', 'must be an object');
  checkNames('option', options, ['signal', 'timeoutMs', 'retry', 'headers', 'metadata']);
  const { signal, timeoutMs, retry, headers, metadata } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw invalid('signal', 'must be an AbortSignal');
  }
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0);
  return Object.freeze({
    signal,
    timeoutMs,
    retry: retry === false ? undefined : planRetry(retry),
    headers: Object.freeze(readHeaders(metadata, headers)),
  });
}

function planRetry(policy: RetryPolicy | undefined): RetryPlan {
  if (policy === undefined) return DEFAULT_RETRY;
  if (typeof policy !== 'object' || policy === null) throw invalid('retry', 'must be a policy or false');
  checkNames('retry option', policy, Object.keys(DEFAULT_RETRY));
  const plan = { ...DEFAULT_RETRY };
  for (const [name, value] of Object.entries(policy))
    if (value !== undefined) Object.assign(plan, { [name]: value });
  checkNumber('retry.initialDelayMs', plan.initialDelayMs, 0);
  checkNumber('retry.maximumDelayMs', plan.maximumDelayMs, 0);
  checkNumber('retry.multiplier', plan.multiplier, 1);
  checkNumber('retry.deadlineMs', plan.deadlineMs, 0);
  if (typeof plan.predicate !== 'function') throw invalid('retry.predicate', 'must be a function');
  return Object.freeze(plan);
}

function checkNames(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw invalid(name, `there is no ${what} of that name`);
  }
}

function checkNumber(name: string, value: number, minimum: number): void {
  if (typeof value !== 'number' || Number.isNaN(value) || value < minimum) {
    throw invalid(name, `must be a number of at least ${minimum}`);
  }
}

function invalid(name: string, description: string): InvalidRequestError {
  return new InvalidRequestError(`${name}: ${description}`, { field: name });
}
