import type { protos } from '@google-cloud/dialogflow';
import { type GoogleClients, present } from './google-node-clients.ts';
import { newProject } from './target.ts';

export type Conversation = protos.google.cloud.dialogflow.v2beta1.IConversation;
export type Message = protos.google.cloud.dialogflow.v2beta1.IMessage;
type CreateMessageRequest = protos.google.cloud.dialogflow.v2beta1.ICreateMessageRequest;

/** A conversation of a project of its own, with two people in it. */
export interface Scene {
  /** Such as `projects/p`. */
  readonly project: string;
  readonly profile: string;
  readonly conversation: string;
  readonly endUser: string;
  readonly humanAgent: string;
}

/** When the first message of `lines` is sent, in seconds. */
export const FIRST_SEND_SECONDS = 1_700_000_000;

/** Creates a project's profile. */
export async function createProfile({ profiles }: GoogleClients, project: string): Promise<string> {
  const [profile] = await profiles.createConversationProfile({
    parent: project,
    conversationProfile: { displayName: 'desk' },
  });
  return present(profile.name);
}

/** Creates a conversation, and answers it. */
export async function createConversation(
  { conversations }: GoogleClients,
  parent: string,
  conversationProfile: string,
): Promise<Conversation> {
  const [conversation] = await conversations.createConversation({
    parent,
    conversation: { conversationProfile },
  });
  return conversation;
}

/** Creates a participant, and answers its name. */
export async function createParticipant(
  { participants }: GoogleClients,
  conversation: string,
  role: 'END_USER' | 'HUMAN_AGENT',
): Promise<string> {
  const [participant] = await participants.createParticipant({ parent: conversation, participant: { role } });
  return present(participant.name);
}

/** Sets a scene in a project that nobody else uses. */
export async function setScene(clients: GoogleClients): Promise<Scene> {
  const project = `projects/${newProject()}`;
  const profile = await createProfile(clients, project);
  const conversation = present((await createConversation(clients, project, profile)).name);
  const endUser = await createParticipant(clients, conversation, 'END_USER');
  const humanAgent = await createParticipant(clients, conversation, 'HUMAN_AGENT');
  return { project, profile, conversation, endUser, humanAgent };
}

/** Requests for `count` messages, a second apart, from number `first` on; the two people take turns. */
export function lines(scene: Scene, first: number, count: number): CreateMessageRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    parent: scene.conversation,
    message: {
      content: `line ${first + index}`,
      participant: (first + index) % 2 === 0 ? scene.endUser : scene.humanAgent,
      sendTime: { seconds: FIRST_SEND_SECONDS + first + index, nanos: 123_456_789 },
    },
  }));
}

/** Writes one batch, and answers its messages. */
export async function writeBatch(
  { conversations }: GoogleClients,
  parent: string,
  requests: CreateMessageRequest[],
): Promise<Message[]> {
  // Without retries a broken server is an answer, not a minute of waiting.
  const [reply] = await conversations.batchCreateMessages({ parent, requests }, { retry: null });
  return reply.messages ?? [];
}

/** A page of messages and the token of the next one. */
export async function messagePage(
  { conversations }: GoogleClients,
  parent: string,
  pageSize: number,
  pageToken = '',
): Promise<{ messages: Message[]; nextPageToken: string }> {
  const [messages, , reply] = await conversations.listMessages(
    { parent, pageSize, pageToken },
    { autoPaginate: false },
  );
  return { messages, nextPageToken: reply.nextPageToken ?? '' };
}

/** Reads pages until the token is empty. */
export async function messagePages(
  clients: GoogleClients,
  parent: string,
  pageSize: number,
  pageToken = '',
): Promise<Message[][]> {
  const pages: Message[][] = [];
  let token = pageToken;
  do {
    const page = await messagePage(clients, parent, pageSize, token);
    pages.push(page.messages);
    token = page.nextPageToken;
  } while (token !== '');
  return pages;
}

/** A time as a number that can be compared. */
export function nanosecondsOf(time: Message['createTime']): bigint {
  if (time === undefined || time === null) throw new Error('the time is not set');
  return BigInt(String(time.seconds)) * 1_000_000_000n + BigInt(time.nanos ?? 0);
}

/** Creates conversations one after the other in a project of their own. */
export async function createConversations(
  clients: GoogleClients,
  count: number,
): Promise<{ project: string; created: Conversation[] }> {
  const project = `projects/${newProject()}`;
  const profile = await createProfile(clients, project);
  const created: Conversation[] = [];
  for (let index = 0; index < count; index += 1) {
    created.push(await createConversation(clients, project, profile));
  }
  return { project, created };
}

/** The names of resources. */
export function namesOf(resources: readonly { name?: string | null }[]): string[] {
  return resources.map(({ name }) => present(name));
}
