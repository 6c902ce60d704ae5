import type { Answer, BatchItem, History, MessageRecord, Operation, Request } from './history.ts';
import { passesTime, type TimeFilter } from './list-filters.ts';

/**
 * Histories written by hand, for tests of the checker: a conversation that does what it promises, one operation after
 * the other unless times are given. A test then puts in what must not be.
 */

export type Times = readonly [invoked: number, completed: number];

/** A message to be sent: who speaks, and when; perhaps under which id. */
export type Line = readonly [participant: string, sendTime: number, id?: string];

interface PageOptions {
  readonly filter?: TimeFilter;
  readonly pageSize?: number;
  readonly follows?: Operation;
  readonly at?: Times;
}

interface Room {
  readonly startTime: number;
  endTime: number | undefined;
  readonly participants: string[];
  /** Oldest first. */
  readonly messages: MessageRecord[];
}

const FIRST_TIME = 1_000_000_000;

export class StagedHistory {
  readonly records: Operation[] = [];
  readonly #rooms = new Map<string, Room>();
  #now = 0;
  #createTime = FIRST_TIME;
  #isFinal = false;

  createConversation(id: string, at?: Times): Operation {
    const request = { kind: 'createConversation', id } as const;
    if (this.#rooms.has(id)) return this.#add(request, refusal('ALREADY_EXISTS'), at);
    const room = { startTime: this.#createTime++, endTime: undefined, participants: [], messages: [] };
    this.#rooms.set(id, room);
    return this.#add(request, this.#conversationAnswer(id), at);
  }

  createParticipant(conversation: string, id: string, at?: Times): Operation {
    const room = this.#rooms.get(conversation);
    const request = { kind: 'createParticipant', conversation } as const;
    if (room === undefined) return this.#add(request, refusal('NOT_FOUND'), at);
    if (room.endTime !== undefined) return this.#add(request, refusal('FAILED_PRECONDITION'), at);
    room.participants.push(id);
    return this.#add(request, { kind: 'participant', id }, at);
  }

  /** `outcome`: what its caller was told; it is stored in any case but `refused`. */
  batch(
    conversation: string,
    lines: readonly Line[],
    { at, outcome }: { readonly at?: Times; readonly outcome?: 'unknown' | 'unknown and absent' } = {},
  ): Operation {
    const id = `0.${this.records.length}`;
    const items = lines.map(
      ([participant, sendTime, chosen], position): BatchItem => ({
        participant,
        sendTime: `${sendTime}.000000000`,
        content: `${id}.${position}`,
        ...(chosen === undefined ? {} : { id: chosen }),
      }),
    );
    const request = { kind: 'batch', conversation, items } as const;
    if (outcome === 'unknown and absent') return this.#add(request, { kind: 'unknown', why: 'given up' }, at);
    const room = this.#rooms.get(conversation);
    if (room === undefined) return this.#add(request, refusal('NOT_FOUND'), at);
    if (room.endTime !== undefined) return this.#add(request, refusal('FAILED_PRECONDITION'), at);
    const twins = items.map((item) => room.messages.find((message) => isTwin(message, item)));
    const isTaken = (taken: string | undefined): boolean =>
      room.messages.some((stored) => stored.id === taken);
    if (items.some((item, index) => twins[index] === undefined && isTaken(item.id))) {
      return this.#add(request, refusal('ALREADY_EXISTS'), at);
    }
    const createTime = this.#createTime++;
    const messages = items.map((item, position): MessageRecord => {
      const twin = room.messages.find((message) => isTwin(message, item));
      if (twin !== undefined) return twin;
      const { participant, sendTime, content } = item;
      const message = {
        id: item.id ?? `${createTime}-${position}`,
        participant,
        sendTime,
        createTime,
        content,
      };
      room.messages.push(message);
      return message;
    });
    if (outcome === 'unknown') return this.#add(request, { kind: 'unknown', why: 'given up' }, at);
    return this.#add(request, { kind: 'messages', messages, more: false }, at);
  }

  complete(conversation: string, at?: Times): Operation {
    const room = this.#rooms.get(conversation);
    if (room !== undefined) room.endTime ??= this.#createTime++;
    return this.#add({ kind: 'complete', conversation }, this.#conversationAnswer(conversation), at);
  }

  getConversation(conversation: string, at?: Times): Operation {
    return this.#add({ kind: 'getConversation', conversation }, this.#conversationAnswer(conversation), at);
  }

  listParticipants(conversation: string, at?: Times): Operation {
    const ids = this.#rooms.get(conversation)?.participants;
    const answer: Answer =
      ids === undefined ? refusal('NOT_FOUND') : { kind: 'participants', ids: ids.toReversed() };
    return this.#add({ kind: 'listParticipants', conversation }, answer, at);
  }

  /** Pages of one size; give the page before it as `follows`. */
  listMessages(conversation: string, { filter, pageSize = 0, follows, at }: PageOptions = {}): Operation {
    const request = {
      kind: 'listMessages',
      conversation,
      ...(filter && { filter }),
      pageSize,
      ...(follows && { follows: follows.id }),
    } as const;
    const room = this.#rooms.get(conversation);
    if (room === undefined) return this.#add(request, refusal('NOT_FOUND'), at);
    const newestFirst = room.messages.toReversed().filter(({ createTime }) => passesTime(filter, createTime));
    const last = follows?.answer.kind === 'messages' ? follows.answer.messages.at(-1) : undefined;
    const start = last === undefined ? 0 : newestFirst.indexOf(last) + 1;
    const messages = newestFirst.slice(start, start + (pageSize === 0 ? 100 : pageSize));
    const more = start + messages.length < newestFirst.length;
    return this.#add(request, { kind: 'messages', messages, more }, at);
  }

  /** All of them on one page. */
  listConversations(state?: 'IN_PROGRESS' | 'COMPLETED', at?: Times): Operation {
    const conversations = [...this.#rooms.keys()]
      .map((id) => this.#conversationRecord(id))
      .sort((a, b) => b.startTime - a.startTime)
      .filter((record) => state === undefined || record.state === state);
    const filter = state === undefined ? {} : { filter: { comparator: '=', state } as const };
    return this.#add(
      { kind: 'listConversations', ...filter, pageSize: 0 },
      { kind: 'conversations', conversations, more: false },
      at,
    );
  }

  /** Reads everything back and answers the whole. */
  finish(): History {
    this.#isFinal = true;
    for (const conversation of this.#rooms.keys()) {
      this.getConversation(conversation);
      this.listParticipants(conversation);
      this.listMessages(conversation, { pageSize: 1000 });
    }
    return { seed: 0, clients: 1, operations: this.records.length, records: this.records };
  }

  #conversationAnswer(id: string): Answer {
    if (!this.#rooms.has(id)) return refusal('NOT_FOUND');
    return { kind: 'conversation', conversation: this.#conversationRecord(id) };
  }

  #conversationRecord(id: string) {
    const { startTime = 0, endTime } = this.#rooms.get(id) ?? {};
    if (endTime === undefined) return { id, state: 'IN_PROGRESS', startTime } as const;
    return { id, state: 'COMPLETED', startTime, endTime } as const;
  }

  #add(request: Request, answer: Answer, at: Times = [this.#now + 1, this.#now + 2]): Operation {
    const [invoked, completed] = at;
    this.#now = Math.max(this.#now, completed);
    const operation: Operation = {
      id: `0.${this.records.length}`,
      wire: 'gRPC',
      invoked,
      completed,
      ...(this.#isFinal && { final: true as const }),
      request,
      answer,
    };
    this.records.push(operation);
    return operation;
  }
}

export function refusal(code: string): Answer {
  return { kind: 'refused', code, message: '' };
}

function isTwin(message: MessageRecord, item: BatchItem): boolean {
  return message.participant === item.participant && message.sendTime === item.sendTime;
}

/** The same history with one operation changed. */
export function withOperation(
  history: History,
  id: string,
  change: (operation: Operation) => Operation,
): History {
  return {
    ...history,
    records: history.records.map((operation) => (operation.id === id ? change(operation) : operation)),
  };
}

export function withAnswer(history: History, id: string, answer: Answer): History {
  return withOperation(history, id, (operation) => ({ ...operation, answer }));
}

/** The same history with other messages in one answer. */
export function withMessages(
  history: History,
  id: string,
  change: (messages: readonly MessageRecord[]) => readonly MessageRecord[],
): History {
  return withOperation(history, id, (operation) => {
    const { answer } = operation;
    if (answer.kind !== 'messages') throw new Error(`${id} has no messages`);
    return { ...operation, answer: { ...answer, messages: change(answer.messages) } };
  });
}

/** The list of all messages at the end, which is one page here. */
export function lastListing(history: History, conversation: string): Operation {
  const listing = history.records.find(
    ({ final, request }) =>
      final === true && request.kind === 'listMessages' && request.conversation === conversation,
  );
  if (listing === undefined) throw new Error(`${conversation} is not listed`);
  return listing;
}
