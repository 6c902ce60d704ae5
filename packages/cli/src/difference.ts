import { type Message, toEpochMicros } from '@parleykit/client';
import { speakerKey, type TranscriptEntry } from './transcript.ts';

/** A conversation that is not stored as the transcript has it, and is left so. The message is one line that says how. */
export class ConversationDiffersError extends Error {
  override readonly name = 'ConversationDiffersError';
}

/**
 * Compares a transcript with what is stored: who said what, to the microsecond; `users` has the user id of each
 * participant. Undefined where both are the same. Of what is stored no more is kept than what the transcript lacks.
 */
export async function describeDifference(
  entries: readonly TranscriptEntry[],
  messages: AsyncIterable<Message>,
  users: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  /** Where each entry stands that is not found yet. */
  const positions = new Map<string, number[]>();
  for (const [index, entry] of entries.entries()) {
    const key = keyOf(entry, entry.sendTimeNs / 1_000n, entry.text);
    const known = positions.get(key);
    if (known === undefined) positions.set(key, [index + 1]);
    else known.push(index + 1);
  }
  let foreign = 0;
  for await (const { participant, participantRole: role, sendTime, createTime, content } of messages) {
    const time = sendTime ?? createTime;
    const userId = users.get(participant) || undefined;
    const key = keyOf({ role, userId }, time === undefined ? 0n : toEpochMicros(time), content);
    const left = positions.get(key);
    if (left === undefined) foreign++;
    else if (left.length === 1) positions.delete(key);
    else left.pop();
  }
  const missing = [...positions.values()].flat();
  if (missing.length === 0 && foreign === 0) return undefined;
  const parts = [];
  if (missing.length > 0) {
    const first = missing.reduce((least, position) => Math.min(least, position));
    parts.push(`${missing.length} of its entries not stored, the first is entry ${first}`);
  }
  if (foreign > 0) parts.push(`${foreign} messages stored that are not in it`);
  return `is completed and left as it is, but differs from the transcript: ${parts.join('; ')}`;
}

function keyOf(speaker: Parameters<typeof speakerKey>[0], timeUs: bigint, text: string): string {
  return `${speakerKey(speaker)}\n${timeUs}\n${text}`;
}
