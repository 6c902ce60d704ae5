import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RestTransport } from './rest.ts';
import { handleStatic } from './static.ts';

/** HTTP/1.1 on connections that a listener hands over: REST, and what is no call at all. */
export class HttpTransport {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #underWay = new Set<ServerResponse>();
  #closing = false;

  constructor(rest: RestTransport) {
    this.#server = createServer((request, response) => {
      this.#underWay.add(response);
      response.once('close', () => this.#underWay.delete(response));
      if (this.#closing) response.shouldKeepAlive = false;
      if (!handleStatic(request, response)) void rest.handle(request, response);
    });
    // The server never listens itself, and only then would it watch for slow and idle connections.
    this.#server.emit('listening');
  }

  accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#server.emit('connection', socket);
  }

  /** Lets requests under way finish, for as long as `graceMs`, and ends every connection. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    for (const response of this.#underWay) response.shouldKeepAlive = false;
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
}
