/**
 * What was asked of the server, what it answered, and therefore what must hold: the memory of a run, which no kill
 * reaches. Nothing here calls the server; what was seen of it is noted here and is evidence from then on.
 */
import { type Finding, finding } from './findings.ts';

/**
 * What is known of a write. `unknown`: it was sent, and is there as a whole or not at all. `kept`: it was
 * acknowledged or seen, and stays. `absent`: it was refused, or was not there after a restart, and stays away until
 * it is sent again.
 */
export type Fate = 'unsent' | 'unknown' | 'kept' | 'absent';

export class Write {
  fate: Fate = 'unsent';
  acknowledged = false;
  /** Sends of which nobody knows what became. */
  #open = 0;

  send(): void {
    this.#open++;
    if (this.fate !== 'kept') this.fate = 'unknown';
  }

  acknowledge(): void {
    this.#open--;
    this.acknowledged = true;
    this.fate = 'kept';
  }

  /** It is absent only if no other send of it can still have reached the server. */
  refuse(): void {
    this.#open--;
    if (this.fate === 'unknown' && this.#open === 0) this.fate = 'absent';
  }

  /** Somebody was shown it. */
  see(): void {
    this.fate = 'kept';
  }

  /** After a restart nothing is under way any more: what is not there will not come. */
  settle(isThere: boolean): void {
    this.#open = 0;
    if (this.fate === 'unknown') this.fate = isThere ? 'kept' : 'absent';
  }
}

/** A message as the server shows it. Times of creation are in microseconds. */
export interface SeenMessage {
  readonly name: string;
  readonly participant: string;
  readonly role: number;
  readonly content: string;
  /** Seconds and nanoseconds, as `1700000000.000000001`. */
  readonly sendTime: string;
  readonly createTime: number;
}

export interface SeenParticipant {
  readonly name: string;
  readonly userId: string;
  readonly role: number;
}

/** A conversation with all that belongs to it, as the server shows it. Messages come newest first. */
export interface SeenConversation {
  readonly name: string;
  readonly completed: boolean;
  readonly startTime: string;
  readonly endTime: string;
  readonly participants: readonly SeenParticipant[];
  readonly messages: readonly SeenMessage[];
}

/** A participant as it was asked for; the server gives the name. */
export class Participant {
  readonly write = new Write();
  readonly userId: string;
  readonly role: number;
  name: string | undefined;

  constructor(userId: string, role: number) {
    this.userId = userId;
    this.role = role;
  }
}

/** A message as it was sent. What it was seen as, it must be forever. */
export interface Line {
  readonly batch: Batch;
  readonly participant: string;
  readonly role: number;
  readonly sendTime: string;
  readonly content: string;
  /** Chosen by the sender, else empty. */
  readonly id: string;
  name?: string;
  createTime?: number;
}

/** Messages that were sent in one call: its own, and in front of them some that it repeats of earlier batches. */
export class Batch {
  readonly write = new Write();
  readonly conversation: Conversation;
  readonly label: string;
  readonly repeats: readonly Line[];
  readonly lines: Line[] = [];
  /** The latest time of creation that was known in the conversation when the batch was first sent. */
  after = 0;
  /** Whether the end of the conversation was known already when the batch was first sent. */
  isLate = false;

  constructor(conversation: Conversation, label: string, repeats: readonly Line[] = []) {
    this.conversation = conversation;
    this.label = label;
    this.repeats = repeats;
  }

  send(): void {
    if (this.write.fate === 'unsent' || this.write.fate === 'absent') {
      this.after = this.conversation.newest;
      this.isLate = this.conversation.completion.fate === 'kept';
    }
    this.write.send();
  }

  /** Takes the reply: the messages of the request, in its order. */
  acknowledge(reply: readonly SeenMessage[]): Finding[] {
    const sent = [...this.repeats, ...this.lines];
    this.write.acknowledge();
    const findings: Finding[] = [];
    if (reply.length !== sent.length) {
      findings.push(finding('half', `${this} of ${sent.length} messages was answered with ${reply.length}`));
    }
    for (const [index, message] of reply.entries()) {
      const line = sent[index];
      if (line !== undefined && keyOf(message) !== keyOf(line)) {
        findings.push(finding('reordered', `message ${index} of the reply to ${this} is ${message.content}`));
      }
      findings.push(...this.conversation.note(message, `the reply to ${this}`));
    }
    if (this.isLate) findings.push(finding('refused', `${this} was taken after the conversation's end`));
    return findings;
  }

  toString(): string {
    return `batch ${this.label}`;
  }
}

export class Conversation {
  readonly creation = new Write();
  readonly completion = new Write();
  readonly name: string;
  readonly participants: Participant[] = [];
  readonly batches: Batch[] = [];
  startTime: string | undefined;
  endTime: string | undefined;
  /** The latest time of creation of any message that was seen. */
  newest = 0;
  readonly #lines = new Map<string, Line>();

  constructor(name: string) {
    this.name = name;
  }

  /** Files a batch that will be sent; its lines are complete. */
  add(batch: Batch): void {
    this.batches.push(batch);
    for (const line of batch.lines) this.#lines.set(keyOf(line), line);
  }

  /** The line that a message is, if it was ever sent. */
  lineOf(message: SeenMessage): Line | undefined {
    return this.#lines.get(keyOf(message));
  }

  /** Takes down that a message was shown, and says where that contradicts what was sent or seen before. */
  note(message: SeenMessage, where: string): Finding[] {
    const line = this.lineOf(message);
    if (line === undefined) {
      return [finding('stranger', `${where} shows ${message.name}, which nobody sent: ${message.content}`)];
    }
    const chosen = line.id === '' ? message.name : `${this.name}/messages/${line.id}`;
    if (message.content !== line.content || message.role !== line.role || message.name !== chosen) {
      return [finding('changed', `${where} shows ${message.name} other than it was sent in ${line.batch}`)];
    }
    if (line.name !== undefined && line.name !== message.name) {
      const text = `${where} shows a message of ${line.batch} as ${message.name}, before it was ${line.name}`;
      return [finding('doubled', text)];
    }
    if (line.createTime !== undefined && line.createTime !== message.createTime) {
      const text = `${where} shows ${message.name} created at ${message.createTime}, before at ${line.createTime}`;
      return [finding('changed', text)];
    }
    const findings: Finding[] = [];
    const { batch } = line;
    if (batch.write.fate === 'absent') {
      findings.push(finding('risen', `${where} shows ${message.name} of ${batch}, which was not kept`));
    }
    if (message.createTime <= batch.after) {
      const text = `${where} shows ${batch} created at ${message.createTime}, though ${batch.after} was known before`;
      findings.push(finding('reordered', text));
    }
    batch.write.see();
    line.name = message.name;
    line.createTime = message.createTime;
    this.newest = Math.max(this.newest, message.createTime);
    return findings;
  }
}

/** By what the server tells a repeated message from a new one. */
function keyOf({ participant, sendTime }: { participant: string; sendTime: string }): string {
  return `${participant} ${sendTime}`;
}
