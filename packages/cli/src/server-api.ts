import { setTimeout } from 'node:timers/promises';
import type { CommandIo } from './command-io.ts';
import type { Target } from './command-line.ts';

/** JSON as the API writes it. */
export type Json = Readonly<Record<string, unknown>>;

/** A call that did not go well. The message is one line for people. */
export class ServerApiError extends Error {
  override readonly name = 'ServerApiError';
  /** Such as `NOT_FOUND`; `AWAY` where nobody answered, `STRANGER` where what answered does not have the method. */
  readonly status: string;

  constructor(status: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** A long-running operation, as far as it is looked at. */
export interface Operation {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly message?: string };
  readonly metadata?: Json & { readonly value?: Json };
  readonly response?: Json & { readonly value?: Json };
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** An operation is looked at again after so long, and then less and less often. */
const POLL_MS = 25;
const POLL_MS_MAX = 500;

/** Which methods a path is of: Dialogflow's, or Parley's own. */
export type ApiVersion = 'v2beta1' | 'admin/v1';

/** What a command works with that asks a server for something of a project. */
export interface ServerContext extends CommandIo {
  readonly api: ServerApi;
  /** The project and location, such as `projects/p`. */
  readonly parent: string;
}

/** What is asked of a server over REST, where no client of ours knows what it is about. */
export class ServerApi {
  readonly #target: Target;
  readonly #signal: AbortSignal;

  constructor(target: Target, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  get(path: string, version: ApiVersion = 'v2beta1'): Promise<Json> {
    return this.#call('GET', `${version}/${path}`);
  }

  post(path: string, body: object, version: ApiVersion = 'v2beta1'): Promise<Json> {
    return this.#call('POST', `${version}/${path}`, JSON.stringify(body));
  }

  delete(path: string, version: ApiVersion = 'v2beta1'): Promise<Json> {
    return this.#call('DELETE', `${version}/${path}`);
  }

  /** Begins an operation and answers it when it is done. Throws what it ended with. */
  async run(path: string, body: object): Promise<Operation> {
    return this.wait((await this.post(path, body)) as unknown as Operation);
  }

  /** The same of one that was begun. `onLook` is told how it is each time that it is looked at. */
  async wait(begun: Operation, onLook: (operation: Operation) => void = () => {}): Promise<Operation> {
    let operation = begun;
    for (let pauseMs = POLL_MS; operation.done !== true; pauseMs = Math.min(pauseMs * 2, POLL_MS_MAX)) {
      onLook(operation);
      await setTimeout(pauseMs, undefined, { signal: this.#signal });
      operation = (await this.get(operation.name)) as unknown as Operation;
    }
    if (operation.error !== undefined) {
      throw new ServerApiError('', operation.error.message ?? 'the operation failed');
    }
    return operation;
  }

  /** The replies of a method that streams, as they come. Leaving the loop ends the call. */
  async *stream(path: string, version: ApiVersion = 'v2beta1'): AsyncGenerator<Json, void, void> {
    const response = await this.#fetch('GET', `${version}/${path}`);
    if (!response.ok || response.body === null) throw this.#refusal(response, await this.#textOf(response));
    let rest = '';
    try {
      // An array of JSON, each of whose elements ends a line. Spaces between them keep the connection.
      for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = `${rest}${piece}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const element = line.trimStart().slice(1);
          const reply = parse(element);
          if (reply === undefined || reply['error'] !== undefined) throw this.#refusal(response, element);
          yield reply;
        }
      }
    } catch (cause) {
      throw cause instanceof ServerApiError ? cause : this.#away(cause);
    }
  }

  async #call(method: string, path: string, body?: string): Promise<Json> {
    const response = await this.#fetch(method, path, body);
    const text = await this.#textOf(response);
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer;
    throw this.#refusal(response, text);
  }

  async #fetch(method: string, path: string, body?: string): Promise<Response> {
    try {
      return await fetch(`${this.#target.url}/${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(await this.#authorization()),
        },
        signal: this.#signal,
        ...(body !== undefined && { body }),
      });
    } catch (cause) {
      throw this.#away(cause);
    }
  }

  async #textOf(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (cause) {
      throw this.#away(cause);
    }
  }

  #refusal(response: Response, text: string): ServerApiError {
    const stranger = `${this.#target.name} is not a server of this API: it answered HTTP ${response.status}`;
    const error = (parse(text)?.['error'] ?? {}) as { status?: string; message?: string };
    const { status, message = stranger } = error;
    if (status === undefined) return new ServerApiError('STRANGER', message);
    return new ServerApiError(status, `${message} (${status})`);
  }

  /** For who was not reached, or no longer. Throws where the caller has left. */
  #away(cause: unknown): ServerApiError {
    this.#signal.throwIfAborted();
    const { name, isLocal } = this.#target;
    const why = isLocal ? 'start one with `parley serve`' : reasonOf(cause);
    return new ServerApiError('AWAY', `cannot reach a server at ${name}: ${why}`, { cause });
  }

  async #authorization(): Promise<Record<string, string>> {
    const { account } = this.#target;
    if (account === undefined) return {};
    const token = await account.signToken({ scopes: [SCOPE], audience: '' }, Math.floor(Date.now() / 1000));
    const { quotaProjectId } = account;
    return {
      authorization: `Bearer ${token}`,
      ...(quotaProjectId !== undefined && { 'x-goog-user-project': quotaProjectId }),
    };
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
