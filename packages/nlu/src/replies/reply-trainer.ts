import { Worker } from 'node:worker_threads';
import type { Dialogue } from './dialogue.ts';
import { ReplyModel } from './reply-model.ts';
import type { LearnedReplies, ThreadData, ThreadMessage, ThreadRequest } from './reply-thread.ts';
import type { TrainingProgress } from './reply-training.ts';

export interface TrainReplyModelOptions {
  /** The same conversations and seed make the same model. Default: 1. */
  readonly seed?: number;
  /** Ends the training; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told when a phase begins, and then of every hundredth of it; of each piece that was read. */
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** The thread's file has the ending of this one: .ts in development, .js when built. */
const THREAD = new URL(`./reply-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** Conversations that are handed to the thread at a time, where they lie in a list. */
const PIECE_DIALOGUES = 64;

/**
 * Learns from conversations, in a thread of its own, what agents reply. Replies are masked before anything is learned
 * from them. Those that count most come first: what is behind as much as can be learned from is left out. Conversations
 * without a reply make a model that suggests nothing.
 */
export async function trainReplyModel(
  dialogues: readonly Dialogue[],
  options: TrainReplyModelOptions = {},
): Promise<ReplyModel> {
  return ReplyModel.fromBytes((await learnReplies(piecesOf(dialogues), options)).bytes);
}

/**
 * The same from conversations that come in pieces, to be kept as bytes. The next piece is asked for when the one before
 * was read, so that no more than that is ever held; none is once there is as much as can be learned from.
 */
export async function learnReplies(
  pieces: AsyncIterable<readonly Dialogue[]> | Iterable<readonly Dialogue[]>,
  { seed = 1, signal, onProgress }: TrainReplyModelOptions = {},
): Promise<LearnedReplies> {
  signal?.throwIfAborted();
  const thread = new TrainingThread({ seed }, signal);
  try {
    for await (const dialogues of pieces) {
      const answer = await thread.ask({ kind: 'read', dialogues });
      if (answer.kind !== 'read') throw new Error(`the training thread answered ${answer.kind}`);
      onProgress?.(answer.progress);
      if (answer.isFull) break;
    }
    let answer = await thread.ask({ kind: 'learn' });
    while (answer.kind === 'progress') {
      onProgress?.(answer.progress);
      answer = await thread.next();
    }
    if (answer.kind !== 'learned') throw new Error(`the training thread answered ${answer.kind}`);
    return answer.learned;
  } finally {
    // Over only when the thread is gone, so that what it held is free.
    await thread.end();
  }
}

function* piecesOf(dialogues: readonly Dialogue[]): Generator<readonly Dialogue[]> {
  for (let start = 0; start < dialogues.length; start += PIECE_DIALOGUES) {
    yield dialogues.slice(start, start + PIECE_DIALOGUES);
  }
}

/** The thread, and what it says one thing after another. */
class TrainingThread {
  readonly #worker: Worker;
  readonly #signal: AbortSignal | undefined;
  readonly #said: ThreadMessage[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};
  readonly #cancel = (): void => {
    this.#fail(this.#signal?.reason);
    void this.#worker.terminate();
  };

  constructor(workerData: ThreadData, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#worker = new Worker(THREAD, { workerData });
    this.#worker.on('message', (message: ThreadMessage) => {
      this.#said.push(message);
      this.#wake();
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`the training thread ended with code ${code}`)));
    signal?.addEventListener('abort', this.#cancel);
  }

  ask(request: ThreadRequest): Promise<ThreadMessage> {
    this.#worker.postMessage(request);
    return this.next();
  }

  /** Throws what the thread ended with, or the signal's reason. */
  async next(): Promise<ThreadMessage> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const message = this.#said.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#cancel);
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }
}
