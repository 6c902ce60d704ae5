import type { Headers, TransportStream } from '../transport.ts';

/** How many messages wait for their reader before the server is held up, and from how few on it is not. */
const MOST_WAITING = 16;
const FEW_WAITING = 4;

/** What the answer comes from. */
export interface ReplySource {
  pause(): void;
  resume(): void;
  /** Nobody reads on. */
  cancel(): void;
}

/** An answer in many messages: what comes is put in on the one side and read on the other. It can be read once. */
export class ReplyStream implements TransportStream {
  readonly headers: Promise<Headers>;
  readonly trailers: Promise<Headers>;
  readonly #headers = new Settler<Headers>();
  readonly #trailers = new Settler<Headers>();
  #source: ReplySource | undefined;
  readonly #waiting: object[] = [];
  #isPaused = false;
  #isEnded = false;
  #error: unknown;
  #wake: () => void = () => {};
  readonly #messages: AsyncGenerator<object, void, undefined>;

  constructor() {
    this.headers = this.#headers.promise;
    this.trailers = this.#trailers.promise;
    this.#messages = this.#read();
  }

  [Symbol.asyncIterator](): AsyncGenerator<object, void, undefined> {
    return this.#messages;
  }

  /** Says what to hold up when the reader is slow. */
  from(source: ReplySource): void {
    this.#source = source;
  }

  begin(headers: Headers): void {
    this.#headers.resolve(headers);
  }

  put(message: object): void {
    this.#waiting.push(message);
    if (!this.#isPaused && this.#waiting.length >= MOST_WAITING) {
      this.#isPaused = true;
      this.#source?.pause();
    }
    this.#wake();
  }

  /** All is there; what is not read yet still will be. */
  end(headers: Headers, trailers: Headers): void {
    this.#isEnded = true;
    this.#headers.resolve(headers);
    this.#trailers.resolve(trailers);
    this.#wake();
  }

  /** The answer broke off; what came before it still can be read. */
  fail(error: unknown): void {
    this.#isEnded = true;
    this.#error = error;
    this.#headers.reject(error);
    this.#trailers.reject(error);
    this.#wake();
  }

  async *#read(): AsyncGenerator<object, void, undefined> {
    try {
      for (;;) {
        const message = this.#waiting.shift();
        if (message === undefined) {
          if (this.#isEnded) break;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        if (this.#isPaused && this.#waiting.length <= FEW_WAITING) {
          this.#isPaused = false;
          this.#source?.resume();
        }
        yield message;
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      this.#source?.cancel();
    }
  }
}

/** A promise that nobody needs to look at. */
class Settler<T> {
  resolve: (value: T) => void = () => {};
  reject: (error: unknown) => void = () => {};
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    this.promise.catch(() => {});
  }
}
