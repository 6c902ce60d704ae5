import { NotFoundError, UnavailableError, UnimplementedError } from '@parleykit/client';
import type { Target } from './command-line.ts';

/** What becomes of imported conversations once they are completed: held, or left to the server's retention. */
export const RETAIN = ['forever', '30d'] as const;
export type Retain = (typeof RETAIN)[number];

/** Holds conversations, by Parley's own administration over REST; other servers of the API have none. */
export class Holds {
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #isAsked: boolean;
  #isThere = true;

  /** `isAsked` says that the user wants them: then a server without holds is an error. */
  constructor(target: Target, { signal, isAsked }: { signal: AbortSignal; isAsked: boolean }) {
    this.#target = target;
    this.#signal = signal;
    this.#isAsked = isAsked;
  }

  /**
   * Holds a conversation, by its name; resolves to whether it is held. May be repeated. Throws an ApiError, an
   * UnavailableError where the server does not answer.
   */
  async hold(conversation: string): Promise<boolean> {
    if (!this.#isThere) return false;
    const response = await this.#post(`${this.#target.url}/admin/v1/${encodeURI(conversation)}:hold`);
    const text = await response.text();
    if (response.ok) return true;
    if (response.status >= 500 && response.status !== 501) {
      throw new UnavailableError(`${this.#target.name} answered HTTP status ${response.status}`);
    }
    if (isMissing(text)) throw new NotFoundError(`conversation ${conversation} does not exist`);
    this.#isThere = false;
    if (!this.#isAsked) return false;
    throw new UnimplementedError('it keeps conversations as long as it does: leave --retain out');
  }

  async #post(url: string): Promise<Response> {
    try {
      return await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"reason":"parley import"}',
        signal: this.#signal,
      });
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw new UnavailableError(`cannot reach a server at ${this.#target.name}`, { cause });
    }
  }
}

/** Whether it is the conversation that is not there, and not the method. */
function isMissing(text: string): boolean {
  return /"reason":\s*"RESOURCE_NOT_FOUND"/u.test(text);
}
