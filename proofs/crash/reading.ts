/** What the server shows, in the words of the model. */
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type Conversation,
  Conversations,
  type Message,
  Participants,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { type Client, RefusedError } from './client.ts';
import type { SeenConversation, SeenMessage, SeenParticipant } from './model.ts';

/** As large as pages can be asked for. */
const PAGE_SIZE = 1000;
const NOT_FOUND = 5;

export function toSeenMessage(message: Message): SeenMessage {
  const { name, participant, participantRole: role, content, sendTime, createTime } = message;
  return {
    name,
    participant,
    role,
    content,
    sendTime: timeText(sendTime),
    createTime: Number(createTime?.seconds ?? 0n) * 1_000_000 + (createTime?.nanos ?? 0) / 1000,
  };
}

export function timeText(time: Timestamp | undefined): string {
  return time === undefined ? '' : `${time.seconds}.${String(time.nanos).padStart(9, '0')}`;
}

/** All that a conversation is when nobody writes; undefined where there is none of that name. */
export async function readConversation(client: Client, name: string): Promise<SeenConversation | undefined> {
  let conversation: Conversation;
  try {
    conversation = await client.call(Conversations.method.getConversation, { name });
  } catch (error) {
    if (error instanceof RefusedError && error.code === NOT_FOUND) return undefined;
    throw error;
  }
  return {
    name: conversation.name,
    completed: conversation.lifecycleState === State.COMPLETED,
    startTime: timeText(conversation.startTime),
    endTime: timeText(conversation.endTime),
    participants: await readParticipants(client, name),
    messages: await readMessages(client, name),
  };
}

async function readParticipants(client: Client, parent: string): Promise<SeenParticipant[]> {
  const all: SeenParticipant[] = [];
  for (let pageToken = ''; ; ) {
    const request = { parent, pageSize: PAGE_SIZE, pageToken };
    const page = await client.call(Participants.method.listParticipants, request);
    for (const { name, obfuscatedExternalUserId: userId, role } of page.participants) {
      all.push({ name, userId, role });
    }
    pageToken = page.nextPageToken;
    if (pageToken === '') return all;
  }
}

/** Newest first, as listed; `onPage` is told of each page as it comes. */
export async function readMessages(
  client: Client,
  parent: string,
  { filter = '', pageSize = PAGE_SIZE, onPage }: ReadOptions = {},
): Promise<SeenMessage[]> {
  const all: SeenMessage[] = [];
  for (let pageToken = ''; ; ) {
    const request = { parent, filter, pageSize, pageToken };
    const page = await client.call(Conversations.method.listMessages, request);
    const messages = page.messages.map(toSeenMessage);
    onPage?.(messages);
    all.push(...messages);
    pageToken = page.nextPageToken;
    if (pageToken === '') return all;
  }
}

export interface ReadOptions {
  readonly filter?: string;
  readonly pageSize?: number;
  readonly onPage?: (messages: readonly SeenMessage[]) => void;
}

/** The names of all conversations of a project. */
export async function readConversationNames(client: Client, parent: string): Promise<string[]> {
  const names: string[] = [];
  for (let pageToken = ''; ; ) {
    const request = { parent, pageSize: PAGE_SIZE, pageToken };
    const page = await client.call(Conversations.method.listConversations, request);
    names.push(...page.conversations.map(({ name }) => name));
    pageToken = page.nextPageToken;
    if (pageToken === '') return names;
  }
}
