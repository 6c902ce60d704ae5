import { type ApiError, apiError } from '../../errors.ts';
import type { Headers as HeaderRecord } from '../transport.ts';
import type { Attempt } from './attempt.ts';
import type { HttpForm } from './http-rule.ts';
import { brokenOff, type HttpAnswer, joinChunks, type Sender, tooLarge, unreachable } from './sender.ts';

/** The part of the platform's fetch that is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Sends by a fetch, the platform's or one that was given. It is told when an attempt ends; one that does not listen
 * holds nobody up.
 */
export class FetchSender implements Sender {
  readonly #origin: string;
  readonly #host: string;
  readonly #fetch: Fetch;

  constructor(scheme: 'http' | 'https', host: string, fetch: Fetch) {
    this.#origin = `${scheme}://${host}`;
    this.#host = host;
    this.#fetch = fetch;
  }

  open(form: HttpForm, headers: HeaderRecord, attempt: Attempt): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      attempt.whenEnded((error) => {
        reject(error);
        controller.abort(error);
      });
      this.#send(form, headers, controller.signal).then(
        (response) => resolve(new FetchAnswer(this.#host, response, attempt, controller)),
        // What is behind a fetch that failed is in its cause, if anywhere.
        (error: unknown) => reject(unreachable(this.#host, causeOf(error))),
      );
    });
  }

  /** A fetch keeps its connections to itself. */
  close(): void {}

  async #send(form: HttpForm, headers: HeaderRecord, signal: AbortSignal): Promise<Response> {
    // Not as a method: browsers refuse to fetch for any `this` but their own.
    const fetch = this.#fetch;
    return await fetch(this.#origin + form.target, {
      method: form.verb,
      headers: form.body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(form.body === undefined ? {} : { body: form.body }),
      redirect: 'manual',
      signal,
    });
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

class FetchAnswer implements HttpAnswer {
  readonly status: number;
  readonly #host: string;
  readonly #response: Response;
  readonly #attempt: Attempt;
  readonly #controller: AbortController;

  constructor(host: string, response: Response, attempt: Attempt, controller: AbortController) {
    // Browsers say no more of a redirect than that it is one.
    this.status = response.type === 'opaqueredirect' ? 302 : response.status;
    this.#host = host;
    this.#response = response;
    this.#attempt = attempt;
    this.#controller = controller;
  }

  get headers(): HeaderRecord {
    return Object.fromEntries(this.#response.headers);
  }

  async bytes(max: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.chunks()) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > max) throw tooLarge(max);
    }
    return joinChunks(chunks, length);
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    const reader = this.#response.body?.getReader();
    if (reader === undefined) return;
    let fail: (error: ApiError) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      fail = reject;
    });
    ended.catch(() => undefined);
    this.#attempt.whenEnded((error) => {
      fail(error);
      this.#controller.abort(error);
    });
    try {
      for (;;) {
        const read = reader.read().catch((error: unknown) => {
          throw brokenOff(this.#host, causeOf(error));
        });
        const { done, value } = await Promise.race([read, ended]);
        if (done) return;
        yield value;
      }
    } finally {
      // Without effect where the body was read to its end.
      reader.cancel().catch(() => undefined);
      this.#controller.abort(apiError('CANCELLED', 'the rest of the answer is not wanted'));
    }
  }
}
