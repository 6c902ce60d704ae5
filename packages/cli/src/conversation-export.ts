import { type Message, NotFoundError, type Participant, toEpochMicros } from '@parleykit/client';
import { toApiJson } from './api-json.ts';
import type { Clients } from './clients.ts';
import type { Hold } from './in-order.ts';
import type { Patience } from './patience.ts';

/** What an export writes of each conversation: a transcript as `parley import` reads it, or all that the API tells. */
export const exportFormats = ['ccai', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** One conversation as a line, without its newline. */
export interface ExportedConversation {
  /** Undefined where there is nothing to write: it is gone, or has no messages that its format has a place for. */
  readonly line: string | undefined;
  readonly messages: number;
  /** Messages that its format has no place for: without text, or of somebody without a role. */
  readonly leftOut: number;
  readonly isGone: boolean;
}

const pageSize = 1_000;

const gone: ExportedConversation = { line: undefined, messages: 0, leftOut: 0, isGone: true };

/** In the words of the transcript format. */
const roleNames: ReadonlyMap<string | number, string> = new Map([
  ['HUMAN_AGENT', 'AGENT'],
  ['AUTOMATED_AGENT', 'AUTOMATED_AGENT'],
  ['END_USER', 'CUSTOMER'],
]);

/** Reads conversations, each as one line. The same stored conversation gives the same line. */
export class ConversationExport {
  readonly #clients: Clients;
  readonly #patience: Patience;
  readonly #format: ExportFormat;

  constructor(clients: Clients, patience: Patience, format: ExportFormat) {
    this.#clients = clients;
    this.#patience = patience;
    this.#format = format;
  }

  /** Rejects with an ApiError; a conversation that has gone meanwhile is none. */
  async read(name: string, hold: Hold): Promise<ExportedConversation> {
    try {
      return await (this.#format === 'ccai' ? this.#readTranscript(name, hold) : this.#readAll(name, hold));
    } catch (error) {
      if (error instanceof NotFoundError) return gone;
      throw error;
    }
  }

  async #readTranscript(name: string, hold: Hold): Promise<ExportedConversation> {
    let users = this.#listUsers(name);
    // Whoever fails first says so; the other one's failure is the same.
    users.catch(() => undefined);
    let leftOut = 0;
    const entries = await this.#readMessages(name, hold, async (message) => {
      if (!(await users).has(message.participant)) users = this.#listUsers(name);
      const entry = toEntry(message, (await users).get(message.participant));
      if (entry === undefined) leftOut++;
      return entry;
    });
    const id = name.slice(name.lastIndexOf('/') + 1);
    const line =
      entries.length === 0
        ? undefined
        : `{"conversation_id":${JSON.stringify(id)},"entries":[${entries.join(',')}]}`;
    return { line, messages: entries.length, leftOut, isGone: false };
  }

  async #readAll(name: string, hold: Hold): Promise<ExportedConversation> {
    const { conversations } = this.#clients;
    const [messages, conversation, participants] = await Promise.all([
      this.#readMessages(name, hold, toApiJson),
      conversations.getConversation({ name }, this.#patience.call),
      this.#listParticipants(name),
    ]);
    const line =
      `{"conversation":${toApiJson(conversation)},"participants":[${participants.map(toApiJson).join(',')}],` +
      `"messages":[${messages.join(',')}]}`;
    return { line, messages: messages.length, leftOut: 0, isGone: false };
  }

  /** All messages, oldest first, each as text; undefined leaves one out. */
  async #readMessages(
    parent: string,
    hold: Hold,
    toText: (message: Message) => string | undefined | Promise<string | undefined>,
  ): Promise<string[]> {
    const newestFirst: string[] = [];
    const list = this.#clients.conversations.listMessages({ parent, pageSize }, this.#patience.call);
    for await (const { messages } of list.pages()) {
      let size = 0;
      for (const message of messages) {
        const text = await toText(message);
        if (text === undefined) continue;
        newestFirst.push(text);
        size += text.length;
      }
      await hold(size);
    }
    return newestFirst.reverse();
  }

  async #listUsers(parent: string): Promise<Map<string, string>> {
    const participants = await this.#listParticipants(parent);
    return new Map(
      participants.map(({ name, obfuscatedExternalUserId }) => [name, obfuscatedExternalUserId]),
    );
  }

  /** By name, as the order of the list is not promised. */
  async #listParticipants(parent: string): Promise<Participant[]> {
    const all: Participant[] = [];
    const list = this.#clients.participants.listParticipants({ parent, pageSize }, this.#patience.call);
    for await (const participant of list) all.push(participant);
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** An entry of a transcript; undefined for what cannot be one. A message without a time of its own has that of its storing. */
function toEntry(
  { content, participantRole, sendTime, createTime }: Message,
  userId: string | undefined,
): string | undefined {
  const role = roleNames.get(participantRole);
  const time = sendTime ?? createTime;
  if (role === undefined || content === '' || time === undefined) return undefined;
  const user = userId === undefined || userId === '' ? '' : `,"user_id":${toNumberOrText(userId)}`;
  const usec = toNumberOrText(toEpochMicros(time).toString());
  return `{"start_timestamp_usec":${usec},"text":${JSON.stringify(content)},"role":"${role}"${user}}`;
}

/** A number where it is one that every reader of JSON takes for the same; else the text, which means the same. */
function toNumberOrText(text: string): string {
  return /^(?:0|-?[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
    ? text
    : JSON.stringify(text);
}
