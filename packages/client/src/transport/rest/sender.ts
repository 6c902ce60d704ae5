import { type ApiError, apiError } from '../../errors.ts';
import type { Headers } from '../transport.ts';
import type { Attempt } from './attempt.ts';
import type { HttpForm } from './http-rule.ts';

/** Brings one HTTP request to the one host that it is for. */
export interface Sender {
  /**
   * Resolves when the head of the answer is there. Rejects with an ApiError, also when the attempt ends. Redirects are
   * answers like any other.
   */
  open(form: HttpForm, headers: Headers, attempt: Attempt): Promise<HttpAnswer>;
  /** Closes all connections. */
  close(): void;
}

/** An answer whose body is still to be read, by one of two ways. Both throw ApiErrors, also when the attempt ends. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The whole body, decompressed. More than `max` bytes are RESOURCE_EXHAUSTED. */
  bytes(max: number): Promise<Uint8Array>;
  /** The body as it comes; leaving the loop early closes the connection. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** There is no way to the server, or none for now; or what is there does not speak HTTP. */
export function unreachable(host: string, cause: unknown): ApiError {
  const why = reasonOf(cause);
  if (isOfParser(cause)) {
    return apiError('INTERNAL', `what ${host} answered is not HTTP: ${why}`, { cause });
  }
  return apiError('UNAVAILABLE', `cannot reach ${host}: ${why}`, { cause });
}

/** Whether it is an error of node:http's parser, or of that which is behind Node's fetch. */
function isOfParser(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return cause.name === 'HTTPParserError' || ('code' in cause && String(cause.code).startsWith('HPE_'));
}

/** The connection ended before the answer did. */
export function brokenOff(host: string, cause?: unknown): ApiError {
  const why = cause === undefined ? '' : `: ${reasonOf(cause)}`;
  return apiError('UNAVAILABLE', `the connection to ${host} broke off in the middle of the answer${why}`, {
    cause,
  });
}

export function tooLarge(max: number): ApiError {
  return apiError('RESOURCE_EXHAUSTED', `the answer is larger than the ${max} bytes that are taken`);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}

/** One array of what came in pieces. */
export function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
