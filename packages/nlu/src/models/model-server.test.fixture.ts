import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly [field: string]: unknown };
}

export interface ModelServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
}

/** An endpoint on the loopback that answers each request as told. */
export async function startModelServer(
  answer: (request: ReceivedRequest, response: ServerResponse) => void,
): Promise<ModelServer> {
  const requests: ReceivedRequest[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as ReceivedRequest['body'];
    const received = { path: request.url ?? '', headers: request.headers, body };
    requests.push(received);
    answer(received, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The vector of a text as the fixture has it: its length and its first character. */
export function answerEmbeddings({ body }: ReceivedRequest, response: ServerResponse): void {
  const data = (body['input'] as string[]).map((text, index) => ({
    object: 'embedding',
    index,
    embedding: [text.length, text.charCodeAt(0)],
  }));
  // The order is told by the index alone.
  answerJson(response, 200, { object: 'list', data: data.reverse(), model: body['model'] });
}

export function answerChat(response: ServerResponse, content: unknown, finish = 'stop'): void {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }];
  answerJson(response, 200, { object: 'chat.completion', choices });
}

/** The event that carries a piece of the answer. */
export function pieceEvent(content: string | undefined, finish: string | null = null): string {
  const choices = [{ index: 0, delta: content === undefined ? {} : { content }, finish_reason: finish }];
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices })}\n\n`;
}

export function startEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
}
