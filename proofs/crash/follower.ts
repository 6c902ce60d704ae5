import type { Client } from './client.ts';
import { type Finding, finding } from './findings.ts';
import type { Conversation, SeenMessage } from './model.ts';
import { readMessages } from './reading.ts';

/**
 * Follows a conversation as the API documents it for pollers: it asks for what was created after the last message
 * that it saw, reads all pages, and remembers the newest. It outlives the server.
 */
export class Follower {
  readonly conversation: Conversation;
  readonly #pageSize: number;
  #last = 0;
  /** In the order in which it was shown them, oldest first; by their names. */
  readonly #seen = new Map<string, SeenMessage>();

  constructor(conversation: Conversation, pageSize: number) {
    this.conversation = conversation;
    this.#pageSize = pageSize;
  }

  get seen(): number {
    return this.#seen.size;
  }

  /** Asks once. A poll that breaks off is begun again from where it began; what it had shown was shown all the same. */
  async poll(client: Client): Promise<Finding[]> {
    const findings: Finding[] = [];
    const messages = await readMessages(client, this.conversation.name, {
      filter: `create_time_epoch_microseconds > "${this.#last}"`,
      pageSize: this.#pageSize,
      onPage: (page) => {
        for (const message of page) findings.push(...this.conversation.note(message, `a poll of ${this}`));
      },
    });
    return [...findings, ...this.take(messages)];
  }

  /** Takes the messages of all pages of a poll, newest first. */
  take(messages: readonly SeenMessage[]): Finding[] {
    const findings: Finding[] = [];
    const after = this.#last;
    for (const message of [...messages].reverse()) {
      if (this.#seen.has(message.name)) {
        findings.push(finding('repeated', `the poller of ${this} was shown ${message.name} twice`));
      }
      if (message.createTime <= after) {
        findings.push(finding('repeated', `the poller of ${this} did not ask for ${message.name}`));
      }
      this.#seen.set(message.name, message);
      this.#last = Math.max(this.#last, message.createTime);
    }
    return findings;
  }

  /** Once it has asked with nobody writing: it saw what is there, all of it, in order. Newest first, as listed. */
  compare(listed: readonly SeenMessage[]): Finding[] {
    const there = new Set(listed.map(({ name }) => name));
    const findings: Finding[] = [];
    for (const name of this.#seen.keys()) {
      if (!there.has(name)) findings.push(finding('lost', `${name} was shown to a poller and is not there`));
    }
    for (const { name } of listed) {
      if (!this.#seen.has(name)) findings.push(finding('missed', `the poller of ${this} never saw ${name}`));
    }
    const order = listed.map(({ name }) => name).reverse();
    if (findings.length === 0 && ![...this.#seen.keys()].every((name, index) => name === order[index])) {
      findings.push(finding('reordered', `the poller of ${this} saw its messages in another order`));
    }
    return findings;
  }

  toString(): string {
    return this.conversation.name;
  }
}
