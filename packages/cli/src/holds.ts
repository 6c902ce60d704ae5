import { NotFoundError, UnavailableError, UnimplementedError } from '@parleykit/client';
import type { Target } from './command-line.ts';

/** What becomes of imported conversations once they are completed: held, or left to the server's retention. */
export const RETAIN = ['forever', '30d'] as const;
export type Retain = (typeof RETAIN)[number];

const REASON = 'parley import';

/** What the creation of a conversation carries, so that the conversation is held from its first moment. */
export const holdHeaders = { 'parley-hold': REASON };

/** Holds conversations, by Parley's own administration over REST; other servers of the API have none. */
export class Holds {
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #isAsked: boolean;
  #isThere = true;
  #heedsHeaders = false;

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
    const { isDone, text } = await this.#call(`${conversation}:hold`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: REASON }),
    });
    if (isDone) return true;
    if (isMissing(text)) throw new NotFoundError(`conversation ${conversation} does not exist`);
    this.#isThere = false;
    if (!this.#isAsked) return false;
    throw new UnimplementedError('it keeps conversations as long as it does: leave --retain out');
  }

  /**
   * The same for a conversation that was created with `holdHeaders`. Whether the server heeds those shows in the first
   * one; all others are held without a call.
   */
  async holdCreated(conversation: string): Promise<boolean> {
    if (this.#isThere && !this.#heedsHeaders) {
      const { isDone } = await this.#call(`${conversation}/hold`, { method: 'GET' });
      if (isDone) this.#heedsHeaders = true;
    }
    return this.#heedsHeaders || this.hold(conversation);
  }

  async #call(path: string, init: RequestInit): Promise<{ readonly isDone: boolean; readonly text: string }> {
    const { url, name } = this.#target;
    try {
      const response = await fetch(`${url}/admin/v1/${encodeURI(path)}`, { ...init, signal: this.#signal });
      const text = await response.text();
      if (response.status < 500 || response.status === 501) return { isDone: response.ok, text };
      throw new UnavailableError(`${name} answered HTTP status ${response.status}`);
    } catch (cause) {
      this.#signal.throwIfAborted();
      if (cause instanceof UnavailableError) throw cause;
      throw new UnavailableError(`cannot reach a server at ${name}`, { cause });
    }
  }
}

/** Whether it is the conversation that is not there, and not the method. */
function isMissing(text: string): boolean {
  return /"reason":\s*"RESOURCE_NOT_FOUND"/u.test(text);
}
