import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  Conversations,
  type CreateMessageRequestSchema,
  Participants,
  Participant_Role as Role,
} from '@parleykit/proto/v2beta1';
import type { Caller } from './caller.ts';
import type { Answer, BatchItem, Operation, Request } from './history.ts';
import { type StateFilter, type TimeFilter, writeStateFilter, writeTimeFilter } from './list-filters.ts';
import type { Action, Decision } from './plan.ts';
import {
  freshSendTime,
  idBelow,
  numberedSendTime,
  readSendTime,
  toConversationRecord,
  toFailure,
  toMessageRecord,
} from './records.ts';
import type { OpenConversationPage, OpenPage, World } from './world.ts';

/** What a call is, and how its reply is to be recorded. */
interface Call {
  readonly request: Request;
  readonly send: () => Promise<() => Answer>;
}

export interface ClientParts {
  readonly caller: Caller;
  readonly project: string;
  readonly profile: string;
  readonly world: World;
  /** Gets every operation when it is over. */
  readonly records: Operation[];
  /** Marks what is done when all else is over. */
  readonly final?: true;
}

const METHODS = { ...Conversations.method, ...Participants.method };
/** A participant that is in no conversation. */
const STRANGER = 'stranger';

/** Carries out decisions one after the other, and records what was asked and answered, and when. */
export class HistoryClient {
  readonly #number: number;
  readonly #caller: Caller;
  readonly #parts: ClientParts;
  readonly #world: World;
  /** Of each conversation, the newest message that this client has seen by polling. */
  readonly #polled = new Map<string, number>();
  #operations = 0;

  constructor(number: number, parts: ClientParts) {
    this.#number = number;
    this.#caller = parts.caller;
    this.#parts = parts;
    this.#world = parts.world;
  }

  async perform({ actions, located }: Decision): Promise<void> {
    for (const action of actions) await this.#perform(action, located);
  }

  async #perform(action: Action, located: boolean): Promise<void> {
    switch (action.kind) {
      case 'createConversation':
        return this.createConversation(action.room, located);
      case 'createParticipant':
        await this.createParticipant(action.room, located);
        return;
      case 'batch':
        return this.#batch(action, located);
      case 'complete':
      case 'getConversation':
        return this.conversation(action.kind, action.room, located);
      case 'listParticipants':
        return this.listParticipants(action.room, located);
      case 'listMessages': {
        const filter = action.filter && this.#world.resolve(action.filter, action.room);
        await this.listMessages(action.room, located, filter, action.pageSize);
        return;
      }
      case 'poll':
        return this.#poll(action.room, located, action.pageSize);
      case 'nextPage':
        return this.#nextPage(action, located);
      case 'listConversations':
        await this.listConversations(located, action.filter, () => action.pageSize, action.further);
    }
  }

  async createConversation(room: string | undefined, located: boolean): Promise<void> {
    const parent = this.#parent(located);
    if (room !== undefined) this.#world.addConversation(room);
    const { answer } = await this.#record(() => ({
      request: { kind: 'createConversation', id: room ?? '' },
      send: async () => {
        const reply = await this.#caller.call(METHODS.createConversation, {
          parent,
          conversation: { conversationProfile: this.#parts.profile },
          conversationId: room ?? '',
        });
        return () => ({ kind: 'conversation', conversation: toConversationRecord(parent, reply) });
      },
    }));
    if (answer.kind === 'conversation') this.#world.addConversation(answer.conversation.id);
  }

  /** Answers whether it was accepted. */
  async createParticipant(room: string, located: boolean): Promise<boolean> {
    const parent = this.#nameOf(room, located);
    const { answer } = await this.#record((id) => ({
      request: { kind: 'createParticipant', conversation: room },
      send: async () => {
        const role = [Role.END_USER, Role.HUMAN_AGENT, Role.AUTOMATED_AGENT][id.length % 3] ?? Role.END_USER;
        const reply = await this.#caller.call(METHODS.createParticipant, { parent, participant: { role } });
        return () => ({ kind: 'participant', id: idBelow(`${parent}/participants`, reply.name) });
      },
    }));
    if (answer.kind === 'participant') this.#world.addParticipant(room, answer.id);
    return answer.kind === 'participant';
  }

  async conversation(kind: 'complete' | 'getConversation', room: string, located: boolean): Promise<void> {
    const name = this.#nameOf(room, located);
    await this.#record(() => ({
      request: { kind, conversation: room },
      send: async () => {
        const reply =
          kind === 'complete'
            ? await this.#caller.call(METHODS.completeConversation, { name })
            : await this.#caller.call(METHODS.getConversation, { name });
        const parent = this.#parent(located);
        return () => ({ kind: 'conversation', conversation: toConversationRecord(parent, reply) });
      },
    }));
  }

  async listParticipants(room: string, located: boolean): Promise<void> {
    const parent = this.#nameOf(room, located);
    await this.#record(() => ({
      request: { kind: 'listParticipants', conversation: room },
      send: async () => {
        const reply = await this.#caller.call(METHODS.listParticipants, { parent, pageSize: 1000 });
        return () => ({
          kind: 'participants',
          ids: reply.participants.map(({ name }) => idBelow(`${parent}/participants`, name)),
        });
      },
    }));
  }

  /** One page; answers where the next begins. */
  async listMessages(
    room: string,
    located: boolean,
    filter: TimeFilter | undefined,
    pageSize: number,
    follows?: OpenPage,
  ): Promise<{ next: OpenPage | undefined; newest: number | undefined }> {
    const parent = this.#nameOf(room, located);
    let token = '';
    const { id, answer } = await this.#record(() => ({
      request: {
        kind: 'listMessages',
        conversation: room,
        ...(filter && { filter }),
        pageSize,
        ...(follows && { follows: follows.operation }),
      },
      send: async () => {
        const reply = await this.#caller.call(METHODS.listMessages, {
          parent,
          filter: writeTimeFilter(filter),
          pageSize,
          pageToken: follows?.token ?? '',
        });
        token = reply.nextPageToken;
        return () => ({
          kind: 'messages',
          messages: reply.messages.map((message) => toMessageRecord(parent, message)),
          more: token !== '',
        });
      },
    }));
    const messages = answer.kind === 'messages' ? answer.messages : [];
    for (const { createTime } of messages.toReversed()) this.#world.addTime(room, createTime);
    const next = token === '' ? undefined : { operation: id, conversation: room, located, filter, token };
    if (next !== undefined) this.#world.addPage(next);
    return { next, newest: messages[0]?.createTime };
  }

  /** Reads pages to the last one. */
  async readThrough(
    room: string,
    located: boolean,
    filter: TimeFilter | undefined,
    sizeOfPage: () => number,
  ): Promise<number | undefined> {
    const first = await this.listMessages(room, located, filter, sizeOfPage());
    let { next } = first;
    while (next !== undefined) {
      next = (await this.listMessages(room, located, filter, sizeOfPage(), next)).next;
    }
    return first.newest;
  }

  /** The first page and up to `further` ones. */
  async listConversations(
    located: boolean,
    filter: StateFilter | undefined,
    sizeOfPage: () => number,
    further: number,
  ): Promise<void> {
    let next: OpenConversationPage | undefined;
    for (let left = further; left >= 0; left--) {
      next = await this.#listConversationPage(located, filter, sizeOfPage(), next);
      if (next === undefined) return;
    }
  }

  async #listConversationPage(
    located: boolean,
    filter: StateFilter | undefined,
    pageSize: number,
    follows: OpenConversationPage | undefined,
  ): Promise<OpenConversationPage | undefined> {
    const parent = this.#parent(located);
    let token = '';
    const { id } = await this.#record(() => ({
      request: {
        kind: 'listConversations',
        ...(filter && { filter }),
        pageSize,
        ...(follows && { follows: follows.operation }),
      },
      send: async () => {
        const reply = await this.#caller.call(METHODS.listConversations, {
          parent,
          filter: writeStateFilter(filter),
          pageSize,
          pageToken: follows?.token ?? '',
        });
        token = reply.nextPageToken;
        return () => ({
          kind: 'conversations',
          conversations: reply.conversations.map((item) => toConversationRecord(parent, item)),
          more: token !== '',
        });
      },
    }));
    return token === '' ? undefined : { operation: id, located, filter, token };
  }

  async #batch(plan: Action & { readonly kind: 'batch' }, located: boolean): Promise<void> {
    const { room } = plan;
    let stranger = plan.stranger === true;
    // Without somebody who speaks there is no batch: whoever finds a room without participants brings one.
    if (!stranger && this.#world.participant(room, 0) === undefined) {
      stranger = !(await this.createParticipant(room, located));
    }
    const parent = this.#nameOf(room, located);
    const { answer } = await this.#record((id) => {
      const items = plan.items.map((item, position): BatchItem => {
        const participant = stranger ? STRANGER : this.#world.participant(room, item.participant);
        const operation = Number(id.slice(id.indexOf('.') + 1));
        const sendTime =
          item.sendTime === 'fresh'
            ? freshSendTime(this.#number, operation, position)
            : numberedSendTime(item.sendTime);
        return {
          participant: participant ?? STRANGER,
          sendTime,
          content: `${id}.${position}`,
          ...(item.id === undefined ? {} : { id: `note-${item.id}` }),
        };
      });
      const { cancelAfter } = plan;
      const signal = cancelAfter === undefined ? undefined : AbortSignal.timeout(cancelAfter);
      return {
        request: { kind: 'batch', conversation: room, items, ...(stranger && { stranger }) },
        send: async () => {
          const requests = items.map((item) => toMessageRequest(parent, item));
          const reply = await this.#caller.call(METHODS.batchCreateMessages, { parent, requests }, signal);
          return () => ({
            kind: 'messages',
            messages: reply.messages.map((message) => toMessageRecord(parent, message)),
            more: false,
          });
        },
      };
    });
    const last = answer.kind === 'messages' ? answer.messages.at(-1) : undefined;
    if (last !== undefined) this.#world.addTime(room, last.createTime);
  }

  /** As the API documents it: a filter on what is later, no token at first, then all pages. */
  async #poll(room: string, located: boolean, pageSize: number): Promise<void> {
    const last = this.#polled.get(room);
    const filter: TimeFilter | undefined =
      last === undefined ? undefined : { kind: 'microseconds', comparator: '>', value: last, quoted: true };
    const newest = await this.readThrough(room, located, filter, () => Math.max(pageSize, 10));
    if (newest !== undefined) this.#polled.set(room, newest);
  }

  async #nextPage(plan: Action & { readonly kind: 'nextPage' }, located: boolean): Promise<void> {
    const page = this.#world.page(plan.which);
    if (page === undefined) return this.conversation('getConversation', plan.room, located);
    await this.listMessages(page.conversation, page.located, page.filter, plan.pageSize, page);
  }

  /**
   * The clock is read right before the call and right after its answer: what belongs to neither would only blur what
   * was before what.
   */
  async #record(makeCall: (id: string) => Call): Promise<Operation> {
    const id = `${this.#number}.${this.#operations++}`;
    const { request, send } = makeCall(id);
    const invoked = performance.now();
    let read: (() => Answer) | undefined;
    let failure: unknown;
    try {
      read = await send();
    } catch (error) {
      failure = error;
    }
    const completed = performance.now();
    const operation: Operation = {
      id,
      wire: this.#caller.wire,
      invoked,
      completed,
      ...(this.#parts.final && { final: true }),
      request,
      answer: read === undefined ? toFailure(failure) : readAnswer(read),
    };
    this.#parts.records.push(operation);
    return operation;
  }

  #parent(located: boolean): string {
    const { project } = this.#parts;
    return located ? `projects/${project}/locations/global` : `projects/${project}`;
  }

  #nameOf(room: string, located: boolean): string {
    return `${this.#parent(located)}/conversations/${room}`;
  }
}

function readAnswer(read: () => Answer): Answer {
  try {
    return read();
  } catch (error) {
    return toFailure(error);
  }
}

function toMessageRequest(
  parent: string,
  { participant, sendTime, content, id }: BatchItem,
): MessageInitShape<typeof CreateMessageRequestSchema> {
  return {
    parent,
    message: {
      ...(id === undefined ? {} : { name: `${parent}/messages/${id}` }),
      participant: `${parent}/participants/${participant}`,
      sendTime: readSendTime(sendTime),
      content,
    },
  };
}
