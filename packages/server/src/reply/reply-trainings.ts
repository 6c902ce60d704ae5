import { create } from '@bufbuild/protobuf';
import type { TrainingPhase } from '@parleykit/nlu/replies';
import { ReplyModel_Method as Method, TrainReplyModelMetadata_Phase as Phase } from '@parleykit/proto/admin';
import {
  type StoredReplyModel_Learned as Learned,
  StoredReplyModel_LearnedSchema as LearnedSchema,
} from '@parleykit/proto/stored';
import { replyExamplesTooFew, replyTrainingFailed } from '../assist-errors.ts';
import { type Clock, toTimestamp } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import { createId } from '../ids.ts';
import { REPLY_EXAMPLES_MIN } from '../limits.ts';
import type { Log } from '../log.ts';
import type { ResourceName } from '../resource-names.ts';
import {
  ConflictError,
  type Expectation,
  QueueFullError,
  type Store,
  StoreFailedError,
} from '../storage/store.ts';
import { type ReadTally, readDialogues } from './dialogue-reader.ts';
import { ReplyModelRows } from './reply-model-rows.ts';

/** How far a training is. */
export interface TrainingProgress extends Readonly<ReadTally> {
  readonly phase: Phase;
  /** How much of the phase is done, from 0 to 1. */
  readonly done: number;
  readonly examples: number;
}

export interface TrainingOrder {
  readonly name: ResourceName;
  readonly includeInProgress: boolean;
  /** What must hold for as long as it is wanted: nothing is stored else. */
  readonly expect: Expectation;
}

/** What became of it: the parts of the model are stored, and it is for the caller to have it answer. */
export type TrainingEnd = { readonly learned: Learned } | { readonly error: ServiceError };

const PHASES: Readonly<Record<TrainingPhase, Phase>> = {
  reading: Phase.READING,
  merging: Phase.LEARNING,
  learning: Phase.LEARNING,
  calibrating: Phase.CALIBRATING,
};

const METHODS = { neighbours: Method.NEAR_CONTEXTS, encoder: Method.VECTORS } as const;

class Training {
  readonly order: TrainingOrder;
  readonly stopping = new AbortController();
  readonly tally: ReadTally = { conversations: 0, skipped: 0, messages: 0 };
  phase: Phase = Phase.WAITING;
  done = 0;
  examples = 0;
  end: TrainingEnd | undefined;

  constructor(order: TrainingOrder) {
    this.order = order;
  }
}

/**
 * Trains models of replies, one after another: each takes a thread and some hundred megabytes. A training is known by who
 * asked for it, an operation, and is begun when that looks for it; so it begins anew after a restart.
 */
export class ReplyTrainings {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rows: ReplyModelRows;
  /** By operation. */
  readonly #trainings = new Map<string, Training>();
  #last: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor({ store, clock, log }: { store: Store; clock: Clock; log: Log }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#rows = new ReplyModelRows(store);
  }

  /** How far an operation's training is, or what it came to. It is begun where it was not. */
  look(
    operation: string,
    order: TrainingOrder,
  ): TrainingProgress & { readonly end: TrainingEnd | undefined } {
    let training = this.#trainings.get(operation);
    if (training === undefined) {
      training = new Training(order);
      this.#trainings.set(operation, training);
      this.#begin(operation, training);
    }
    const { phase, done, examples, tally, end } = training;
    return { phase, done, examples, ...tally, end };
  }

  /** What it came to has been taken over. */
  settle(operation: string): void {
    this.#trainings.delete(operation);
  }

  /** Nobody wants it any more: where it is not over it ends at once, and what it has stored is removed. */
  cancel(operation: string): void {
    const training = this.#trainings.get(operation);
    if (training === undefined) return;
    this.#trainings.delete(operation);
    training.stopping.abort();
    if (training.end !== undefined) this.#last = this.#last.then(() => this.#clear(training.order.name));
  }

  /** The same for all of a project. */
  cancelProject(project: string): void {
    for (const [operation, { order }] of this.#trainings) {
      if (order.name.project === project) this.cancel(operation);
    }
  }

  /** Ends them all: those that are looked for after the next start begin anew. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const operation of [...this.#trainings.keys()]) this.cancel(operation);
    await this.#last;
  }

  #begin(operation: string, training: Training): void {
    this.#last = this.#last.then(async () => {
      const { order, stopping } = training;
      try {
        stopping.signal.throwIfAborted();
        training.end = { learned: await this.#train(training) };
        return;
      } catch (error) {
        if (!stopping.signal.aborted) this.#note(operation, training, error);
      }
      await this.#clear(order.name);
    });
  }

  /** What went wrong by itself is tried again when it is looked for again; all else would go wrong again. */
  #note(operation: string, training: Training, error: unknown): void {
    const { name } = training.order;
    if (error instanceof ServiceError) training.end = { error };
    else if (isPassing(error)) this.cancel(operation);
    else training.end = { error: replyTrainingFailed(name.toString(), error) };
    if (!(error instanceof ServiceError)) {
      this.#log.error('reply model not trained', { model: name.key, error });
    }
  }

  async #train(training: Training): Promise<Learned> {
    const { name, includeInProgress, expect } = training.order;
    const { signal } = training.stopping;
    const { tally } = training;
    const started = performance.now();
    training.phase = Phase.READING;
    const { learnReplies } = await import('@parleykit/nlu/replies');
    const pieces = readDialogues(this.#store, name.parent, { includeInProgress, signal }, tally);
    const { bytes, method, examples, replies } = await learnReplies(pieces, {
      signal,
      onProgress: ({ phase, done, examples: read }) => {
        training.phase = PHASES[phase];
        training.done = done;
        training.examples = read;
      },
    });
    if (examples < REPLY_EXAMPLES_MIN) {
      const { conversations } = tally;
      throw replyExamplesTooFew(name.toString(), { conversations, examples, least: REPLY_EXAMPLES_MIN });
    }
    training.phase = Phase.STORING;
    training.done = 0;
    await this.#rows.sweep(name, [expect]);
    signal.throwIfAborted();
    const now = this.#clock.now(name.project);
    const generation = createId(now);
    const parts = await this.#rows.writeModel(name, generation, bytes, [expect]);
    const ms = Math.round(performance.now() - started);
    this.#log.info('reply model trained', { model: name.key, examples, replies, ms });
    return create(LearnedSchema, {
      generation,
      parts,
      sizeBytes: BigInt(bytes.byteLength),
      method: METHODS[method],
      conversationCount: tally.conversations,
      messageCount: tally.messages,
      exampleCount: examples,
      replyCount: replies,
      trainTime: toTimestamp(now),
    });
  }

  /** What it has stored that does not answer. Where that fails, the next training does it. */
  async #clear(name: ResourceName): Promise<void> {
    if (this.#isClosing) return;
    try {
      await this.#rows.sweep(name);
    } catch (error) {
      if (!isPassing(error))
        this.#log.error('parts of a reply model not removed', { model: name.key, error });
    }
  }
}

/** Whether an error is about this moment alone: the store, or who was faster. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof ConflictError || error instanceof QueueFullError || error instanceof StoreFailedError
  );
}
