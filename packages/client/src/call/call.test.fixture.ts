import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Conversations, Participants, type ServiceDefinition } from '../../gen/tables.js';
import type { HeaderSource } from '../auth/header-source.ts';
import { serviceTable } from '../codec/codec.ts';
import type { MethodTable } from '../codec/tables.ts';
import type { TransportCall, TransportReply, TransportStream } from '../transport/transport.ts';
import type { CallTransport } from './call.ts';
import type { CallRuntime } from './call-runtime.ts';

function methodOf(service: ServiceDefinition, localName: string): MethodTable {
  const method = serviceTable(service).methods[localName];
  assert.ok(method !== undefined, localName);
  return method;
}

export const getConversation = methodOf(Conversations, 'getConversation');
export const createConversation = methodOf(Conversations, 'createConversation');
export const completeConversation = methodOf(Conversations, 'completeConversation');
export const batchCreateMessages = methodOf(Conversations, 'batchCreateMessages');
export const searchKnowledge = methodOf(Conversations, 'searchKnowledge');
export const streamingAnalyzeContent = methodOf(Participants, 'streamingAnalyzeContent');
export const updateParticipant = methodOf(Participants, 'updateParticipant');

/** A clock that stands still but when somebody waits for it, and chance that always says a half. */
export class FakeRuntime implements CallRuntime {
  readonly pauses: number[] = [];
  readonly #timers = new Set<{ at: number; run: () => void }>();
  #now = 1000;

  now(): number {
    return this.#now;
  }

  random(): number {
    return 0.5;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time go on to the next timer. */
  advance(): void {
    const [next] = [...this.#timers].sort((one, other) => one.at - other.at);
    assert.ok(next !== undefined, 'it waits for something that is no timer');
    this.#timers.delete(next);
    this.pauses.push(next.at - this.#now);
    this.#now = next.at;
    next.run();
  }

  /** What a promise comes to, where time goes on only while nothing else does. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (await turn(); !settled; await turn()) this.advance();
    return promise;
  }
}

export type Answer = (call: TransportCall, request: object) => object | Promise<object>;

/** A transport that remembers each attempt and answers them in turn, the last way for ever. */
export class FakeTransport implements CallTransport {
  readonly kind = 'rest';
  readonly host = 'parley.example:443';
  readonly credentials: HeaderSource | undefined;
  readonly attempts: { call: TransportCall; request: object }[] = [];
  readonly #answers: readonly Answer[];

  constructor(answers: readonly Answer[] = [() => ({})], credentials?: HeaderSource) {
    this.#answers = answers;
    this.credentials = credentials;
  }

  async unary(call: TransportCall, request: object): Promise<TransportReply> {
    const answer = this.#answers[this.attempts.length] ?? this.#answers.at(-1);
    this.attempts.push({ call, request });
    assert.ok(answer !== undefined);
    return { message: await answer(call, request), headers: { 'x-request-id': 'r-1' }, trailers: {} };
  }

  stream(call: TransportCall, requests: AsyncIterable<object> | Iterable<object>): TransportStream {
    const stream = this.#echo(call, requests);
    return Object.assign(stream, {
      headers: Promise.resolve({ a: '1' }),
      trailers: Promise.resolve({ b: '2' }),
    });
  }

  async *#echo(
    call: TransportCall,
    requests: AsyncIterable<object> | Iterable<object>,
  ): AsyncGenerator<object, void, undefined> {
    this.attempts.push({ call, request: {} });
    for await (const request of requests) yield request;
  }

  async close(): Promise<void> {}
}
