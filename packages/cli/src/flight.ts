/** Pieces of work under way at one time: enough to keep busy a server that syncs its disk once for many. */
const piecesMax = 64;

/** What they may take together; a piece that is larger waits until it is alone. */
const bytesMax = 64 * 2 ** 20;

/** The work under way: bounded in number and in bytes, and never two pieces of one id at the same time. */
export class Flight {
  readonly #pieces = new Map<string, Promise<void>>();
  #bytes = 0;
  #freed = Promise.withResolvers<void>();

  /** Resolves when a piece of work may start. For one caller at a time: it reserves nothing. */
  async admit(id: string, sizeBytes: number): Promise<void> {
    while (this.#pieces.has(id) || this.#isFull(sizeBytes)) await this.#freed.promise;
  }

  /** Counts work that has started as under way until it settles. It must not reject. */
  start(id: string, { sizeBytes, work }: { sizeBytes: number; work: Promise<void> }): void {
    const finished = work.finally(() => {
      this.#pieces.delete(id);
      this.#bytes -= sizeBytes;
      this.#freed.resolve();
      this.#freed = Promise.withResolvers();
    });
    this.#pieces.set(id, finished);
    this.#bytes += sizeBytes;
  }

  /** Resolves when nothing is under way any more. */
  async land(): Promise<void> {
    await Promise.all(this.#pieces.values());
  }

  #isFull(sizeBytes: number): boolean {
    if (this.#pieces.size === 0) return false;
    return this.#pieces.size >= piecesMax || this.#bytes + sizeBytes > bytesMax;
  }
}
