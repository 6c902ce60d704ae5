import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { type WatchConversationRequest, WatchConversationResponseSchema } from '@parleykit/proto/admin';
import { writeMessages } from '../conversation/transcript.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { EncodedReply } from '../rpc/encoded-reply.ts';
import { writeNamed } from '../storage/named-message.ts';
import type { MessageCursor, Page, Store, StoredMessage, StoredResource } from '../storage/store.ts';
import { ROOM_BEFORE, WireWriter } from '../wire-writer.ts';
import { CONVERSATIONS } from './collections.ts';
import { ResourceCollection } from './resource-collection.ts';

const { conversation: CONVERSATION, message: MESSAGE } = WatchConversationResponseSchema.field;

/** The part of parley.admin.v1.Administration that lets others look on. */
export class ConversationWatch {
  readonly #store: Store;
  readonly #conversations: ResourceCollection;

  constructor(store: Store) {
    this.#store = store;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
  }

  /**
   * The conversation as it is, its messages, then what is new of both as soon as it is stored. Who takes long to read
   * misses nothing and costs no memory: what is new is looked for when the last reply has been taken.
   */
  async *watchConversation({ after }: WatchConversationRequest, call: CallContext) {
    const { resource: name } = call;
    const { ordering: began, ...found } = await this.#conversations.load(name);
    let { version, body } = found;
    yield conversationReply(name, body);
    // Another one that has the name by then, after a purge or a reset, is not the one that is watched.
    const find = async (): Promise<StoredResource | undefined> => {
      const stored = await this.#store.get(name.key);
      return stored?.ordering === began ? stored : undefined;
    };
    let latest = after === undefined ? -1 : toMicroseconds(after);
    const changes = new Changes(this.#store, name.key, call.signal);
    try {
      for (;;) {
        const stored = await find();
        for await (const message of this.#messagesAfter(name, latest, find)) {
          yield messageReply(name, message);
          latest = message.createTime;
        }
        // Read before the messages: what ended a conversation is told behind all that was said in it.
        if (stored === undefined) return;
        if (stored.version !== version) {
          ({ version, body } = stored);
          yield conversationReply(name, body);
        }
        await changes.next();
      }
    } finally {
      changes.close();
    }
  }

  /**
   * Oldest first. Pages come newest first: of all but the oldest only their borders are kept until their turn. What is
   * appended meanwhile is later than all of these and left for the next time. There are none any more once `find` does not
   * find the conversation.
   */
  async *#messagesAfter(
    conversation: ResourceName,
    latest: number,
    find: () => Promise<StoredResource | undefined>,
  ): AsyncGenerator<StoredMessage> {
    let newest = Number.MAX_SAFE_INTEGER;
    const read = async (after?: MessageCursor): Promise<Page<StoredMessage>> => {
      const createTimes = [[latest + 1, newest]] as const;
      const range = { createTimes, after, limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX };
      const page = await this.#store.listMessages(conversation.key, range);
      // Whoever is there after the page was read was there before.
      const isThere = (await find()) !== undefined;
      return page !== undefined && isThere ? page : { items: [], more: false };
    };
    let page = await read();
    newest = page.items[0]?.createTime ?? newest;
    const borders: MessageCursor[] = [];
    for (let last = page.items.at(-1); page.more && last !== undefined; last = page.items.at(-1)) {
      borders.push({ createTime: last.createTime, position: last.position });
      page = await read(borders.at(-1));
    }
    yield* page.items.toReversed();
    while (borders.pop() !== undefined) yield* (await read(borders.at(-1))).items.toReversed();
  }
}

/** Tells whether something has changed since one last looked. */
class Changes {
  readonly #signal: AbortSignal;
  readonly #unwatch: () => void;
  #changed = false;
  #wake = (): void => {};

  constructor(store: Store, partition: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#unwatch = store.watch(partition, () => {
      this.#changed = true;
      this.#wake();
    });
    signal.addEventListener('abort', this.#onAbort);
  }

  /** Resolves at the next change, or at once where there was one since the last call. Throws when the call is over. */
  async next(): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#signal.throwIfAborted();
    }
    this.#changed = false;
  }

  close(): void {
    this.#unwatch();
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => this.#wake();
}

function conversationReply(name: ResourceName, body: Uint8Array): EncodedReply {
  const writer = new WireWriter();
  writer.nested(CONVERSATION.number, () => writeNamed(writer, name.toString(), body));
  return new EncodedReply(writer.finish(), ROOM_BEFORE);
}

function messageReply(conversation: ResourceName, message: StoredMessage): EncodedReply {
  const writer = new WireWriter();
  writeMessages(writer, MESSAGE.number, conversation, [message]);
  return new EncodedReply(writer.finish(), ROOM_BEFORE);
}

function toMicroseconds({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1_000_000 + Math.floor(nanos / 1_000);
}
