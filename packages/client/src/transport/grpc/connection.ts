import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket, ConnectionOptions as TlsConnectOptions } from 'node:tls';
import { builtIn } from '../../built-in.ts';
import type { TlsOptions } from '../transport.ts';
import { causeText, type Failure } from './failure.ts';
import type { Inflate } from './frames.ts';
import { RESET } from './reply-status.ts';

/** How many bytes of an answer may be on their way before its reader takes them. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 4 << 20;

/** Timers hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface ConnectionOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsOptions | 'plaintext';
  /** How long the server may take until it has said its first word of HTTP/2. */
  readonly connectTimeoutMs: number;
  /** After how much silence while calls are under way the server is asked whether it is there. */
  readonly keepaliveMs: number;
  /** How long it may take to answer that. */
  readonly keepaliveTimeoutMs: number;
}

/** Who wants to know what becomes of a connection. */
export interface ConnectionOwner {
  /** Calls can be made over it. */
  opened(connection: Connection): void;
  /** It never opened. */
  failed(connection: Connection, failure: Failure): void;
  /** A call over it has ended, or the server allows more of them. */
  eased(connection: Connection): void;
  /** No more calls can be made over it; those under way may still end well. */
  retired(connection: Connection): void;
  /** Nothing is left of it. */
  gone(connection: Connection): void;
  /** The server is asked too often whether it is there. */
  pingedTooOften(): void;
}

/**
 * One session of HTTP/2: it opens, carries calls, and ends. It keeps the process alive while it opens for somebody and
 * while calls are under way.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  #state: 'opening' | 'open' | 'retired' | 'closed' = 'opening';
  #socket: Socket | undefined;
  #session: ClientHttp2Session | undefined;
  #inflaters: Readonly<Record<string, Inflate>> = {};
  #isWanted = true;
  #streams = 0;
  #streamsMax = 0;
  #lastStreamId = Number.POSITIVE_INFINITY;
  #failure: Failure | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #keepaliveTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  /** Whether a call began, and whether anything came, since the keepalive timer was last set. */
  #hasAsked = false;
  #hasHeard = false;
  #tellClosed: () => void = () => {};
  readonly #closed = new Promise<void>((resolve) => {
    this.#tellClosed = resolve;
  });

  constructor(options: ConnectionOptions, owner: ConnectionOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#connectTimer = setTimeout(
      () =>
        this.#fail({ code: 'UNAVAILABLE', message: `${this.#name} does not answer: connecting timed out` }),
      Math.min(options.connectTimeoutMs, LONGEST_TIMER_MS),
    );
    this.#open().catch((cause: unknown) => {
      // What throws is not the server's fault but ours or the platform's, or a certificate that is none.
      const code =
        this.#options.tls === 'plaintext' || this.#socket !== undefined ? 'INTERNAL' : 'UNAUTHENTICATED';
      this.#fail({ code, message: `cannot connect to ${this.#name}: ${causeText(cause)}`, cause });
    });
  }

  get hasRoom(): boolean {
    return this.#state === 'open' && this.#streams < this.#streamsMax && !this.#session?.closed;
  }

  /** Why it ended, where that is known. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether its streams end because all of it does. */
  get isBroken(): boolean {
    return (
      this.#state === 'closed' || this.#socket?.destroyed !== false || this.#session?.destroyed !== false
    );
  }

  /** Whether the server has said that it takes no more calls. */
  get isGoingAway(): boolean {
    return this.#lastStreamId !== Number.POSITIVE_INFINITY;
  }

  /** Whether the server has said that it never looked at a stream. */
  hasDropped(streamId: number | undefined): boolean {
    return streamId === undefined || streamId > this.#lastStreamId;
  }

  /** How to inflate messages of this `grpc-encoding`; undefined for one that is not known. */
  inflater(encoding: string): Inflate | undefined {
    return Object.hasOwn(this.#inflaters, encoding) ? this.#inflaters[encoding] : undefined;
  }

  /** Begins a stream; undefined where there is no room after all. */
  request(headers: readonly string[]): ClientHttp2Stream | undefined {
    const session = this.#session;
    if (session === undefined || !this.hasRoom) return undefined;
    const stream = requestWith(session, headers);
    if (this.#streams++ === 0) session.ref();
    stream.on('close', this.#ended);
    this.#hasAsked = true;
    if (this.#keepaliveTimer === undefined && this.#pingTimer === undefined) this.#armKeepalive();
    return stream;
  }

  /** Something came from the server. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** Whether anybody waits for it to open. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (this.#state !== 'opening') return;
    if (isWanted) {
      this.#connectTimer?.ref();
      this.#socket?.ref();
    } else {
      this.#connectTimer?.unref();
      this.#socket?.unref();
    }
  }

  /** Ends it with all that is under way; resolves when nothing is left of it. */
  close(failure: Failure): Promise<void> {
    this.#fail(failure);
    return this.#closed;
  }

  /** To be asked again after each wait. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  get #name(): string {
    return `${this.#options.hostname}:${this.#options.port}`;
  }

  async #open(): Promise<void> {
    const { tls } = this.#options;
    const socket = tls === 'plaintext' ? await this.#connectPlain() : await this.#connectTls(tls);
    this.#socket = socket;
    // A session listens as well, but not before it has bound the socket.
    socket.on('error', (cause) => this.#fail(this.#unreachable(cause)));
    socket.once('close', () => this.#fail(this.#disconnected()));
    if (this.#isClosed()) {
      socket.destroy();
      return;
    }
    this.want(this.#isWanted);
    const [{ connect }, zlib] = await Promise.all([builtIn('node:http2'), builtIn('node:zlib')]);
    this.#inflaters = {
      gzip: (bytes, bytesMax) => zlib.gunzipSync(bytes, limitedTo(bytesMax)),
      deflate: (bytes, bytesMax) => zlib.inflateSync(bytes, limitedTo(bytesMax)),
    };
    if (this.#isClosed()) return;
    const session = connect(`${tls === 'plaintext' ? 'http' : 'https'}://${authorityOf(this.#options)}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
      // Back pressure bounds what is held; Node's own bound would refuse calls while slow readers have their windows full.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    this.#session = session;
    session.on('error', (cause) => this.#fail(this.#unreachable(cause)));
    session.once('close', () => {
      this.#fail(this.#disconnected());
      this.#gone();
    });
    session.on('goaway', (code, lastStreamId, data) => this.#goAway(code, lastStreamId, data));
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#streamsMax = maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      if (this.#state === 'opening') this.#opened(session);
      else this.#owner.eased(this);
    });
  }

  async #connectPlain(): Promise<Socket> {
    const { connect } = await builtIn('node:net');
    const { hostname: host, port } = this.#options;
    return connect({ host, port, noDelay: true });
  }

  async #connectTls(tls: TlsOptions): Promise<Socket> {
    const [{ connect }, { isIP }] = await Promise.all([builtIn('node:tls'), builtIn('node:net')]);
    const { hostname: host, port } = this.#options;
    const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    // An address is no name that a server could be asked for.
    const named = isIP(host) === 0 ? { servername: host } : {};
    const options: TlsConnectOptions = { ...named, ...given, host, port, ALPNProtocols: ['h2'] };
    const socket: TLSSocket = connect(options);
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol === 'h2') return;
      this.#fail({ code: 'UNAVAILABLE', message: `${this.#name} does not speak HTTP/2 over TLS` });
    });
    return socket;
  }

  #opened(session: ClientHttp2Session): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.#state = 'open';
    // With a window of the connection's own, Bun stops reading after a few megabytes.
    if (!isBun) session.setLocalWindowSize(CONNECTION_WINDOW);
    session.unref();
    this.#owner.opened(this);
  }

  readonly #ended = (): void => {
    this.#streams--;
    if (this.#state === 'closed') return;
    if (this.#streams === 0) this.#session?.unref();
    this.#owner.eased(this);
  };

  /** https://www.rfc-editor.org/rfc/rfc9113#name-goaway; for an error, Node ends the session after this. */
  #goAway(code: number, lastStreamId: number, data: Uint8Array | undefined): void {
    this.#lastStreamId = lastStreamId;
    const reason = data === undefined ? '' : new TextDecoder().decode(data);
    if (code === RESET.ENHANCE_YOUR_CALM && reason === 'too_many_pings') this.#owner.pingedTooOften();
    if (code !== RESET.NO_ERROR) {
      const words = reason === '' ? `HTTP/2 error code ${code}` : `HTTP/2 error code ${code}: ${reason}`;
      this.#failure ??= { code: 'UNAVAILABLE', message: `${this.#name} closed the connection (${words})` };
    }
    if (this.#state === 'opening') this.#fail(this.#disconnected());
    if (this.#state !== 'open') return;
    this.#state = 'retired';
    this.#owner.retired(this);
  }

  #armKeepalive(): void {
    const { keepaliveMs } = this.#options;
    if (keepaliveMs > LONGEST_TIMER_MS) return;
    this.#keepaliveTimer = setTimeout(() => {
      this.#keepaliveTimer = undefined;
      if (this.#hasAsked && !this.#hasHeard) this.#ping();
      else this.#keepAlive();
    }, keepaliveMs).unref();
  }

  /** Watches on as long as there are calls. */
  #keepAlive(): void {
    this.#hasAsked = this.#streams > 0;
    this.#hasHeard = false;
    if (this.#hasAsked) this.#armKeepalive();
  }

  #ping(): void {
    const session = this.#session;
    // One that is destroyed is about to tell so itself.
    if (session === undefined || session.destroyed) return;
    const silent: Failure = {
      code: 'UNAVAILABLE',
      message: `${this.#name} is silent: a ping was not answered in time`,
    };
    this.#pingTimer = setTimeout(() => this.#fail(silent), this.#options.keepaliveTimeoutMs).unref();
    const isSent = session.ping((error) => {
      clearTimeout(this.#pingTimer);
      this.#pingTimer = undefined;
      // Node tells of errors on a connection that is going away here alone.
      if (error !== null) this.#fail(this.#unreachable(error));
      else if (this.#state !== 'closed') this.#keepAlive();
    });
    if (!isSent) this.#fail(silent);
  }

  #unreachable(cause: unknown): Failure {
    const what = this.#state === 'opening' ? 'cannot connect to' : 'lost the connection to';
    return { code: 'UNAVAILABLE', message: `${what} ${this.#name}: ${causeText(cause)}`, cause };
  }

  #disconnected(): Failure {
    const what = this.#state === 'opening' ? 'before it spoke HTTP/2' : 'while calls were under way';
    return { code: 'UNAVAILABLE', message: `${this.#name} closed the connection ${what}` };
  }

  /** Lets go of everything at once. The first failure is the one that is told. */
  #fail(failure: Failure): void {
    if (this.#state === 'closed') return;
    const was = this.#state;
    this.#state = 'closed';
    this.#failure ??= failure;
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#keepaliveTimer);
    clearTimeout(this.#pingTimer);
    const [session, socket] = [this.#session, this.#socket];
    if (session === undefined) {
      socket?.destroy();
      this.#gone();
    } else {
      session.destroy();
      // A session that was about to end by itself would wait for the server to close as well.
      setImmediate(() => socket?.destroy());
    }
    if (was === 'opening') this.#owner.failed(this, this.#failure);
    else if (was === 'open') this.#owner.retired(this);
  }

  #gone(): void {
    this.#owner.gone(this);
    this.#tellClosed();
  }
}

function limitedTo(bytesMax: number): { maxOutputLength?: number } {
  return Number.isFinite(bytesMax) ? { maxOutputLength: bytesMax } : {};
}

/** As it stands in an URL and in `:authority`. */
export function authorityOf({
  hostname,
  port,
}: {
  readonly hostname: string;
  readonly port: number;
}): string {
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

const versions: Readonly<Record<string, unknown>> = globalThis.process?.versions ?? {};
const isBun = 'bun' in versions;

/** Whether requests take their headers as a list, which spares Node from making an object of them and a list again. */
let takesLists = !isBun && !('deno' in versions);

function requestWith(session: ClientHttp2Session, headers: readonly string[]): ClientHttp2Stream {
  if (takesLists) {
    try {
      return session.request(headers);
    } catch (error) {
      // Node 20 refuses lists before it does anything else.
      if (!(error instanceof TypeError) || !('code' in error) || error.code !== 'ERR_INVALID_ARG_TYPE')
        throw error;
      takesLists = false;
    }
  }
  const object: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) object[headers[at] ?? ''] = headers[at + 1] ?? '';
  return session.request(object);
}
