import {
  AlreadyExistsError,
  type BatchCreateMessagesResponse,
  fromEpochMicros,
  type Message,
  type MessageInit,
  toEpochMicros,
} from '@parleykit/client';
import { type Clients, firstAnswerMs } from './clients.ts';
import { ConversationDiffersError, describeDifference } from './difference.ts';
import { type Holds, holdHeaders } from './holds.ts';
import type { Patience } from './patience.ts';
import { type Speaker, speakerKey, type Transcript, type TranscriptEntry } from './transcript.ts';

/** The display name by which every run finds the profile of the runs before. */
export const profileDisplayName = 'parley import';

/** The most messages that BatchCreateMessages takes. */
const batchMessagesMax = 300;

/** Texts of one batch together, in UTF-16 units: at three bytes each still below the 4 MiB that gRPC servers accept. */
const batchTextMax = 2 ** 20;

const pageSize = 1_000;

/** Where transcripts go, and whether each conversation is completed once all of it is there. */
export interface Destination {
  readonly parent: string;
  readonly complete: boolean;
  /** What keeps conversations from being purged; undefined where the server's retention is to hold. */
  readonly holds: Pick<Holds, 'hold' | 'holdCreated'> | undefined;
}

/** What one batch of messages came to. */
export interface BatchCount {
  created: number;
  present: number;
  /** Of those present, how many are stored with another text than the transcript has. */
  differing: number;
}

/** What became of a transcript that is stored. */
export interface Stored {
  /** Whether the conversation is new. */
  readonly created: boolean;
  /** Whether it is kept until it is released. */
  readonly held: boolean;
}

interface OpenConversation {
  readonly name: string;
  /** Whether this run made it, by a call that it knows was done. */
  readonly isCreated: boolean;
  readonly isNew: boolean;
  readonly isCompleted: boolean;
  /** Participant names by speaker. */
  readonly participants: Map<string, string>;
  /** The create_time of the newest message that was there before, in microseconds, if there was any. */
  readonly newestUs: bigint | undefined;
}

/** Stores transcripts in one project. Every step may be repeated: a transcript that is stored already changes nothing. */
export class ConversationImport {
  readonly #clients: Clients;
  readonly #patience: Patience;
  readonly #destination: Destination;
  readonly #profile: string;

  private constructor(
    clients: Clients,
    patience: Patience,
    { destination, profile }: { destination: Destination; profile: string },
  ) {
    this.#clients = clients;
    this.#patience = patience;
    this.#destination = destination;
    this.#profile = profile;
  }

  /**
   * Finds the profile of imports under the parent, or creates it. The very first call is not repeated and has a short
   * deadline: whoever names the wrong server learns it at once.
   */
  static async open(
    clients: Clients,
    patience: Patience,
    destination: Destination,
  ): Promise<ConversationImport> {
    const { parent } = destination;
    const find = () => findProfile(clients, parent, patience.signal);
    const profile =
      (await find()) ??
      (await patience.repeat(async (earlierAttempts) => {
        // An attempt that broke off may have created it: a second one would leave two.
        const found = earlierAttempts === 0 ? undefined : await find();
        if (found !== undefined) return found;
        const conversationProfile = { displayName: profileDisplayName };
        const request = { parent, conversationProfile };
        return (await clients.profiles.createConversationProfile(request, patience.once)).name;
      }));
    return new ConversationImport(clients, patience, { destination, profile });
  }

  /**
   * Stores a transcript; tells of each batch as soon as it is stored. One
   * that is completed is compared and left as it is. A ConversationDiffersError says that something is not stored as the
   * transcript has it, and why; everything else is stored then, but the conversation is not completed.
   */
  async store(transcript: Transcript, onBatch: (count: BatchCount) => void): Promise<Stored> {
    const conversation = await this.#openConversation(transcript.id);
    const held = await this.#hold(conversation);
    if (conversation.isCompleted) {
      await this.#compare(conversation, transcript);
      onBatch({ created: 0, present: transcript.entries.length, differing: 0 });
      return { created: false, held };
    }
    let differing = 0;
    for (const entries of cutBatches(transcript.entries)) {
      await this.#joinSpeakers(conversation, entries);
      const { name } = conversation;
      const requests = entries.map((entry) => ({
        parent: name,
        message: this.#toMessage(conversation, entry),
      }));
      const reply = await this.#patience.repeat(() =>
        this.#clients.conversations.batchCreateMessages({ parent: name, requests }, this.#patience.once),
      );
      const count = countBatch(entries, reply, conversation.newestUs);
      differing += count.differing;
      onBatch(count);
    }
    if (differing > 0) {
      const what = `${differing} of its entries are stored with another text, and left as they are`;
      throw new ConversationDiffersError(`conversation ${transcript.id}: ${what}`);
    }
    if (this.#destination.complete) {
      // Completing what is completed changes nothing, so that it may be repeated.
      await this.#patience.repeat(() =>
        this.#clients.conversations.completeConversation({ name: conversation.name }, this.#patience.once),
      );
    }
    return { created: conversation.isNew, held };
  }

  /** Before anything is said in it: a run that breaks off has held all that it made. */
  async #hold({ name, isCreated }: OpenConversation): Promise<boolean> {
    const { holds } = this.#destination;
    if (holds === undefined) return false;
    return this.#patience.repeat(() => (isCreated ? holds.holdCreated(name) : holds.hold(name)));
  }

  async #openConversation(id: string): Promise<OpenConversation> {
    const { parent, holds } = this.#destination;
    const headers = holds && holdHeaders;
    const name = `${parent}/conversations/${id}`;
    const conversation = { conversationProfile: this.#profile };
    const { conversations } = this.#clients;
    try {
      await conversations.createConversation(
        { parent, conversationId: id, conversation },
        { ...this.#patience.call, headers },
      );
      const empty = { participants: new Map(), newestUs: undefined };
      return { name, isCreated: true, isNew: true, isCompleted: false, ...empty };
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
    const [stored, participants, newestUs] = await Promise.all([
      conversations.getConversation({ name }, this.#patience.call),
      this.#listParticipants(name),
      this.#newestMessage(name),
    ]);
    const isCompleted = stored.lifecycleState === 'COMPLETED';
    // An empty one is what an attempt that broke off has left behind: nobody has reported it yet.
    const isNew = !isCompleted && participants.size === 0 && newestUs === undefined;
    return { name, isCreated: false, isNew, isCompleted, participants, newestUs };
  }

  /** Makes a participant of each speaker who has none yet. */
  async #joinSpeakers({ name, participants }: OpenConversation, entries: readonly TranscriptEntry[]) {
    const missing = new Map<string, Speaker>();
    for (const entry of entries) {
      const key = speakerKey(entry);
      if (!participants.has(key)) missing.set(key, entry);
    }
    await Promise.all(
      [...missing].map(async ([key, speaker]) => {
        participants.set(key, await this.#createParticipant(name, key, speaker));
      }),
    );
  }

  #createParticipant(parent: string, key: string, { role, userId = '' }: Speaker): Promise<string> {
    return this.#patience.repeat(async (earlierAttempts) => {
      // The server chooses the name, so that a second call after one that broke off could make a second participant.
      const found = earlierAttempts === 0 ? undefined : (await this.#listParticipants(parent)).get(key);
      if (found !== undefined) return found;
      const participant = { role, obfuscatedExternalUserId: userId };
      const request = { parent, participant };
      return (await this.#clients.participants.createParticipant(request, this.#patience.once)).name;
    });
  }

  #toMessage({ participants }: OpenConversation, entry: TranscriptEntry): MessageInit {
    const participant = participants.get(speakerKey(entry));
    return { content: entry.text, participant, sendTime: toTimestamp(entry.sendTimeNs) };
  }

  async #listParticipants(parent: string): Promise<Map<string, string>> {
    const byKey = new Map<string, string>();
    const list = this.#clients.participants.listParticipants({ parent, pageSize }, this.#patience.call);
    for await (const { name, role, obfuscatedExternalUserId } of list) {
      const key = speakerKey({ role, userId: obfuscatedExternalUserId || undefined });
      const rival = byKey.get(key);
      // Somebody else may have made two alike. The order of the list is not promised, that of the names is.
      if (rival === undefined || name < rival) byKey.set(key, name);
    }
    return byKey;
  }

  async #newestMessage(parent: string): Promise<bigint | undefined> {
    const list = this.#clients.conversations.listMessages({ parent, pageSize: 1 }, this.#patience.call);
    for await (const { createTime } of list) return microsOf(createTime);
    return undefined;
  }

  async #compare({ name }: OpenConversation, transcript: Transcript): Promise<void> {
    const users = new Map<string, string>();
    const list = this.#clients.participants.listParticipants({ parent: name, pageSize }, this.#patience.call);
    for await (const participant of list) users.set(participant.name, participant.obfuscatedExternalUserId);
    const messages = this.#clients.conversations.listMessages(
      { parent: name, pageSize },
      this.#patience.call,
    );
    const difference = await describeDifference(transcript.entries, messages, users);
    if (difference !== undefined)
      throw new ConversationDiffersError(`conversation ${transcript.id} ${difference}`);
  }
}

async function findProfile(
  { profiles }: Clients,
  parent: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const call = { signal, timeoutMs: firstAnswerMs, retry: false } as const;
  for await (const profile of profiles.listConversationProfiles({ parent, pageSize }, call)) {
    if (profile.displayName === profileDisplayName) return profile.name;
  }
  return undefined;
}

/**
 * A reply names one message per request: a new one, or the one stored earlier at the same time by the same participant.
 * Which of them are new shows in their create_time, because that of a new message is later than all that the
 * conversation held when it was opened. A batch that was repeated after its answer got lost counts as new, and rightly:
 * this run stored it. That costs one list of one message per conversation that was already there, and none for others.
 */
function countBatch(
  entries: readonly TranscriptEntry[],
  { messages }: BatchCreateMessagesResponse,
  newestUs: bigint | undefined,
): BatchCount {
  const isNew = ({ createTime }: Message) => newestUs === undefined || microsOf(createTime) > newestUs;
  const created = messages.filter(isNew).length;
  const differing = messages.filter(({ content }, index) => content !== entries[index]?.text).length;
  return { created, present: entries.length - created, differing };
}

/** Batches in file order, bounded by number and by size; a text that is over the bound alone goes alone. */
function* cutBatches(entries: readonly TranscriptEntry[]): Generator<readonly TranscriptEntry[]> {
  let start = 0;
  let size = 0;
  for (const [index, { text }] of entries.entries()) {
    if (index > start && (index - start === batchMessagesMax || size + text.length > batchTextMax)) {
      yield entries.slice(start, index);
      start = index;
      size = 0;
    }
    size += text.length;
  }
  yield entries.slice(start);
}

function microsOf(timestamp: string | undefined): bigint {
  return timestamp === undefined ? 0n : toEpochMicros(timestamp);
}

/** RFC 3339 with as many digits as the time needs, up to nine. */
function toTimestamp(timeNs: bigint): string {
  const nanos = ((timeNs % 1_000n) + 1_000n) % 1_000n;
  const micros = fromEpochMicros((timeNs - nanos) / 1_000n);
  if (nanos === 0n) return micros;
  const [whole = '', fraction = ''] = micros.slice(0, -1).split('.');
  return `${whole}.${fraction.padEnd(6, '0')}${String(nanos).padStart(3, '0')}Z`;
}
