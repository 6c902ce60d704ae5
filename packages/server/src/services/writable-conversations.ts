import { Conversation_LifecycleState as State } from '@parleykit/proto/v2beta1';
import { noAgentListens } from '../agent-errors.ts';
import { type Refusal, refusalOf, type StagelessHappening } from '../conversation/lifecycle.ts';
import { conversationCompleted, notFound, type ServiceError } from '../errors.ts';
import type { ResourceName } from '../resource-names.ts';
import { type Change, ConflictError, type Receipt, type Store } from '../storage/store.ts';
import { CONVERSATIONS } from './collections.ts';
import { ResourceCollection } from './resource-collection.ts';

/** What a caller is told of what does not happen to a conversation. */
export function refused(refusal: Refusal, conversation: ResourceName): ServiceError {
  const name = conversation.toString();
  switch (refusal) {
    case 'CONVERSATION_COMPLETED':
      return conversationCompleted(name);
    case 'NO_AGENT_LISTENS':
      return noAgentListens(name);
    default:
      return notFound('Conversation', name);
  }
}

/**
 * Writes what only a conversation in progress takes. That it is in progress is expected by the commit, and looked at
 * only where it is not: a read before each write would tell the same, earlier and for nothing.
 */
export class WritableConversations {
  readonly #store: Store;
  readonly #conversations: ResourceCollection;
  readonly #happening: StagelessHappening;
  readonly #completedToo: boolean;

  /** `happening` is what is written, as the lifecycle has it; it may be let happen to completed conversations as well. */
  constructor(store: Store, happening: StagelessHappening, { completedToo = false } = {}) {
    this.#store = store;
    this.#happening = happening;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#completedToo = completedToo;
  }

  /** Throws NOT_FOUND or FAILED_PRECONDITION where the conversation takes no writes. */
  async require(conversation: ResourceName): Promise<void> {
    const state = await this.#conversations.loadState(conversation);
    const refusal = this.#completedToo ? undefined : refusalOf(state, this.#happening);
    if (refusal !== undefined) throw refused(refusal, conversation);
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
