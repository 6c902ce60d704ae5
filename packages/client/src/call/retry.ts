import type { MethodTable } from '../codec/tables.ts';
import { ApiError } from '../errors.ts';
import type { RetryPlan } from './call-options.ts';
import type { CallRuntime } from './call-runtime.ts';

/**
 * Whether a call may reach the server twice: a read, or a create that carries the id of what it creates, of which the
 * server makes one whatever happens. https://google.aip.dev/133#user-specified-ids
 */
export function isRepeatable(method: MethodTable, request: object): boolean {
  if (method.kind !== 'unary') return false;
  if (/^(?:Get|List|Search)[A-Z]/.test(method.name)) return true;
  const [, first, rest] = /^Create([A-Z])(\w*)$/.exec(method.name) ?? [];
  if (first === undefined) return false;
  const id = (request as Readonly<Record<string, unknown>>)[`${first.toLowerCase()}${rest}Id`];
  return typeof id === 'string' && id !== '';
}

/** The pauses between the attempts at one call. */
export class Backoff {
  readonly #plan: RetryPlan;
  readonly #runtime: CallRuntime;
  readonly #end: number;
  #delayMs: number;

  /** For a call that began with the first attempt at `start`. */
  constructor(
    plan: RetryPlan,
    { start, deadline }: { readonly start: number; readonly deadline: number | undefined },
    runtime: CallRuntime,
  ) {
    this.#plan = plan;
    this.#runtime = runtime;
    this.#end = Math.min(deadline ?? Number.POSITIVE_INFINITY, start + plan.deadlineMs);
    this.#delayMs = Math.min(plan.initialDelayMs, plan.maximumDelayMs);
  }

  /**
   * How many milliseconds to wait after an error before the next attempt; undefined where there is to be none: the error
   * does not pass, or there is no time left for it to. Any part of the longest pause will do, so that many clients do not
   * come back at the same moment; what the server asks for is the least.
   */
  next(error: unknown): number | undefined {
    if (!(error instanceof ApiError) || !this.#plan.predicate(error)) return undefined;
    const pause = Math.max(this.#runtime.random() * this.#delayMs, error.retryDelayMs ?? 0);
    this.#delayMs = Math.min(this.#delayMs * this.#plan.multiplier, this.#plan.maximumDelayMs);
    return this.#runtime.now() + pause < this.#end ? pause : undefined;
  }
}
