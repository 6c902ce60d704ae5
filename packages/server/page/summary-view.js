import { idOf } from './address.js';
import { byId, element, setText, showError } from './dom.js';
import { report, summarize } from './suggestions.js';

/** @typedef {import('./suggestions.js').Summary} Summary */
/** @typedef {import('./transcript.js').Message} Message */

/** A summary of one conversation, on demand. */
export class SummaryView {
  #button = byId('summarize', HTMLButtonElement);
  #section = byId('summary-section', HTMLElement);
  #sections = byId('summary', HTMLElement);
  #status = byId('summary-status', HTMLElement);
  #error = byId('summary-error', HTMLElement);
  #close = byId('summary-close', HTMLButtonElement);
  /** @type {Message | undefined} */
  #newest;
  /** The one that is shown. @type {Summary | undefined} */
  #summary;
  #asking = new AbortController();
  #isBusy = false;
  #conversation;
  #signal;

  /**
   * @param {string} conversation
   * @param {AbortSignal} signal
   */
  constructor(conversation, signal) {
    this.#conversation = conversation;
    this.#signal = signal;
    this.#section.hidden = true;
    this.#button.disabled = true;
    this.#button.addEventListener('click', () => this.#summarize(), { signal });
    this.#close.addEventListener('click', () => this.#hide(), { signal });
  }

  /** @param {Message} newest */
  hear(newest) {
    this.#newest = newest;
    this.#button.disabled = false;
    this.#showStatus();
  }

  async #summarize() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#summary = undefined;
    this.#section.hidden = false;
    this.#sections.replaceChildren();
    showError(this.#error, undefined);
    this.#showStatus();
    this.#asking = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#asking.signal]);
    try {
      const summary = await summarize(this.#conversation, signal);
      this.#summary = summary;
      this.#sections.replaceChildren(
        ...summary.sections.map(({ heading, text }) =>
          element(
            'div',
            {},
            element('dt', { dir: 'auto' }, heading),
            element('dd', { dir: 'auto' }, text || 'nothing'),
          ),
        ),
      );
      this.#section.scrollIntoView({ block: 'nearest' });
      // Whether that is known changes nothing for the reader.
      report(summary.record, 'displayed').catch(() => undefined);
    } catch (error) {
      if (!signal.aborted) showError(this.#error, error);
    } finally {
      this.#isBusy = false;
      if (!signal.aborted) this.#showStatus();
    }
  }

  #showStatus() {
    const summary = this.#summary;
    if (summary === undefined) {
      setText(this.#status, this.#isBusy ? 'Summarizing…' : '');
      return;
    }
    const { count, by, latestMessage } = summary;
    const isOld = this.#newest !== undefined && idOf(this.#newest.name) !== idOf(latestMessage);
    const messages = count === 1 ? '1 message' : `${count} messages`;
    setText(this.#status, `Of ${messages}, by ${by}.${isOld ? ' What was said since is not in it.' : ''}`);
  }

  #hide() {
    this.#asking.abort();
    this.#summary = undefined;
    this.#section.hidden = true;
    this.#button.focus();
  }
}
