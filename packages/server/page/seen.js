import { fromMicros, toMicros } from './times.js';

/**
 * How far a conversation has been seen. The messages of a batch have one time, and a connection may break in the midst of
 * them: so those of the newest time are asked for again, and left out where they were seen.
 */
export class Seen {
  /** Later messages than this are to be asked for; undefined for all. @type {string | undefined} */
  after;
  #time = '';
  /** @type {Set<string>} */
  #names = new Set();

  /** @param {string | undefined} after */
  constructor(after) {
    this.after = after;
  }

  /**
   * Whether a message, which comes in its turn, has not been seen.
   *
   * @param {{ readonly name: string, readonly createTime?: string }} message
   */
  add({ name, createTime = '' }) {
    if (createTime !== this.#time) {
      this.#time = createTime;
      this.#names.clear();
      const micros = toMicros(createTime);
      if (micros !== undefined) this.after = fromMicros(micros - 1n);
    }
    const isNew = !this.#names.has(name);
    this.#names.add(name);
    return isNew;
  }
}
