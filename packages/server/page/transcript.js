import { encodeName } from './address.js';
import { ApiError, call, PAGE_MAX } from './api.js';
import { wait } from './pauses.js';
import { fromMicros, toMicros } from './times.js';

/**
 * What is said in a conversation, heard and spoken: the only place that knows by which methods.
 *
 * @typedef {object} Message
 * @property {string} name
 * @property {string} [content]
 * @property {string} [languageCode]
 * @property {string} [participant]
 * @property {import('./api.js').Role} [participantRole]
 * @property {string} [createTime]
 * @property {string} [sendTime]
 */

/** Between two questions while messages come, and the longest pauses while none do and while the server is away. */
const INTERVAL_MS = 1000;
const IDLE_MS = 2000;
const AWAY_MS = 5000;

/**
 * The newest messages of a conversation, oldest first, and whether there are older ones.
 *
 * @param {string} conversation
 * @param {number} count
 * @param {AbortSignal} signal
 * @returns {Promise<{ messages: Message[], hasOlder: boolean }>}
 */
export async function readNewest(conversation, count, signal) {
  const { messages, nextPageToken } = await list(conversation, { pageSize: String(count) }, signal);
  return { messages: messages.reverse(), hasOlder: nextPageToken !== '' };
}

/**
 * Messages before those that are known, oldest first. The messages of one batch have one time, so what is known of the
 * oldest time is asked for again and left out.
 *
 * @param {string} conversation
 * @param {readonly Message[]} known Oldest first, at least one.
 * @param {number} count
 * @param {AbortSignal} signal
 * @returns {Promise<{ messages: Message[], hasOlder: boolean }>}
 */
export async function readOlder(conversation, known, count, signal) {
  const oldest = microsOf(known[0]);
  const names = new Set(known.filter((message) => microsOf(message) === oldest).map(({ name }) => name));
  const filter = `create_time_epoch_microseconds <= ${oldest}`;
  /** @type {Message[]} */
  const found = [];
  let pageToken = '';
  do {
    const query = { filter, pageToken, pageSize: String(Math.min(PAGE_MAX, count + names.size)) };
    const page = await list(conversation, query, signal);
    found.push(...page.messages.filter(({ name }) => !names.has(name)));
    pageToken = page.nextPageToken;
  } while (found.length < count && pageToken !== '');
  return { messages: found.reverse(), hasOlder: pageToken !== '' };
}

/**
 * Gives messages as they come, oldest first, each once, until the signal is aborted. The server may go away and come
 * back. It asks as the API's documentation tells to: for what is later than the last message seen.
 *
 * @param {string} conversation
 * @param {Message | undefined} last The newest message that is known.
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Message[], void, undefined>}
 */
export async function* follow(conversation, last, signal) {
  let newest = microsOf(last);
  let pause = INTERVAL_MS;
  while (!signal.aborted) {
    await wait(pause, signal, { target: spoken, event: 'spoken' });
    try {
      const fresh = await readAfter(conversation, newest, signal);
      newest = microsOf(fresh.at(-1)) ?? newest;
      pause = fresh.length > 0 ? INTERVAL_MS : Math.min(pause * 1.2, IDLE_MS);
      if (fresh.length > 0) yield fresh;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError) || !error.isPassing) throw error;
      pause = Math.min(pause * 2, AWAY_MS);
    }
  }
}

/**
 * What moves on is decided when all pages are there: what breaks between them is asked for again.
 *
 * @param {string} conversation
 * @param {bigint | undefined} newest
 * @param {AbortSignal} signal
 */
async function readAfter(conversation, newest, signal) {
  const filter = newest === undefined ? '' : `create_time_epoch_microseconds > ${newest}`;
  /** @type {Message[]} */
  const found = [];
  let pageToken = '';
  do {
    const page = await list(conversation, { filter, pageToken, pageSize: String(PAGE_MAX) }, signal);
    found.push(...page.messages);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found.reverse();
}

/**
 * @param {string} conversation
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 * @returns {Promise<{ messages: Message[], nextPageToken: string }>}
 */
async function list(conversation, query, signal) {
  const reply = await call('GET', `${encodeName(conversation)}/messages`, { query, signal });
  return { messages: reply.messages ?? [], nextPageToken: reply.nextPageToken ?? '' };
}

/** Tells those who follow that there is something to hear. */
const spoken = new EventTarget();
let lastSent = 0n;

/**
 * Something to be said, with the time of its sending: said again after a failure it is still the same message, which
 * the server keeps once.
 *
 * @param {string} participant
 * @param {string} content
 */
export function compose(participant, content) {
  const now = BigInt(Date.now()) * 1000n;
  lastSent = now > lastSent ? now : lastSent + 1n;
  return { participant, content, sendTime: fromMicros(lastSent) };
}

/**
 * Says something in a conversation, and resolves when it is stored. It is heard by `follow`, like everything else.
 *
 * @param {string} conversation
 * @param {ReturnType<typeof compose>} message
 */
export async function speak(conversation, message) {
  await call('POST', `${encodeName(conversation)}/messages:batchCreate`, {
    body: { requests: [{ message }] },
  });
  spoken.dispatchEvent(new Event('spoken'));
}

/** @param {Message | undefined} message */
function microsOf(message) {
  return message?.createTime === undefined ? undefined : toMicros(message.createTime);
}
