import { ApiError, type ErrorCode } from '../errors.ts';
import { toEpochMicros } from '../time.ts';
import type { List, Page } from './list.ts';

/** How a conversation is watched. */
export interface WatchOptions {
  /** Ends the loop, without an error, when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The `createTime` of a message: only later ones are given. From the beginning of the conversation by default. The
   * messages of one batch have one time: whoever goes on later gives the time of a batch that was seen whole.
   */
  readonly after?: string | undefined;
  /** Milliseconds between two questions while messages come, 1000 by default; up to five times as long while none do. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds that the server may take to answer one question; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Sent with every question. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What of a message the watch looks at. */
interface TimedMessage {
  readonly name: string;
  readonly createTime?: string | undefined;
}

/** What the watch asks for. */
export interface WatchRequest {
  readonly parent: string;
  readonly pageSize: number;
  readonly filter: string;
}

/** Asks for messages, newest first. */
export type ListMessages<Message> = (
  request: WatchRequest,
  options: Pick<WatchOptions, 'signal' | 'timeoutMs' | 'headers'>,
) => Pick<List<Message, Page>, typeof Symbol.asyncIterator>;

/** The most that a page holds: one question brings all that is new, but for the first one. */
const PAGE_SIZE = 1000;
const INTERVAL_MS = 1000;
const TIMEOUT_MS = 30_000;
/** How many times longer the pause gets while nothing comes, and while the server is not there. */
const IDLE_FACTOR = 5;
const AWAY_FACTOR = 30;

/** What passes: the server is away, slow, or asks to be left alone for a while. */
const PASSING: readonly ErrorCode[] = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'ABORTED'];

/**
 * Gives the messages of a conversation, oldest first, each once, and goes on with those that come. It asks as the API's
 * documentation tells to: for messages later than the last one seen, without a page token. What was seen moves on only
 * when all pages of a question are there, so that a connection which breaks between them costs nothing but time.
 *
 * The first question must be answered, or its error is thrown; after that the server may go away and come back. Nothing
 * is asked while the loop's body is at work, and never two questions at a time.
 */
export async function* watchMessages<Message extends TimedMessage>(
  list: ListMessages<Message>,
  conversation: string,
  options: WatchOptions = {},
): AsyncGenerator<Message, void, undefined> {
  const { signal, intervalMs = INTERVAL_MS, timeoutMs = TIMEOUT_MS, headers } = options;
  const call = { signal, timeoutMs, headers };
  let newest = options.after === undefined ? undefined : toEpochMicros(options.after);
  // Of the newest time: a service whose times are finer than the filter's may give a message a second time.
  let seen: ReadonlySet<string> = new Set();
  let answered = false;
  let pause = intervalMs;
  const isOver = (): boolean => signal?.aborted === true;
  while (!isOver()) {
    let fresh: readonly Message[] = [];
    try {
      const found = await askFor(list, conversation, newest, call);
      fresh = found.filter(({ name }) => !seen.has(name)).reverse();
      const latest = microsOf(fresh.at(-1)) ?? newest;
      const atLatest = fresh.filter((message) => microsOf(message) === latest).map(({ name }) => name);
      seen = new Set(latest === newest ? [...seen, ...atLatest] : atLatest);
      newest = latest;
      answered = true;
      pause = fresh.length > 0 ? intervalMs : Math.min(pause * 1.5, intervalMs * IDLE_FACTOR);
    } catch (error) {
      if (isOver()) return;
      if (!answered || !(error instanceof ApiError) || !PASSING.includes(error.code)) throw error;
      pause = Math.max(error.retryDelayMs ?? 0, Math.min(pause * 2, intervalMs * AWAY_FACTOR));
    }
    for (const message of fresh) {
      if (isOver()) return;
      yield message;
    }
    await wait(spread(pause), signal);
  }
}

async function askFor<Message>(
  list: ListMessages<Message>,
  parent: string,
  newest: bigint | undefined,
  call: Pick<WatchOptions, 'signal' | 'timeoutMs' | 'headers'>,
): Promise<Message[]> {
  const filter = newest === undefined ? '' : `create_time_epoch_microseconds > ${newest}`;
  const found: Message[] = [];
  for await (const message of list({ parent, pageSize: PAGE_SIZE, filter }, call)) found.push(message);
  return found;
}

function microsOf(message: TimedMessage | undefined): bigint | undefined {
  return message?.createTime === undefined ? undefined : toEpochMicros(message.createTime);
}

/** A tenth more or less, so that many who watch do not ask in step. */
function spread(milliseconds: number): number {
  return milliseconds * (0.9 + Math.random() * 0.2);
}

/** Resolves when the time is over or the signal is aborted. */
function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done);
  });
}
