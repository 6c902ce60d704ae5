import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';

/** Every HTTP/2 connection begins with these bytes: https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** What a port puts up with. */
export interface ListenerLimits {
  /** How long a connection may take to show its protocol, in milliseconds. */
  readonly firstBytesMs: number;
  /** Connections at a time. Further ones are closed at once, so that those that are there are served. */
  readonly connections: number;
}

const LIMITS: ListenerLimits = { firstBytesMs: 10_000, connections: 4000 };

/** Takes over a connection whose first bytes are still unread. */
export type ConnectionHandler = (socket: Socket) => void;

/** One port for two protocols in cleartext: HTTP/2 is gRPC, everything else is HTTP/1.1. */
export class Listener {
  readonly #server: NetServer;
  readonly #undecided = new Set<Socket>();

  constructor(
    handlers: { readonly http1: ConnectionHandler; readonly http2: ConnectionHandler },
    { firstBytesMs, connections }: ListenerLimits = LIMITS,
  ) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#undecided.add(socket);
      const deadline = setTimeout(() => socket.destroy(), firstBytesMs);
      sniff(socket, (protocol) => {
        clearTimeout(deadline);
        this.#undecided.delete(socket);
        if (protocol !== 'none') handlers[protocol](socket);
      });
    });
    this.#server.maxConnections = connections;
  }

  /** Resolves with the address that it really got. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more connections. Those that were handed over are their handlers' to end. */
  close(): void {
    this.#server.close();
    for (const socket of this.#undecided) socket.destroy();
  }
}

/** Reads as much of a connection as it takes to tell the protocol, and puts it back. */
function sniff(socket: Socket, decide: (protocol: 'http1' | 'http2' | 'none') => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const giveUp = (): void => {
    socket.destroy();
  };
  const closed = (): void => decide('none');
  const read = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, HTTP2_PREFACE.length);
    const isHttp2 = seen.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (isHttp2 && length < HTTP2_PREFACE.length) return;
    socket.off('readable', read).off('error', giveUp).off('close', closed);
    socket.unshift(seen);
    decide(isHttp2 ? 'http2' : 'http1');
  };
  socket.on('readable', read).on('error', giveUp).on('close', closed);
}
