import { create } from '@bufbuild/protobuf';
import {
  type BatchCreateMessagesRequest,
  BatchCreateMessagesResponseSchema,
  type CompleteConversationRequest,
  ConversationProfileSchema,
  ConversationSchema,
  type Conversations,
  type CreateConversationRequest,
  type CreateMessageRequest,
  ConversationEvent_Type as EventType,
  type GetConversationRequest,
  type ListConversationsRequest,
  type ListMessagesRequest,
  ListMessagesResponseSchema,
  type Message,
  Conversation_ConversationStage as Stage,
  Conversation_LifecycleState as State,
} from '@parleykit/proto/v2beta1';
import { automatedAgentAbsent } from '../agent-errors.ts';
import type { Clock } from '../clock.ts';
import { completionOf, completionTimer } from '../conversation/completion.ts';
import { initialStage, start } from '../conversation/lifecycle.ts';
import { encodeHold, holdKey, type Retention } from '../conversation/retention.ts';
import { encodeMessageBodies, writeMessages } from '../conversation/transcript.ts';
import {
  alreadyExists,
  batchParentMismatch,
  batchTooLarge,
  customIdInvalid,
  fieldInvalid,
  notFound,
  participantOfOtherConversation,
} from '../errors.ts';
import { createId } from '../ids.ts';
import { CUSTOM_ID_PATTERN, MESSAGE_BYTES_MAX, MESSAGE_CONTENT_BYTES_MAX } from '../limits.ts';
import type { Locations } from '../locations.ts';
import type { Notifications } from '../notification/notifications.ts';
import { parseResourceName, type ResourceName, readResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import { ConflictError, type MessageCursor, type NewMessage, type Store } from '../storage/store.ts';
import { ROOM_BEFORE, WireWriter } from '../wire-writer.ts';
import { CONVERSATION_PROFILES, CONVERSATIONS, PARTICIPANTS } from './collections.ts';
import { decide } from './decide.ts';
import { readConversationFilter, readMessageFilter } from './list-filters.ts';
import { Pagination } from './pagination.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';
import { holdFromStart } from './retention.ts';
import { WritableConversations } from './writable-conversations.ts';

export interface ConversationsOptions {
  /** Messages that one batch may hold. */
  readonly batchLimit: number;
  /** Whether BatchCreateMessages still takes messages for completed conversations. */
  readonly ingestCompleted: boolean;
  /** How long conversations are kept after their end where their profile says nothing else. */
  readonly retention: Retention;
}

/** google.cloud.dialogflow.v2beta1.Conversations */
export class ConversationsService implements ServiceHandlers<typeof Conversations> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #locations: Locations;
  readonly #options: ConversationsOptions;
  readonly #conversations: ResourceCollection;
  readonly #profiles: ResourceCollection;
  readonly #participants: ResourceCollection;
  readonly #writable: WritableConversations;
  readonly #notifications: Notifications;

  constructor(parts: {
    store: Store;
    clock: Clock;
    locations: Locations;
    notifications: Notifications;
    options: ConversationsOptions;
  }) {
    const { store, clock, locations, notifications, options } = parts;
    this.#store = store;
    this.#clock = clock;
    this.#locations = locations;
    this.#notifications = notifications;
    this.#options = options;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#profiles = new ResourceCollection(store, CONVERSATION_PROFILES);
    this.#participants = new ResourceCollection(store, PARTICIPANTS);
    this.#writable = new WritableConversations(store, 'MESSAGES_ARRIVE', {
      completedToo: options.ingestCompleted,
    });
  }

  /** Begins a conversation under the caller's id or a new one; one that is held from the start where a header says so. */
  async createConversation(request: CreateConversationRequest, call: CallContext) {
    const { resource: parent } = call;
    const { conversationId } = request;
    const asked = request.conversation ?? create(ConversationSchema);
    this.#locations.require(parent);
    if (conversationId !== '' && !CUSTOM_ID_PATTERN.test(conversationId)) {
      throw customIdInvalid('conversation_id', conversationId);
    }
    const profileName = profileOf(asked.conversationProfile, parent);
    const hold = holdFromStart(call);
    return decide(call, async () => {
      const { body: profileBody } = await this.#profiles.load(profileName);
      const profile = decodeNamed(ConversationProfileSchema, profileName.toString(), profileBody);
      const stage = initialStage(profile, asked.conversationStage);
      if (stage === undefined) {
        throw asked.conversationStage === Stage.VIRTUAL_AGENT_STAGE
          ? automatedAgentAbsent(profileName.toString())
          : fieldInvalid('conversation.conversation_stage', 'is not a known stage');
      }
      const now = this.#clock.now(parent.project);
      const name = parent.child('conversations', conversationId || createId(now));
      if (conversationId !== '' && (await this.#store.get(name.key)) !== undefined) {
        throw alreadyExists('Conversation', name.toString());
      }
      const { emit, done } = this.#notifications.lifecycle(
        EventType.CONVERSATION_STARTED,
        name.key,
        profile,
        now,
      );
      const body = withoutName(ConversationSchema, start(asked, profile, stage, now));
      await this.#store.commit({
        partition: name.key,
        expect: [{ name: name.key, absent: true }],
        put: [
          { name: name.key, state: State.IN_PROGRESS, ordering: now, holdsMessages: true, body },
          ...(hold === undefined ? [] : [{ name: holdKey(name.key), body: encodeHold(hold, now) }]),
        ],
        schedule: [completionTimer(name.key, now)],
        emit,
      });
      done();
      return namedReply(name, body);
    });
  }

  /** The conversations of a project and location, latest start first. */
  async listConversations(request: ListConversationsRequest, { resource: parent }: CallContext) {
    return this.#conversations.list(parent, request, readConversationFilter(request.filter));
  }

  async getConversation(_request: GetConversationRequest, { resource: name }: CallContext) {
    return this.#conversations.get(name);
  }

  /** Ends a conversation. One that has ended already is answered as it is; that it was ended is told each time. */
  async completeConversation(_request: CompleteConversationRequest, call: CallContext) {
    const { resource: name } = call;
    return decide(call, async () => {
      const stored = await this.#conversations.load(name);
      const now = this.#clock.now(name.project);
      const { body, done, ...change } = await completionOf(this.#store, name.key, stored, now, {
        fallback: this.#options.retention,
        tell: this.#notifications.lifecycle,
      });
      if (change.put !== undefined || change.emit?.length !== 0) await this.#store.commit(change);
      done();
      return namedReply(name, body);
    });
  }

  /** Files messages that were said elsewhere. All or none are stored; repeated ones are answered as stored. */
  async batchCreateMessages(request: BatchCreateMessagesRequest, call: CallContext) {
    const { resource: conversation } = call;
    const { requests } = request;
    if (requests.length > this.#options.batchLimit) {
      throw batchTooLarge(requests.length, this.#options.batchLimit);
    }
    const speakers = readSpeakers(requests, request.parent, conversation);
    let list: NewMessage[] | undefined;
    return decide(call, async () => {
      const roles = await this.#readRoles(speakers, conversation);
      list ??= toNewMessages(requests, speakers, roles);
      const { appended } = await this.#append(conversation, list, roles);
      const writer = new WireWriter();
      const field = BatchCreateMessagesResponseSchema.field.messages.number;
      writeMessages(writer, field, conversation, appended[0] ?? []);
      return new EncodedReply(writer.finish(), ROOM_BEFORE);
    });
  }

  /** The messages of a conversation, newest first. */
  async listMessages(request: ListMessagesRequest, { resource: conversation }: CallContext) {
    const createTimes = readMessageFilter(request.filter);
    const list = [`${conversation.key}/messages`, request.filter];
    const pagination = new Pagination<MessageCursor>(this.#store.secret, ...list);
    const range = { ...pagination.read(request), createTimes };
    const page = await this.#store.listMessages(conversation.key, range);
    if (page === undefined) throw notFound('Conversation', conversation.toString());
    const { field } = ListMessagesResponseSchema;
    const writer = new WireWriter();
    writeMessages(writer, field.messages.number, conversation, page.items);
    const last = page.items.at(-1);
    if (page.more && last !== undefined) {
      const cursor = { createTime: last.createTime, position: last.position };
      writer.string(field.nextPageToken.number, pagination.tokenAfter(cursor));
    }
    return new EncodedReply(writer.finish(), ROOM_BEFORE);
  }

  async #append(
    conversation: ResourceName,
    list: readonly NewMessage[],
    roles: ReadonlyMap<ResourceName, number>,
  ) {
    try {
      const emit = await this.#notifications.batch(conversation.key);
      // Who speaks is of this conversation, and of no later one that has its name.
      const expect = [...roles].map(([{ key: name }, state]) => ({ name, state }));
      return await this.#writable.commit(conversation, { expect, append: [list], emit });
    } catch (error) {
      // A message id cannot become free again by looking again; everything else can change.
      if (error instanceof ConflictError && error.resource.startsWith(`${conversation.key}/messages/`)) {
        throw alreadyExists('Message', `${conversation}/messages/${error.resource.split('/').at(-1)}`);
      }
      throw error;
    }
  }

  /** Looks each speaker up once; a participant's role never changes. */
  async #readRoles(speakers: readonly ResourceName[], conversation: ResourceName) {
    return this.#rolesOf(speakers, conversation).catch(async (error: unknown) => {
      // What is wrong with the conversation comes before what is wrong with who speaks in it.
      await this.#writable.require(conversation);
      throw error;
    });
  }

  async #rolesOf(speakers: readonly ResourceName[], conversation: ResourceName) {
    const roles = new Map<ResourceName, number>();
    for (const speaker of new Set(speakers)) {
      if (!speaker.isWithin(conversation)) {
        const field = `requests[${speakers.indexOf(speaker)}].message.participant`;
        throw participantOfOtherConversation(field, speaker.toString(), conversation.toString());
      }
      roles.set(speaker, await this.#participants.loadState(speaker));
    }
    return roles;
  }
}

/** The messages of a batch, as their speakers' roles have them. */
function toNewMessages(
  requests: readonly CreateMessageRequest[],
  speakers: readonly ResourceName[],
  roles: ReadonlyMap<ResourceName, number>,
): NewMessage[] {
  const messages = requests.map(({ message }) => message).filter((message) => message !== undefined);
  const ids = messages.map(({ name }) => (name === '' ? undefined : name.slice(name.lastIndexOf('/') + 1)));
  messages.forEach((message, index) => {
    const speaker = speakers[index];
    message.participantRole = (speaker && roles.get(speaker)) ?? 0;
  });
  const bodies = encodeMessageBodies(messages);
  return messages.map(({ sendTime }, index) => {
    const [speaker, body] = [speakers[index], bodies[index]];
    if (sendTime === undefined || speaker === undefined || body === undefined) {
      throw new Error('the batch is not validated');
    }
    if (body.byteLength > MESSAGE_BYTES_MAX) {
      throw fieldInvalid(`requests[${index}].message`, `is larger than ${MESSAGE_BYTES_MAX} bytes`);
    }
    return {
      participant: speaker.id,
      sendTime: { seconds: Number(sendTime.seconds), nanos: sendTime.nanos },
      id: ids[index],
      body,
    };
  });
}

function profileOf(text: string, parent: ResourceName): ResourceName {
  const name = parseResourceName('conversation.conversation_profile', text, 'conversationProfiles/*');
  if (name.project !== parent.project) {
    throw fieldInvalid(
      'conversation.conversation_profile',
      'belongs to another project than the conversation',
    );
  }
  return name;
}

/**
 * Checks the items of a batch as far as they can be without the store, and answers who speaks in each: the same
 * ResourceName for the same text, since a batch has many messages and few speakers.
 */
function readSpeakers(
  requests: readonly CreateMessageRequest[],
  parent: string,
  conversation: ResourceName,
): ResourceName[] {
  const speakers = new Map<string, ResourceName>();
  return requests.map((item, index) => {
    const { message } = item;
    if (message === undefined) throw new Error('the batch is not validated');
    const field = `requests[${index}]`;
    if (item.parent !== parent) checkParent(item, field, conversation);
    checkMessage(message, field, conversation);
    let speaker = speakers.get(message.participant);
    if (speaker === undefined) {
      const shape = 'conversations/*/participants/*';
      speaker = parseResourceName(`${field}.message.participant`, message.participant, shape);
      speakers.set(message.participant, speaker);
    }
    return speaker;
  });
}

function checkParent({ parent }: CreateMessageRequest, field: string, conversation: ResourceName): void {
  if (parent !== '' && readResourceName(parent)?.key !== conversation.key) {
    throw batchParentMismatch(`${field}.parent`, conversation.toString());
  }
}

function checkMessage(message: Message, field: string, conversation: ResourceName): void {
  if (Buffer.byteLength(message.content) > MESSAGE_CONTENT_BYTES_MAX) {
    throw fieldInvalid(`${field}.message.content`, `is longer than ${MESSAGE_CONTENT_BYTES_MAX} bytes`);
  }
  if (message.name !== '') {
    const name = parseResourceName(`${field}.message.name`, message.name, 'conversations/*/messages/*');
    if (!name.isWithin(conversation)) {
      throw fieldInvalid(`${field}.message.name`, 'is not a name within the conversation');
    }
    if (!CUSTOM_ID_PATTERN.test(name.id)) throw customIdInvalid(`${field}.message.name`, name.id);
  }
}
