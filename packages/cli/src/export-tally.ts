import type { ExportedConversation } from './conversation-export.ts';
import { formatCount, formatDuration, type Progress } from './progress.ts';
import { transcriptBytesMax } from './transcript-files.ts';

/** Counts what an export has written, for the progress while it runs and for the report at its end. */
export class ExportTally {
  total = 0;
  readonly #startedAt = performance.now();
  #read = 0;
  #conversations = 0;
  #messages = 0;
  #leftOut = 0;
  #empty = 0;
  #gone = 0;
  #long = 0;

  add({ line, messages, leftOut, isGone }: ExportedConversation): void {
    this.#read++;
    this.#messages += messages;
    this.#leftOut += leftOut;
    if (isGone) this.#gone++;
    else if (line === undefined) this.#empty++;
    else {
      this.#conversations++;
      if (Buffer.byteLength(line) > transcriptBytesMax) this.#long++;
    }
  }

  progress(): Progress {
    const elapsedMs = performance.now() - this.#startedAt;
    const [conversations, messages] = [this.#conversations, this.#messages];
    return { conversations, messages, done: this.#read, total: this.total, elapsedMs };
  }

  /** One line of counts, then a line for each thing that the reader should know and that did happen. */
  render(): string {
    const elapsed = formatDuration(performance.now() - this.#startedAt);
    const lines = [
      `${formatCount(this.#conversations)} conversations, ${formatCount(this.#messages)} messages, ${elapsed}`,
    ];
    const tell = (what: string, count: number) => {
      if (count > 0) lines.push(`${what}: ${formatCount(count)}`);
    };
    tell('messages left out, without text or role', this.#leftOut);
    tell('conversations left out, without messages', this.#empty);
    tell('conversations gone meanwhile', this.#gone);
    tell('conversations longer than parley import takes', this.#long);
    return lines.map((line) => `${line}\n`).join('');
  }
}
