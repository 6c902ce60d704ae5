import { setTimeout } from 'node:timers/promises';
import { fromEpochMicros, type Message, NotFoundError, toEpochMicros } from '@parleykit/client';
import { fromApiJson } from './api-json.ts';
import { type Clients, firstAnswerMs, isAway } from './clients.ts';
import { isPassing, patientRead } from './patience.ts';
import { type Json, type ServerApi, ServerApiError } from './server-api.ts';

export interface FeedParts {
  readonly clients: Clients;
  readonly api: ServerApi;
  /** Ends the feed. */
  readonly signal: AbortSignal;
  /** Milliseconds from one attempt or question to the next. */
  readonly intervalMs: number;
  /** Told when the server goes away, and when it is back. */
  readonly onAway: (isAway: boolean) => void;
}

/** How many messages are asked for at once: the most that the API has in a page. */
const pageSize = 1_000;

/** What a live stream may end with, and be opened again. */
const passing: ReadonlySet<string> = new Set([
  'AWAY',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
]);

/** What is said in one conversation, until it is completed. */
export class ConversationFeed {
  readonly #conversation: string;
  readonly #parts: FeedParts;
  /** The latest create_time that was given, in microseconds, and the names of the messages that have it. */
  #latestUs: bigint | undefined;
  #atLatest = new Set<string>();
  #isAway = false;

  /** `conversation` is its resource name. */
  constructor(conversation: string, parts: FeedParts) {
    this.#conversation = conversation;
    this.#parts = parts;
  }

  /**
   * Gives each message once, the oldest first, and goes on with those that come. Ends when the conversation is completed
   * and all of it was given, or by the signal. Throws an ApiError, or a ServerApiError, where it cannot begin, and where
   * it cannot go on; a server that goes away after it has begun is waited for.
   */
  async *messages(): AsyncGenerator<Message, void, void> {
    const { signal } = this.#parts;
    if (!(await this.#isCompleted({ timeoutMs: firstAnswerMs })) && !(yield* this.#hear()))
      yield* this.#ask();
    if (!signal.aborted) yield* this.#readRest();
  }

  /**
   * What Parley tells as it happens, until the conversation is completed; a connection that breaks is opened anew. Returns
   * whether it could: other servers of the API have no such stream.
   */
  async *#hear(): AsyncGenerator<Message, boolean, void> {
    const { api, signal } = this.#parts;
    let wasHeard = false;
    while (!signal.aborted) {
      let isHeard = false;
      try {
        for await (const { conversation, message } of api.stream(this.#watchPath(), 'admin/v1')) {
          isHeard = wasHeard = true;
          this.#note(false);
          if (message !== undefined) yield* this.#unseen(fromApiJson(message as Json));
          if ((conversation as Json | undefined)?.['lifecycleState'] === 'COMPLETED') return true;
        }
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof ServerApiError)) throw error;
        // The conversation was there a moment ago, so that it is the method which is not, or HTTP.
        if (!wasHeard) return false;
        if (error.status === 'NOT_FOUND') throw new NotFoundError(error.message, { cause: error });
        if (!passing.has(error.status)) throw error;
        // Connections break, and intermediaries end those on which nothing happens: nobody need know.
        if (!isHeard) this.#note(true);
      }
      await this.#pause(signal);
    }
    return true;
  }

  /** What was given of the latest time is asked for again: a connection may break in the midst of a batch, which has one. */
  #watchPath(): string {
    const path = `${encodeURI(this.#conversation)}:watch`;
    if (this.#latestUs === undefined) return path;
    return `${path}?${new URLSearchParams({ after: fromEpochMicros(this.#latestUs - 1n) })}`;
  }

  /** Asks now and then what is new, as the API's documentation has it, until the conversation is completed. */
  async *#ask(): AsyncGenerator<Message, void, void> {
    const { clients, intervalMs, signal } = this.#parts;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const completion = this.#waitForCompletion(either).then((isFound) => {
      if (isFound) ended.abort();
    });
    const options = { signal: either, intervalMs };
    try {
      for await (const message of clients.conversations.watchMessages(this.#conversation, options)) {
        yield* this.#unseen(message);
      }
    } finally {
      ended.abort();
      await completion;
    }
  }

  /** Asks for the state until it is COMPLETED. */
  async #waitForCompletion(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      try {
        const isCompleted = await this.#isCompleted({ signal });
        this.#note(false);
        if (isCompleted) return true;
      } catch (error) {
        if (signal.aborted) break;
        // What does not pass ends the watch as well, which throws it.
        if (!isPassing(error) && !isAway(error)) return false;
        this.#note(true);
      }
      await this.#pause(signal);
    }
    return false;
  }

  async #isCompleted(call: { timeoutMs?: number; signal?: AbortSignal }): Promise<boolean> {
    const { clients, signal } = this.#parts;
    const request = { name: this.#conversation };
    const found = await clients.conversations.getConversation(request, { signal, retry: false, ...call });
    return found.lifecycleState === 'COMPLETED';
  }

  /** What was not come to before it was completed. Nothing is added any more to what is. */
  async *#readRest(): AsyncGenerator<Message, void, void> {
    const parent = this.#conversation;
    const filter =
      this.#latestUs === undefined ? '' : `create_time_epoch_microseconds > ${this.#latestUs - 1n}`;
    const newestFirst: Message[] = [];
    const { clients, signal } = this.#parts;
    const list = clients.conversations.listMessages({ parent, pageSize, filter }, patientRead(signal));
    for await (const message of list) newestFirst.push(message);
    for (const message of newestFirst.reverse()) yield* this.#unseen(message);
  }

  /** A message, unless it was given. */
  *#unseen(message: Message): Generator<Message, void, void> {
    const timeUs = message.createTime === undefined ? undefined : toEpochMicros(message.createTime);
    if (timeUs === this.#latestUs && this.#atLatest.has(message.name)) return;
    if (timeUs !== this.#latestUs) this.#atLatest = new Set();
    this.#latestUs = timeUs;
    this.#atLatest.add(message.name);
    yield message;
  }

  #note(isGone: boolean): void {
    if (isGone === this.#isAway) return;
    this.#isAway = isGone;
    this.#parts.onAway(isGone);
  }

  /** Waits, or until the signal is aborted. */
  async #pause(signal: AbortSignal): Promise<void> {
    await setTimeout(this.#parts.intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
