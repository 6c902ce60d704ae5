import type { BreachList } from './breach.ts';
import {
  type AnswerOf,
  type ConversationRecord,
  isAnswered,
  type Operation,
  type RequestOf,
} from './history.ts';
import { passesState } from './list-filters.ts';

export type State = 'ABSENT' | ConversationRecord['state'];

/** In which states a page of ListConversations leaves one conversation. */
export interface Sighting {
  readonly operation: Operation;
  readonly conversation: string;
  readonly states: readonly State[];
}

type PageOperation = Operation & {
  readonly request: RequestOf<'listConversations'>;
  readonly answer: AnswerOf<'conversations'>;
};

const STATES: readonly State[] = ['ABSENT', 'IN_PROGRESS', 'COMPLETED'];

/**
 * What the pages of ListConversations tell of each conversation: those that a page shows are in the shown state, and
 * those that belong between what it shows, and are not there, are absent or in a state that the filter keeps out.
 * Pages are looked at one by one: behind a page token a list goes on with what there is by then.
 */
export function sightConversations(operations: ReadonlyMap<string, Operation>, list: BreachList): Sighting[] {
  const startTimes = new Map<string, ConversationRecord>();
  for (const operation of operations.values()) {
    if (isAnswered(operation, 'createConversation', 'conversation')) {
      startTimes.set(operation.answer.conversation.id, operation.answer.conversation);
    }
  }
  const known = [...startTimes.values()].sort(compare);
  return [...operations.values()].flatMap((operation) =>
    isAnswered(operation, 'listConversations', 'conversations')
      ? sightOnPage(operation, known, operations, list)
      : [],
  );
}

/** Latest start first, then by id. */
function compare(one: ConversationRecord, other: ConversationRecord): number {
  return other.startTime - one.startTime || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

function sightOnPage(
  operation: PageOperation,
  known: readonly ConversationRecord[],
  operations: ReadonlyMap<string, Operation>,
  list: BreachList,
): Sighting[] {
  const { request, answer } = operation;
  const cursor = request.follows === undefined ? undefined : cursorOf(request.follows, operations);
  if (request.follows !== undefined && cursor === undefined) return [];
  let before = cursor;
  for (const conversation of answer.conversations) {
    if (before !== undefined && compare(before, conversation) >= 0) {
      const seen = answer.conversations.filter(({ id }) => id === conversation.id).length > 1;
      const kind = seen || before === cursor ? 'page-repeats' : 'reordered';
      list.add(kind, `a page of conversations shows ${conversation.id} behind ${before.id}`, operation);
      return [];
    }
    if (!passesState(request.filter, conversation.state)) {
      list.add('page-wrong', `a page shows ${conversation.id}, which the filter keeps out`, operation);
    }
    if (!known.some(({ id }) => id === conversation.id)) {
      list.add('invented', `a page shows ${conversation.id}, which nobody created`, operation);
    }
    before = conversation;
  }
  const last = answer.more ? answer.conversations.at(-1) : undefined;
  // A page that shows nothing and has a token says nothing either.
  if (answer.more && last === undefined) return [];
  const shown = new Map(answer.conversations.map((conversation) => [conversation.id, conversation]));
  const unseen = STATES.filter((state) => state === 'ABSENT' || !passesState(request.filter, state));
  return known.flatMap((conversation): Sighting[] => {
    const isBehind = cursor === undefined || compare(cursor, conversation) < 0;
    const isBeforeEnd = last === undefined || compare(conversation, last) <= 0;
    if (!isBehind || !isBeforeEnd) return [];
    const record = shown.get(conversation.id);
    return [{ operation, conversation: conversation.id, states: record ? [record.state] : unseen }];
  });
}

function cursorOf(id: string, operations: ReadonlyMap<string, Operation>): ConversationRecord | undefined {
  const operation = operations.get(id);
  if (operation === undefined || !isAnswered(operation, 'listConversations', 'conversations'))
    return undefined;
  return operation.answer.conversations.at(-1);
}
