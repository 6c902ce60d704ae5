import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  expectationUnsupported,
  headersTooLarge,
  internal,
  requestMalformed,
  requestTimeout,
  ServiceError,
  tunnelUnsupported,
} from '../errors.ts';
import type { Log } from '../log.ts';
import {
  COMMON_HEADERS,
  type HeaderList,
  lastBytes,
  refusalAnswer,
  type StreamAnswer,
  send,
} from './http-answer.ts';
import type { OriginPolicy } from './origin-policy.ts';
import { awaitsContinue } from './request-body.ts';
import { createRequestId } from './request-id.ts';
import { parseTarget } from './request-target.ts';
import type { RestTransport } from './rest.ts';
import type { StaticPages } from './static.ts';

/** The request line and the headers, in bytes. */
const HEADERS_BYTES_MAX = 16 * 1024;

/** A refused body up to this size is read to its end, so that its connection can go on. */
const UNREAD_BYTES_MAX = 64 * 1024;

/** How long callers may take, in milliseconds. */
export interface HttpPatience {
  /** For the headers of a request, from its first byte. */
  readonly headers: number;
  /** For a whole request, from its first byte. */
  readonly request: number;
  /** Without a byte to or from the caller: for who takes no answer, too. */
  readonly idle: number;
  /** Between two looks for callers who are too slow. */
  readonly check: number;
  /** For a caller who still sends when it has its last answer. Cut sooner, it might not get to read that. */
  readonly linger: number;
}

const PATIENCE: HttpPatience = {
  headers: 20_000,
  request: 120_000,
  idle: 120_000,
  check: 5_000,
  linger: 5_000,
};

/** What a page of an allowed origin may send and read, beyond what every page may. */
const PREFLIGHT_HEADERS: HeaderList = [
  'access-control-allow-methods',
  'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers',
  'authorization, content-type, x-goog-api-client, x-goog-api-key, x-goog-fieldmask, x-goog-request-params, ' +
    'x-goog-user-project, x-request-id, x-server-timeout',
  'access-control-max-age',
  '7200',
];
const EXPOSED_HEADERS = 'allow, date';

/** What the parser makes of bytes that it does not understand. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What its answer carries, whichever that will be. */
  headers: HeaderList;
}

/**
 * HTTP/1.1 on connections that a listener hands over: REST, and what is no call at all. Every refusal is in the
 * API's JSON, those included for what is no HTTP. What was whole before a connection went wrong is answered.
 */
export class HttpTransport {
  readonly #server: Server;
  readonly #rest: Pick<RestTransport, 'answer'>;
  readonly #pages: StaticPages;
  readonly #policy: OriginPolicy;
  readonly #log: Log;
  readonly #lingerMs: number;
  readonly #headers: HeaderList;
  readonly #sockets = new Set<Socket>();
  readonly #underWay = new Set<Exchange>();
  /** Connections on which nothing further can be understood. */
  readonly #broken = new WeakSet<Socket>();
  readonly #streams = new Set<StreamAnswer>();
  #closing = false;

  constructor(
    parts: {
      readonly rest: Pick<RestTransport, 'answer'>;
      readonly pages: StaticPages;
      readonly policy: OriginPolicy;
      readonly log: Log;
    },
    patience: HttpPatience = PATIENCE,
  ) {
    this.#rest = parts.rest;
    this.#pages = parts.pages;
    this.#policy = parts.policy;
    this.#log = parts.log;
    this.#lingerMs = patience.linger;
    this.#headers = parts.policy.variesByOrigin ? [...COMMON_HEADERS, 'vary', 'origin'] : COMMON_HEADERS;
    this.#server = createServer({
      headersTimeout: patience.headers,
      requestTimeout: patience.request,
      connectionsCheckingInterval: patience.check,
      maxHeaderSize: HEADERS_BYTES_MAX,
      // The policy asks for it, and answers in JSON.
      requireHostHeader: false,
      // Where the headers announce no body, its end is not waited for: none is ever told.
      optimizeEmptyRequests: true,
    });
    this.#server.timeout = patience.idle;
    // Their size is bounded; a bound on their number would drop some unseen.
    this.#server.maxHeadersCount = 0;
    // Who has sent all it wants may close its half, and still gets its answer.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#listen();
    // The server never listens itself, and only then would it watch for slow and idle connections.
    this.#server.emit('listening');
  }

  accept(socket: Socket): void {
    socket.allowHalfOpen = true;
    // Each call that is under way on it waits for its end; a caller may send many before the first is answered.
    socket.setMaxListeners(0);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#server.emit('connection', socket);
  }

  /** Lets requests under way finish, for as long as `graceMs`, and ends every connection. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    for (const { response } of this.#underWay) response.shouldKeepAlive = false;
    for (const answer of this.#streams) answer.stop();
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    const ended = [...this.#sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    // Closes idle connections; that it was not listening is no news.
    this.#server.close(() => {});
    await Promise.all(ended);
    clearTimeout(deadline);
  }

  #listen(): void {
    const take = (request: IncomingMessage, response: ServerResponse) => this.#take(request, response);
    this.#server.on('request', take).on('checkContinue', take).on('checkExpectation', take);
    this.#server.on('connect', (_request, socket: Socket) => this.#end(socket, tunnelUnsupported()));
    this.#server.on('clientError', (error, socket: Socket) => this.#onClientError(error, socket));
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    // What comes after a refusal that ended the connection is read and forgotten.
    if (this.#broken.has(request.socket)) return;
    const exchange: Exchange = { request, response, headers: this.#headers };
    this.#underWay.add(exchange);
    response.on('close', () => {
      this.#underWay.delete(exchange);
      // The head of a stream promised to keep the connection, before anybody thought of stopping.
      if (this.#closing) this.#server.closeIdleConnections();
    });
    if (this.#closing) response.shouldKeepAlive = false;
    this.#answer(exchange).catch((error: unknown) => this.#refuse(exchange, this.#toRefusal(error)));
  }

  /** Answers a request, or throws the ServiceError that is to be answered instead. */
  async #answer(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const target = parseTarget(request.url ?? '');
    const { corsOrigin } = this.#policy.admit(request, target);
    if (corsOrigin !== undefined) {
      exchange.headers = [
        ...exchange.headers,
        'access-control-allow-origin',
        corsOrigin,
        'access-control-expose-headers',
        EXPOSED_HEADERS,
      ];
      if (isPreflight(request)) {
        send(response, exchange.headers, { status: 204, headers: PREFLIGHT_HEADERS, body: '' });
        return;
      }
    }
    const { expect } = request.headers;
    if (expect !== undefined && request.httpVersion === '1.1' && !awaitsContinue(request)) {
      throw expectationUnsupported(expect);
    }
    const page = this.#pages.answer(request, target);
    const answer = page ?? (await this.#rest.answer(request, response, target));
    if ('pieces' in answer) await this.#sendStream(exchange, answer);
    else send(response, exchange.headers, answer);
  }

  /** Each piece is sent as soon as it is there, and the next is asked for when the caller has taken it. */
  async #sendStream({ response, headers }: Exchange, answer: StreamAnswer): Promise<void> {
    this.#streams.add(answer);
    if (this.#closing) answer.stop();
    response.writeHead(answer.status, [...headers, ...answer.headers]);
    // A space between two elements keeps the connection of one who waits; who does not take it is gone.
    response.setTimeout(this.#server.timeout, () => {
      if (response.writableLength > 0) response.destroy();
      else response.write(' ');
    });
    try {
      for await (const piece of answer.pieces) {
        if (response.destroyed) break;
        if (!response.write(piece)) await drained(response);
      }
      response.end();
    } finally {
      this.#streams.delete(answer);
    }
  }

  #toRefusal(error: unknown): ServiceError {
    if (error instanceof ServiceError) return error;
    const requestId = createRequestId();
    this.#log.error('request failed', { requestId, error });
    return internal(requestId);
  }

  #refuse({ request, response, headers }: Exchange, refusal: ServiceError): void {
    // A caller who has gone away is not told anything.
    if (response.destroyed || response.headersSent) return;
    const answer = refusalAnswer(refusal);
    const { socket } = request;
    if (this.#broken.has(socket)) response.shouldKeepAlive = false;
    if (awaitsContinue(request) || socket.readableEnded || !this.#hasMuchToSay(request)) {
      send(response, headers, answer);
      return;
    }
    // A connection that is closed while something unread has arrived is reset, and the answer with it.
    response.shouldKeepAlive = false;
    response.writeHead(answer.status, [...headers, ...answer.headers]);
    response.write(answer.body);
    const end = (): void => {
      clearTimeout(deadline);
      response.end();
    };
    const deadline = setTimeout(end, this.#lingerMs);
    request.once('end', end).once('error', end).resume();
    socket.once('end', end).once('close', end);
  }

  /** Whether more may come of a request than is worth reading. */
  #hasMuchToSay({ complete, headers, socket }: IncomingMessage): boolean {
    if (complete) return false;
    const isOpenEnded = headers['transfer-encoding'] !== undefined || this.#broken.has(socket);
    return isOpenEnded || Number(headers['content-length'] ?? 0) > UNREAD_BYTES_MAX;
  }

  /** What follows on such a connection is not understood either, and the parser says so each time. */
  #onClientError(error: ParserError, socket: Socket): void {
    if (this.#broken.has(socket)) return;
    this.#broken.add(socket);
    const refusal = explainParser(error);
    const last = [...this.#underWay].findLast(({ request }) => request.socket === socket);
    if (refusal === undefined) socket.destroy();
    else if (last === undefined) this.#end(socket, refusal, error.rawPacket);
    else if (last.request.complete) last.response.once('close', () => this.#end(socket, refusal));
    else if (last.response.headersSent) socket.destroySoon();
    else this.#refuse(last, refusal);
  }

  /**
   * Says a last thing on a connection, to HEAD, as far as one can tell, without a body. The caller may then end it,
   * and finds it ended if not.
   */
  #end(socket: Socket, refusal: ServiceError, packet?: Buffer): void {
    if (!socket.writable) return;
    const isHead = packet?.toString('latin1', 0, 5) === 'HEAD ';
    socket.write(lastBytes(refusalAnswer(refusal), isHead));
    const end = (): void => socket.destroySoon();
    if (socket.readableEnded) {
      end();
      return;
    }
    const deadline = setTimeout(end, this.#lingerMs);
    socket.once('end', end).once('close', () => clearTimeout(deadline));
    socket.on('error', () => socket.destroy());
    socket.resume();
  }
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** What a caller is told of an error of the parser; nothing where the connection itself is gone. */
function explainParser({ code = '' }: NodeJS.ErrnoException): ServiceError | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimeout();
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge(HEADERS_BYTES_MAX);
  if (code === 'HPE_INVALID_EOF_STATE') return requestMalformed('the request ended before it was whole');
  if (code.startsWith('HPE_')) return requestMalformed('this is not HTTP/1.1');
  return undefined;
}

/** Resolves when more can be written, or nothing can be any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
