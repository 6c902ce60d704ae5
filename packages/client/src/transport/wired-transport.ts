import type { ClientCertSource } from '../auth/client-certificate.ts';
import type { HeaderSource } from '../auth/header-source.ts';
import type { ClientInfo } from '../client-info.ts';
import { type ApiError, CancelledError, ClientOptionsError } from '../errors.ts';
import { Attempt } from './rest/attempt.ts';
import type {
  Headers,
  TlsOptions,
  Transport,
  TransportCall,
  TransportReply,
  TransportStream,
} from './transport.ts';
import {
  type ClientCert,
  certificateOf,
  checkTransportOptions,
  credentialsOf,
  placeOf,
  type TransportOptions,
} from './transport-options.ts';

/** A transport with what it knows of who is calling: what a client calls through. */
export interface ServiceTransport extends Transport {
  /** Asked for headers before each attempt; undefined where nobody says who he is. */
  readonly credentials?: HeaderSource | undefined;
  readonly clientInfo?: ClientInfo | undefined;
}

/** Makes a wire that is protected so. */
export type MakeWire = (host: string, tls: TlsOptions | 'plaintext') => Transport;

/** Has a wire, made at once or, where a certificate is to be asked for, by the first call. */
export abstract class WiredTransport implements ServiceTransport {
  readonly kind: 'grpc' | 'rest';
  readonly host: string;
  readonly credentials: HeaderSource | undefined;
  readonly clientInfo: ClientInfo | undefined;
  #wire: Transport | undefined;
  #wiring: Promise<Transport> | undefined;
  #closed = false;
  readonly #makeWire: (cert: ClientCert | undefined) => Transport;
  readonly #certSource: ClientCertSource | undefined;
  /** Calls that wait for the wire. */
  readonly #waiting = new Set<Attempt>();

  protected constructor(
    kind: 'grpc' | 'rest',
    options: TransportOptions,
    names: readonly string[],
    makeWire: MakeWire,
  ) {
    checkTransportOptions(options, names);
    this.kind = kind;
    this.clientInfo = options.clientInfo;
    const { channel } = options;
    if (channel !== undefined) {
      if (channel.kind !== kind) {
        throw new ClientOptionsError(`the channel speaks ${channel.kind}, the transport speaks ${kind}`);
      }
      this.host = channel.host;
      this.credentials = undefined;
      this.#wire = channel;
      this.#makeWire = () => channel;
      return;
    }
    const place = placeOf(options);
    const { tls } = place;
    this.host = place.host;
    this.credentials = credentialsOf(options, place);
    this.#certSource =
      tls === 'plaintext' || tls.cert !== undefined ? undefined : options.clientCertSourceForMtls;
    this.#makeWire = (cert) =>
      makeWire(
        this.host,
        cert === undefined || tls === 'plaintext' ? tls : { ...tls, cert: cert[0], key: cert[1] },
      );
    if (this.#certSource === undefined) this.#wire = this.#makeWire(undefined);
  }

  /** The wire below; undefined as long as no call has asked for the certificate that it is to have. */
  get channel(): Transport | undefined {
    return this.#wire;
  }

  unary(call: TransportCall, request: object): Promise<TransportReply> {
    if (this.#wire !== undefined) return this.#wire.unary(call, request);
    return this.#connect(call).then((wire) => wire.unary(call, request));
  }

  stream(call: TransportCall, requests: AsyncIterable<object> | Iterable<object>): TransportStream {
    if (this.#wire !== undefined) return this.#wire.stream(call, requests);
    return new PendingStream(this.#connect(call).then((wire) => wire.stream(call, requests)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const attempt of this.#waiting) attempt.end(closedError());
    await this.#wire?.close();
  }

  /** Waits for the wire as long as the call may take. */
  async #connect(call: TransportCall): Promise<Transport> {
    if (this.#closed) throw closedError();
    const attempt = new Attempt(call, this.#waiting);
    try {
      return await new Promise<Transport>((resolve, reject) => {
        attempt.whenEnded(reject);
        this.#openWire().then(resolve, reject);
      });
    } finally {
      attempt.release();
    }
  }

  /** Asks for the certificate, once for all who wait; when that fails, the next call asks again. */
  #openWire(): Promise<Transport> {
    this.#wiring ??= this.#askCertificate().catch((error: unknown) => {
      this.#wiring = undefined;
      throw error;
    });
    return this.#wiring;
  }

  async #askCertificate(): Promise<Transport> {
    const cert = this.#certSource === undefined ? undefined : await certificateOf(this.#certSource);
    if (this.#closed) throw closedError();
    this.#wire = this.#makeWire(cert);
    return this.#wire;
  }
}

function closedError(): ApiError {
  return new CancelledError('the client was closed');
}

/** A stream whose transport still waits for its certificate. */
class PendingStream implements TransportStream {
  readonly headers: Promise<Headers>;
  readonly trailers: Promise<Headers>;
  readonly #stream: Promise<TransportStream>;

  constructor(stream: Promise<TransportStream>) {
    this.#stream = stream;
    this.headers = stream.then((ready) => ready.headers);
    this.trailers = stream.then((ready) => ready.trailers);
    // Who iterates hears of errors there, and need not ask for these.
    this.headers.catch(() => undefined);
    this.trailers.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<object> {
    yield* await this.#stream;
  }
}
