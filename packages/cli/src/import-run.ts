import { ApiError, type ErrorCode } from '@parleykit/client';
import type { Clients } from './clients.ts';
import { ConversationImport, type Destination } from './conversation-import.ts';
import { ConversationDiffersError } from './difference.ts';
import { Flight } from './flight.ts';
import { ImportTally } from './import-tally.ts';
import { Patience, type Pauses } from './patience.ts';
import type { Progress } from './progress.ts';
import type { Transcript } from './transcript.ts';
import { readTranscripts, type TranscriptPlace } from './transcript-files.ts';

/** Told of every transcript that is not stored, with the reason: a TranscriptError, a
 * ConversationDiffersError or an ApiError. */
export type OnRefusal = (place: TranscriptPlace, reason: unknown) => void;

/** How a run ended: all was tried, somebody aborted it, or going on was pointless. */
export type ImportOutcome = 'done' | 'stopped' | { failure: unknown };

/** What every further conversation would meet too. Anything else is about the one conversation. */
const fatalCodes: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'UNIMPLEMENTED',
]);

/** What a run needs beside where it goes. `pauses` are shortened where nobody wants to wait: in tests. */
export interface RunSurroundings {
  readonly signal: AbortSignal;
  readonly onAway: (error: ApiError) => void;
  readonly pauses?: Pauses | undefined;
}

/** One run of an import: reads transcripts, keeps a bounded number of them in flight to the server, and counts. */
export class ImportRun {
  readonly tally = new ImportTally();
  readonly #startedAt = performance.now();
  readonly #conversations: ConversationImport;
  /** Aborts when the caller does, and when the run itself meets a failure that it cannot go on after. */
  readonly #signal: AbortSignal;
  readonly #halt: AbortController;
  #readBytes = 0;
  #failure: unknown;

  private constructor(
    conversations: ConversationImport,
    stop: { signal: AbortSignal; halt: AbortController },
  ) {
    this.#conversations = conversations;
    this.#signal = stop.signal;
    this.#halt = stop.halt;
  }

  /** Makes the first contact with the server; rejects with an ApiError where there is none. */
  static async open(
    clients: Clients,
    destination: Destination,
    { signal: outer, onAway, pauses }: RunSurroundings,
  ): Promise<ImportRun> {
    const halt = new AbortController();
    const signal = AbortSignal.any([outer, halt.signal]);
    const patience = new Patience(signal, onAway, pauses);
    const conversations = await ConversationImport.open(clients, patience, destination);
    return new ImportRun(conversations, { signal, halt });
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  progress(totalBytes: number): Progress {
    const { conversations, messages } = this.tally;
    return { conversations, messages, done: this.#readBytes, total: totalBytes, elapsedMs: this.elapsedMs };
  }

  /** Stores everything that the paths hold. An abort cancels the calls in flight, as each of them may be repeated. */
  async storeAll(paths: readonly string[], onRefusal: OnRefusal): Promise<ImportOutcome> {
    const flight = new Flight();
    for await (const reading of readTranscripts(paths, { signal: this.#signal })) {
      this.#readBytes = reading.readBytes;
      if ('refusal' in reading) {
        this.#refuse(reading, reading.refusal, onRefusal);
        continue;
      }
      const { transcript, sizeBytes } = reading;
      await flight.admit(transcript.id, sizeBytes);
      if (this.#signal.aborted) break;
      flight.start(transcript.id, { sizeBytes, work: this.#store(reading, onRefusal) });
    }
    await flight.land();
    if (this.#failure !== undefined) return { failure: this.#failure };
    return this.#signal.aborted ? 'stopped' : 'done';
  }

  /** Never rejects: what goes wrong ends this conversation, or the run. */
  async #store(place: TranscriptPlace & { transcript: Transcript }, onRefusal: OnRefusal): Promise<void> {
    try {
      const stored = await this.#conversations.store(place.transcript, (count) => this.tally.addBatch(count));
      this.tally.addConversation(place.transcript, stored);
    } catch (error) {
      // Once the run is being stopped, every call in flight fails for that reason alone.
      if (this.#signal.aborted) return;
      const isItsOwn =
        error instanceof ApiError ? !fatalCodes.has(error.code) : error instanceof ConversationDiffersError;
      if (isItsOwn) {
        this.#refuse(place, error, onRefusal);
        return;
      }
      this.#failure = error;
      this.#halt.abort();
    }
  }

  #refuse(place: TranscriptPlace, reason: unknown, onRefusal: OnRefusal): void {
    this.tally.refused++;
    onRefusal(place, reason);
  }
}
