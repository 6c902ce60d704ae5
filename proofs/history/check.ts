import { type Breach, BreachList } from './breach.ts';
import { type Sighting, type State, sightConversations } from './conversation-pages.ts';
import {
  type ConversationRecord,
  type History,
  isAnswered,
  type MessageRecord,
  type Operation,
  type Request,
} from './history.ts';
import { MessagePages } from './message-pages.ts';
import { checkParticipants } from './participant-lists.ts';
import { checkPlacement, type Observation, type Span, type Step } from './placement.ts';
import { type BatchOperation, checkBatchAnswer, readTranscript, type Transcript } from './transcript.ts';

/**
 * Checks a history against what the server promises. Conversations have nothing to do with each other, so each is
 * checked by itself: what it holds in the end gives the order of its batches, and everything else that was answered
 * must have a place in that order.
 */
export function checkHistory({ records }: History): readonly Breach[] {
  const list = new BreachList();
  const operations = new Map(records.map((operation) => [operation.id, operation]));
  for (const operation of records) checkAnswer(operation, list);
  const sightings = Map.groupBy(sightConversations(operations, list), ({ conversation }) => conversation);
  const byConversation = Map.groupBy(records, conversationOf);
  for (const [conversation, own] of byConversation) {
    if (conversation === undefined) continue;
    checkConversation(conversation, own, sightings.get(conversation) ?? [], operations, list);
  }
  return list.breaches;
}

/** The answers that each kind of request can have, whatever the state of the server. */
const REFUSALS: Readonly<Record<Request['kind'], readonly string[]>> = {
  createConversation: ['ALREADY_EXISTS'],
  createParticipant: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  batch: ['NOT_FOUND', 'FAILED_PRECONDITION', 'ALREADY_EXISTS'],
  complete: ['NOT_FOUND'],
  getConversation: ['NOT_FOUND'],
  listParticipants: ['NOT_FOUND'],
  listConversations: [],
  listMessages: ['NOT_FOUND'],
};

const REPLIES: Readonly<Record<Request['kind'], string>> = {
  createConversation: 'conversation',
  createParticipant: 'participant',
  batch: 'messages',
  complete: 'conversation',
  getConversation: 'conversation',
  listParticipants: 'participants',
  listConversations: 'conversations',
  listMessages: 'messages',
};

function checkAnswer(operation: Operation, list: BreachList): void {
  const { request, answer } = operation;
  const isExpected =
    answer.kind === 'refused'
      ? REFUSALS[request.kind].includes(answer.code)
      : answer.kind === 'unknown'
        ? request.kind === 'batch'
        : answer.kind === REPLIES[request.kind];
  if (!isExpected) {
    const said =
      answer.kind === 'refused'
        ? `${answer.code}: ${answer.message}`
        : answer.kind === 'unknown'
          ? answer.why
          : answer.kind;
    list.add('unexpected-answer', `${request.kind} is answered ${said}`, operation);
  }
  if (request.kind === 'batch' && request.stranger === true && answer.kind === 'messages') {
    list.add('unexpected-answer', 'a batch of a participant that there is not is accepted', operation);
  }
}

/** Of a creation whose id the server chose, what it answered. */
function conversationOf({ request, answer }: Operation): string | undefined {
  if (request.kind === 'listConversations') return undefined;
  if (request.kind !== 'createConversation') return request.conversation;
  return answer.kind === 'conversation' ? answer.conversation.id : request.id || undefined;
}

function checkConversation(
  conversation: string,
  own: readonly Operation[],
  sightings: readonly Sighting[],
  operations: ReadonlyMap<string, Operation>,
  list: BreachList,
): void {
  const creation = findCreation(conversation, own, list);
  const batches = own.filter((operation): operation is BatchOperation => operation.request.kind === 'batch');
  if (creation !== undefined && lastListing(own).length === 0) {
    list.add('unexpected-answer', `${conversation}: the history ends without a list of all messages`);
    return;
  }
  const transcript = readTranscript(conversation, messagesInTheEnd(own, operations), batches, list);
  for (const operation of batches) checkBatchAnswer(operation, transcript, list);
  checkRecords(conversation, own, operations, list);
  checkParticipants(conversation, own, list);

  const steps = stepsOf(conversation, creation, transcript, own);
  const pages = new MessagePages(conversation, transcript, operations, list);
  const observer = new Observer(conversation, transcript);
  const observations: Observation[] = sightings.map(({ operation, states }) =>
    observer.inStates(operation, states, `a list shows ${conversation} as ${states.join(' or ')}`),
  );
  for (const operation of own) {
    const observation = isAnswered(operation, 'listMessages', 'messages')
      ? pages.explain(operation)
      : observer.observe(operation);
    if (observation !== undefined) observations.push(observation);
  }
  checkPlacement(steps, observations, list);
}

/** The one creation that succeeded. */
function findCreation(
  conversation: string,
  own: readonly Operation[],
  list: BreachList,
): Operation | undefined {
  const attempts = own.filter(({ request }) => request.kind === 'createConversation');
  const [creation, ...others] = attempts.filter(({ answer }) => answer.kind === 'conversation');
  if (creation !== undefined && others.length > 0) {
    list.add('two-creates', `${conversation} was created ${others.length + 1} times`, creation, ...others);
  }
  if (creation === undefined && attempts.length > 0) {
    list.add('two-creates', `${conversation} is there already, though nobody created it`, ...attempts);
  }
  return creation;
}

/** The pages of the last list of everything, the first page first. */
function lastListing(own: readonly Operation[]): Operation[] {
  const isWhole = ({ request, final }: Operation): boolean =>
    final === true && request.kind === 'listMessages' && request.filter === undefined;
  const listed = own.filter(isWhole);
  const first = listed.findLastIndex(
    ({ request }) => request.kind === 'listMessages' && request.follows === undefined,
  );
  return first === -1 ? [] : listed.slice(first);
}

function messagesInTheEnd(
  own: readonly Operation[],
  operations: ReadonlyMap<string, Operation>,
): MessageRecord[] {
  return lastListing(own).flatMap(({ id }) => {
    const operation = operations.get(id);
    return operation?.answer.kind === 'messages' ? [...operation.answer.messages] : [];
  });
}

/** What is said of a conversation when it begins and when it ends stays as it is. */
function checkRecords(
  conversation: string,
  own: readonly Operation[],
  operations: ReadonlyMap<string, Operation>,
  list: BreachList,
): void {
  const seen = new Map<'startTime' | 'endTime', { readonly value: number; readonly operation: Operation }>();
  const compare = (operation: Operation, record: ConversationRecord): void => {
    if ((record.state === 'COMPLETED') !== (record.endTime !== undefined)) {
      list.add(
        'unexpected-answer',
        `${conversation} is ${record.state} and ends at ${record.endTime}`,
        operation,
      );
    }
    for (const field of ['startTime', 'endTime'] as const) {
      const value = record[field];
      if (value === undefined) continue;
      const before = seen.get(field);
      if (before === undefined) seen.set(field, { value, operation });
      else if (before.value !== value) {
        list.add('changed', `the ${field} of ${conversation} is another`, operation, before.operation);
      }
    }
  };
  for (const operation of own) {
    if (operation.answer.kind === 'conversation') compare(operation, operation.answer.conversation);
  }
  for (const operation of operations.values()) {
    if (operation.answer.kind !== 'conversations') continue;
    for (const record of operation.answer.conversations) {
      if (record.id === conversation) compare(operation, record);
    }
  }
}

function stepsOf(
  conversation: string,
  creation: Operation | undefined,
  { batches }: Transcript,
  own: readonly Operation[],
): Step[] {
  const steps: Step[] = [];
  if (creation !== undefined) {
    const { invoked, completed } = creation;
    const what = `the creation of ${conversation}`;
    steps.push({ kind: 'create', what, operation: creation, invoked, completed });
  }
  for (const { operation, createTime } of batches) {
    const { id, invoked, answer } = operation;
    const completed = answer.kind === 'messages' ? operation.completed : Number.POSITIVE_INFINITY;
    const what = `batch ${id} of ${conversation} at ${createTime}`;
    steps.push({ kind: 'batch', what, operation, invoked, completed });
  }
  const completions = own.filter((operation) => isAnswered(operation, 'complete', 'conversation'));
  const [first] = completions.toSorted((a, b) => a.completed - b.completed);
  if (first !== undefined) {
    steps.push({
      kind: 'complete',
      what: `the completion of ${conversation}`,
      operation: first,
      // Any of them may have been the one that did it.
      invoked: Math.min(...completions.map(({ invoked }) => invoked)),
      completed: first.completed,
    });
  }
  return steps;
}

/** Where operations other than lists of messages have their place: by what they tell of the conversation's state. */
class Observer {
  readonly #conversation: string;
  readonly #transcript: Transcript;

  constructor(conversation: string, transcript: Transcript) {
    this.#conversation = conversation;
    this.#transcript = transcript;
  }

  inStates(operation: Operation, states: readonly State[], what: string): Observation {
    const { batches } = this.#transcript;
    const spans: Readonly<Record<State, Span>> = {
      ABSENT: [0, 0],
      IN_PROGRESS: [1, batches.length + 1],
      COMPLETED: [batches.length + 2, batches.length + 2],
    };
    return { operation, what, spans: states.map((state) => spans[state]) };
  }

  observe(operation: Operation): Observation | undefined {
    const { request, answer, id } = operation;
    const what = `${request.kind} ${id} of ${this.#conversation}`;
    const is = (states: readonly State[], told: string): Observation =>
      this.inStates(operation, states, `${what} ${told}`);
    if (answer.kind === 'refused') return this.#observeRefusal(operation, what);
    switch (request.kind) {
      case 'getConversation':
        if (answer.kind !== 'conversation') return undefined;
        return is([answer.conversation.state], `shows ${answer.conversation.state}`);
      case 'complete':
        return answer.kind === 'conversation' ? is(['COMPLETED'], 'was answered') : undefined;
      case 'createParticipant':
        return answer.kind === 'participant' ? is(['IN_PROGRESS'], 'was accepted') : undefined;
      case 'listParticipants':
        return answer.kind === 'participants' ? is(['IN_PROGRESS', 'COMPLETED'], 'was answered') : undefined;
      case 'batch':
        return this.#observeRepetition(operation, what);
      default:
        return undefined;
    }
  }

  #observeRefusal(operation: Operation, what: string): Observation | undefined {
    const { request, answer } = operation;
    if (answer.kind !== 'refused') return undefined;
    const told = `${what} was refused with ${answer.code}`;
    switch (answer.code) {
      case 'FAILED_PRECONDITION':
        return this.inStates(operation, ['COMPLETED'], told);
      case 'NOT_FOUND': {
        const isStranger = request.kind === 'batch' && request.stranger === true;
        return this.inStates(operation, isStranger ? ['ABSENT', 'IN_PROGRESS'] : ['ABSENT'], told);
      }
      case 'ALREADY_EXISTS':
        if (request.kind === 'createConversation') {
          return this.inStates(operation, ['IN_PROGRESS', 'COMPLETED'], told);
        }
        return request.kind === 'batch'
          ? { operation, what: told, spans: request.items.flatMap((item) => this.#spansOfClash(item)) }
          : undefined;
      default:
        return undefined;
    }
  }

  /** When a message could not be stored for its id: once another had the id, and before it was itself a repetition. */
  #spansOfClash(item: {
    readonly participant: string;
    readonly sendTime: string;
    readonly id?: string;
  }): Span[] {
    const holder = item.id === undefined ? undefined : this.#transcript.byId(item.id);
    if (holder === undefined) return [];
    const twin = this.#transcript.twinOf(item);
    const last = twin === undefined ? this.#transcript.batches.length + 1 : twin.batch + 1;
    return holder.batch + 2 <= last ? [[holder.batch + 2, last]] : [];
  }

  /** A batch in which nothing was new tells only that what it repeats was there. One that left something is a step. */
  #observeRepetition(operation: Operation, what: string): Observation | undefined {
    if (!isAnswered(operation, 'batch', 'messages')) return undefined;
    if (this.#transcript.batchOf(operation) !== undefined) return undefined;
    const twins = operation.request.items.map((item) => this.#transcript.twinOf(item)?.batch ?? -1);
    return {
      operation,
      what: `${what} repeats what is stored`,
      spans: [[Math.max(...twins) + 2, this.#transcript.batches.length + 1]],
    };
  }
}
