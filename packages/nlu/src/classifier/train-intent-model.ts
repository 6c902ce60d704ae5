import { Worker } from 'node:worker_threads';
import type { TrainingSet } from './examples.ts';
import { type IntentModel, loadIntentModel } from './intent-model.ts';
import type { IntentTrainingProgress, TrainingMode } from './training.ts';
import type { ThreadData, ThreadMessage } from './training-thread.ts';

export interface IntentTrainingOptions {
  /** `default` unless said. */
  readonly mode?: TrainingMode;
  /** The same set, mode and seed train the same model. */
  readonly seed?: number;
  /** Ends the training at once, wherever it is. */
  readonly signal?: AbortSignal;
  /** Hears where the training is. What it throws ends the training. */
  readonly onProgress?: (progress: IntentTrainingProgress) => void;
}

/** The thread's file has the ending of this one: .ts in development, .js when built. */
const THREAD = new URL(`./training-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Trains a model on a thread of its own, so that this one goes on. Rejects with the signal's reason when that aborts,
 * and then leaves nothing running.
 */
export async function trainIntentModel(
  set: TrainingSet,
  options: IntentTrainingOptions = {},
): Promise<IntentModel> {
  const { mode = 'default', seed = 1, signal, onProgress } = options;
  signal?.throwIfAborted();
  const workerData: ThreadData = { set, mode, seed };
  const worker = new Worker(THREAD, { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const hear = (message: ThreadMessage) => {
    if ('model' in message) return resolve(message.model);
    try {
      onProgress?.(message.progress);
    } catch (error) {
      end(error);
    }
  };
  const end = (reason: unknown) => {
    worker.off('message', hear);
    reject(reason);
  };
  const abort = () => end(signal?.reason);
  signal?.addEventListener('abort', abort);
  worker.on('message', hear);
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('the training thread ended without a model')));
  try {
    return loadIntentModel(await promise);
  } finally {
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
