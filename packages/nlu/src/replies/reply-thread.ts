/** What the thread runs in which replies are learned. */
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../background.ts';
import type { Dialogue } from './dialogue.ts';
import type { ReplyModel } from './reply-model.ts';
import { ExampleReader, type TrainingProgress, trainReplies } from './reply-training.ts';

export interface ThreadData {
  readonly seed: number;
}

/** To the thread: a piece of the conversations, or that there are no more. */
export type ThreadRequest =
  | { readonly kind: 'read'; readonly dialogues: readonly Dialogue[] }
  | { readonly kind: 'learn' };

export type ThreadMessage =
  /** The piece was read; `isFull` where no more are wanted. */
  | { readonly kind: 'read'; readonly progress: TrainingProgress; readonly isFull: boolean }
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'learned'; readonly learned: LearnedReplies };

/** A model as bytes, and what is to be told of it. */
export interface LearnedReplies {
  readonly bytes: Uint8Array;
  readonly method: ReplyModel['method'];
  /** What it was learned from, and the replies that it can suggest. */
  readonly examples: number;
  readonly replies: number;
}

/** More often than this nobody needs to know. */
const PROGRESS_STEP = 0.01;

// Who trains has time, and callers have not.
giveWay();
const { seed } = workerData as ThreadData;
const reader = new ExampleReader();

parentPort?.on('message', (request: ThreadRequest) => {
  if (request.kind === 'read') {
    for (const dialogue of request.dialogues) reader.add(dialogue);
    const progress = { phase: 'reading', done: 0, examples: reader.count } as const;
    tell({ kind: 'read', progress, isFull: reader.isFull });
  } else {
    const learned = learn();
    tell({ kind: 'learned', learned }, [learned.bytes.buffer as ArrayBuffer]);
  }
});

function learn(): LearnedReplies {
  const training = trainReplies(reader, seed);
  let told: TrainingProgress = { phase: 'reading', done: 1, examples: reader.count };
  tell({ kind: 'progress', progress: told });
  let step = training.next();
  for (; step.done !== true; step = training.next()) {
    const { phase, done } = step.value;
    if (told.phase === phase && done < told.done + PROGRESS_STEP && done < 1) continue;
    told = step.value;
    tell({ kind: 'progress', progress: told });
  }
  const model = step.value;
  const { method, catalog } = model;
  return { bytes: model.toBytes(), method, examples: reader.count, replies: catalog.texts.length };
}

function tell(message: ThreadMessage, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
