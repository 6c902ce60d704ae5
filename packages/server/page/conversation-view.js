import { idOf } from './address.js';
import { ApiError, getConversation, listParticipants } from './api.js';
import { Composer } from './composer.js';
import { askForCompletion, askForParticipant } from './dialogs.js';
import { byId, element, icon, setText, showError } from './dom.js';
import { wait } from './pauses.js';
import { SuggestionsView } from './suggestions-view.js';
import { SummaryView } from './summary-view.js';
import { showDuration, showShort } from './times.js';
import { heard, speak } from './transcript.js';
import { TranscriptView } from './transcript-view.js';
import { showRole, showStage, stateBadge } from './words.js';

/** @typedef {import('./api.js').Conversation} Conversation */
/** @typedef {import('./api.js').Participant} Participant */
/** @typedef {import('./transcript.js').Message} Message */

const INTERVAL_MS = 3000;

/** One conversation: what it is, who takes part, its transcript, and what can be done with it. */
export class ConversationView {
  #heading = byId('conversation-heading', HTMLElement);
  #state = byId('conversation-state', HTMLElement);
  #facts = byId('facts', HTMLElement);
  #people = byId('participants', HTMLElement);
  #add = byId('add-participant', HTMLButtonElement);
  #complete = byId('complete', HTMLButtonElement);
  #copy = byId('copy-name', HTMLButtonElement);
  #error = byId('conversation-error', HTMLElement);
  /** @type {Map<string, Participant>} */
  #participants = new Map();
  #refresh = new EventTarget();
  #end = new AbortController();
  #name;
  #composer;
  #suggestions;
  #onChange;

  /**
   * @param {string} name
   * @param {() => void} onChange Told when the conversation was completed here.
   */
  constructor(name, onChange) {
    this.#name = name;
    this.#onChange = onChange;
    const { signal } = this.#end;
    setText(this.#heading, idOf(name));
    this.#state.replaceChildren();
    this.#facts.replaceChildren();
    this.#people.replaceChildren();
    this.#add.disabled = true;
    this.#complete.hidden = true;
    this.#copy.hidden = navigator.clipboard === undefined;
    setText(this.#copy, 'Copy name');
    showError(this.#error, undefined);
    this.#add.addEventListener('click', () => this.#addParticipant(), { signal });
    this.#complete.addEventListener('click', () => this.#completeConversation(), { signal });
    this.#copy.addEventListener('click', () => this.#copyName(), { signal });
    const suggestions = new SuggestionsView(name, (text) => this.#composer.insert(text), signal);
    const summary = new SummaryView(name, signal);
    this.#suggestions = suggestions;
    this.#composer = new Composer(name, (turn) => suggestions.speak(turn, speak(turn)), signal);
    new TranscriptView(
      name,
      {
        meet: (messages) => this.#meet(messages),
        userOf: (participant = '') => this.#participants.get(participant)?.obfuscatedExternalUserId ?? '',
        hear: (newest) => {
          suggestions.hear(newest);
          summary.hear(newest);
        },
      },
      signal,
    );
    heard.addEventListener('changed', () => this.#refresh.dispatchEvent(new Event('refresh')), { signal });
    void this.#follow(signal);
  }

  /** Stops what is under way for it. */
  close() {
    this.#end.abort();
  }

  /** @param {AbortSignal} signal */
  async #follow(signal) {
    while (!signal.aborted) {
      try {
        const conversation = await getConversation(this.#name, signal);
        this.#setParticipants(await listParticipants(this.#name, signal));
        this.#render(conversation);
        showError(this.#error, undefined);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError) || !error.isPassing) {
          showError(this.#error, error);
          this.#composer.setOpen(undefined);
        }
      }
      await wait(INTERVAL_MS, signal, { target: this.#refresh, event: 'refresh' });
    }
  }

  /**
   * Finds out who has said these, where somebody new is among them.
   *
   * @param {readonly Message[]} messages
   */
  async #meet(messages) {
    if (messages.every(({ participant = '' }) => this.#participants.has(participant))) return;
    try {
      this.#setParticipants(await listParticipants(this.#name, this.#end.signal));
    } catch {
      // Their roles are known from the messages; what else there is to know comes with the next look.
    }
  }

  /** @param {Conversation} conversation */
  #render(conversation) {
    const {
      lifecycleState,
      conversationStage,
      startTime = '',
      endTime,
      conversationProfile = '',
    } = conversation;
    const isOpen = lifecycleState !== 'COMPLETED';
    const now = new Date();
    const facts = [
      ['Stage', showStage(conversationStage)],
      ['Started', startTime === '' ? '' : showShort(startTime, now)],
      [
        'Ended',
        endTime === undefined ? '' : `${showShort(endTime, now)}, after ${showDuration(startTime, endTime)}`,
      ],
      ['Profile', idOf(conversationProfile)],
    ].filter(([, value]) => value !== '');
    const text = facts.flat().join('\n');
    if (this.#facts.dataset['text'] !== text || this.#facts.childElementCount === 0) {
      this.#facts.dataset['text'] = text;
      this.#facts.replaceChildren(
        ...facts.map(([term = '', value = '']) =>
          element('div', {}, element('dt', {}, term), element('dd', {}, value)),
        ),
      );
    }
    const badge = stateBadge(lifecycleState);
    if (!this.#state.firstElementChild?.isEqualNode(badge)) this.#state.replaceChildren(badge);
    // Who had the focus on what is gone now goes on from the heading.
    const lostFocus = !isOpen && document.activeElement === this.#complete;
    this.#complete.hidden = !isOpen;
    this.#add.disabled = !isOpen;
    if (lostFocus) this.#heading.focus();
    this.#composer.setOpen(isOpen);
    this.#suggestions.setConversation(conversation);
  }

  /** @param {readonly Participant[]} participants */
  #setParticipants(participants) {
    this.#participants = new Map(participants.map((participant) => [participant.name, participant]));
    this.#composer.setParticipants(participants);
    this.#suggestions.setParticipants(participants);
    const items = participants.map(({ name, role, obfuscatedExternalUserId }) =>
      element(
        'li',
        { class: `person ${role ?? ''}`, title: name },
        icon(role ?? ''),
        showRole(role),
        ' ',
        element('span', { class: 'user', dir: 'auto' }, obfuscatedExternalUserId ?? ''),
      ),
    );
    if (items.length === 0) items.push(element('li', { class: 'nobody' }, 'Nobody yet'));
    const isSame =
      items.length === this.#people.childElementCount &&
      items.every((item, index) => item.isEqualNode(this.#people.children[index] ?? null));
    if (isSame) return;
    this.#people.replaceChildren(...items);
    // Many have to be scrolled, by keyboard too.
    if (this.#people.scrollHeight > this.#people.clientHeight) this.#people.tabIndex = 0;
    else this.#people.removeAttribute('tabindex');
  }

  async #addParticipant() {
    const added = await askForParticipant(this.#name);
    if (added !== undefined) this.#refresh.dispatchEvent(new Event('refresh'));
  }

  async #completeConversation() {
    const completed = await askForCompletion(this.#name);
    if (completed === undefined || this.#end.signal.aborted) return;
    this.#render(completed);
    this.#heading.focus();
    this.#onChange();
  }

  async #copyName() {
    try {
      await navigator.clipboard.writeText(this.#name);
      setText(this.#copy, 'Copied');
    } catch {
      setText(this.#copy, 'Not copied');
    }
  }
}
