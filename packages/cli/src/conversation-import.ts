import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import {
  type BatchCreateMessagesResponse,
  ConversationProfiles,
  Conversations,
  type CreateMessageRequestSchema,
  type Message,
  Participants,
} from '@parleykit/proto/v2beta1';
import { type RetryOptions, retryTransient } from './backoff.ts';
import type { BatchCount } from './import-tally.ts';
import { type Remote, RemoteError } from './remote.ts';
import { speakerKey, type Transcript, type TranscriptEntry } from './transcript.ts';

/** The display name by which every run finds the profile of the runs before. */
export const profileDisplayName = 'parley import';

/** The most messages that BatchCreateMessages takes. */
const batchMessagesMax = 300;

/** Texts of one batch together, in UTF-16 units: at three bytes each still below the 4 MiB that gRPC servers accept. */
const batchTextMax = 2 ** 20;

const firstAnswerMs = 5_000;
const pageSize = 1_000;

type CreateMessage = MessageInitShape<typeof CreateMessageRequestSchema>;

interface OpenConversation {
  name: string;
  created: boolean;
  /** Participant names by speaker. */
  participants: Map<string, string>;
  /** The create_time of the newest message that was there before, if there was any. */
  newestNs: bigint | undefined;
}

/** Stores transcripts in one project. Every step may be repeated: a transcript that is stored already changes nothing. */
export class ConversationImport {
  readonly #remote: Remote;
  readonly #parent: string;
  readonly #retry: RetryOptions;
  readonly #profile: string;

  private constructor(
    remote: Remote,
    { parent, profile, retry }: { parent: string; profile: string; retry: RetryOptions },
  ) {
    this.#remote = remote;
    this.#parent = parent;
    this.#profile = profile;
    this.#retry = retry;
  }

  /**
   * Finds the profile of imports under `projects/P[/locations/L]`, or creates it. The very first call is not repeated
   * and has a short deadline: whoever names the wrong server learns it at once.
   */
  static async open(remote: Remote, parent: string, retry: RetryOptions): Promise<ConversationImport> {
    const profile =
      (await findProfile(remote, parent, retry.signal)) ??
      (await retryTransient(async (earlierAttempts) => {
        // An attempt that broke off may have created it: a second one would leave two.
        const found = earlierAttempts === 0 ? undefined : await findProfile(remote, parent, retry.signal);
        if (found !== undefined) return found;
        const conversationProfile = { displayName: profileDisplayName };
        const created = await remote.call(
          ConversationProfiles.method.createConversationProfile,
          { parent, conversationProfile },
          { signal: retry.signal },
        );
        return created.name;
      }, retry));
    return new ConversationImport(remote, { parent, profile, retry });
  }

  /** Stores a transcript; tells of each batch as soon as it is stored. Resolves to whether the conversation is new. */
  async store(transcript: Transcript, onBatch: (count: BatchCount) => void): Promise<{ created: boolean }> {
    const conversation = await this.#openConversation(transcript.id);
    for (const entries of cutBatches(transcript.entries)) {
      const requests: CreateMessage[] = [];
      for (const entry of entries) {
        const participant = await this.#participantOf(conversation, entry);
        const message = { content: entry.text, participant, sendTime: toTimestamp(entry.sendTimeNs) };
        requests.push({ parent: conversation.name, message });
      }
      const reply = await retryTransient(
        () =>
          this.#remote.call(
            Conversations.method.batchCreateMessages,
            { parent: conversation.name, requests },
            { signal: this.#retry.signal },
          ),
        this.#retry,
      );
      onBatch(countBatch(entries, reply, conversation.newestNs));
    }
    return { created: conversation.created };
  }

  async #openConversation(id: string): Promise<OpenConversation> {
    const name = `${this.#parent}/conversations/${id}`;
    const conversation = { conversationProfile: this.#profile };
    let attempts = 0;
    try {
      await retryTransient(() => {
        attempts++;
        return this.#remote.call(
          Conversations.method.createConversation,
          { parent: this.#parent, conversationId: id, conversation },
          { signal: this.#retry.signal },
        );
      }, this.#retry);
      return { name, created: true, participants: new Map(), newestNs: undefined };
    } catch (error) {
      if (!(error instanceof RemoteError && error.code === status.ALREADY_EXISTS)) throw error;
    }
    return retryTransient(async () => {
      const participants = await this.#listParticipants(name);
      const newestNs = await this.#newestMessage(name);
      // What an attempt that broke off has left behind is empty. It is this run's, though only for the report.
      const created = attempts > 1 && participants.size === 0 && newestNs === undefined;
      return { name, created, participants, newestNs };
    }, this.#retry);
  }

  async #participantOf(conversation: OpenConversation, { role, userId }: TranscriptEntry): Promise<string> {
    const key = speakerKey(role, userId);
    const known = conversation.participants.get(key);
    if (known !== undefined) return known;
    const participant = { role, obfuscatedExternalUserId: userId ?? '' };
    const name = await retryTransient(async (earlierAttempts) => {
      // The server chooses the name, so that a second call after one that broke off could make a second participant.
      const found =
        earlierAttempts === 0 ? undefined : (await this.#listParticipants(conversation.name)).get(key);
      if (found !== undefined) return found;
      const created = await this.#remote.call(
        Participants.method.createParticipant,
        { parent: conversation.name, participant },
        { signal: this.#retry.signal },
      );
      return created.name;
    }, this.#retry);
    conversation.participants.set(key, name);
    return name;
  }

  async #listParticipants(parent: string): Promise<Map<string, string>> {
    const byKey = new Map<string, string>();
    let pageToken = '';
    do {
      const request = { parent, pageSize, pageToken };
      const page = await this.#remote.call(Participants.method.listParticipants, request, {
        signal: this.#retry.signal,
      });
      for (const { name, role, obfuscatedExternalUserId } of page.participants) {
        const key = speakerKey(role, obfuscatedExternalUserId === '' ? undefined : obfuscatedExternalUserId);
        const rival = byKey.get(key);
        // Somebody else may have made two alike. The order of the list is not promised, that of the names is.
        if (rival === undefined || name < rival) byKey.set(key, name);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return byKey;
  }

  async #newestMessage(parent: string): Promise<bigint | undefined> {
    let pageToken = '';
    do {
      const request = { parent, pageSize: 1, pageToken };
      const page = await this.#remote.call(Conversations.method.listMessages, request, {
        signal: this.#retry.signal,
      });
      const newest = page.messages[0];
      if (newest !== undefined) return toNanoseconds(newest.createTime);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return undefined;
  }
}

async function findProfile(remote: Remote, parent: string, signal: AbortSignal): Promise<string | undefined> {
  let pageToken = '';
  do {
    const page = await remote.call(
      ConversationProfiles.method.listConversationProfiles,
      { parent, pageSize, pageToken },
      { signal, deadlineMs: firstAnswerMs },
    );
    const found = page.conversationProfiles.find((profile) => profile.displayName === profileDisplayName);
    if (found !== undefined) return found.name;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
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
  reply: BatchCreateMessagesResponse,
  newestNs: bigint | undefined,
): BatchCount {
  const isNew = ({ createTime }: Message) => newestNs === undefined || toNanoseconds(createTime) > newestNs;
  const created = reply.messages.filter(isNew).length;
  const differing = reply.messages.filter(({ content }, index) => content !== entries[index]?.text).length;
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

function toTimestamp(timeNs: bigint): Timestamp {
  // Timestamp.nanos counts forward even before 1970, where division rounds the other way.
  const nanos = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return create(TimestampSchema, { seconds: (timeNs - nanos) / 1_000_000_000n, nanos: Number(nanos) });
}

function toNanoseconds(timestamp: Timestamp | undefined): bigint {
  return (timestamp?.seconds ?? 0n) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
}
