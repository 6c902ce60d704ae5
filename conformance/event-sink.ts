import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type DescMessage, fromBinary, fromJsonString, type MessageShape } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import {
  type ConversationEvent,
  ConversationEventSchema,
  type HumanAgentAssistantEvent,
  HumanAgentAssistantEventSchema,
} from '@parleykit/proto/v2beta1';

/** What a webhook was sent. */
export interface Push {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly message: {
    readonly data: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly messageId: string;
    readonly publishTime: string;
    readonly orderingKey: string;
  };
  readonly subscription: string;
}

/** Answers a push, or leaves it without an answer. */
export type Answer = (push: Push, response: ServerResponse) => void;

/** A webhook on a port of its own that keeps what it acknowledged, in order. */
export class EventSink implements AsyncDisposable {
  /** What it does with a push; it acknowledges unless this is set. */
  answer: Answer = (_push, response) => response.writeHead(204).end();
  /** Pushes that were answered with a status of success. */
  readonly taken: Push[] = [];
  /** All that came, whatever was answered. */
  attempts = 0;
  /** Where it listens, or listened last. */
  port = 0;
  #server: Server | undefined;
  #changed = Promise.withResolvers<void>();

  /** Listens on a port, or a free one; answers which. It can be closed and opened again. */
  async open(port = 0, tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<number> {
    const receive = (request: IncomingMessage, response: ServerResponse) => this.#receive(request, response);
    const server = tls === undefined ? createServer(receive) : createTlsServer(tls, receive);
    this.#server = server;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    return this.port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  /** Resolves when so many pushes were acknowledged. */
  async waitFor(count: number): Promise<void> {
    await this.until(() => this.taken.length >= count);
  }

  /** Resolves when it holds. It is looked at whenever something came. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const push: Push = { headers: request.headers, body, ...JSON.parse(body.toString()) };
    this.attempts++;
    this.answer(push, response);
    if (response.headersSent && response.statusCode < 300) this.taken.push(push);
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }
}

/** The event that a push tells, in whichever format. */
export function readEvent({ message }: Pick<Push, 'message'>): ConversationEvent {
  return decodeEvent(Buffer.from(message.data, 'base64'));
}

export function decodeEvent(data: Buffer): ConversationEvent {
  return decode(ConversationEventSchema, data);
}

/** What a push tells of suggestions, in whichever format. */
export function readAssistEvent({ message }: Pick<Push, 'message'>): HumanAgentAssistantEvent {
  return decode(HumanAgentAssistantEventSchema, Buffer.from(message.data, 'base64'));
}

function decode<Desc extends DescMessage>(schema: Desc, data: Buffer): MessageShape<Desc> {
  return data[0] === 0x7b ? fromJsonString(schema, data.toString(), { registry }) : fromBinary(schema, data);
}

/** What was said, where the push tells of a message. */
export function contentOf(push: Pick<Push, 'message'>): string | undefined {
  const { payload } = readEvent(push);
  return payload.case === 'newMessagePayload' ? payload.value.content : undefined;
}
