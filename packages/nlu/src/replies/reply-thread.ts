/** What the thread runs in which replies are learned. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Dialogue } from './dialogue.ts';
import { type TrainingProgress, trainReplies } from './reply-training.ts';

export interface ThreadData {
  readonly dialogues: readonly Dialogue[];
  readonly seed: number;
}

export type ThreadMessage =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  /** The model's bytes, handed over. */
  | { readonly kind: 'model'; readonly bytes: Uint8Array };

/** More often than this nobody needs to know. */
const PROGRESS_STEP = 0.01;

function run({ dialogues, seed }: ThreadData): Uint8Array {
  const training = trainReplies(dialogues, seed);
  let told: TrainingProgress | undefined;
  let step = training.next();
  for (; step.done !== true; step = training.next()) {
    const { phase, done } = step.value;
    if (told?.phase === phase && done < told.done + PROGRESS_STEP && done < 1) continue;
    told = step.value;
    parentPort?.postMessage({ kind: 'progress', progress: step.value } satisfies ThreadMessage);
  }
  return step.value.toBytes();
}

const bytes = run(workerData as ThreadData);
parentPort?.postMessage({ kind: 'model', bytes } satisfies ThreadMessage, [bytes.buffer as ArrayBuffer]);
