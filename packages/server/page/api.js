import { encodeName } from './address.js';
import { elementsOf } from './json-array.js';

/**
 * Dialogflow's v2beta1 API and Parley's own, as far as the page uses them, over REST. What stands here is of the wire's own
 * names; messages that are said and heard go through transcript.js, what is suggested through suggestions.js.
 *
 * @typedef {'END_USER' | 'HUMAN_AGENT' | 'AUTOMATED_AGENT'} Role
 *
 * @typedef {object} Conversation
 * @property {string} name
 * @property {'IN_PROGRESS' | 'COMPLETED'} [lifecycleState]
 * @property {'VIRTUAL_AGENT_STAGE' | 'HUMAN_ASSIST_STAGE'} [conversationStage]
 * @property {string} [conversationProfile]
 * @property {{ humanAgentAssistantConfig?: { humanAgentSuggestionConfig?: import('./suggestions.js').Config } }} [initialConversationProfile]
 * @property {string} [startTime]
 * @property {string} [endTime]
 *
 * @typedef {object} Participant
 * @property {string} name
 * @property {Role} [role]
 * @property {string} [obfuscatedExternalUserId]
 *
 * @typedef {object} Profile
 * @property {string} name
 * @property {string} [displayName]
 */

/** A server that does not answer for as long is taken to be away. */
const TIMEOUT_MS = 30_000;

/** The most that a page of a list holds. */
export const PAGE_MAX = 1000;

/** What the API refused, or that it did not answer. Its message can be shown as it is. */
export class ApiError extends Error {
  /** @override */
  name = 'ApiError';

  /**
   * @param {string} code A name of `google.rpc.Code`.
   * @param {string} explanation
   */
  constructor(code, explanation) {
    super(`${explanation} (${code})`);
    this.code = code;
  }

  /** Whether the same call may succeed a little later. */
  get isPassing() {
    return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'ABORTED'].includes(this.code);
  }
}

/** Tells of the server: `away` when a call found nobody there, `back` when one did again. */
export const reachability = new EventTarget();
let isAway = false;

/** @param {boolean} away */
function noteAway(away) {
  if (away === isAway) return;
  isAway = away;
  reachability.dispatchEvent(new Event(away ? 'away' : 'back'));
}

/**
 * Calls a method and answers its reply. Throws an ApiError, or the signal's reason where that was aborted.
 *
 * @param {'GET' | 'POST' | 'PATCH'} verb
 * @param {string} name The resource name that it is about, with what follows it in the path.
 * @param {{ query?: Record<string, string>, body?: unknown, signal?: AbortSignal | undefined }} [options]
 * @returns {Promise<any>}
 */
export async function call(verb, name, { query = {}, body, signal } = {}) {
  const url = `v2beta1/${name}?${new URLSearchParams(query)}`;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  /** @type {RequestInit} */
  const init = {
    method: verb,
    cache: 'no-store',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  let status = 0;
  let text = '';
  try {
    const response = await fetch(url, init);
    status = response.status;
    text = await response.text();
  } catch {
    signal?.throwIfAborted();
    noteAway(true);
    if (timeout.aborted) throw new ApiError('DEADLINE_EXCEEDED', 'The server took too long to answer');
    throw new ApiError('UNAVAILABLE', 'The server does not answer');
  }
  noteAway(false);
  const reply = parse(text);
  if (status === 200 && reply !== undefined) return reply;
  throw toError(status, reply);
}

/**
 * What happens in a conversation, as it happens, some updates at a time: first the conversation, then its messages that
 * are later than a time, the oldest first, and whatever comes after them. Ends or throws an ApiError when the connection
 * does.
 *
 * @param {string} conversation
 * @param {string | undefined} after
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{ conversation?: Conversation, message?: import('./transcript.js').Message }[], void, undefined>}
 */
export async function* watch(conversation, after, signal) {
  const query = new URLSearchParams(after === undefined ? {} : { after });
  let response;
  try {
    response = await fetch(`admin/v1/${encodeName(conversation)}:watch?${query}`, {
      cache: 'no-store',
      signal,
    });
  } catch {
    signal.throwIfAborted();
    noteAway(true);
    throw new ApiError('UNAVAILABLE', 'The server does not answer');
  }
  noteAway(false);
  if (response.status !== 200 || response.body === null)
    throw toError(response.status, parse(await response.text()));
  try {
    for await (const updates of gathered(elementsOf(response.body.pipeThrough(new TextDecoderStream())))) {
      const failed = updates.find(({ error }) => error !== undefined);
      if (failed !== undefined) throw toError(0, failed);
      yield updates;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError) throw error;
    throw new ApiError('UNAVAILABLE', 'The connection to the server broke');
  }
}

/**
 * What arrives together is given together: a long transcript comes as thousands of updates.
 *
 * @param {AsyncGenerator<any, void, undefined>} updates
 * @returns {AsyncGenerator<any[], void, undefined>}
 */
async function* gathered(updates) {
  let next = updates.next();
  for (;;) {
    const first = await next;
    if (first.done === true) return;
    const found = [first.value];
    for (;;) {
      next = updates.next();
      const soon = await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 0, undefined))]);
      if (soon === undefined || soon.done === true) break;
      found.push(soon.value);
    }
    yield found;
  }
}

/**
 * @param {number} status
 * @param {any} reply
 */
function toError(status, reply) {
  const unnamed = status >= 500 ? 'UNAVAILABLE' : `HTTP ${status}`;
  const { status: code = unnamed, message = 'The answer could not be understood' } = reply?.error ?? {};
  return new ApiError(String(code), String(message));
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    // What stands between the page and the server may answer something else.
    return undefined;
  }
}

/**
 * All that a list method has, page after page.
 *
 * @param {string} name
 * @param {string} field Where the reply has them.
 * @param {AbortSignal} [signal]
 * @returns {Promise<any[]>}
 */
async function listAll(name, field, signal) {
  const found = [];
  let pageToken = '';
  do {
    const reply = await call('GET', name, { query: { pageSize: String(PAGE_MAX), pageToken }, signal });
    found.push(...(reply[field] ?? []));
    pageToken = reply.nextPageToken ?? '';
  } while (pageToken !== '');
  return found;
}

/**
 * One page of conversations, newest first.
 *
 * @param {string} parent
 * @param {{ state: string, pageSize: number, pageToken: string, signal: AbortSignal }} options
 * @returns {Promise<{ conversations: Conversation[], nextPageToken: string }>}
 */
export async function listConversations(parent, { state, pageSize, pageToken, signal }) {
  const filter = state === '' ? '' : `lifecycle_state = "${state}"`;
  const query = { pageSize: String(pageSize), pageToken, filter };
  const reply = await call('GET', `${encodeName(parent)}/conversations`, { query, signal });
  return { conversations: reply.conversations ?? [], nextPageToken: reply.nextPageToken ?? '' };
}

/**
 * @param {string} name
 * @param {AbortSignal} signal
 * @returns {Promise<Conversation>}
 */
export function getConversation(name, signal) {
  return call('GET', encodeName(name), { signal });
}

/**
 * @param {string} parent
 * @param {{ conversationId: string, conversationProfile: string }} options The id is the server's choice where empty.
 * @returns {Promise<Conversation>}
 */
export function createConversation(parent, { conversationId, conversationProfile }) {
  /** @type {Record<string, string>} */
  const query = conversationId === '' ? {} : { conversationId };
  return call('POST', `${encodeName(parent)}/conversations`, { query, body: { conversationProfile } });
}

/**
 * @param {string} name
 * @returns {Promise<Conversation>}
 */
export function completeConversation(name) {
  return call('POST', `${encodeName(name)}:complete`, { body: {} });
}

/**
 * Everybody who takes part in a conversation.
 *
 * @param {string} conversation
 * @param {AbortSignal} [signal]
 * @returns {Promise<Participant[]>}
 */
export function listParticipants(conversation, signal) {
  return listAll(`${encodeName(conversation)}/participants`, 'participants', signal);
}

/**
 * @param {string} conversation
 * @param {{ role: Role, obfuscatedExternalUserId?: string }} participant
 * @returns {Promise<Participant>}
 */
export function createParticipant(conversation, participant) {
  return call('POST', `${encodeName(conversation)}/participants`, { body: participant });
}

/**
 * The profiles under a parent.
 *
 * @param {string} parent
 * @returns {Promise<Profile[]>}
 */
export function listProfiles(parent) {
  return listAll(`${encodeName(parent)}/conversationProfiles`, 'conversationProfiles');
}

/**
 * @param {string} parent
 * @param {string} displayName
 * @returns {Promise<Profile>}
 */
export function createProfile(parent, displayName) {
  return call('POST', `${encodeName(parent)}/conversationProfiles`, { body: { displayName } });
}

/**
 * The ids of the server's locations.
 *
 * @param {string} project
 * @returns {Promise<string[]>}
 */
export async function listLocations(project) {
  const locations = await listAll(`${encodeName(`projects/${project}`)}/locations`, 'locations');
  return locations.map(({ locationId }) => locationId);
}
