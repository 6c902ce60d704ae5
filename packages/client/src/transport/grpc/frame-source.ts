/** How many bytes of requests are kept at most for sending them again. */
const KEPT_BYTES = 256 * 1024;

/**
 * The requests of a call that streams, framed, one after the other; from the start again while `isReplayable`. What
 * making or encoding a request throws comes out of `at`.
 */
export class FrameSource {
  readonly #requests: AsyncIterator<object> | Iterator<object>;
  readonly #frame: (request: object) => Uint8Array;
  #kept: Uint8Array[] | undefined = [];
  #keptBytes = 0;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #isEnded = false;

  constructor(requests: AsyncIterable<object> | Iterable<object>, frame: (request: object) => Uint8Array) {
    this.#requests =
      Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
    this.#frame = frame;
  }

  get isReplayable(): boolean {
    return this.#kept !== undefined;
  }

  /** From here on nothing is sent again. */
  keepNothing(): void {
    this.#kept = undefined;
  }

  /** The request of this index, undefined behind the last; to be asked for in order. */
  at(index: number): Promise<Uint8Array | undefined> {
    const kept = this.#kept?.[index];
    if (kept !== undefined) return Promise.resolve(kept);
    // Not while one is being read: whoever begins anew meanwhile still needs all that came before it.
    if (this.#reading === undefined && this.#keptBytes > KEPT_BYTES) this.keepNothing();
    this.#reading ??= this.#read();
    return this.#reading;
  }

  /** Tells the maker of the requests that no more are wanted. */
  async stop(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#requests.return?.();
  }

  /** What fails stays as it is: there is nothing behind it. */
  async #read(): Promise<Uint8Array | undefined> {
    if (this.#isEnded) return undefined;
    const { done, value } = await this.#requests.next();
    if (done) {
      this.#isEnded = true;
      return undefined;
    }
    const framed = this.#frame(value);
    this.#keptBytes += framed.length;
    this.#kept?.push(framed);
    this.#reading = undefined;
    return framed;
  }
}
