import type { BatchCount, Stored } from './conversation-import.ts';
import { formatCount, formatDuration } from './progress.ts';
import { oneLine } from './terminal-text.ts';
import type { Transcript } from './transcript.ts';

/** How many different foreign keys are told apart; an object used as a dictionary could have any number of them. */
const foreignKeysMax = 1_000;
const foreignKeysShown = 10;

/** Counts what an import has done, for the progress while it runs and for the report at its end. */
export class ImportTally {
  conversations = 0;
  conversationsCreated = 0;
  messagesCreated = 0;
  messagesPresent = 0;
  refused = 0;
  #held = 0;
  #messagesDiffering = 0;
  #derivedTimes = 0;
  #movedTimes = 0;
  #replacedIds = 0;
  readonly #notKept = new Map<string, number>();
  #notKeptOther = 0;

  get messages(): number {
    return this.messagesCreated + this.messagesPresent;
  }

  addBatch({ created, present, differing }: BatchCount): void {
    this.messagesCreated += created;
    this.messagesPresent += present;
    this.#messagesDiffering += differing;
  }

  /** Counts a transcript whose messages are all stored. */
  addConversation(transcript: Transcript, { created, held }: Stored): void {
    this.conversations++;
    if (held) this.#held++;
    if (created) this.conversationsCreated++;
    this.#derivedTimes += transcript.derivedTimes;
    this.#movedTimes += transcript.movedTimes;
    if (transcript.replacedId !== undefined) this.#replacedIds++;
    for (const [key, count] of transcript.notKept) {
      const known = this.#notKept.get(key);
      if (known === undefined && this.#notKept.size >= foreignKeysMax) this.#notKeptOther += count;
      else this.#notKept.set(key, (known ?? 0) + count);
    }
  }

  /** The report: one line of counts, then a line for each thing that the reader should know and that did happen. */
  render(elapsedMs: number): string {
    const messages =
      `${formatCount(this.messages)} messages ` +
      `(${formatCount(this.messagesCreated)} new, ${formatCount(this.messagesPresent)} already there)`;
    const lines = [
      `${formatCount(this.conversations)} conversations (${formatCount(this.conversationsCreated)} new), ` +
        `${messages}, ${formatCount(this.refused)} refused, ${formatDuration(elapsedMs)}`,
    ];
    if (this.#held > 0) {
      lines.push(
        `held until they are released: ${formatCount(this.#held)} (--retain 30d leaves that to the server)`,
      );
    }
    if (this.#derivedTimes > 0) {
      lines.push(`times derived: ${formatCount(this.#derivedTimes)} (entries without start_timestamp_usec)`);
    }
    if (this.#movedTimes > 0) {
      lines.push(
        `times moved by a microsecond or more: ${formatCount(this.#movedTimes)} (over a thousand entries of one speaker in one)`,
      );
    }
    if (this.#replacedIds > 0) {
      lines.push(`ids replaced by a hash: ${formatCount(this.#replacedIds)} (conversation_id not legal)`);
    }
    if (this.#messagesDiffering > 0) {
      lines.push(`stored with another text, left as it is: ${formatCount(this.#messagesDiffering)}`);
    }
    if (this.#notKept.size > 0) lines.push(`not kept: ${this.#renderNotKept()}`);
    return lines.map((line) => `${line}\n`).join('');
  }

  #renderNotKept(): string {
    const byCount = [...this.#notKept].sort(([, a], [, b]) => b - a);
    const shown = byCount
      .slice(0, foreignKeysShown)
      .map(([key, count]) => `${oneLine(key)} (${formatCount(count)})`);
    const rest = byCount.slice(foreignKeysShown).reduce((sum, [, count]) => sum + count, this.#notKeptOther);
    if (rest > 0) shown.push(`others (${formatCount(rest)})`);
    return shown.join(', ');
  }
}
