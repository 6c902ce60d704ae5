import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { StatusSchema } from '@parleykit/proto/rpc';
import { CallError, pathOf } from '../../conformance/wires.ts';

/** A call ended without a word on what became of it: it was cancelled, or its connection broke. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** Pages of a thousand messages would else wait for window updates several times each. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const PREFIX_BYTES = 5;

/**
 * gRPC by hand over one HTTP/2 connection, one call a stream. A client library would cost more than the server that
 * is to be kept busy, and would not say when exactly a call was cancelled.
 */
export class GrpcChannel implements AsyncDisposable {
  readonly #session: ClientHttp2Session;

  static async open(url: string): Promise<GrpcChannel> {
    const session = connect(url, { settings: { initialWindowSize: WINDOW_BYTES, enablePush: false } });
    // What breaks the connection breaks each call on it, and is told there.
    session.on('error', () => {});
    await once(session, 'connect');
    session.setLocalWindowSize(WINDOW_BYTES);
    return new GrpcChannel(session);
  }

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  /** Answers the reply; throws a CallError for what the server refused, an OutcomeUnknown for what nobody answered. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    signal?: AbortSignal,
  ): Promise<MessageShape<O>> {
    const bytes = toBinary(method.input, create(method.input, request));
    return fromBinary(method.output, await this.send(pathOf(method), bytes, signal));
  }

  /** As `call`, with the encoded request and reply. */
  send(path: string, message: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      let ending: IncomingHttpHeaders | undefined;
      const chunks: Buffer[] = [];
      const look = (headers: IncomingHttpHeaders): void => {
        if (headers['grpc-status'] !== undefined) ending = headers;
      };
      const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
      signal?.addEventListener('abort', cancel, { once: true });
      stream.on('response', look).on('trailers', look);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      // What a stream breaks with is in its code.
      stream.on('error', () => {});
      stream.once('close', () => {
        signal?.removeEventListener('abort', cancel);
        try {
          resolve(readReply(ending, chunks, stream.rstCode ?? 0));
        } catch (error) {
          reject(error);
        }
      });
      stream.end(frame(message));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#session.destroyed) return;
    const closed = once(this.#session, 'close');
    this.#session.destroy();
    await closed;
  }
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(message.byteLength, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

function readReply(
  ending: IncomingHttpHeaders | undefined,
  chunks: readonly Buffer[],
  resetCode: number,
): Buffer {
  if (ending === undefined) throw new OutcomeUnknown(`the stream ended with code ${resetCode} and no status`);
  const code = Number(ending['grpc-status']);
  if (code !== 0) {
    const message = decodeURIComponent(String(ending['grpc-message'] ?? ''));
    throw new CallError(create(StatusSchema, { code, message }));
  }
  const [only] = chunks;
  const reply = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  if (reply.byteLength < PREFIX_BYTES || reply.readUInt32BE(1) !== reply.byteLength - PREFIX_BYTES) {
    throw new Error(`a reply of ${reply.byteLength} bytes is not one message`);
  }
  return reply.subarray(PREFIX_BYTES);
}
