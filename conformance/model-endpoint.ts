import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What a model is asked, in OpenAI's form. */
export interface ModelQuestion {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly response_format?: { readonly json_schema: { readonly schema: { readonly properties: object } } };
    readonly [field: string]: unknown;
  };
}

/** A text that is said, or what is done instead. */
export type ModelAnswer = string | ((response: ServerResponse, question: ModelQuestion) => void);

/** An endpoint of a model on the loopback: it says what it is told to say. */
export class ModelEndpoint implements AsyncDisposable {
  /** All that it was asked so far, oldest first. */
  readonly questions: ModelQuestion[] = [];
  /** What it says next, and ever after. */
  answer: ModelAnswer = 'an answer';
  readonly #server: Server;

  static async open(): Promise<ModelEndpoint> {
    const endpoint = new ModelEndpoint();
    endpoint.#server.listen(0, '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = (await json(request)) as ModelQuestion['body'];
      const question = { path: request.url ?? '', headers: request.headers, body };
      this.questions.push(question);
      if (typeof this.answer === 'function') this.answer(response, question);
      else say(response, this.answer);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Answers a text as models do, with why it ended. */
export function say(response: ServerResponse, content: string, finish = 'stop'): void {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }];
  answerModelJson(response, 200, { object: 'chat.completion', choices });
}

export function answerModelJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
