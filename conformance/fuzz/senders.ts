import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as openRequest } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders as Http2Headers,
} from 'node:http2';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { GrpcRequest } from './inputs.ts';
import type { RestRequest } from './rest-requests.ts';

/** Nothing that the server does takes nearly as long, however busy the machine. */
const ANSWER_TIMEOUT_MS = 15_000;

/** A call that was answered over gRPC. */
export interface GrpcAnswer {
  readonly status: number;
  /** `grpc-status`; undefined where there is none. */
  readonly code: number | undefined;
  readonly message: string;
  /** `grpc-status-details-bin` */
  readonly details: Buffer | undefined;
  /** What HTTP/2 counts the trailers as. */
  readonly trailerBytes: number;
  readonly body: Buffer;
}

/** A call that was answered over HTTP. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What became of a call that the server did not answer. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Calls over a few HTTP/2 connections, each with many calls under way. */
export class GrpcSender implements Disposable {
  readonly #url: string;
  readonly #sessions: (ClientHttp2Session | undefined)[];
  #turn = 0;

  constructor(url: string, connections = 3) {
    this.#url = url;
    this.#sessions = Array.from({ length: connections }, () => undefined);
  }

  /** With `first`, the first message of an answer is enough: streams may go on for ever. */
  send({ path, headers, body }: GrpcRequest, { first = false } = {}): Promise<GrpcAnswer> {
    const stream = this.#nextSession().request(
      { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
      { endStream: false },
    );
    const answer = readAnswer(stream, first);
    stream.end(body);
    return answer;
  }

  #nextSession(): ClientHttp2Session {
    this.#turn = (this.#turn + 1) % this.#sessions.length;
    const turn = this.#turn;
    const open = this.#sessions[turn];
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const session = connect(this.#url);
    // Each call on it hears of the error, too.
    session.on('error', () => {});
    session.setMaxListeners(0);
    this.#sessions[turn] = session;
    return session;
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session?.destroy();
  }
}

function readAnswer(stream: ClientHttp2Stream, first: boolean): Promise<GrpcAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<GrpcAnswer>();
  const chunks: Buffer[] = [];
  let headers: Http2Headers = {};
  let trailers: Http2Headers | undefined;
  const finish = (): void => {
    clearTimeout(deadline);
    resolve(toGrpcAnswer(headers, trailers ?? headers, Buffer.concat(chunks)));
  };
  const deadline = setTimeout(() => {
    reject(new NoAnswerError(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`));
    stream.close(constants.NGHTTP2_CANCEL);
  }, ANSWER_TIMEOUT_MS);
  stream.on('response', (answered) => {
    headers = answered;
  });
  stream.on('trailers', (answered) => {
    trailers = answered;
  });
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (!first || !holdsFrame(chunks)) return;
    trailers ??= { 'grpc-status': '0' };
    finish();
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('end', () => {
    if (headers[':status'] !== undefined) finish();
  });
  stream.on('error', (error) => {
    clearTimeout(deadline);
    reject(new NoAnswerError(`the stream broke: ${error.message}`));
  });
  stream.on('close', () => {
    clearTimeout(deadline);
    reject(new NoAnswerError(`the stream ended with ${stream.rstCode} and without an answer`));
  });
  return promise;
}

/** Whether the first message of an answer has come whole. */
function holdsFrame(chunks: readonly Buffer[]): boolean {
  const bytes = Buffer.concat(chunks);
  return bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1);
}

/** Whether an array in JSON has come as far as the end of one of its elements. */
function holdsElements(chunks: readonly Buffer[]): boolean {
  try {
    return Array.isArray(JSON.parse(`${Buffer.concat(chunks)}]`));
  } catch {
    return false;
  }
}

function toGrpcAnswer(headers: Http2Headers, trailers: Http2Headers, body: Buffer): GrpcAnswer {
  const code = trailers['grpc-status'];
  const details = trailers['grpc-status-details-bin'];
  let trailerBytes = 0;
  for (const [name, value] of Object.entries(trailers))
    trailerBytes += name.length + String(value).length + 32;
  return {
    status: Number(headers[':status']),
    code: code === undefined ? undefined : Number(code),
    message: decodePercent(String(trailers['grpc-message'] ?? '')),
    details: typeof details === 'string' ? Buffer.from(details, 'base64') : undefined,
    trailerBytes,
    body: inflated(body, String(headers['grpc-encoding'] ?? 'identity')),
  };
}

const inflaters: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
};

/** A body whose first message is compressed as if it were not; any other is left as it is. */
function inflated(body: Buffer, encoding: string): Buffer {
  const inflate = inflaters[encoding];
  if (inflate === undefined || body.length < 5 || body[0] !== 1) return body;
  const end = 5 + body.readUInt32BE(1);
  if (body.length < end) return body;
  const message = inflate(body.subarray(5, end));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message, body.subarray(end)]);
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Calls over kept HTTP/1.1 connections. */
export class RestSender implements Disposable {
  readonly #host: string;
  readonly #port: number;
  readonly #agent: Agent;

  constructor(host: string, port: number, connections = 32) {
    this.#host = host;
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /**
   * A request on a kept connection that the server was just closing is sent once more. With `first`, an answer that
   * comes as an array is cut behind its first elements: streams may go on for ever.
   */
  async send(request: RestRequest, { first = false } = {}): Promise<RestAnswer> {
    try {
      return await this.#sendOnce(request, first);
    } catch (error) {
      if (error instanceof NoAnswerError) throw error;
      try {
        return await this.#sendOnce(request, first);
      } catch (again) {
        if (again instanceof NoAnswerError) throw again;
        throw new NoAnswerError(`the connection broke: ${(again as Error).message}`);
      }
    }
  }

  #sendOnce({ verb, path, headers, body }: RestRequest, first: boolean): Promise<RestAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RestAnswer>();
    const outgoing = openRequest({
      host: this.#host,
      port: this.#port,
      method: verb,
      path,
      headers,
      agent: this.#agent,
    });
    const deadline = setTimeout(() => {
      reject(new NoAnswerError(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`));
      outgoing.destroy();
    }, ANSWER_TIMEOUT_MS);
    let seen: IncomingMessage | undefined;
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(deadline);
      // The server cannot know the verb of what its parser refuses, and so sends a body with the answer to HEAD, too.
      const isBody = verb === 'HEAD' && error.code === 'HPE_CLOSED_CONNECTION';
      if (isBody && seen !== undefined)
        resolve({ status: seen.statusCode ?? 0, headers: {}, body: Buffer.alloc(0) });
      else reject(error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      seen = incoming;
      const chunks: Buffer[] = [];
      const finish = (): void => {
        clearTimeout(deadline);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      };
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!first || !holdsElements(chunks)) return;
        chunks.push(Buffer.from(']'));
        finish();
        outgoing.destroy();
      });
      incoming.on('error', fail);
      incoming.on('end', finish);
    });
    if (body !== undefined) outgoing.setHeader('content-length', body.length);
    outgoing.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
