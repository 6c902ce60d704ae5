import { after, before } from 'node:test';
import {
  type Conversation,
  ConversationProfilesClient,
  ConversationsClient,
  type Message,
  type Participant,
  ParticipantsClient,
} from '@parleykit/client';
import { newProject, openTarget, type Target } from '../target.ts';

/** The clients of all services, over one transport. */
export interface Clients {
  readonly transport: 'grpc' | 'rest';
  readonly conversations: ConversationsClient;
  readonly profiles: ConversationProfilesClient;
  readonly participants: ParticipantsClient;
}

/** One server and clients for it, from the first case of a file to its last. */
export interface ClientScene {
  readonly target: Target;
  readonly grpc: Clients;
  readonly rest: Clients;
  /** Both, each with its name. */
  readonly all: readonly Clients[];
}

const TRANSPORTS = ['grpc', 'rest'] as const;

/** Clients for a server on this machine: in plain text, and nobody's. */
export function openClients(url: string, transport: 'grpc' | 'rest'): Clients & AsyncDisposable {
  const options = { transport, credentials: 'none', clientOptions: { apiEndpoint: url } } as const;
  const conversations = new ConversationsClient(options);
  const profiles = new ConversationProfilesClient(options);
  const participants = new ParticipantsClient(options);
  return {
    transport,
    conversations,
    profiles,
    participants,
    async [Symbol.asyncDispose]() {
      await Promise.all([conversations.close(), profiles.close(), participants.close()]);
    },
  };
}

/** To be called where cases are declared; its clients are there once they run. */
export function openClientScene(...flags: readonly string[]): ClientScene {
  let target: Target | undefined;
  const opened = new Map<string, Clients & AsyncDisposable>();
  before(async () => {
    target = await openTarget(...flags);
    for (const transport of TRANSPORTS) opened.set(transport, openClients(target.url, transport));
  });
  after(async () => {
    for (const clients of opened.values()) await clients[Symbol.asyncDispose]();
    await target?.[Symbol.asyncDispose]();
  });
  const of = (transport: (typeof TRANSPORTS)[number]): Clients => {
    const clients = (): Clients => {
      const found = opened.get(transport);
      if (found === undefined) throw new Error('the server is not up yet');
      return found;
    };
    return {
      transport,
      get conversations() {
        return clients().conversations;
      },
      get profiles() {
        return clients().profiles;
      },
      get participants() {
        return clients().participants;
      },
    };
  };
  const [grpc, rest] = [of('grpc'), of('rest')];
  return {
    grpc,
    rest,
    all: [grpc, rest],
    get target() {
      if (target === undefined) throw new Error('the server is not up yet');
      return target;
    },
  };
}

/** Of a project that nobody else uses. */
export function newParent(): string {
  return `projects/${newProject()}/locations/global`;
}

/** A conversation with one participant. */
export interface Talk {
  readonly conversation: Conversation;
  readonly participant: Participant;
}

export async function openTalk(
  { conversations, profiles, participants }: Clients,
  parent: string,
): Promise<Talk> {
  const profile = await profiles.createConversationProfile({
    parent,
    conversationProfile: { displayName: 'a profile' },
  });
  const conversation = await conversations.createConversation({
    parent,
    conversation: { conversationProfile: profile.name },
  });
  const participant = await participants.createParticipant({
    parent: conversation.name,
    participant: { role: 'END_USER' },
  });
  return { conversation, participant };
}

/** Adds a batch of as many messages as asked for; `from` makes their times differ from those of other batches. */
export async function ingest(
  { conversations }: Clients,
  { conversation, participant }: Talk,
  count: number,
  from = 0,
): Promise<readonly Message[]> {
  const requests = Array.from({ length: count }, (_, index) => ({
    parent: conversation.name,
    message: {
      content: `message ${from + index}`,
      participant: participant.name,
      sendTime: new Date(1_700_000_000_000 + from + index),
    },
  }));
  return (await conversations.batchCreateMessages({ parent: conversation.name, requests })).messages;
}

/** All that a list gives, in its order. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
