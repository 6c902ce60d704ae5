/**
 * The turns of a conversation, one after another: an agent is asked about one when all before it have been stored, and
 * a request that is under way already makes its twin wait. Turns of different conversations do not wait for each other.
 */
export class TurnQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Does the work when all that came before it in the conversation is done, whatever became of it. Rejects with the
   * signal's reason where that is aborted before the work begins.
   */
  async run<T>(conversation: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(conversation);
    const turn = (async () => {
      await before?.catch(() => {});
      signal.throwIfAborted();
      return work();
    })();
    this.#last.set(conversation, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(conversation) === turn) this.#last.delete(conversation);
    }
  }
}
