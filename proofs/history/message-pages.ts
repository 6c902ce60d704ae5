import type { BreachList } from './breach.ts';
import type { AnswerOf, Operation, RequestOf } from './history.ts';
import { passesTime } from './list-filters.ts';
import type { Observation, Span } from './placement.ts';
import { isSameMessage, type StoredMessage, type Transcript } from './transcript.ts';

export type PageOperation = Operation & {
  readonly request: RequestOf<'listMessages'>;
  readonly answer: AnswerOf<'messages'>;
};

const PAGE_SIZE_DEFAULT = 100;
const PAGE_SIZE_MAX = 1000;

/**
 * Explains the pages of ListMessages by the transcript. The first page shows how far the conversation was: its newest
 * message tells. A page behind a token shows the same story further on, whatever came in the meantime.
 */
export class MessagePages {
  readonly #conversation: string;
  readonly #transcript: Transcript;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #list: BreachList;

  constructor(
    conversation: string,
    transcript: Transcript,
    operations: ReadonlyMap<string, Operation>,
    list: BreachList,
  ) {
    this.#conversation = conversation;
    this.#transcript = transcript;
    this.#operations = operations;
    this.#list = list;
  }

  /** What the page tells of the conversation; undefined where it is wrong in itself, which is then said. */
  explain(operation: PageOperation): Observation | undefined {
    const { request, answer } = operation;
    const shown = this.#find(operation);
    if (shown === undefined || !this.#isAllowed(operation)) return undefined;
    const matching = this.#transcript.messages.filter(({ message }) =>
      passesTime(request.filter, message.createTime),
    );
    if (request.follows === undefined) return this.#explainFirst(operation, shown, matching);
    const cursor = this.#cursorOf(request.follows);
    // A token from a page that showed nothing leads nowhere in particular.
    if (cursor === undefined) return undefined;
    const start = matching.findIndex(({ index }) => index > cursor.index);
    const rest = start === -1 ? [] : matching.slice(start);
    if (!this.#isInOrder(operation, shown, rest, cursor)) return undefined;
    return this.#observe(
      operation,
      [cursor.batch + 2, this.#last],
      `${answer.messages.length} older messages`,
    );
  }

  #explainFirst(
    operation: PageOperation,
    shown: readonly StoredMessage[],
    matching: readonly StoredMessage[],
  ): Observation | undefined {
    const [newest] = shown;
    if (newest === undefined) {
      const oldest = matching.at(-1);
      const last = oldest === undefined || operation.answer.more ? this.#last : oldest.batch + 1;
      return this.#observe(operation, [1, last], 'no message');
    }
    const { messages } = this.#transcript;
    const behind = messages[newest.index - 1];
    if (behind?.batch === newest.batch) {
      this.#add('half-batch', operation, `begins with ${nameOf(newest)}, which is not the last of its batch`);
      return undefined;
    }
    const start = matching.indexOf(newest);
    if (!this.#isInOrder(operation, shown, matching.slice(start))) return undefined;
    const newer = matching[start - 1];
    const last = newer === undefined ? this.#last : newer.batch + 1;
    return this.#observe(operation, [newest.batch + 2, last], `${nameOf(newest)} as the newest message`);
  }

  /** The stored messages that the page shows. */
  #find(operation: PageOperation): StoredMessage[] | undefined {
    const shown: StoredMessage[] = [];
    for (const message of operation.answer.messages) {
      const stored = this.#transcript.byContent(message.content);
      if (stored === undefined) {
        this.#add('lost', operation, `shows ${message.content}, which is not there in the end`);
        return undefined;
      }
      if (!isSameMessage(stored.message, message)) {
        this.#add('changed', operation, `shows ${message.content} as another than it is in the end`);
        return undefined;
      }
      shown.push(stored);
    }
    return shown;
  }

  #isAllowed(operation: PageOperation): boolean {
    const { request, answer } = operation;
    const size = request.pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(request.pageSize, PAGE_SIZE_MAX);
    if (answer.messages.length > size) {
      this.#add(
        'page-wrong',
        operation,
        `shows ${answer.messages.length} messages where ${size} were wanted`,
      );
      return false;
    }
    const kept = answer.messages.find(({ createTime }) => !passesTime(request.filter, createTime));
    if (kept !== undefined) {
      this.#add('page-wrong', operation, `shows ${kept.content}, which the filter keeps out`);
      return false;
    }
    return true;
  }

  /** Whether the page shows what comes next, without a gap, and ends only where it says that there is more. */
  #isInOrder(
    operation: PageOperation,
    shown: readonly StoredMessage[],
    next: readonly StoredMessage[],
    cursor?: StoredMessage,
  ): boolean {
    for (const [index, stored] of shown.entries()) {
      const wanted = next[index];
      if (stored === wanted) continue;
      if (shown.indexOf(stored) < index || (cursor !== undefined && stored.index <= cursor.index)) {
        this.#add('page-repeats', operation, `shows ${nameOf(stored)} once more`);
      } else if (wanted !== undefined && stored.index > wanted.index && !shown.includes(wanted)) {
        this.#add('page-misses', operation, `shows ${nameOf(stored)} in place of ${nameOf(wanted)}`);
      } else {
        this.#add('reordered', operation, `shows ${nameOf(stored)} out of its order`);
      }
      return false;
    }
    const left = next[shown.length];
    if (left !== undefined && !operation.answer.more) {
      this.#add('page-misses', operation, `is the last, but ${nameOf(left)} comes after it`);
      return false;
    }
    return true;
  }

  /** Where a page token of an operation leads: behind the last message that it or those before it have shown. */
  #cursorOf(id: string): StoredMessage | undefined {
    const operation = this.#operations.get(id);
    if (operation?.request.kind !== 'listMessages' || operation.answer.kind !== 'messages') return undefined;
    const last = operation.answer.messages.at(-1);
    if (last !== undefined) return this.#transcript.byContent(last.content);
    const { follows } = operation.request;
    return follows === undefined ? undefined : this.#cursorOf(follows);
  }

  get #last(): number {
    return this.#transcript.batches.length + 2;
  }

  #observe(operation: PageOperation, span: Span, what: string): Observation {
    return { operation, what: `a list of ${this.#conversation} shows ${what}`, spans: [span] };
  }

  #add(
    kind: 'lost' | 'changed' | 'half-batch' | 'page-wrong' | 'page-repeats' | 'page-misses' | 'reordered',
    operation: PageOperation,
    what: string,
  ): void {
    this.#list.add(kind, `a page of ${this.#conversation} ${what}`, operation);
  }
}

function nameOf({ message }: StoredMessage): string {
  return `${message.content} at ${message.createTime}`;
}
