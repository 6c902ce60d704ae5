/** Holds what a server shows after a restart against what must hold. */
import { type Finding, finding } from './findings.ts';
import type { Batch, Conversation, Participant, SeenConversation, SeenMessage, Write } from './model.ts';

/** How many writes were looked at, and what became of those that were never acknowledged. */
export interface CheckTally {
  acknowledged: { conversations: number; participants: number; completions: number; batches: number };
  acknowledgedMessages: number;
  whole: number;
  absent: number;
}

export function newTally(): CheckTally {
  return {
    acknowledged: { conversations: 0, participants: 0, completions: 0, batches: 0 },
    acknowledgedMessages: 0,
    whole: 0,
    absent: 0,
  };
}

/**
 * Checks one conversation with all that belongs to it; undefined is one that the server does not have. To be called
 * while nothing is being written: it settles what became of the writes whose answers never came.
 */
export function checkConversation(
  conversation: Conversation,
  seen: SeenConversation | undefined,
  tally: CheckTally,
): Finding[] {
  const { creation, completion, name } = conversation;
  const findings: Finding[] = [];
  const settle = (
    write: Write,
    isThere: boolean,
    what: string,
    kind: keyof CheckTally['acknowledged'],
  ): void => {
    if (write.fate === 'kept' && !isThere) findings.push(finding('lost', `${what} is not there`));
    if (write.fate === 'absent' && isThere) findings.push(finding('risen', `${what} is there`));
    if (write.fate === 'unknown') tally[isThere ? 'whole' : 'absent']++;
    if (write.acknowledged) tally.acknowledged[kind]++;
    write.settle(isThere);
  };

  settle(creation, seen !== undefined, name, 'conversations');
  if (creation.fate === 'unsent') findings.push(finding('stranger', `nobody made ${name}`));
  const isCompleted = seen?.completed === true;
  if (isCompleted && completion.fate === 'unsent') {
    findings.push(finding('stranger', `nobody completed ${name}`));
  }
  settle(completion, isCompleted, `the end of ${name}`, 'completions');
  if (seen !== undefined) {
    conversation.startTime ??= seen.startTime;
    if (conversation.startTime !== seen.startTime) {
      findings.push(
        finding('changed', `${name} began at ${seen.startTime}, before ${conversation.startTime}`),
      );
    }
  }
  if (seen !== undefined && isCompleted) {
    conversation.endTime ??= seen.endTime;
    if (conversation.endTime !== seen.endTime) {
      findings.push(finding('changed', `${name} ended at ${seen.endTime}, before ${conversation.endTime}`));
    }
  }

  findings.push(...checkParticipants(conversation, seen, settle));
  const listed = [...(seen?.messages ?? [])].reverse();
  findings.push(...checkOrder(conversation, listed));
  const places = placesOf(conversation, listed);
  for (const batch of conversation.batches) {
    const { write, lines } = batch;
    const indexes = places.get(batch) ?? [];
    findings.push(...checkBatch(batch, indexes, listed));
    settle(write, indexes.length > 0, `${batch} of ${lines.length} messages in ${name}`, 'batches');
    if (write.acknowledged) tally.acknowledgedMessages += lines.length;
  }
  // Only now are they evidence: above they were held against what had been seen before.
  for (const message of listed) findings.push(...conversation.note(message, `the list of ${name}`));
  return findings;
}

function checkParticipants(
  { name, participants }: Conversation,
  seen: SeenConversation | undefined,
  settle: (write: Write, isThere: boolean, what: string, kind: 'participants') => void,
): Finding[] {
  const findings: Finding[] = [];
  const byUser = Map.groupBy(seen?.participants ?? [], ({ userId }) => userId);
  for (const participant of participants) {
    const [found, ...others] = byUser.get(participant.userId) ?? [];
    byUser.delete(participant.userId);
    const what = `participant ${participant.userId} of ${name}`;
    if (others.length > 0) findings.push(finding('doubled', `${what} is there ${others.length + 1} times`));
    if (found !== undefined && !isAsSeen(participant, found)) {
      findings.push(finding('changed', `${what} is not what it was`));
    }
    settle(participant.write, found !== undefined, what, 'participants');
    if (found !== undefined) participant.name = found.name;
  }
  for (const userId of byUser.keys()) {
    findings.push(finding('stranger', `nobody made participant ${userId} of ${name}`));
  }
  return findings;
}

function isAsSeen(participant: Participant, found: { name: string; role: number }): boolean {
  return found.role === participant.role && found.name === (participant.name ?? found.name);
}

/** Nothing is there twice, and times of creation never go back. */
function checkOrder({ name }: Conversation, listed: readonly SeenMessage[]): Finding[] {
  const findings: Finding[] = [];
  const names = new Set<string>();
  for (const [index, message] of listed.entries()) {
    if (names.has(message.name)) findings.push(finding('doubled', `${message.name} is listed twice`));
    names.add(message.name);
    if (message.createTime < (listed[index - 1]?.createTime ?? 0)) {
      findings.push(finding('reordered', `${name} lists ${message.name} as newer than it is`));
    }
  }
  return findings;
}

/** Where the messages of each batch stand in a list. */
function placesOf(conversation: Conversation, listed: readonly SeenMessage[]): Map<Batch, number[]> {
  const places = new Map<Batch, number[]>();
  for (const [index, message] of listed.entries()) {
    const batch = conversation.lineOf(message)?.batch;
    if (batch === undefined) continue;
    const indexes = places.get(batch);
    if (indexes === undefined) places.set(batch, [index]);
    else indexes.push(index);
  }
  return places;
}

/** A batch is there as a whole, in the order of its request, under one time of creation that nothing else has. */
function checkBatch(batch: Batch, indexes: readonly number[], listed: readonly SeenMessage[]): Finding[] {
  const [first] = indexes;
  if (first === undefined) return [];
  const findings: Finding[] = [];
  const { lines, conversation } = batch;
  const found = indexes.map((index) => listed[index] as SeenMessage);
  const foundLines = found.map((message) => conversation.lineOf(message));
  const missing = lines.filter((line) => !foundLines.includes(line)).length;
  if (missing > 0) {
    findings.push(
      finding('half', `${batch} has ${lines.length} messages, and ${missing} of them are not there`),
    );
  }
  if (new Set(foundLines).size < foundLines.length) {
    findings.push(finding('doubled', `${batch} has ${lines.length} messages, and ${found.length} are there`));
  } else if (missing === 0 && !lines.every((line, position) => foundLines[position] === line)) {
    findings.push(finding('reordered', `${batch} is not in the order in which it was sent`));
  }
  if (indexes.some((index, position) => index !== first + position)) {
    findings.push(finding('reordered', `${batch} has other messages between its own`));
  }
  const times = new Set(found.map(({ createTime }) => createTime));
  if (times.size > 1) findings.push(finding('half', `${batch} was created at ${times.size} times`));
  const neighbours = [listed[first - 1], listed[first + found.length]];
  if (neighbours.some((message) => message !== undefined && times.has(message.createTime))) {
    findings.push(finding('reordered', `${batch} shares its time of creation with another batch`));
  }
  return findings;
}
