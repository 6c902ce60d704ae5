import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody's webhook: it keeps what it was sent, and answers as the test wants. */
export class Listener {
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.headers = request.headers;
      this.body = Buffer.concat(chunks);
      this.answer(response);
    });
  });
  headers: IncomingHttpHeaders = {};
  body = Buffer.alloc(0);
  answer: (response: ServerResponse) => void = (response) => response.end('{}');

  async listen(): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
