import type { BreachList } from './breach.ts';
import {
  type AnswerOf,
  type BatchItem,
  isAnswered,
  type MessageRecord,
  type Operation,
  type RequestOf,
} from './history.ts';

/** What one batch has left in its conversation: the messages of one create_time, in the order of the batch. */
export interface StoredBatch {
  readonly createTime: number;
  readonly operation: BatchOperation;
  readonly messages: readonly MessageRecord[];
}

export type BatchOperation = Operation & { readonly request: RequestOf<'batch'> };

export interface StoredMessage {
  readonly message: MessageRecord;
  /** The index of its batch. */
  readonly batch: number;
  /** Its index in the whole list, newest first. */
  readonly index: number;
}

/**
 * All that a conversation holds in the end, from a list of all its messages: the batches in the order of their
 * create_times. What the batches that were sent must have left is worked out beside it, and compared.
 */
export class Transcript {
  readonly batches: readonly StoredBatch[];
  /** Newest first, as lists show them. */
  readonly messages: readonly StoredMessage[];
  readonly #byContent: ReadonlyMap<string, StoredMessage>;
  readonly #bySendTime = new Map<string, StoredMessage>();
  readonly #byId = new Map<string, StoredMessage>();
  readonly #byOperation: ReadonlyMap<Operation, StoredBatch>;

  constructor(batches: readonly StoredBatch[]) {
    this.batches = batches;
    this.#byOperation = new Map(batches.map((batch) => [batch.operation, batch]));
    const oldestFirst = batches.flatMap(({ messages }, batch) =>
      messages.map((message) => ({ message, batch })),
    );
    this.messages = oldestFirst
      .toReversed()
      .map(({ message, batch }, index): StoredMessage => ({ message, batch, index }));
    this.#byContent = new Map(this.messages.map((stored) => [stored.message.content, stored]));
    // The older of two that should be one is the one that counts: it comes last here.
    for (const stored of this.messages) {
      this.#bySendTime.set(keyOf(stored.message), stored);
      this.#byId.set(stored.message.id, stored);
    }
  }

  byContent(content: string): StoredMessage | undefined {
    return this.#byContent.get(content);
  }

  /** The message of which one of this participant and send time is a repetition. */
  twinOf(item: Pick<BatchItem, 'participant' | 'sendTime'>): StoredMessage | undefined {
    return this.#bySendTime.get(keyOf(item));
  }

  byId(id: string): StoredMessage | undefined {
    return this.#byId.get(id);
  }

  batchOf(operation: Operation): StoredBatch | undefined {
    return this.#byOperation.get(operation);
  }
}

function keyOf({ participant, sendTime }: Pick<BatchItem, 'participant' | 'sendTime'>): string {
  return `${participant} ${sendTime}`;
}

/** Puts a list of all messages, newest first, together again as the batches that they came in. */
export function readTranscript(
  conversation: string,
  newestFirst: readonly MessageRecord[],
  operations: readonly BatchOperation[],
  list: BreachList,
): Transcript {
  const sent = new Map(operations.map((operation) => [operation.id, operation]));
  const groups = new Map<number, MessageRecord[]>();
  const contents = new Set<string>();
  const ids = new Set<string>();
  let newer: MessageRecord | undefined;
  for (const message of newestFirst) {
    const { createTime, content, id } = message;
    if (newer !== undefined && newer.createTime < createTime) {
      list.add('reordered', `${conversation}: message ${id} is listed behind ${newer.id}, which is older`);
    }
    newer = message;
    if (contents.has(content) || ids.has(id)) {
      list.add('doubled', `${conversation}: message ${id} with the content ${content} is there twice`);
      continue;
    }
    contents.add(content);
    ids.add(id);
    if (!isSent(conversation, message, sent, list)) continue;
    const group = groups.get(createTime);
    if (group === undefined) groups.set(createTime, [message]);
    else group.unshift(message);
  }
  const batches = [...groups]
    .sort(([a], [b]) => a - b)
    .flatMap(([createTime, messages]) => splitByOperation(conversation, createTime, messages, sent, list));
  checkOncePerOperation(conversation, batches, list);
  const transcript = new Transcript(batches);
  checkWhole(conversation, transcript, list);
  return transcript;
}

/** Whether somebody has sent the message, as it is. */
function isSent(
  conversation: string,
  message: MessageRecord,
  sent: ReadonlyMap<string, BatchOperation>,
  list: BreachList,
): boolean {
  const operation = sent.get(operationOf(message));
  const item = operation?.request.items.find(({ content }) => content === message.content);
  if (operation === undefined || item === undefined) {
    list.add('invented', `${conversation}: nobody sent ${message.content}, which is message ${message.id}`);
    return false;
  }
  const { participant, sendTime, id = message.id } = item;
  if (message.participant !== participant || message.sendTime !== sendTime || message.id !== id) {
    list.add('changed', `${conversation}: message ${message.id} is not what was sent`, operation);
  }
  if (operation.answer.kind === 'refused') {
    const { code } = operation.answer;
    list.add(
      'refused-but-stored',
      `${conversation}: message ${message.id} is of a batch that was refused with ${code}`,
      operation,
    );
  }
  return true;
}

/** The operation that sent a message: its content begins with it. */
function operationOf({ content }: MessageRecord): string {
  return content.slice(0, content.lastIndexOf('.'));
}

function splitByOperation(
  conversation: string,
  createTime: number,
  messages: readonly MessageRecord[],
  sent: ReadonlyMap<string, BatchOperation>,
  list: BreachList,
): StoredBatch[] {
  const parts = [...Map.groupBy(messages, operationOf)].flatMap(([id, part]): StoredBatch[] => {
    const operation = sent.get(id);
    return operation === undefined ? [] : [{ createTime, operation, messages: part }];
  });
  if (parts.length > 1) {
    const operations = parts.map(({ operation }) => operation);
    list.add('create-time', `${conversation}: ${parts.length} batches share ${createTime}`, ...operations);
  }
  return parts;
}

function checkOncePerOperation(
  conversation: string,
  batches: readonly StoredBatch[],
  list: BreachList,
): void {
  const times = new Map<Operation, number>();
  for (const { operation, createTime } of batches) {
    const other = times.get(operation);
    if (other !== undefined) {
      const detail = `${conversation}: one batch has the create_times ${other} and ${createTime}`;
      list.add('half-batch', detail, operation);
    }
    times.set(operation, createTime);
  }
}

/** Sends the batches once more, in their order, and compares what each must have left with what it has left. */
function checkWhole(conversation: string, { batches }: Transcript, list: BreachList): void {
  const taken = new Map<string, string>();
  for (const { operation, messages } of batches) {
    const wanted: string[] = [];
    for (const item of operation.request.items) {
      if (taken.has(keyOf(item))) continue;
      taken.set(keyOf(item), item.content);
      wanted.push(item.content);
    }
    const left = messages.map(({ content }) => content);
    const extra = messages.find(({ content }) => !wanted.includes(content));
    const missing = wanted.find((content) => !left.includes(content));
    const where = `${conversation}, batch ${operation.id}`;
    if (extra !== undefined) {
      const first = taken.get(keyOf(extra));
      list.add('doubled', `${where}: ${extra.content} is stored beside its twin ${first}`, operation);
    }
    if (missing !== undefined) {
      list.add('half-batch', `${where}: ${missing} is not there, others of the batch are`, operation);
    } else if (extra === undefined && wanted.join() !== left.join()) {
      list.add('reordered', `${where}: its messages are not in its order`, operation);
    }
  }
}

/** Compares what a batch was answered with what is there. */
export function checkBatchAnswer(operation: BatchOperation, transcript: Transcript, list: BreachList): void {
  if (!isAnswered(operation, 'batch', 'messages')) return;
  const { request, answer } = operation;
  if (answer.messages.length !== request.items.length) {
    const detail = `${request.items.length} messages are answered with ${answer.messages.length}`;
    list.add('unexpected-answer', detail, operation);
    return;
  }
  for (const [position, item] of request.items.entries()) {
    // The first says enough; those behind it are mostly of the same cause.
    if (!checkAnswered(operation, item, answer.messages[position], transcript, list)) return;
  }
}

function checkAnswered(
  operation: Operation,
  item: BatchItem,
  answered: AnswerOf<'messages'>['messages'][number] | undefined,
  transcript: Transcript,
  list: BreachList,
): boolean {
  if (answered === undefined) return false;
  const stored = transcript.twinOf(item);
  if (transcript.byContent(answered.content) === undefined) {
    list.add('lost', `${answered.content}, acknowledged as message ${answered.id}, is not there`, operation);
    return false;
  }
  if (stored === undefined || stored.message.content !== answered.content) {
    const detail = `${item.content} is answered with ${answered.content}; stored is ${stored?.message.content}`;
    list.add('wrong-twin', detail, operation);
    return false;
  }
  if (!isSameMessage(stored.message, answered)) {
    list.add('changed', `${answered.content} was acknowledged as another than it is now`, operation);
    return false;
  }
  return true;
}

export function isSameMessage(one: MessageRecord, other: MessageRecord): boolean {
  return (
    one.id === other.id &&
    one.participant === other.participant &&
    one.sendTime === other.sendTime &&
    one.createTime === other.createTime &&
    one.content === other.content
  );
}
