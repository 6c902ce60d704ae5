import { type ServerResponse, STATUS_CODES } from 'node:http';
import { registry } from '@parleykit/proto';
import { errorBody, httpStatusOf } from '@parleykit/transcoding';
import type { ServiceError } from '../errors.ts';

/** Refusals for which HTTP has a better word than the status of their code. */
const statusesByReason: ReadonlyMap<string, number> = new Map([
  ['VERB_NOT_ALLOWED', 405],
  ['REQUEST_TIMEOUT', 408],
  ['REQUEST_TOO_LARGE', 413],
  ['EXPECTATION_UNSUPPORTED', 417],
  ['HEADERS_TOO_LARGE', 431],
]);

/** What every answer carries. A browser takes none of them for anything but what they say they are. */
export const COMMON_HEADERS = { 'x-content-type-options': 'nosniff' } as const;

/** An answer of JSON, ready to be sent. */
export interface JsonAnswer {
  readonly status: number;
  readonly json: string;
  readonly headers: Readonly<Record<string, string | number>>;
}

export function jsonAnswer(status: number, json: string): JsonAnswer {
  const headers = {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(json),
  };
  return { status, json, headers };
}

/** A refusal in the API's JSON, whose `error.code` is the HTTP status. */
export function refusalAnswer(refusal: ServiceError): JsonAnswer {
  const status = statusesByReason.get(refusal.reason) ?? httpStatusOf(refusal.code);
  return jsonAnswer(status, errorBody(refusal.toStatus(), registry, status));
}

export function send(response: ServerResponse, { status, json, headers }: JsonAnswer): void {
  response.writeHead(status, headers);
  response.end(json);
}

/** The bytes of an answer, for a connection on which no request could be made out; the last on that connection. */
export function lastBytes({ status, json, headers }: JsonAnswer, isHead: boolean): string {
  const all = { ...COMMON_HEADERS, ...headers, date: new Date().toUTCString(), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${isHead ? '' : json}`;
}
