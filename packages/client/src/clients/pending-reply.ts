import { requestIdOf } from '../errors.ts';
import type { Headers, TransportReply } from '../transport/transport.ts';

/** An answer with what came beside it. */
export interface FullReply<Response> {
  readonly response: Response;
  /** Names in lower case. */
  readonly headers: Headers;
  /** What came behind the answer; over REST nothing does. */
  readonly trailers: Headers;
  /** The name that the server gave to the call; undefined where it gave none. */
  readonly requestId: string | undefined;
}

/**
 * A call under way: a promise of its answer. `withResponse` promises the same answer with its headers. The call was
 * made once, however often either is asked for.
 */
export class PendingReply<Response> implements Promise<Response> {
  readonly [Symbol.toStringTag] = 'PendingReply';
  readonly #reply: Promise<TransportReply>;

  constructor(reply: Promise<TransportReply>) {
    this.#reply = reply;
  }

  /** The answer with its headers, its trailers and the name that the server gave to the call. */
  async withResponse(): Promise<FullReply<Response>> {
    const { message, headers, trailers } = await this.#reply;
    return { response: message as Response, headers, trailers, requestId: requestIdOf(headers, trailers) };
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise.
  then<Fulfilled = Response, Rejected = never>(
    onFulfilled?: ((response: Response) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.#response().then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Response | Rejected> {
    return this.#response().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Response> {
    return this.#response().finally(onFinally);
  }

  #response(): Promise<Response> {
    return this.#reply.then(({ message }) => message as Response);
  }
}
