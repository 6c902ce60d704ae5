import { Administration, Development } from '@parleykit/proto/admin';
import { ConversationProfiles, Conversations, Participants } from '@parleykit/proto/v2beta1';
import type { GrpcChannel } from '../history/grpc-channel.ts';

/** Messages of one batch. */
export const BATCH = 300;

const SEND_SECONDS = 1_700_000_000;
const TEXT =
  'Where is my order? It was to arrive on Monday, and it is Thursday now. I have called you twice.';

/** A project on a development server, and what proofs do in it. */
export class Project {
  readonly #channel: GrpcChannel;
  readonly id: string;
  readonly parent: string;
  readonly #topic: string;
  #profile: string | undefined;

  /** With a `topic`, lives are told of. */
  constructor(channel: GrpcChannel, id: string, topic = '') {
    this.#channel = channel;
    this.#topic = topic;
    this.id = id;
    this.parent = `projects/${id}`;
  }

  async profile(): Promise<string> {
    this.#profile ??= (
      await this.#channel.call(ConversationProfiles.method.createConversationProfile, {
        parent: this.parent,
        conversationProfile: {
          displayName: 'Proof',
          ...(this.#topic !== '' && { notificationConfig: { topic: this.#topic } }),
        },
      })
    ).name;
    return this.#profile;
  }

  async begin(conversationId: string) {
    const conversation = { conversationProfile: await this.profile() };
    const request = { parent: this.parent, conversationId, conversation };
    return this.#channel.call(Conversations.method.createConversation, request);
  }

  async join(conversation: string): Promise<string> {
    const participant = { role: 2 };
    const request = { parent: conversation, participant };
    return (await this.#channel.call(Participants.method.createParticipant, request)).name;
  }

  /** Files so many messages of a participant, the first of them sent `from` seconds after all time began. */
  async say(conversation: string, participant: string, count: number, from: number): Promise<void> {
    for (let at = 0; at < count; at += BATCH) {
      const requests = Array.from({ length: Math.min(BATCH, count - at) }, (_, index) => ({
        message: {
          participant,
          content: TEXT,
          sendTime: { seconds: BigInt(SEND_SECONDS + from + at + index), nanos: 0 },
        },
      }));
      await this.#channel.call(Conversations.method.batchCreateMessages, { parent: conversation, requests });
    }
  }

  complete(name: string) {
    return this.#channel.call(Conversations.method.completeConversation, { name });
  }

  get(name: string) {
    return this.#channel.call(Conversations.method.getConversation, { name });
  }

  list(parent: string, pageSize: number) {
    return this.#channel.call(Conversations.method.listMessages, { parent, pageSize });
  }

  /** All conversations of the project that are in a state, such as `COMPLETED`. */
  async *conversations(state: string) {
    const filter = `lifecycle_state = "${state}"`;
    for (let pageToken = ''; ; ) {
      const request = { parent: this.parent, pageSize: 1000, pageToken, filter };
      const page = await this.#channel.call(Conversations.method.listConversations, request);
      yield* page.conversations;
      pageToken = page.nextPageToken;
      if (pageToken === '') return;
    }
  }

  hold(name: string) {
    return this.#channel.call(Administration.method.holdConversation, { name });
  }

  async advance(seconds: number, nanos = 0) {
    const duration = { seconds: BigInt(seconds), nanos };
    return this.#channel.call(Development.method.advanceClock, { name: `${this.parent}/clock`, duration });
  }

  clock() {
    return this.#channel.call(Development.method.getClock, { name: `${this.parent}/clock` });
  }

  save(snapshotId: string) {
    return this.#channel.call(Development.method.createSnapshot, { parent: this.parent, snapshotId });
  }

  restore(snapshotId: string) {
    const name = `${this.parent}/snapshots/${snapshotId}`;
    return this.#channel.call(Development.method.restoreSnapshot, { name });
  }

  reset() {
    return this.#channel.call(Development.method.resetProject, { name: this.parent });
  }
}
