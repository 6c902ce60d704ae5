import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as openRequest } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { registry } from '@parleykit/proto';
import {
  Administration,
  WatchConversationRequestSchema,
  type WatchConversationResponse,
  WatchConversationResponseSchema,
} from '@parleykit/proto/admin';
import type { Conversation, Message } from '@parleykit/proto/v2beta1';
import type { Target } from './target.ts';
import { CallError, type GrpcWire, httpRequest, pathOf, refusalOf, statusOf } from './wires.ts';

const METHOD = Administration.method.watchConversation;

const SILENCE_MS = 20_000;

export type WatchInit = MessageInitShape<typeof WatchConversationRequestSchema>;
export type Update = WatchConversationResponse['update'];

/** What WatchConversation sends, one update at a time. */
export abstract class ConversationWatch implements AsyncDisposable {
  #updates: Update[] = [];
  #ended: { error: CallError | undefined } | undefined;
  #waiting = Promise.withResolvers<void>();

  /** Takes no more for the time being, so that the sender has to wait. */
  abstract pause(): void;
  abstract resume(): void;
  /** Leaves, and waits until this side has. */
  abstract [Symbol.asyncDispose](): Promise<void>;

  /** The next update. A stream that ends instead is a failure. */
  async next(): Promise<Update> {
    for (;;) {
      const update = this.#updates.shift();
      if (update !== undefined) return update;
      if (this.#ended !== undefined) {
        throw this.#ended.error ?? new assert.AssertionError({ message: 'the stream has ended' });
      }
      await this.#change();
    }
  }

  async nextMessage(): Promise<Message> {
    const update = await this.next();
    assert.ok(update.case === 'message', `a message is next, not ${update.case}`);
    return update.value;
  }

  async nextMessages(count: number): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.length < count) messages.push(await this.nextMessage());
    return messages;
  }

  async nextConversation(): Promise<Conversation> {
    const update = await this.next();
    assert.ok(update.case === 'conversation', `the conversation is next, not ${update.case}`);
    return update.value;
  }

  /** What has come and was not asked for. */
  get unread(): readonly Update[] {
    return this.#updates;
  }

  /** The error that the stream ends with; undefined where it ends without. */
  async end(): Promise<CallError | undefined> {
    while (this.#ended === undefined) await this.#change();
    return this.#ended.error;
  }

  protected push({ update }: WatchConversationResponse): void {
    this.#updates.push(update);
    this.#wake();
  }

  protected finish(error?: CallError): void {
    this.#ended ??= { error };
    this.#wake();
  }

  /** Waits until something comes. What does not come at all is a failure, and no test without an end. */
  async #change(): Promise<void> {
    const { promise, reject } = this.#waiting;
    const timer = setTimeout(() => reject(new Error(`nothing has come for ${SILENCE_MS} ms`)), SILENCE_MS);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #wake(): void {
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers();
  }
}

class GrpcWatch extends ConversationWatch {
  readonly #stream: ReturnType<GrpcWire['openStream']>;
  readonly #closed: Promise<unknown>;

  constructor(wire: GrpcWire, request: WatchInit) {
    super();
    this.#stream = wire.openStream(pathOf(METHOD));
    this.#closed = once(this.#stream, 'status').catch(() => {});
    this.#stream.on('data', (bytes) => this.push(fromBinary(WatchConversationResponseSchema, bytes)));
    this.#stream.on('error', (error: ServiceError) => this.finish(new CallError(statusOf(error))));
    this.#stream.on('end', () => this.finish());
    this.#stream.end(
      toBinary(WatchConversationRequestSchema, create(WatchConversationRequestSchema, request)),
    );
  }

  override pause(): void {
    this.#stream.pause();
  }

  override resume(): void {
    this.#stream.resume();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.cancel();
    await this.#closed;
  }
}

/** Over HTTP/1.1 a stream is one JSON array, which is read element by element. */
class RestWatch extends ConversationWatch {
  readonly #answer: Promise<IncomingMessage>;
  readonly #request: ReturnType<typeof openRequest>;
  /** As each has a connection of its own, leaving closes it. */
  readonly #agent = new Agent();

  constructor({ host, port }: Target, request: WatchInit) {
    super();
    // The rules of a stream's bindings are those of any other method.
    const method = METHOD as unknown as Parameters<typeof httpRequest>[0];
    const { verb, path } = httpRequest(method, create(WatchConversationRequestSchema, request));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    this.#answer = promise;
    this.#request = openRequest({ host, port, method: verb, path, agent: this.#agent }, resolve);
    this.#request.on('error', reject).end();
    this.#read().catch((error: unknown) => this.finish(error instanceof CallError ? error : undefined));
  }

  async #read(): Promise<void> {
    const answer = await this.#answer;
    const status = answer.statusCode ?? 0;
    if (status !== 200) {
      throw new CallError(refusalOf({ status, headers: answer.headers, text: await textOf(answer) }));
    }
    assert.match(String(answer.headers['content-type']), /^application\/json\b/u);
    let error: CallError | undefined;
    const reader = new ArrayReader((element) => {
      const json = JSON.parse(element);
      assert.equal(error, undefined, 'nothing follows an error');
      // An error after the first element is an element, too.
      if (json.error !== undefined) {
        error = new CallError(refusalOf({ status: json.error.code, headers: {}, text: element }));
      } else this.push(fromJson(WatchConversationResponseSchema, json, { registry }));
    });
    answer.setEncoding('utf8');
    for await (const piece of answer) reader.read(piece);
    assert.ok(reader.isWhole, 'the array is closed');
    this.finish(error);
  }

  override pause(): void {
    this.#request.socket?.pause();
  }

  override resume(): void {
    this.#request.socket?.resume();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#request.destroy();
    this.#agent.destroy();
    await this.end();
  }
}

/** Splits an array of objects as it comes. */
class ArrayReader {
  readonly #element: (text: string) => void;
  #text = '';
  #depth = 0;
  #quoted = false;
  #escaped = false;

  constructor(element: (text: string) => void) {
    this.#element = element;
  }

  /** Whether the array has begun and ended. */
  isWhole = false;

  read(piece: string): void {
    for (const character of piece) {
      if (this.#depth >= 2) this.#text += character;
      if (this.#quoted) {
        if (this.#escaped) this.#escaped = false;
        else if (character === '\\') this.#escaped = true;
        else if (character === '"') this.#quoted = false;
      } else if (character === '"') this.#quoted = true;
      else if (character === '{' || character === '[') {
        this.#depth += 1;
        if (this.#depth === 2) this.#text = character;
      } else if (character === '}' || character === ']') {
        this.#depth -= 1;
        if (this.#depth === 1) this.#element(this.#text);
        if (this.#depth === 0) this.isWhole = true;
      }
    }
  }
}

export function watchOverGrpc(wire: GrpcWire, request: WatchInit): ConversationWatch {
  return new GrpcWatch(wire, request);
}

export function watchOverRest(target: Target, request: WatchInit): ConversationWatch {
  return new RestWatch(target, request);
}
