import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ApiError, NotFoundError, UnavailableError } from '../errors.ts';
import { type ListMessages, type WatchOptions, type WatchRequest, watchMessages } from './watch-messages.ts';

interface Message {
  readonly name: string;
  readonly createTime: string;
}

/** What happens before the server answers with its next page. */
type Event = 'nothing' | 'append' | 'append two' | 'fail';

/** A conversation as the contract has it: newest first, later times for later batches, small pages. */
class Conversation {
  readonly appended: string[] = [];
  readonly requests: WatchRequest[] = [];
  readonly options: unknown[] = [];
  readonly #messages: { readonly micros: number; readonly message: Message }[] = [];
  readonly #events: Event[];
  readonly #pageSize: number;
  #micros = 1_700_000_000_000_000;

  constructor(events: readonly Event[], pageSize = 2) {
    this.#events = [...events];
    this.#pageSize = pageSize;
  }

  /** Adds a batch: all its messages have one time. */
  append(count: number): void {
    this.#micros += 1;
    const seconds = new Date(this.#micros / 1000).toISOString().slice(0, -1);
    const createTime = `${seconds}${String(this.#micros % 1000).padStart(3, '0')}Z`;
    for (let index = 0; index < count; index += 1) {
      const name = `m${this.appended.length}`;
      this.appended.push(name);
      this.#messages.push({ micros: this.#micros, message: { name, createTime } });
    }
  }

  /** Whether all that is to happen has happened. */
  get isQuiet(): boolean {
    return this.#events.length === 0;
  }

  readonly list: ListMessages<Message> = (request, options) => {
    this.requests.push(request);
    this.options.push(options);
    return { [Symbol.asyncIterator]: () => this.#answer(request.filter) };
  };

  #happen(): void {
    const event = this.#events.shift();
    if (event === 'append') this.append(1);
    if (event === 'append two') this.append(2);
    if (event === 'fail') throw new UnavailableError('gone for a moment');
  }

  async *#answer(filter: string): AsyncGenerator<Message, void, undefined> {
    this.#happen();
    const [, after = '0'] = /^create_time_epoch_microseconds > (\d+)$/u.exec(filter) ?? [];
    assert.ok(filter === '' || after !== '0', filter);
    // Later pages go on where the first one began, whatever was appended meanwhile.
    const found = this.#messages.filter(({ micros }) => micros > Number(after)).reverse();
    for (const [index, { message }] of found.entries()) {
      if (index > 0 && index % this.#pageSize === 0) this.#happen();
      yield message;
    }
  }
}

/** Watches until nothing more is to happen and everything was given, or the watch fails. */
async function watch(conversation: Conversation, options: WatchOptions = {}): Promise<Message[]> {
  const abort = new AbortController();
  const given: Message[] = [];
  const quick = { intervalMs: 0, signal: abort.signal, ...options };
  for await (const message of watchMessages(conversation.list, 'c', quick)) {
    given.push(message);
    if (conversation.isQuiet && message.name === conversation.appended.at(-1)) abort.abort();
  }
  return given;
}

const namesOf = (messages: readonly Message[]): string[] => messages.map(({ name }) => name);

describe('watchMessages()', () => {
  it('gives what is there, oldest first, then what comes', async () => {
    const conversation = new Conversation(['nothing', 'nothing', 'append', 'nothing', 'append two'], 10);
    conversation.append(3);
    assert.deepEqual(namesOf(await watch(conversation)), ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
  });

  it('never misses and never repeats, whatever comes and breaks between pages', async () => {
    const events = fc.array(fc.constantFrom<Event>('nothing', 'append', 'append two', 'fail'), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(events, fc.integer({ min: 1, max: 3 }), async (happening, pageSize) => {
        const conversation = new Conversation(['nothing', ...happening, 'append'], pageSize);
        assert.deepEqual(namesOf(await watch(conversation)), conversation.appended);
      }),
    );
  });

  it('asks as the documentation tells to', async () => {
    const conversation = new Conversation(['append', 'append'], 10);
    const headers = { 'x-who': 'me' };
    await watch(conversation, { headers, timeoutMs: 5 });
    assert.deepEqual(conversation.requests.slice(0, 2), [
      { parent: 'c', pageSize: 1000, filter: '' },
      { parent: 'c', pageSize: 1000, filter: 'create_time_epoch_microseconds > 1700000000000001' },
    ]);
    const { signal, ...rest } = conversation.options[0] as WatchOptions;
    assert.ok(signal instanceof AbortSignal);
    assert.deepEqual(rest, { headers, timeoutMs: 5 });
  });

  it('goes on behind the time that it is given', async () => {
    const conversation = new Conversation([]);
    conversation.append(2);
    conversation.append(1);
    const [first, , last] = await watch(conversation);
    assert.deepEqual(await watch(conversation, { after: first?.createTime }), [last]);
  });

  it('gives no message a second time whose time is finer than the filter', async () => {
    const abort = new AbortController();
    const times = [
      ['a', '2026-01-01T00:00:00.000001Z'],
      ['b', '2026-01-01T00:00:00.0000015Z'],
    ] as const;
    let asked = 0;
    const list: ListMessages<Message> = () => ({
      async *[Symbol.asyncIterator]() {
        asked += 1;
        for (const [name, createTime] of times.slice(0, asked).reverse()) yield { name, createTime };
        if (asked === 4) abort.abort();
      },
    });
    const given: Message[] = [];
    const options = { intervalMs: 0, signal: abort.signal };
    for await (const message of watchMessages(list, 'c', options)) given.push(message);
    assert.deepEqual(namesOf(given), ['a', 'b']);
  });

  it('throws when the first question is not answered', async () => {
    await assert.rejects(watch(new Conversation(['fail'])), UnavailableError);
  });

  it('throws what does not pass, at any time', async () => {
    let asked = 0;
    const failing =
      (error: ApiError): ListMessages<Message> =>
      () => ({
        // biome-ignore lint/correctness/useYield: there is nothing to give.
        async *[Symbol.asyncIterator]() {
          asked += 1;
          if (asked > 1) throw error;
        },
      });
    const messages = watchMessages(failing(new NotFoundError('purged')), 'c', { intervalMs: 0 });
    await assert.rejects(messages.next(), NotFoundError);
  });

  it('ends without an error when its signal is aborted, before, during and between questions', async () => {
    assert.deepEqual(await watchAll(new Conversation([]), AbortSignal.abort()), []);

    const between = new AbortController();
    const waiting = watchAll(new Conversation([]), between.signal, 1e9);
    setImmediate(() => between.abort());
    assert.deepEqual(await waiting, []);

    const during = new AbortController();
    const list: ListMessages<Message> = (_, { signal }) => ({
      // biome-ignore lint/correctness/useYield: it fails before it has anything.
      async *[Symbol.asyncIterator]() {
        during.abort();
        signal?.throwIfAborted();
      },
    });
    assert.deepEqual(await watchMessages(list, 'c', { signal: during.signal }).next(), {
      done: true,
      value: undefined,
    });
  });

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listeners += 1;
      add(...parameters);
    };
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...parameters);
    };
    const conversation = new Conversation(['append', 'nothing', 'nothing', 'append']);
    const messages = watchMessages(conversation.list, 'c', { signal, intervalMs: 0 });
    await messages.next();
    await messages.next();
    await messages.return();
    assert.equal(listeners, 0);
  });
});

async function watchAll(conversation: Conversation, signal: AbortSignal, intervalMs = 0): Promise<Message[]> {
  const given: Message[] = [];
  for await (const message of watchMessages(conversation.list, 'c', { signal, intervalMs }))
    given.push(message);
  return given;
}
