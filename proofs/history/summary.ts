import { type History, isAnswered, type Operation } from './history.ts';

/** How much of what it is all about has come up: a run in which nothing collides proves nothing. */
export type Summary = Readonly<Record<keyof typeof MEANINGS, number>>;

const MEANINGS = {
  operations: 'operations recorded',
  overREST: 'of them over REST',
  conversations: 'conversations created',
  createsLost: 'creations refused because another won',
  batches: 'batches acknowledged',
  messages: 'messages acknowledged as new',
  twins: 'messages answered with a stored twin',
  nothingNew: 'batches in which nothing was new',
  racingTwins: 'batches that repeat one under way at the same time',
  clashes: 'batches refused for an id that is taken',
  refused: 'batches refused in completed conversations',
  givenUp: 'batches given up by their caller',
  givenUpStored: 'of them stored nevertheless',
  completions: 'completions acknowledged',
  lists: 'pages of messages read',
  furtherPages: 'of them behind a page token',
  filtered: 'of them with a filter',
  messagesRead: 'messages on them',
  conversationPages: 'pages of conversations read',
} as const;

export function summarize({ records }: History): Summary {
  const tally = Object.fromEntries(Object.keys(MEANINGS).map((key) => [key, 0])) as Record<
    keyof typeof MEANINGS,
    number
  >;
  const operations = new Map(records.map((operation) => [operation.id, operation]));
  const givenUp = new Set<string>();
  for (const operation of records) {
    tally.operations++;
    if (operation.wire === 'REST') tally.overREST++;
    if (operation.request.kind === 'batch' && operation.answer.kind === 'unknown') givenUp.add(operation.id);
    countOperation(operation, operations, tally);
  }
  tally.givenUp = givenUp.size;
  const stored = new Set<string>();
  for (const { final, answer } of records) {
    if (final !== true || answer.kind !== 'messages') continue;
    for (const { content } of answer.messages) stored.add(senderOf(content));
  }
  tally.givenUpStored = [...givenUp].filter((id) => stored.has(id)).length;
  return tally;
}

function countOperation(
  operation: Operation,
  operations: ReadonlyMap<string, Operation>,
  tally: Record<keyof typeof MEANINGS, number>,
): void {
  const { request, answer } = operation;
  if (request.kind === 'createConversation') {
    if (answer.kind === 'conversation') tally.conversations++;
    else tally.createsLost++;
  } else if (request.kind === 'complete') {
    if (answer.kind === 'conversation') tally.completions++;
  } else if (request.kind === 'listConversations') {
    tally.conversationPages++;
  } else if (isAnswered(operation, 'listMessages', 'messages')) {
    tally.lists++;
    if (operation.request.follows !== undefined) tally.furtherPages++;
    if (operation.request.filter !== undefined) tally.filtered++;
    tally.messagesRead += operation.answer.messages.length;
  } else if (isAnswered(operation, 'batch', 'messages')) {
    const own = operation.answer.messages.filter(({ content }) => senderOf(content) === operation.id).length;
    tally.batches++;
    tally.messages += own;
    tally.twins += operation.answer.messages.length - own;
    if (own === 0) tally.nothingNew++;
    const racing = operation.answer.messages.some(({ content }) => {
      const other = operations.get(senderOf(content));
      return other !== undefined && other !== operation && other.completed > operation.invoked;
    });
    if (racing) tally.racingTwins++;
  } else if (request.kind === 'batch' && answer.kind === 'refused') {
    if (answer.code === 'ALREADY_EXISTS') tally.clashes++;
    if (answer.code === 'FAILED_PRECONDITION') tally.refused++;
  }
}

function senderOf(content: string): string {
  return content.slice(0, content.lastIndexOf('.'));
}

export function addSummaries(summaries: readonly Summary[]): Summary {
  const keys = Object.keys(MEANINGS) as (keyof typeof MEANINGS)[];
  return Object.fromEntries(
    // What an older version did not count is missing in what it has left behind.
    keys.map((key) => [key, summaries.reduce((sum, summary) => sum + (summary[key] ?? 0), 0)]),
  ) as Summary;
}

/** One line for each figure. */
export function describeSummary(summary: Summary): string[] {
  const keys = Object.keys(MEANINGS) as (keyof typeof MEANINGS)[];
  const width = Math.max(...keys.map((key) => String(summary[key]).length));
  return keys.map((key) => `${String(summary[key]).padStart(width)}  ${MEANINGS[key]}`);
}
