import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../background.ts';
import type { TrainingSet } from './examples.ts';
import { type IntentTrainingProgress, type TrainingMode, trainModel } from './training.ts';

/** What a training thread is started with. */
export interface ThreadData {
  readonly set: TrainingSet;
  readonly mode: TrainingMode;
  readonly seed: number;
}

/** What it says: how far it is, and last the model's bytes. */
export type ThreadMessage = { readonly progress: IntentTrainingProgress } | { readonly model: Uint8Array };

// Who trains has time, and callers have not.
giveWay();
const say = (message: ThreadMessage) => parentPort?.postMessage(message);
const model = trainModel({ ...(workerData as ThreadData), onProgress: (progress) => say({ progress }) });
say({ model: model.toBytes() });
