import { Conversations } from '../../gen/tables.js';
import type { ConversationsService, Message } from '../../gen/types.js';
import { serviceTable } from '../codec/service-table.ts';
import { type Mixins, mixins } from './mixins.ts';
import { clientClass } from './service-client.ts';
import type { Members } from './service-members.ts';
import { type WatchOptions, watchMessages } from './watch-messages.ts';

const ConversationsBase = /* @__PURE__ */ clientClass<Members<ConversationsService> & Mixins>(
  'ConversationsClient',
  () => [{ table: serviceTable(Conversations), awaited: 'pager' }, ...mixins()],
);

/**
 * The service for conversations and their messages, of Google's endpoint or of a Parley server.
 *
 * Each method takes the fields of its request, or `{ request }`, and then options of the call. What goes wrong is thrown
 * as an ApiError of the class of its code; what is wrong with the call itself as an InvalidRequestError, before anything
 * is sent. `client.getConversation({ name })` is a promise of the answer; `.withResponse()` gives it with its headers.
 * Lists are looped over with `for await`, with or without an `await` of their own.
 */
export class ConversationsClient extends ConversationsBase {
  /**
   * The messages of a conversation, oldest first, each once, and then those that come, until the signal is aborted or the
   * loop is left. It asks with ListMessages, by the API's own recipe for updates, about once a second; `intervalMs` says
   * how often. A server that goes away and comes back interrupts nothing, and loses nothing.
   */
  watchMessages(conversation: string, options?: WatchOptions): AsyncGenerator<Message, void, undefined> {
    return watchMessages<Message>((request, call) => this.listMessages(request, call), conversation, options);
  }
}

/** The name that the class has in Google's Python library, where it is one of two. */
export const ConversationsAsyncClient = ConversationsClient;
export type ConversationsAsyncClient = ConversationsClient;
