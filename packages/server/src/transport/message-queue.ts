/** What a queue does to where its messages come from. */
export interface MessageSource {
  /** A message was taken, for which so many bytes were held. */
  taken(held: number): void;
  pause(): void;
  resume(): void;
}

interface Queued {
  readonly message: Uint8Array;
  readonly held: number;
}

/** The messages of a stream, one at a time for one reader; the source pauses while messages wait to be taken. */
export class MessageQueue implements AsyncIterable<Uint8Array> {
  readonly #source: MessageSource;
  readonly #queued: Queued[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(source: MessageSource) {
    this.#source = source;
  }

  add(message: Uint8Array, held: number): void {
    if (this.#ended) return;
    this.#queued.push({ message, held });
    this.#source.pause();
    this.#wake?.();
  }

  /** No more is coming; what waits is still handed out. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Nothing more is handed out: the reader sees the end. */
  destroy(): void {
    this.#queued.length = 0;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const next = this.#queued.shift();
      if (next !== undefined) {
        yield next.message;
        this.#source.taken(next.held);
      } else if (this.#ended) return;
      else {
        this.#source.resume();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
