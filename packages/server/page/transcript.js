import { encodeName } from './address.js';
import { ApiError, call, PAGE_MAX, watch } from './api.js';
import { wait } from './pauses.js';
import { Seen } from './seen.js';
import { toMicros } from './times.js';

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
 *
 * @typedef {ReturnType<typeof compose>} Turn Something that is to be said.
 * @typedef {{ message?: Message, humanAgentSuggestionResults?: import('./suggestions.js').Result[] }} Answer What comes of it.
 */

/** The first and the longest pause while the server is away. */
const AWAY_FIRST_MS = 250;
const AWAY_MS = 5000;

/** Tells when a conversation that is followed is not what it was: `changed`. */
export const heard = new EventTarget();

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
 * back: then it goes on behind the last message that was given.
 *
 * @param {string} conversation
 * @param {Message | undefined} last The newest message that is known.
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Message[], void, undefined>}
 */
export async function* follow(conversation, last, signal) {
  const seen = new Seen(last?.createTime);
  let pause = AWAY_FIRST_MS;
  while (!signal.aborted) {
    try {
      for await (const updates of watch(conversation, seen.after, signal)) {
        pause = AWAY_FIRST_MS;
        const fresh = updates.flatMap(({ message }) => message ?? []).filter((message) => seen.add(message));
        if (fresh.length > 0) yield fresh;
        if (updates.some((update) => update.conversation !== undefined))
          heard.dispatchEvent(new Event('changed'));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError) || !error.isPassing) throw error;
    }
    await wait(pause, signal);
    pause = Math.min(pause * 2, AWAY_MS);
  }
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

/**
 * Something to be said, with an id of its own: said again after a failure it is still the same, which the server keeps
 * and answers once.
 *
 * @param {string} participant
 * @param {string} content
 */
export function compose(participant, content) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return { participant, content, requestId: id.join('') };
}

/**
 * Takes a turn in a conversation, and resolves when it is stored, with what an automated agent says to it. It is heard by
 * `follow`, like everything else; what is suggested to it is answered.
 *
 * @param {Turn} turn
 * @returns {Promise<Answer>}
 */
export function speak({ participant, content, requestId }) {
  const textInput = { text: content, languageCode: navigator.language || 'en' };
  return call('POST', `${encodeName(participant)}:analyzeContent`, { body: { textInput, requestId } });
}

/** @param {Message | undefined} message */
function microsOf(message) {
  return message?.createTime === undefined ? undefined : toMicros(message.createTime);
}
