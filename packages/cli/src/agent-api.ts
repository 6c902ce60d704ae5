import { setTimeout } from 'node:timers/promises';
import type { Target } from './command-line.ts';

/** JSON as the API writes it. */
export type Json = Readonly<Record<string, unknown>>;

/** A call that did not go well. The message is one line for people. */
export class AgentApiError extends Error {
  override readonly name = 'AgentApiError';
  /** Such as `NOT_FOUND`; empty where nobody answered. */
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
  readonly metadata?: { readonly value?: Json };
  readonly response?: Json;
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** An operation is looked at again after so long, and then less and less often. */
const POLL_MS = 25;
const POLL_MS_MAX = 500;

/** What is asked of a server about agents: over REST, since no client of ours knows agents yet. */
export class AgentApi {
  readonly #target: Target;
  readonly #signal: AbortSignal;

  constructor(target: Target, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  get(path: string): Promise<Json> {
    return this.#call('GET', path);
  }

  post(path: string, body: object): Promise<Json> {
    return this.#call('POST', path, JSON.stringify(body));
  }

  /** Begins an operation and answers it when it is done. Throws what it ended with. */
  async run(path: string, body: object): Promise<Operation> {
    let operation = (await this.post(path, body)) as unknown as Operation;
    for (let pauseMs = POLL_MS; operation.done !== true; pauseMs = Math.min(pauseMs * 2, POLL_MS_MAX)) {
      await setTimeout(pauseMs, undefined, { signal: this.#signal });
      operation = (await this.get(operation.name)) as unknown as Operation;
    }
    if (operation.error !== undefined) {
      throw new AgentApiError('', operation.error.message ?? 'the operation failed');
    }
    return operation;
  }

  async #call(method: string, path: string, body?: string): Promise<Json> {
    const { url, name, isLocal } = this.#target;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}/v2beta1/${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(await this.#authorization()),
        },
        signal: this.#signal,
        ...(body !== undefined && { body }),
      });
      text = await response.text();
    } catch (cause) {
      this.#signal.throwIfAborted();
      const why = isLocal ? 'start one with `parley serve`' : reasonOf(cause);
      throw new AgentApiError('', `cannot reach a server at ${name}: ${why}`, { cause });
    }
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer;
    const { status = '', message = `HTTP ${response.status}` } = (answer?.['error'] ?? {}) as {
      status?: string;
      message?: string;
    };
    throw new AgentApiError(status, `${message}${status === '' ? '' : ` (${status})`}`);
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
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
