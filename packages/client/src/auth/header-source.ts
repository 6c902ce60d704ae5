import { ClientOptionsError, UnauthenticatedError } from '../errors.ts';
import type { Headers } from '../transport/transport.ts';
import { createTokenSource, type ServiceAccount } from './service-account.ts';

/**
 * Answers the headers that say who is calling, for one attempt at a call: `authorization`, `x-goog-api-key`,
 * `x-goog-user-project`. Rejects with UnauthenticatedError where there is nothing to answer, and as soon as the signal
 * is aborted with its reason, whatever the credentials are still waiting for.
 */
export type HeaderSource = (signal?: AbortSignal) => Promise<Headers>;

/**
 * What google-auth-library's clients have, and its GoogleAuth: whoever answers the headers of a request. Asked before
 * each attempt, so it keeps what is still good. `url` names the audience, for clients that sign their own tokens.
 */
export interface AuthClient {
  // Both a function of the library before version 10, which answers an object, and after, which answers Headers.
  getRequestHeaders(url?: string): Promise<AuthHeaders>;
}

/** Pairs of names and values: an object of strings, or the platform's Headers. */
export type AuthHeaders =
  | Readonly<Record<string, string>>
  | { forEach(visit: (value: string, name: string) => void): void };

/** Answers an access token, without `Bearer`. Asked before each attempt, so it keeps what is still good. */
export type TokenFunction = () => string | Promise<string>;

/** Who calls: an auth client, a function that answers tokens, a service account with its key, or nobody. */
export type Credentials = AuthClient | TokenFunction | ServiceAccount | 'none';

/** What is common to all credentials of a client. */
export interface HeaderSourceOptions {
  /** Sent as `x-goog-user-project`; goes before the project that the credentials name. */
  readonly quotaProjectId: string | undefined;
  /** The audience of tokens that are signed here. */
  readonly audience: string;
  /** Those that the caller asked for; undefined where it did not. */
  readonly scopes: readonly string[] | undefined;
}

/** Nothing but the project that pays. */
export function projectHeaders(quotaProjectId: string): HeaderSource {
  return fixedHeaders({}, quotaProjectId);
}

/** An API key: https://cloud.google.com/docs/authentication/api-keys-use */
export function apiKeyHeaders(apiKey: string, quotaProjectId?: string): HeaderSource {
  return fixedHeaders({ 'x-goog-api-key': apiKey }, quotaProjectId);
}

function fixedHeaders(own: Headers, quotaProjectId: string | undefined): HeaderSource {
  let headers: Promise<Headers>;
  try {
    headers = Promise.resolve(withQuotaProject(own, quotaProjectId));
  } catch (error) {
    throw new ClientOptionsError(error instanceof Error ? error.message : String(error));
  }
  return () => headers;
}

/** Tokens that a service account signs for itself; the same headers as long as the token is good. */
export function serviceAccountHeaders(account: ServiceAccount, options: HeaderSourceOptions): HeaderSource {
  const source = createTokenSource((nowS) => account.signToken(options, nowS));
  const quotaProjectId = options.quotaProjectId ?? account.quotaProjectId;
  let token = '';
  let headers: Headers = {};
  return abortable(async () => {
    const current = await source();
    if (current !== token) {
      token = current;
      headers = withQuotaProject({ authorization: `Bearer ${current}` }, quotaProjectId);
    }
    return headers;
  });
}

/** The tokens that a function answers. */
export function tokenHeaders(token: TokenFunction, quotaProjectId?: string): HeaderSource {
  return abortable(async () => {
    const value: unknown = await token();
    if (typeof value !== 'string' || value === '') throw new Error('the function answered no token');
    return withQuotaProject({ authorization: `Bearer ${value}` }, quotaProjectId);
  });
}

/** The headers that an auth client answers. */
export function authClientHeaders(client: AuthClient, options: HeaderSourceOptions): HeaderSource {
  return abortable(async () =>
    withQuotaProject(readHeaders(await client.getRequestHeaders(options.audience)), options.quotaProjectId),
  );
}

function readHeaders(answered: AuthHeaders): Headers {
  const headers: Record<string, string> = {};
  const add = (value: string, name: string): void => {
    headers[name.toLowerCase()] = value;
  };
  if (typeof answered !== 'object' || answered === null)
    throw new Error('the auth client answered no headers');
  if (typeof answered.forEach === 'function') answered.forEach(add);
  else for (const [name, value] of Object.entries(answered)) add(String(value), name);
  return headers;
}

function withQuotaProject(headers: Headers, quotaProjectId: string | undefined): Headers {
  const all = quotaProjectId === undefined ? headers : { ...headers, 'x-goog-user-project': quotaProjectId };
  for (const [name, value] of Object.entries(all)) {
    // Said here, where the value can be left out: what a platform says of a header that it refuses has the value in it.
    if (!/^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)) {
      throw new Error(`the header ${name} has characters that no header may have`);
    }
  }
  return Object.freeze(all);
}

/** Makes what credentials do a HeaderSource: a failure becomes an UnauthenticatedError of which it is the cause. */
export function abortable(headers: () => Promise<Headers>): HeaderSource {
  return async (signal) => {
    signal?.throwIfAborted();
    const answer = headers().catch((error: unknown) => {
      if (error instanceof UnauthenticatedError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new UnauthenticatedError(`no credentials for the call: ${message}`, { cause: error });
    });
    return signal === undefined ? answer : raceAbort(answer, signal);
  };
}

/** What was promised, or a rejection with the signal's reason as soon as it is aborted. */
export async function raceAbort<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([promised, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
