import { Worker } from 'node:worker_threads';
import type { Dialogue } from './dialogue.ts';
import { ReplyModel } from './reply-model.ts';
import type { ThreadData, ThreadMessage } from './reply-thread.ts';
import type { TrainingProgress } from './reply-training.ts';

export interface TrainReplyModelOptions {
  /** The same conversations and seed make the same model. Default: 1. */
  readonly seed?: number;
  /** Ends the training; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told when a phase begins, and then of every hundredth of it. */
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** The thread's file has the ending of this one: .ts in development, .js when built. */
const THREAD = new URL(`./reply-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Learns from conversations, in a thread of its own, what agents reply. Replies are masked before anything is learned
 * from them. Conversations without a reply make a model that suggests nothing.
 */
export function trainReplyModel(
  dialogues: readonly Dialogue[],
  options: TrainReplyModelOptions = {},
): Promise<ReplyModel> {
  const { seed = 1, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const workerData: ThreadData = { dialogues, seed };
    const worker = new Worker(THREAD, { workerData });
    const end = (settle: () => void): void => {
      signal?.removeEventListener('abort', cancel);
      worker.removeAllListeners();
      // Nobody waits for what goes wrong after the end.
      worker.on('error', () => undefined);
      // Settled only when the thread is gone, so that what it held is free.
      worker.terminate().then(settle, settle);
    };
    const cancel = (): void => end(() => reject(signal?.reason));
    signal?.addEventListener('abort', cancel);
    worker.on('error', (error) => end(() => reject(error)));
    worker.on('exit', (code) => end(() => reject(new Error(`the training thread ended with code ${code}`))));
    worker.on('message', (message: ThreadMessage) => {
      try {
        if (message.kind === 'progress') return onProgress?.(message.progress);
        const model = ReplyModel.fromBytes(message.bytes);
        return end(() => resolve(model));
      } catch (error) {
        return end(() => reject(error));
      }
    });
  });
}
