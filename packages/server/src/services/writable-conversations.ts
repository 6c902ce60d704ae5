import { Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { conversationCompleted } from '../errors.ts';
import type { ResourceName } from '../resource-names.ts';
import { type Change, ConflictError, type Receipt, type Store } from '../storage/store.ts';
import { CONVERSATIONS } from './collections.ts';
import { ResourceCollection } from './resource-collection.ts';

/**
 * Writes what only a conversation in progress takes. That it is in progress is expected by the commit, and looked at
 * only where it is not: a read before each write would tell the same, earlier and for nothing.
 */
export class WritableConversations {
  readonly #store: Store;
  readonly #conversations: ResourceCollection;
  readonly #completedToo: boolean;

  constructor(store: Store, { completedToo = false } = {}) {
    this.#store = store;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#completedToo = completedToo;
  }

  /** Throws NOT_FOUND or FAILED_PRECONDITION where the conversation takes no writes. */
  async require(conversation: ResourceName): Promise<void> {
    const state = await this.#conversations.loadState(conversation);
    if (state === State.COMPLETED && !this.#completedToo)
      throw conversationCompleted(conversation.toString());
  }

  /** Commits a change to the conversation. Throws as `require` does, and as `Store.commit` does. */
  async commit(conversation: ResourceName, change: Omit<Change, 'partition'>): Promise<Receipt> {
    const { key } = conversation;
    const expected = this.#completedToo ? [] : [{ name: key, state: State.IN_PROGRESS }];
    try {
      return await this.#store.commit({
        ...change,
        partition: key,
        expect: [...expected, ...(change.expect ?? [])],
      });
    } catch (error) {
      if (error instanceof ConflictError && error.resource === key) await this.require(conversation);
      throw error;
    }
  }
}
