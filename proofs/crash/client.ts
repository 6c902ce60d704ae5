/** Calls over either wire, of which one learns only what a caller can: a reply, a refusal, or nothing. */
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { frame, send } from '../../conformance/grpc-raw.ts';
import { CallError, pathOf, RestWire } from '../../conformance/wires.ts';

/** The server answered that it will not. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** A `google.rpc.Code`. */
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(`${reason} (${code}): ${message}`);
    this.code = code;
    this.reason = reason;
  }
}

/** The connection broke before the whole answer was there: nobody knows what became of the call. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

export interface Client {
  /** Throws RefusedError or LostError. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>>;
  close(): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export type WireName = 'gRPC' | 'REST';

/** Throws LostError where nobody answers. */
export async function openClient(wire: WireName, server: Address): Promise<Client> {
  return wire === 'gRPC' ? await GrpcClient.open(server) : new RestClient(server);
}

/** As `openClient` opens it, for who needs streams too. */
export class GrpcClient implements Client {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  static async open({ url }: Address): Promise<GrpcClient> {
    // What a page may hold arrives without waiting for the window to be opened again.
    const session = connect(url, { settings: { initialWindowSize: 4 * 1024 * 1024 } });
    try {
      await once(session, 'connect');
    } catch (error) {
      throw new LostError('nobody answers', { cause: error });
    }
    // What breaks the connection ends the calls on it, each of which says so.
    session.on('error', () => {});
    return new GrpcClient(session);
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return this.converse(method, [request]);
  }

  /** As `call`, with all that is to be said on the stream; answers the first reply. */
  async converse<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    requests: readonly MessageInitShape<I>[],
  ): Promise<MessageShape<O>> {
    if (this.#session.destroyed || this.#session.closed) throw new LostError('the connection is closed');
    const chunks = requests.map((each) => frame(toBinary(method.input, create(method.input, each))));
    const { code, reason, message, messages } = await send(this.#session, { path: pathOf(method), chunks });
    const [reply] = messages;
    if (code === undefined || (code === 0 && reply === undefined)) throw new LostError('no whole answer');
    if (code !== 0) throw new RefusedError(code, reason ?? '', message);
    return fromBinary(method.output, reply as Uint8Array);
  }

  close(): void {
    this.#session.destroy();
  }
}

class RestClient implements Client {
  readonly #wire: RestWire;

  constructor(server: Address) {
    this.#wire = new RestWire(() => server);
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    try {
      return await this.#wire.call(method, request);
    } catch (error) {
      if (error instanceof CallError) throw new RefusedError(error.code, error.reason, error.message);
      // Only broken sockets have codes; whatever else is thrown here is a fault of the answer.
      const { code } = error as NodeJS.ErrnoException;
      if (typeof code === 'string') throw new LostError('the connection broke', { cause: error });
      throw error;
    }
  }

  close(): void {
    this.#wire[Symbol.dispose]();
  }
}
