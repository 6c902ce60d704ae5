import { ApiError } from './api.js';
import { byId, element, icon, setText, showError } from './dom.js';
import { wait } from './pauses.js';
import { showClock, showDay } from './times.js';
import { follow, readNewest, readOlder } from './transcript.js';
import { showRole } from './words.js';

/** @typedef {import('./transcript.js').Message} Message */

/**
 * Who takes part, as far as the transcript wants to know.
 *
 * @typedef {object} People
 * @property {(messages: readonly Message[]) => Promise<void>} meet Finds out who has said these.
 * @property {(participant: string | undefined) => string} userOf What somebody is known as; empty where it is the role alone.
 * @property {(newest: Message) => void} hear Told of each message that is the newest.
 */

/** Messages that are read at first, and with each step into the past. */
const STEP = 200;
/** A page that is left open for long lets go of the oldest; they can be loaded again. */
const SHOWN_MAX = 2000;
/** Nearer to the end than this, in pixels, the reader follows what comes. */
const END_PX = 48;
/** What one says within so many milliseconds stands under one name. */
const GROUP_MS = 5 * 60_000;
/** Between two attempts to read the beginning. */
const RETRY_MS = 2000;

/**
 * The transcript of one conversation: what was said before it was opened, and what comes since. These are two parts, of
 * which only the second one is announced to screen readers.
 */
export class TranscriptView {
  #scroll = byId('transcript', HTMLElement);
  #earlier = byId('earlier', HTMLElement);
  #live = byId('live', HTMLElement);
  #older = byId('older', HTMLButtonElement);
  #jump = byId('jump', HTMLButtonElement);
  #hint = byId('transcript-hint', HTMLElement);
  #error = byId('transcript-error', HTMLElement);
  /** Those that are shown, oldest first. @type {Message[]} */
  #messages = [];
  /** Kept while the reader scrolls, so that it is known when the room or the content changes. */
  #isAtEnd = true;
  /** How much room there was when it last changed. */
  #room = '';
  #unseen = 0;
  #conversation;
  #people;
  #signal;

  /**
   * Shows a conversation until the signal is aborted.
   *
   * @param {string} conversation
   * @param {People} people
   * @param {AbortSignal} signal
   */
  constructor(conversation, people, signal) {
    this.#conversation = conversation;
    this.#people = people;
    this.#signal = signal;
    this.#earlier.replaceChildren();
    this.#live.replaceChildren();
    this.#older.hidden = true;
    this.#setUnseen(0);
    showError(this.#error, undefined);
    this.#say('Loading…');
    this.#older.addEventListener('click', () => this.#loadOlder(), { signal });
    this.#jump.addEventListener('click', () => this.#toEnd(), { signal });
    this.#scroll.addEventListener('scroll', () => this.#onScroll(), { signal, passive: true });
    const sizes = new ResizeObserver(() => {
      this.#room = this.#measure();
      this.#stay();
    });
    sizes.observe(this.#scroll);
    signal.addEventListener('abort', () => sizes.disconnect());
    void this.#run();
  }

  async #run() {
    const signal = this.#signal;
    try {
      const { messages, hasOlder } = await this.#readNewest();
      await this.#people.meet(messages);
      signal.throwIfAborted();
      this.#append(this.#earlier, messages);
      this.#older.hidden = !hasOlder;
      this.#say(messages.length === 0 ? 'Nothing has been said yet.' : '');
      this.#toEnd();
      for await (const fresh of follow(this.#conversation, messages.at(-1), signal)) {
        await this.#people.meet(fresh);
        signal.throwIfAborted();
        this.#append(this.#live, fresh);
        this.#say('');
        if (this.#isAtEnd) this.#trim();
        else this.#setUnseen(this.#unseen + fresh.length);
        this.#stay();
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#say('');
      showError(this.#error, error);
    }
  }

  /** Tries until the server is there. */
  async #readNewest() {
    for (;;) {
      try {
        const newest = await readNewest(this.#conversation, STEP, this.#signal);
        showError(this.#error, undefined);
        return newest;
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isPassing) throw error;
        showError(this.#error, error);
        await wait(RETRY_MS, this.#signal);
      }
    }
  }

  async #loadOlder() {
    this.#older.disabled = true;
    try {
      const { messages, hasOlder } = await readOlder(this.#conversation, this.#messages, STEP, this.#signal);
      await this.#people.meet(messages);
      this.#signal.throwIfAborted();
      showError(this.#error, undefined);
      const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
      this.#prepend(messages);
      this.#older.hidden = !hasOlder;
      this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd;
    } catch (error) {
      if (!this.#signal.aborted) showError(this.#error, error);
    } finally {
      this.#older.disabled = false;
      // A button that is disabled or gone has lost the focus.
      if (document.activeElement === document.body && !this.#signal.aborted) {
        if (this.#older.hidden) this.#scroll.focus({ preventScroll: true });
        else this.#older.focus({ preventScroll: true });
      }
    }
  }

  /**
   * @param {HTMLElement} part
   * @param {readonly Message[]} messages
   */
  #append(part, messages) {
    part.append(...this.#render(messages, this.#messages.at(-1)));
    this.#messages.push(...messages);
    const newest = messages.at(-1);
    if (newest !== undefined) this.#people.hear(newest);
  }

  /** @param {readonly Message[]} messages */
  #prepend(messages) {
    const [first] = this.#messages;
    const [next] = this.#earlier.children;
    this.#earlier.prepend(...this.#render(messages, undefined));
    this.#messages.unshift(...messages);
    // It may now go on under the name, and of the day, of one that came before.
    if (first !== undefined && next !== undefined)
      next.replaceWith(...this.#render([first], messages.at(-1)));
  }

  /** Lets go of the oldest. */
  #trim() {
    const surplus = this.#messages.length - SHOWN_MAX;
    if (surplus <= 0) return;
    const entries = [...this.#earlier.children, ...this.#live.children];
    for (const entry of entries.slice(0, surplus)) entry.remove();
    this.#messages.splice(0, surplus);
    this.#older.hidden = false;
  }

  /**
   * @param {readonly Message[]} messages
   * @param {Message | undefined} before
   */
  #render(messages, before) {
    return messages.map((message, index) =>
      renderMessage(
        message,
        index === 0 ? before : messages[index - 1],
        this.#people.userOf(message.participant),
      ),
    );
  }

  /** @param {string} hint */
  #say(hint) {
    this.#hint.hidden = hint === '';
    setText(this.#hint, hint);
  }

  #onScroll() {
    // Where there is more or less room all at once, it is not the reader who leaves the end.
    if (this.#measure() !== this.#room) return;
    const { scrollTop, clientHeight, scrollHeight } = this.#scroll;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight <= END_PX;
    if (this.#isAtEnd) this.#setUnseen(0);
  }

  #measure() {
    return `${this.#scroll.clientWidth} x ${this.#scroll.clientHeight}`;
  }

  /** A reader at the end stays there. */
  #stay() {
    if (this.#isAtEnd) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #toEnd() {
    const hadFocus = document.activeElement === this.#jump;
    this.#isAtEnd = true;
    this.#setUnseen(0);
    this.#stay();
    if (hadFocus) this.#scroll.focus({ preventScroll: true });
  }

  /** @param {number} count */
  #setUnseen(count) {
    this.#unseen = count;
    this.#jump.hidden = count === 0;
    setText(this.#jump, count === 1 ? '1 new message' : `${count} new messages`);
  }
}

/**
 * @param {Message} message
 * @param {Message | undefined} before
 * @param {string} user
 */
function renderMessage(message, before, user) {
  const { content = '', languageCode = '', participantRole } = message;
  const time = timeOf(message);
  const isNewDay = time !== '' && (before === undefined || showDay(timeOf(before)) !== showDay(time));
  const goesOn = !isNewDay && before !== undefined && isOfOneGroup(message, before);
  const by = element(
    'p',
    { class: goesOn ? 'by unseen' : 'by' },
    icon(participantRole ?? ''),
    showRole(participantRole),
  );
  if (user !== '') by.append(' ', element('span', { class: 'user', dir: 'auto' }, user));
  const text = element(
    'p',
    { class: content === '' ? 'text none' : 'text', dir: 'auto' },
    content || 'no text',
  );
  if (languageCode !== '') text.lang = languageCode;
  const clock = element(
    'time',
    { datetime: time, title: showTimes(message) },
    time === '' ? '' : showClock(time),
  );
  const said = element('div', { class: 'said' }, text, clock);
  const entry = element('div', { class: `entry ${participantRole ?? ''}` }, by, said);
  if (isNewDay) entry.prepend(element('p', { class: 'day' }, element('span', {}, showDay(time))));
  if (goesOn) entry.classList.add('goes-on');
  return entry;
}

/**
 * When it was said: of a transcript that was imported later, not when that was.
 *
 * @param {Message} message
 */
function timeOf({ sendTime, createTime }) {
  return sendTime ?? createTime ?? '';
}

/** @param {Message} message */
function showTimes({ sendTime, createTime = '' }) {
  return sendTime === undefined ? `stored ${createTime}` : `sent ${sendTime}\nstored ${createTime}`;
}

/**
 * @param {Message} message
 * @param {Message} before
 */
function isOfOneGroup(message, before) {
  const apart = Date.parse(timeOf(message)) - Date.parse(timeOf(before));
  return message.participant === before.participant && Math.abs(apart) < GROUP_MS;
}
