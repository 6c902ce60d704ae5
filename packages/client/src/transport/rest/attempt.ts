import { type ApiError, apiError } from '../../errors.ts';
import type { TransportCall } from '../transport.ts';

/** The longest that a timer can be set to; a deadline that lies further ahead does not come. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * What may end an attempt from outside: its deadline, its signal, its wire that is closed. Whoever waits for something
 * says by `whenEnded` how to stop; `release` takes timer and listener away when the attempt is over.
 */
export class Attempt {
  readonly #call: TransportCall;
  readonly #others: Set<Attempt>;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: ApiError | undefined;
  #stop: ((error: ApiError) => void) | undefined;

  /** `others` are those under way on the same wire, which this one joins until it is released. */
  constructor(call: TransportCall, others: Set<Attempt>) {
    this.#call = call;
    this.#others = others;
    others.add(this);
    const { signal, deadline } = call;
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener('abort', this.#abort);
    if (deadline === undefined) return;
    const rest = deadline - performance.now();
    if (rest <= 0) this.#expire();
    else if (rest <= TIMER_MS_MAX) this.#timer = setTimeout(this.#expire, rest);
  }

  /** Replaces what was to be stopped before. `stop` is called at once where the attempt has ended already. */
  whenEnded(stop: (error: ApiError) => void): void {
    this.#stop = stop;
    if (this.#ended !== undefined) stop(this.#ended);
  }

  end(error: ApiError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#stop?.(error);
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#call.signal?.removeEventListener('abort', this.#abort);
    this.#others.delete(this);
    this.#stop = undefined;
  }

  readonly #abort = (): void => {
    this.end(apiError('CANCELLED', 'the call was aborted', { cause: this.#call.signal?.reason }));
  };

  readonly #expire = (): void => {
    this.end(apiError('DEADLINE_EXCEEDED', `${this.#call.method.name} was not answered before its deadline`));
  };
}
