import { type ServerResponse, STATUS_CODES } from 'node:http';
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

/** Names and values in turn: the form of which node:http makes the least. */
export type HeaderList = readonly string[];

/** What every answer carries. A browser takes none of them for anything but what they say they are. */
export const COMMON_HEADERS: HeaderList = ['x-content-type-options', 'nosniff'];

/** An answer, ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

/** An answer whose body comes in pieces, for as long as there are any. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  /** Ends by itself soon after the caller has gone. */
  readonly pieces: AsyncIterable<string>;
  /** Has the pieces come to their end, as an error that says that the server stops. */
  readonly stop: () => void;
}

export const JSON_TYPE = 'application/json; charset=UTF-8';

export function jsonAnswer(status: number, json: string): Answer {
  return textAnswer(status, JSON_TYPE, json);
}

export function textAnswer(status: number, type: string, body: string): Answer {
  const length = String(Buffer.byteLength(body));
  return { status, headers: ['content-type', type, 'content-length', length], body };
}

/** A refusal in the API's JSON, whose `error.code` is the HTTP status. */
export function refusalAnswer(refusal: ServiceError): Answer {
  const status = statusesByReason.get(refusal.reason) ?? httpStatusOf(refusal.code);
  return jsonAnswer(status, errorBody(refusal, status));
}

/** Sends an answer with the headers that it carries beside its own. */
export function send(response: ServerResponse, common: HeaderList, { status, headers, body }: Answer): void {
  response.writeHead(status, [...common, ...headers]);
  response.end(body);
}

/** The bytes of an answer, for a connection on which no request could be made out; the last on that connection. */
export function lastBytes({ status, headers, body }: Answer, isHead: boolean): string {
  const all = [...COMMON_HEADERS, ...headers, 'date', new Date().toUTCString(), 'connection', 'close'];
  const lines = all.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${isHead ? '' : body}`;
}
