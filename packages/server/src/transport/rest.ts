import type { IncomingMessage, ServerResponse } from 'node:http';
import { fromBinary, type Message } from '@bufbuild/protobuf';
import { httpRules, registry } from '@parleykit/proto';
import {
  createRouter,
  decodeRequest,
  encodeReply,
  errorBody,
  httpStatusOf,
  type Match,
  type Router,
  replyFormat,
  TranscodingError,
} from '@parleykit/transcoding';
import {
  internal,
  invalidArgument,
  requestTooLarge,
  routeUnknown,
  ServiceError,
  verbNotAllowed,
} from '../errors.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import type { Log } from '../log.ts';
import type { IncomingCall } from '../rpc/call-context.ts';
import type { Dispatcher } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { createRequestId } from './request-id.ts';

/** Mounts the dispatcher on HTTP/1.1 with JSON, by the `google.api.http` bindings of its methods. */
export class RestTransport {
  readonly #dispatcher: Dispatcher;
  readonly #router: Router;
  readonly #log: Log;

  constructor(dispatcher: Dispatcher, log: Log) {
    this.#dispatcher = dispatcher;
    this.#log = log;
    this.#router = createRouter(dispatcher.methods, httpRules);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = new RestCall(request, response);
    try {
      const { path, query } = splitTarget(request.url ?? '/');
      const verb = request.method ?? 'GET';
      const match = this.#router.match(verb, path);
      if (match === undefined) throw routeUnknown(verb, path);
      if ('allow' in match) {
        response.setHeader('allow', match.allow.join(', '));
        throw verbNotAllowed(verb, path, match.allow);
      }
      const format = replyFormat(query);
      const body = await readBody(request);
      const message = decodeRequest(match, query, body, { registry });
      const reply = await this.#dispatcher.call(match.method, message, call);
      answer(response, 200, encodeReply(match, toMessage(match, reply), { registry, ...format }));
    } catch (error) {
      this.#answerError(response, error, call.requestId);
    }
  }

  #answerError(response: ServerResponse, error: unknown, requestId: string): void {
    // A caller who has gone away is not told anything, and is no fault of ours.
    if (response.destroyed || response.headersSent) return;
    const known = this.#toServiceError(error, requestId);
    if (known.reason === 'REQUEST_TOO_LARGE') response.setHeader('connection', 'close');
    const status = known.reason === 'VERB_NOT_ALLOWED' ? 405 : httpStatusOf(known.code);
    answer(response, status, errorBody(known.toStatus(), registry, status));
  }

  #toServiceError(error: unknown, requestId: string): ServiceError {
    if (error instanceof ServiceError) return error;
    if (error instanceof TranscodingError) return invalidArgument('REQUEST_INVALID', error.violations);
    this.#log.error('transcoding failed', { requestId, error });
    return internal(requestId);
  }
}

function toMessage(match: Match, reply: Message | EncodedReply): Message {
  return reply instanceof EncodedReply ? fromBinary(match.method.output, reply.bytes) : reply;
}

function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?');
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Bodies that are too large are read no further: the connection ends with the answer. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > REQUEST_BYTES_MAX) throw requestTooLarge(REQUEST_BYTES_MAX);
    chunks.push(chunk);
  }
  return chunks.length === 0 ? undefined : Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}

class RestCall implements IncomingCall {
  readonly wire = 'rest';
  readonly requestId = createRequestId();
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #abort: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Made on first use: most calls are answered before anybody could ask. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.#response.once('close', () => {
        if (!this.#response.writableFinished) abort.abort();
      });
    }
    return this.#abort.signal;
  }
}
