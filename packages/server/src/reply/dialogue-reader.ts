import { setImmediate } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import type { Dialogue } from '@parleykit/nlu/replies';
import {
  MessageSchema,
  ParticipantSchema,
  Participant_Role as Role,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { PAGE_BYTES_MAX, PAGE_SIZE_DEFAULT, REPLY_TRAINING_MESSAGES_MAX } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { MessageCursor, ResourceCursor, Store, StoredMessage } from '../storage/store.ts';
import { namesIn } from './participant-names.ts';

/** What was read so far. */
export interface ReadTally {
  /** Conversations that something can be learned from, and others. */
  conversations: number;
  skipped: number;
  /** Messages of the former that count. */
  messages: number;
}

/** Messages that are read and decoded before others have their turn. */
const MESSAGES_AT_ONCE = 200;
/** What is handed over together: so many conversations, or so many characters. */
const PIECE_DIALOGUES = 32;
const PIECE_LENGTH = 100_000;

type Turns = Dialogue['turns'][number][];

/**
 * The conversations of a project and location as dialogues, those that began last first, in pieces. Never holds more than a
 * piece and a page, and lets others have their turns after each conversation.
 */
export async function* readDialogues(
  store: Store,
  parent: ResourceName,
  { includeInProgress, signal }: { readonly includeInProgress: boolean; readonly signal: AbortSignal },
  tally: ReadTally,
): AsyncGenerator<readonly Dialogue[]> {
  const states = includeInProgress ? undefined : [State.COMPLETED];
  const collection = `${parent.key}/conversations`;
  let piece: Dialogue[] = [];
  let length = 0;
  for (let after: ResourceCursor | undefined; ; ) {
    const range = { after, limit: PAGE_SIZE_DEFAULT, bytes: PAGE_BYTES_MAX, states };
    const { items, more } = await store.list(collection, 'ordering', range);
    for (const { id } of items) {
      signal.throwIfAborted();
      const dialogue = await readDialogue(store, `${collection}/${id}`);
      if (dialogue === undefined) {
        tally.skipped++;
        continue;
      }
      tally.conversations++;
      tally.messages += dialogue.turns.length;
      piece.push(dialogue);
      length += dialogue.turns.reduce((sum, { text }) => sum + text.length, 0);
      if (piece.length < PIECE_DIALOGUES && length < PIECE_LENGTH) continue;
      yield piece;
      piece = [];
      length = 0;
    }
    const last = items.at(-1);
    if (!more || last === undefined) break;
    after = { id: last.id, ...(last.ordering !== undefined && { ordering: last.ordering }) };
  }
  if (piece.length > 0) yield piece;
}

/** Undefined where nothing can be learned from a conversation. */
async function readDialogue(store: Store, conversation: string): Promise<Dialogue | undefined> {
  const { turns, speakers } = await readTurns(store, conversation);
  const asked = turns.findIndex(({ speaker }) => speaker === 'customer');
  const isAnswered = (turn: Turns[number]): boolean => turn.speaker === 'agent' && turn.automated !== true;
  if (asked === -1 || !turns.slice(asked).some(isAnswered)) return undefined;
  return { turns, names: await readNames(store, conversation, speakers) };
}

/** What was said, and the ids of who said it. Of a long conversation, its end. */
async function readTurns(
  store: Store,
  conversation: string,
): Promise<{ readonly turns: Turns; readonly speakers: ReadonlySet<string> }> {
  const turns: Turns = [];
  const speakers = new Set<string>();
  for (let after: MessageCursor | undefined; turns.length < REPLY_TRAINING_MESSAGES_MAX; ) {
    const limit = Math.min(MESSAGES_AT_ONCE, REPLY_TRAINING_MESSAGES_MAX - turns.length);
    const page = await store.listMessages(conversation, { after, limit, bytes: PAGE_BYTES_MAX });
    for (const message of page?.items ?? []) {
      speakers.add(message.participant);
      const turn = turnOf(message);
      if (turn !== undefined) turns.push(turn);
    }
    // What reads messages answers at once: without this nobody else would have a turn.
    await setImmediate();
    const last = page?.items.at(-1);
    // Where the conversation is not there, it was purged since it was listed.
    if (!page?.more || last === undefined) break;
    after = { createTime: last.createTime, position: last.position };
  }
  return { turns: turns.reverse(), speakers };
}

function turnOf({ body }: StoredMessage): Turns[number] | undefined {
  const { content: text, participantRole } = fromBinary(MessageSchema, body);
  if (text.trim() === '') return undefined;
  switch (participantRole) {
    case Role.END_USER:
      return { speaker: 'customer', text };
    case Role.HUMAN_AGENT:
      return { speaker: 'agent', text };
    case Role.AUTOMATED_AGENT:
      return { speaker: 'agent', text, automated: true };
    default:
      return undefined;
  }
}

/** Names of those who take part, as far as what is known of them tells. */
async function readNames(
  store: Store,
  conversation: string,
  speakers: ReadonlySet<string>,
): Promise<string[]> {
  const range = { limit: PAGE_SIZE_DEFAULT, bytes: PAGE_BYTES_MAX };
  const { items } = await store.list(`${conversation}/participants`, 'id', range);
  const users = items.map(({ body }) => fromBinary(ParticipantSchema, body).obfuscatedExternalUserId);
  return [...speakers, ...users].flatMap(namesIn);
}
