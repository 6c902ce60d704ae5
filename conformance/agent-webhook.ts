import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import type { JsonObject } from '@bufbuild/protobuf';

/** What a webhook is asked: a `WebhookRequest` in JSON. */
export interface Question {
  readonly verb: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came, and read. */
  readonly raw: string;
  readonly body: JsonObject;
  /** `queryResult`, and its `queryText`. */
  readonly result: JsonObject;
  readonly text: string;
}

/** A `WebhookResponse`, or what a webhook does instead of answering one. */
export type Answer = JsonObject | ((response: ServerResponse, question: Question) => unknown);

/** A question that waits for its answer. */
export interface HeldQuestion {
  /** Resolves once the webhook has been asked. */
  readonly asked: Promise<Question>;
  /** Resolves once whoever asked has gone. */
  readonly abandoned: Promise<void>;
  release(): void;
}

/** Answers for automated agents as an author's own webhook would. What it says to a text is told beforehand. */
export class AgentWebhook implements AsyncDisposable {
  /** All that it was asked so far, oldest first. */
  readonly questions: Question[] = [];
  /** How many questions of one session were ever open at once. */
  mostOpenOfOneSession = 0;
  /** How many questions were ever open at once. */
  mostOpen = 0;
  readonly #server: Server;
  readonly #answers = new Map<string, Answer>();
  readonly #open: string[] = [];

  static async open(): Promise<AgentWebhook> {
    const webhook = new AgentWebhook();
    webhook.#server.listen(0, '127.0.0.1');
    await once(webhook.#server, 'listening');
    return webhook;
  }

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const raw = await textOf(request);
      const json = JSON.parse(raw);
      const question: Question = {
        verb: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        raw,
        body: json,
        result: json.queryResult ?? {},
        text: json.queryResult?.queryText ?? '',
      };
      this.questions.push(question);
      this.#count(json.session, response);
      const answer = this.#answers.get(question.text) ?? { fulfillmentText: `re: ${question.text}` };
      give(answer, response, question);
    });
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/agent?key=1`;
  }

  /** Says how a text is answered from now on; all others are repeated. */
  on(text: string, answer: Answer): void {
    this.#answers.set(text, answer);
  }

  /** Keeps questions about a text waiting, and then answers as is said here. */
  hold(text: string, answer: Answer = { fulfillmentText: `re: ${text}` }): HeldQuestion {
    const asked = Promise.withResolvers<Question>();
    const abandoned = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.on(text, async (response, question) => {
      response.on('close', () => {
        if (!response.writableFinished) abandoned.resolve();
      });
      asked.resolve(question);
      await released.promise;
      give(answer, response, question);
    });
    return { asked: asked.promise, abandoned: abandoned.promise, release: () => released.resolve() };
  }

  /** What it was asked about a text. */
  questionsAbout(text: string): Question[] {
    return this.questions.filter((question) => question.text === text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #count(session: string, response: ServerResponse): void {
    this.#open.push(session);
    response.on('close', () => this.#open.splice(this.#open.indexOf(session), 1));
    const ofSession = this.#open.filter((each) => each === session).length;
    this.mostOpenOfOneSession = Math.max(this.mostOpenOfOneSession, ofSession);
    this.mostOpen = Math.max(this.mostOpen, this.#open.length);
  }
}

function give(answer: Answer, response: ServerResponse, question: Question): void {
  if (typeof answer === 'function') answer(response, question);
  else answerJson(response, answer);
}

export function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
