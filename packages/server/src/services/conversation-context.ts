import { setImmediate } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { MessageSchema } from '@parleykit/proto/v2beta1';
import { fieldInvalid, notFound } from '../errors.ts';
import { type ConversationTurn, speakerOf } from '../generation/transcript.ts';
import {
  CONTEXT_SIZE_DEFAULT,
  CONTEXT_SIZE_MAX,
  PAGE_BYTES_MAX,
  PAGE_SIZE_MAX,
  TURN_LENGTH_MAX,
} from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { MessageCursor, Store, StoredMessage } from '../storage/store.ts';

/** What was said in a conversation up to a message. */
export interface ConversationContext {
  /** Oldest first. What nobody reads of a long one is left out. */
  readonly turns: readonly ConversationTurn[];
  /** The name of the last message; empty where there is none. */
  readonly latestMessage: string;
}

/** How many messages a caller wants to be counted. */
export function readContextSize(field: string, size: number): number {
  if (size >= 0 && size <= CONTEXT_SIZE_MAX) return size || CONTEXT_SIZE_DEFAULT;
  throw fieldInvalid(field, `must be from 0 to ${CONTEXT_SIZE_MAX}`);
}

/**
 * The last messages of a conversation, up to and with `latest` where it is given. Throws NOT_FOUND where there is no such
 * conversation or message, and INVALID_ARGUMENT for a message of another one.
 */
export async function readConversationContext(
  store: Store,
  conversation: ResourceName,
  { latest, size }: { readonly latest: string; readonly size: number },
): Promise<ConversationContext> {
  const wanted = latest === '' ? undefined : messageIdOf(latest, conversation);
  const start = wanted === undefined ? undefined : cursorAbove(wanted);
  const turns: ConversationTurn[] = [];
  let last: string | undefined;
  for (let after = start; turns.length < size; ) {
    const page = await store.listMessages(conversation.key, {
      after,
      // One that has a name of its creator's is looked for among all.
      limit: wanted !== undefined && last === undefined && start === undefined ? PAGE_SIZE_MAX : size,
      bytes: PAGE_BYTES_MAX,
    });
    if (page === undefined) throw notFound('Conversation', conversation.toString());
    for (const message of page.items) {
      const id = idOf(message);
      if (last === undefined && (wanted === undefined || id === wanted)) last = id;
      if (last !== undefined && turns.length < size) turns.push(toTurn(message));
      after = { createTime: message.createTime, position: message.position };
    }
    const isElsewhere = wanted !== undefined && last === undefined;
    if (isElsewhere && (start !== undefined || !page.more)) throw notFound('Message', latest);
    if (!page.more) break;
    // Pages are read on this thread: others come in between.
    await setImmediate();
  }
  const latestMessage = last === undefined ? '' : conversation.child('messages', last).toString();
  return { turns: turns.reverse(), latestMessage };
}

function messageIdOf(latest: string, conversation: ResourceName): string {
  const name = parseResourceName('latest_message', latest, 'conversations/*/messages/*');
  if (name.isWithin(conversation)) return name.id;
  throw fieldInvalid('latest_message', `is not a message of ${conversation}`);
}

/** The id of a message: its creator's, else its place in the conversation. */
function idOf({ id, createTime, position }: StoredMessage): string {
  return id ?? `${createTime}-${position}`;
}

/** Where a message lies whose id is its place; ids of creators begin with a letter. */
function cursorAbove(id: string): MessageCursor | undefined {
  const [, createTime, position] = /^(\d{1,16})-(\d{1,9})$/u.exec(id) ?? [];
  if (createTime === undefined) return undefined;
  return { createTime: Number(createTime), position: Number(position) + 1 };
}

function toTurn({ body }: StoredMessage): ConversationTurn {
  const { content, participantRole } = fromBinary(MessageSchema, body);
  return { speaker: speakerOf(participantRole), text: content.slice(0, TURN_LENGTH_MAX) };
}
