import { conversationOf, formatAddress, idOf, parentOf } from './address.js';
import { ApiError, listConversations, PAGE_MAX } from './api.js';
import { byId, element, setText, showError } from './dom.js';
import { wait } from './pauses.js';
import { showShort } from './times.js';
import { showStage, stateBadge } from './words.js';

/** @typedef {import('./address.js').Address} Address */
/** @typedef {import('./api.js').Conversation} Conversation */

/** How many more are shown at a time. */
const STEP = 50;
/** Asked for beyond those that are shown, so that new ones at the top push none out at the bottom. */
const SPARE = 10;
const INTERVAL_MS = 2000;

/**
 * The list of conversations. Rows are kept while it is refreshed, and with them the focus and the reader's place.
 */
export class ConversationList {
  #rows = byId('rows', HTMLUListElement);
  #scroll = byId('list-scroll', HTMLElement);
  #hint = byId('list-hint', HTMLElement);
  #error = byId('list-error', HTMLElement);
  #more = byId('more-rows', HTMLButtonElement);
  /** @type {Map<string, HTMLLIElement>} */
  #shown = new Map();
  /** @type {Address | undefined} */
  #address;
  #wanted = STEP;
  #stop = new AbortController();
  #refresh = new EventTarget();

  constructor() {
    this.#more.addEventListener('click', () => {
      this.#wanted += STEP;
      this.refresh();
    });
  }

  /**
   * Shows what an address asks for. Another conversation of the same list changes nothing but the mark.
   *
   * @param {Address} address
   */
  show(address) {
    const last = this.#address;
    this.#address = address;
    const isSame = last !== undefined && last.state === address.state && parentOf(last) === parentOf(address);
    if (isSame) {
      this.#mark();
      return;
    }
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#wanted = STEP;
    this.#shown.clear();
    this.#rows.replaceChildren();
    this.#scroll.scrollTop = 0;
    this.#more.hidden = true;
    this.#hint.hidden = true;
    showError(this.#error, undefined);
    void this.#follow(address, this.#stop.signal);
  }

  /** Looks at once what there is. */
  refresh() {
    this.#refresh.dispatchEvent(new Event('refresh'));
  }

  /**
   * @param {Address} address
   * @param {AbortSignal} signal
   */
  async #follow(address, signal) {
    while (!signal.aborted) {
      try {
        const { conversations, hasMore } = await this.#read(address, signal);
        showError(this.#error, undefined);
        this.#render(address, conversations, hasMore);
      } catch (error) {
        if (signal.aborted) return;
        // That the server is away is said at the top; what was read stays.
        if (error instanceof ApiError && error.code === 'UNAVAILABLE' && this.#shown.size > 0)
          showError(this.#error, undefined);
        else showError(this.#error, error);
      }
      const pause = INTERVAL_MS * Math.max(1, this.#shown.size / 200);
      await wait(pause, signal, { target: this.#refresh, event: 'refresh' });
    }
  }

  /**
   * As many conversations as are wanted, and those that came in front of them since.
   *
   * @param {Address} address
   * @param {AbortSignal} signal
   */
  async #read(address, signal) {
    const [first] = this.#shown.keys();
    /** @type {Conversation[]} */
    const found = [];
    let pageToken = '';
    do {
      const pageSize = Math.min(PAGE_MAX, this.#wanted + SPARE - found.length);
      const page = await listConversations(parentOf(address), {
        state: address.state,
        pageSize,
        pageToken,
        signal,
      });
      found.push(...page.conversations);
      pageToken = page.nextPageToken;
    } while (pageToken !== '' && found.length < this.#wanted + SPARE);
    const added =
      first === undefined
        ? 0
        : Math.max(
            0,
            found.findIndex(({ name }) => name === first),
          );
    this.#wanted = Math.max(this.#wanted, Math.min(found.length, this.#wanted + added));
    return {
      conversations: found.slice(0, this.#wanted),
      hasMore: pageToken !== '' || found.length > this.#wanted,
    };
  }

  /**
   * @param {Address} address
   * @param {readonly Conversation[]} conversations
   * @param {boolean} hasMore
   */
  #render(address, conversations, hasMore) {
    const now = new Date();
    const names = new Set(conversations.map(({ name }) => name));
    for (const [name, row] of this.#shown) {
      if (names.has(name)) continue;
      if (row.contains(document.activeElement)) this.#focusBeside(row);
      row.remove();
    }
    const shown = new Map();
    let next = this.#rows.firstElementChild;
    for (const conversation of conversations) {
      const row = this.#shown.get(conversation.name) ?? element('li');
      fill(row, address, conversation, now);
      shown.set(conversation.name, row);
      if (row === next) next = next.nextElementSibling;
      else this.#rows.insertBefore(row, next);
    }
    this.#shown = shown;
    this.#more.hidden = !hasMore;
    this.#hint.hidden = conversations.length > 0;
    setText(
      this.#hint,
      address.state === '' ? 'There are no conversations yet.' : 'There are none in this state.',
    );
    this.#mark();
  }

  /** @param {Element} row */
  #focusBeside(row) {
    const beside = row.nextElementSibling ?? row.previousElementSibling;
    beside?.querySelector('a')?.focus({ preventScroll: true });
  }

  /** Marks the row of the conversation that is open. */
  #mark() {
    if (this.#address === undefined) return;
    const open = this.#address.conversation === '' ? '' : conversationOf(this.#address);
    for (const [name, row] of this.#shown) {
      const link = row.querySelector('a');
      if (name === open) link?.setAttribute('aria-current', 'page');
      else link?.removeAttribute('aria-current');
    }
  }

  /**
   * Puts the focus on the row of a conversation, where it is in the list.
   *
   * @param {string} name
   */
  focus(name) {
    this.#shown.get(name)?.querySelector('a')?.focus();
  }
}

/**
 * Writes a row anew where anything about it has changed.
 *
 * @param {HTMLLIElement} row
 * @param {Address} address
 * @param {Conversation} conversation
 * @param {Date} now
 */
function fill(row, address, conversation, now) {
  const { name, lifecycleState, conversationStage, startTime = '', endTime } = conversation;
  const started = startTime === '' ? '' : showShort(startTime, now);
  const stage = showStage(conversationStage);
  const ended = endTime === undefined ? '' : `to ${showShort(endTime, now)}`;
  const content = [lifecycleState, stage, started, ended].join('\n');
  if (row.dataset['content'] === content) return;
  row.dataset['content'] = content;
  const link = row.querySelector('a') ?? row.appendChild(element('a', { class: 'row' }));
  link.href = formatAddress({ ...address, conversation: idOf(name) });
  link.replaceChildren(
    element(
      'span',
      { class: 'row-line' },
      element('span', { class: 'row-id' }, idOf(name)),
      element('time', { datetime: startTime, title: startTime }, started),
    ),
    element(
      'span',
      { class: 'row-line' },
      element('span', { class: 'row-facts' }, stateBadge(lifecycleState), ` ${stage}`),
      element('time', { datetime: endTime ?? '', title: endTime ?? '' }, ended),
    ),
  );
}
