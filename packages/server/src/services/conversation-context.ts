import { fieldInvalid } from '../errors.ts';
import { type ConversationTurn, speakerOf } from '../generation/transcript.ts';
import { CONTEXT_SIZE_DEFAULT, CONTEXT_SIZE_MAX, TURN_LENGTH_MAX } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { Store } from '../storage/store.ts';
import { readContext, type Said } from '../suggestion/context.ts';

/** How many messages a caller wants to be counted. */
export function readContextSize(field: string, size: number): number {
  if (size >= 0 && size <= CONTEXT_SIZE_MAX) return size || CONTEXT_SIZE_DEFAULT;
  throw fieldInvalid(field, `must be from 0 to ${CONTEXT_SIZE_MAX}`);
}

/** As `readContext`. What nobody reads of a long message is left out. */
export function readTranscript(
  store: Store,
  conversation: ResourceName,
  range: { readonly latest: string; readonly size: number },
): Promise<readonly Said[]> {
  return readContext(store, conversation, { ...range, lengthMax: TURN_LENGTH_MAX });
}

/** As those who write have it. */
export function toTurns(said: readonly Said[]): ConversationTurn[] {
  return said.map(({ role, text }) => ({ speaker: speakerOf(role), text }));
}
