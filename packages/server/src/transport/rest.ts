import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Message } from '@bufbuild/protobuf';
import { httpRules, registry } from '@parleykit/proto';
import {
  createRouter,
  decodeRequest,
  encodeReply,
  encodeReplyStream,
  errorBody,
  type Match,
  type Router,
  replyFormat,
  TranscodingError,
} from '@parleykit/transcoding';
import {
  callerGone,
  internal,
  invalidArgument,
  requestMalformed,
  routeUnknown,
  ServiceError,
  serverStopping,
  verbNotAllowed,
} from '../errors.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import type { Log } from '../log.ts';
import type { IncomingCall } from '../rpc/call-context.ts';
import type { Dispatcher } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { type Answer, JSON_TYPE, jsonAnswer, type StreamAnswer } from './http-answer.ts';
import { readJsonBody } from './request-body.ts';
import { createRequestId } from './request-id.ts';
import type { RequestTarget } from './request-target.ts';

/** How long the machine of a caller may take to say that it is gone. */
const GONE_AFTER_MS = 200;

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

  /**
   * The answer to a call; it throws the ServiceError that is to be answered instead. To the response it adds headers,
   * and the word that a caller waits for with its body.
   */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: RequestTarget,
  ): Promise<Answer | StreamAnswer> {
    const call = new RestCall(request, response);
    try {
      const { path, query } = target;
      const verb = request.method ?? 'GET';
      const match = this.#router.match(verb, path);
      if (match === undefined) throw routeUnknown(verb, path);
      if ('allow' in match) {
        response.setHeader('allow', match.allow.join(', '));
        throw verbNotAllowed(verb, path, match.allow);
      }
      const format = replyFormat(query);
      const body = await readJsonBody(request, response, REQUEST_BYTES_MAX);
      const message = decodeRequest(match, query, body, { registry });
      if (match.method.methodKind !== 'unary') return await this.#stream(match, message, { call, format });
      const reply = await this.#dispatcher.call(match.method, message, call);
      const encoded = reply instanceof EncodedReply ? reply.bytes : reply;
      return jsonAnswer(200, encodeReply(match, encoded, { registry, ...format }));
    } catch (error) {
      throw this.#toServiceError(error, request, call.requestId);
    }
  }

  /** Waits for the first reply: an error before it is the answer. */
  async #stream(
    match: Match,
    message: Message,
    { call, format }: { readonly call: RestCall; readonly format: ReturnType<typeof replyFormat> },
  ): Promise<StreamAnswer> {
    const replies = bytesOf(this.#dispatcher.stream(match.method, only(message), call));
    const pieces = encodeReplyStream(match, replies, {
      registry,
      ...format,
      errorBody: (error) => errorBody(error instanceof ServiceError ? error : internal(call.requestId)),
    });
    const first = await pieces.next();
    return {
      status: 200,
      headers: ['content-type', JSON_TYPE],
      pieces: first.done === true ? pieces : resumed(first.value, pieces),
      stop: () => call.end(serverStopping()),
    };
  }

  #toServiceError(error: unknown, request: IncomingMessage, requestId: string): ServiceError {
    if (error instanceof ServiceError) return error;
    if (error instanceof TranscodingError) return invalidArgument('REQUEST_INVALID', error.violations);
    // A caller who goes away in the middle of a request is no fault of ours.
    if (error === request.errored) return requestMalformed('the request ended before it was whole');
    this.#log.error('transcoding failed', { requestId, error });
    return internal(requestId);
  }
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function* resumed<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function* bytesOf(
  replies: AsyncIterable<Message | EncodedReply>,
): AsyncGenerator<Message | Uint8Array> {
  for await (const reply of replies) yield reply instanceof EncodedReply ? reply.bytes : reply;
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
        if (!this.#response.writableFinished) abort.abort(callerGone());
      });
      this.#findOutWhoLeft();
    }
    return this.#abort.signal;
  }

  /**
   * A caller who sends nothing more waits for its answer, or is gone: that looks the same. So it is told twice to go on.
   * Who waits passes over it; the machine of who is gone refuses the first, which shows when the second is written.
   * https://www.rfc-editor.org/rfc/rfc9110#section-15.2
   */
  #findOutWhoLeft(): void {
    const { socket, httpVersion } = this.#request;
    const response = this.#response;
    if (httpVersion !== '1.1') return;
    const ask = (): void => {
      if (!response.headersSent) response.writeContinue();
    };
    let again: NodeJS.Timeout | undefined;
    const askTwice = (): void => {
      ask();
      again = setTimeout(ask, GONE_AFTER_MS);
    };
    if (socket.readableEnded) askTwice();
    else socket.once('end', askTwice);
    response.once('close', () => {
      socket.off('end', askTwice);
      clearTimeout(again);
    });
  }

  /** Has the work on it come to its end, for this reason. */
  end(reason: ServiceError): void {
    this.#abort?.abort(reason);
  }
}
