import { idOf } from './address.js';
import { createParticipant, listParticipants } from './api.js';
import { byId, element, showError } from './dom.js';
import { compose } from './transcript.js';

/** @typedef {import('./api.js').Participant} Participant */
/** @typedef {import('./api.js').Role} Role */
/** @typedef {import('./transcript.js').Turn} Turn */

/** @type {Readonly<Record<Role, string>>} */
const places = {
  END_USER: 'Write as the end user',
  HUMAN_AGENT: 'Write as the human agent',
  AUTOMATED_AGENT: 'Write as the automated agent',
};

/** What was begun and not sent, by conversation. @type {Map<string, string>} */
const drafts = new Map();

/** Says something in one conversation, as whoever the reader wants to be. */
export class Composer {
  #form = byId('composer', HTMLFormElement);
  #fields = byId('composer-fields', HTMLFieldSetElement);
  #roles = byId('speaker-role', HTMLFieldSetElement);
  #which = byId('which', HTMLElement);
  #speaker = byId('speaker', HTMLSelectElement);
  #content = byId('content', HTMLTextAreaElement);
  #send = byId('send', HTMLButtonElement);
  #note = byId('composer-note', HTMLElement);
  #error = byId('composer-error', HTMLElement);
  /** @type {readonly Participant[]} */
  #participants = [];
  /** What failed, to be said again as it was. @type {{ role: Role, message: Turn } | undefined} */
  #failed;
  #isBusy = false;
  #conversation;
  #speak;
  #signal;

  /**
   * @param {string} conversation
   * @param {(turn: Turn) => Promise<void>} speak Says what is written.
   * @param {AbortSignal} signal
   */
  constructor(conversation, speak, signal) {
    this.#conversation = conversation;
    this.#speak = speak;
    this.#signal = signal;
    showError(this.#error, undefined);
    this.setOpen(undefined);
    this.setParticipants([]);
    this.#form.addEventListener('submit', (event) => this.#onSubmit(event), { signal });
    this.#content.addEventListener('keydown', (event) => this.#onKey(event), { signal });
    this.#content.addEventListener('input', () => this.#onInput(), { signal });
    this.#roles.addEventListener('change', () => this.#showRole(), { signal });
    this.#write(drafts.get(conversation) ?? '');
  }

  /**
   * Whether something can be said; undefined while that is not known.
   *
   * @param {boolean | undefined} isOpen
   */
  setOpen(isOpen) {
    this.#fields.disabled = isOpen !== true;
    this.#note.hidden = isOpen !== false;
  }

  /** @param {readonly Participant[]} participants */
  setParticipants(participants) {
    this.#participants = participants;
    this.#showRole();
  }

  /**
   * Writes a text where the reader was writing, for the human agent to say. What was begun stays, and the reader can undo it.
   *
   * @param {string} text
   */
  insert(text) {
    const agent = this.#roles.querySelector('[value=HUMAN_AGENT]');
    if (this.#fields.disabled || !(agent instanceof HTMLInputElement)) return;
    agent.checked = true;
    this.#showRole();
    const content = this.#content;
    content.focus();
    const at = content.selectionEnd;
    content.setSelectionRange(at, at);
    const before = /\S$/u.test(content.value.slice(0, at)) ? ' ' : '';
    const after = /^\S/u.test(content.value.slice(at)) ? ' ' : '';
    // Old as it is, nothing else leaves what the browser can undo.
    document.execCommand('insertText', false, `${before}${text}${after}`);
  }

  /** @returns {Role} */
  get #role() {
    const chosen =
      new FormData(this.#form).get('role') ??
      this.#roles.querySelector('input:checked')?.getAttribute('value');
    return chosen === 'HUMAN_AGENT' || chosen === 'AUTOMATED_AGENT' ? chosen : 'END_USER';
  }

  /** Of those with one role the reader chooses one. */
  #showRole() {
    const role = this.#role;
    const candidates = this.#participants.filter((participant) => participant.role === role);
    this.#content.placeholder = places[role];
    this.#which.hidden = candidates.length < 2;
    const offered = [...this.#speaker.options].map(({ value }) => value);
    if (offered.join('\n') === candidates.map(({ name }) => name).join('\n')) return;
    const chosen = this.#speaker.value;
    this.#speaker.replaceChildren(
      ...candidates.map(({ name, obfuscatedExternalUserId }) =>
        element('option', { value: name }, obfuscatedExternalUserId || idOf(name)),
      ),
    );
    if (candidates.some(({ name }) => name === chosen)) this.#speaker.value = chosen;
  }

  #onInput() {
    drafts.set(this.#conversation, this.#content.value);
    // Grows with what is written, as far as its style lets it.
    this.#content.rows = Math.min(8, this.#content.value.split('\n').length);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // While a composition is under way, Enter ends that.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit(this.#send);
  }

  /** @param {SubmitEvent} event */
  async #onSubmit(event) {
    event.preventDefault();
    const content = this.#content.value;
    if (content.trim() === '' || this.#isBusy) return;
    this.#isBusy = true;
    this.#write('');
    try {
      await this.#say(this.#role, this.#speaker.value, content);
      if (!this.#signal.aborted) showError(this.#error, undefined);
    } catch (error) {
      // What was not said is given back, before what was written meanwhile.
      const since = drafts.get(this.#conversation) ?? '';
      drafts.set(this.#conversation, since === '' ? content : `${content}\n${since}`);
      if (this.#signal.aborted) return;
      this.#write(drafts.get(this.#conversation) ?? '');
      showError(this.#error, error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** @param {string} text */
  #write(text) {
    this.#content.value = text;
    this.#onInput();
  }

  /**
   * @param {Role} role
   * @param {string} chosen
   * @param {string} content
   */
  async #say(role, chosen, content) {
    const failed = this.#failed;
    const isSame = failed?.role === role && (chosen === '' || chosen === failed.message.participant);
    const isAgain = isSame && failed.message.content === content;
    const message = isAgain ? failed.message : compose(chosen || (await this.#participantOf(role)), content);
    this.#failed = { role, message };
    await this.#speak(message);
    this.#failed = undefined;
  }

  /**
   * The participant of a role, who joins where there is none.
   *
   * @param {Role} role
   */
  async #participantOf(role) {
    const there = await listParticipants(this.#conversation);
    const found = there.find((participant) => participant.role === role);
    const { name } = found ?? (await createParticipant(this.#conversation, { role }));
    return name;
  }
}
