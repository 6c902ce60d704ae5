import { idOf } from './address.js';
import { ApiError, reachability } from './api.js';
import { byId, element, setText } from './dom.js';
import { wait } from './pauses.js';
import { readResults, report, suggest, wantsSuggestions } from './suggestions.js';

/** @typedef {import('./api.js').Conversation} Conversation */
/** @typedef {import('./api.js').Participant} Participant */
/** @typedef {import('./suggestions.js').Config} Config */
/** @typedef {import('./suggestions.js').Result} Result */
/** @typedef {import('./suggestions.js').Suggestion} Suggestion */
/** @typedef {import('./transcript.js').Message} Message */
/** @typedef {import('./transcript.js').Turn} Turn */
/** @typedef {import('./transcript.js').Answer} Answer */

/**
 * What was suggested to a message, and whether that is told.
 *
 * @typedef {ReturnType<typeof readResults> & { message: string, isReported: boolean }} Suggested
 */

/** Nothing is asked for while messages come faster than this, nor while nobody looks. */
const QUIET_MS = 250;

/** The last that was suggested in each conversation, for who comes back to it: each answer leaves a record. @type {Map<string, Suggested>} */
const kept = new Map();

/**
 * What is suggested to the human agent for the newest message of a conversation in its assist stage. What comes with the
 * reader's own messages is shown as it is; for those of others it is asked for, in the name of the first human agent.
 */
export class SuggestionsView {
  #panel = byId('assist', HTMLElement);
  #section = byId('suggestions-section', HTMLElement);
  #groups = byId('suggestions', HTMLElement);
  #hint = byId('suggestions-hint', HTMLElement);
  #errors = byId('suggestions-errors', HTMLElement);
  #status = byId('suggestions-status', HTMLElement);
  /** What the profile asks for; undefined where nothing is to be suggested. @type {Config | undefined} */
  #config;
  #agent = '';
  /** @type {Message | undefined} */
  #newest;
  /** What the reader is saying just now. @type {Turn | undefined} */
  #turn;
  /** The message whose suggestions are shown or asked for. */
  #current = '';
  /** Whether there may be more for it a little later. */
  #isPassing = false;
  #asking = new AbortController();
  #conversation;
  #insert;
  #signal;

  /**
   * @param {string} conversation
   * @param {(text: string) => void} insert Writes a text for the human agent to send.
   * @param {AbortSignal} signal
   */
  constructor(conversation, insert, signal) {
    this.#conversation = conversation;
    this.#insert = insert;
    this.#signal = signal;
    this.#section.hidden = true;
    this.#clear('');
    reachability.addEventListener('back', () => this.#again(), { signal });
  }

  /** @param {Conversation} conversation */
  setConversation({ lifecycleState, conversationStage, initialConversationProfile: profile }) {
    const config = profile?.humanAgentAssistantConfig?.humanAgentSuggestionConfig;
    const isAssisted = lifecycleState !== 'COMPLETED' && conversationStage === 'HUMAN_ASSIST_STAGE';
    this.#config = isAssisted && config !== undefined && wantsSuggestions(config) ? config : undefined;
    this.#update();
  }

  /** @param {readonly Participant[]} participants */
  setParticipants(participants) {
    this.#agent = participants.find(({ role }) => role === 'HUMAN_AGENT')?.name ?? '';
    this.#update();
  }

  /** @param {Message} newest */
  hear(newest) {
    this.#newest = newest;
    this.#update();
  }

  /**
   * Waits for what comes with a turn that the reader takes, instead of asking for it.
   *
   * @param {Turn} turn
   * @param {Promise<Answer>} answer
   */
  async speak(turn, answer) {
    this.#turn = turn;
    try {
      const { message, humanAgentSuggestionResults: results = [] } = await answer;
      if (message !== undefined && results.length > 0)
        kept.set(this.#conversation, toSuggested(message, results));
    } finally {
      this.#turn = undefined;
      if (!this.#signal.aborted) this.#update();
    }
  }

  #update() {
    const hadFocus = this.#section.contains(document.activeElement);
    this.#section.hidden = this.#config === undefined;
    this.#follow();
    // Who had the focus on what is gone now goes on beside it.
    if (!hadFocus || this.#section.contains(document.activeElement)) return;
    const next = this.#section.hidden ? byId('conversation-heading', HTMLElement) : this.#panel;
    next.focus({ preventScroll: true });
  }

  #follow() {
    const [config, newest] = [this.#config, this.#newest];
    if (config === undefined || newest === undefined) {
      this.#clear('Nothing has been said yet.');
      return;
    }
    if (this.#current === newest.name) return;
    // What is shown, or on its way, is for an older message.
    this.#clear('');
    if (this.#isOwn(newest)) return;
    const before = kept.get(this.#conversation);
    if (before?.message === idOf(newest.name)) this.#show(newest, before);
    else if (this.#agent === '') this.#clear('Suggestions come once a human agent takes part.');
    else void this.#ask(newest, config);
  }

  /**
   * Whether it is what the reader is saying, heard before it is answered.
   *
   * @param {Message} message
   */
  #isOwn({ participant = '', content }) {
    return (
      this.#turn !== undefined &&
      this.#turn.content === content &&
      idOf(this.#turn.participant) === idOf(participant)
    );
  }

  /**
   * @param {Message} message
   * @param {Config} config
   */
  async #ask(message, config) {
    this.#current = message.name;
    this.#asking = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#asking.signal]);
    await wait(QUIET_MS, signal);
    if (signal.aborted) return;
    this.#say('Looking for suggestions…');
    try {
      const agent = this.#agent;
      const results = await suggest(this.#conversation, { agent, config, message }, signal);
      signal.throwIfAborted();
      const isPassing = results.some(({ error }) => error instanceof ApiError && error.isPassing);
      const suggested = toSuggested(message, results);
      if (!isPassing) kept.set(this.#conversation, suggested);
      this.#show(message, suggested);
      this.#isPassing = isPassing;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Asks once more where the server was away. */
  #again() {
    if (!this.#isPassing) return;
    this.#current = '';
    this.#update();
  }

  /** @param {string} hint Why nothing is there. */
  #clear(hint) {
    this.#asking.abort();
    this.#current = '';
    this.#isPassing = false;
    this.#groups.replaceChildren();
    this.#showErrors([]);
    setText(this.#status, '');
    this.#say(hint);
  }

  /** @param {string} hint */
  #say(hint) {
    this.#hint.hidden = hint === '';
    setText(this.#hint, hint);
  }

  /** @param {readonly string[]} errors */
  #showErrors(errors) {
    this.#errors.hidden = errors.length === 0;
    setText(this.#errors, errors.join(' · '));
  }

  /**
   * @param {Message} message
   * @param {Suggested} suggested
   */
  #show({ name }, suggested) {
    const { groups, errors } = suggested;
    this.#current = name;
    this.#groups.replaceChildren(
      ...groups.map(({ title, isShort, suggestions }) =>
        element(
          'div',
          {},
          element('h4', {}, title),
          element(
            'ul',
            { class: isShort ? 'short' : '' },
            ...suggestions.map((suggestion) => this.#render(suggestion)),
          ),
        ),
      ),
    );
    this.#showErrors(errors);
    this.#say(groups.length + errors.length === 0 ? 'Nothing is suggested for the last message.' : '');
    // So much is announced, and no more: they can be read where they are.
    const all = groups.flatMap(({ suggestions }) => suggestions);
    const count = all.length === 1 ? '1 suggestion' : `${all.length} suggestions`;
    setText(this.#status, all.length === 0 ? '' : count);
    if (suggested.isReported) return;
    suggested.isReported = true;
    for (const record of new Set(all.map((each) => each.record))) void this.#report(record, 'displayed');
  }

  /** @param {Suggestion} suggestion */
  #render({ record, heading, text, reply, links }) {
    const parts = [
      ...(heading === '' ? [] : [element('span', { class: 'suggestion-heading', dir: 'auto' }, heading)]),
      ...(text === '' ? [] : [element('span', { class: 'suggestion-text', dir: 'auto' }, text)]),
    ];
    const item = element('li');
    if (reply === '') item.append(element('p', { class: 'suggestion' }, ...parts));
    else {
      const title = 'Write this as the human agent';
      const button = element('button', { type: 'button', class: 'suggestion', title }, ...parts);
      button.addEventListener('click', () => {
        this.#insert(reply);
        void this.#report(record, 'clicked');
      });
      item.append(button);
    }
    for (const href of links) {
      const link = element('a', { href, target: '_blank', rel: 'noopener noreferrer' }, href);
      link.addEventListener('click', () => void this.#report(record, 'clicked'));
      item.append(link);
    }
    return item;
  }

  /**
   * @param {string} record
   * @param {Parameters<typeof report>[1]} what
   */
  async #report(record, what) {
    try {
      await report(record, what);
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof ApiError)) return;
      this.#showErrors([`That it was ${what} is not recorded: ${error.message}`]);
    }
  }
}

/**
 * @param {Message} message
 * @param {readonly Result[]} results
 * @returns {Suggested}
 */
function toSuggested({ name }, results) {
  return { ...readResults(results), message: idOf(name), isReported: false };
}
