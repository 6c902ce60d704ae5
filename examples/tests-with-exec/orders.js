/** The program that is tested: files what customers ask about their orders as conversations. */
import { ConversationsClient, ParticipantsClient } from '@parleykit/client';

export class Orders {
  #parent;
  #conversations = new ConversationsClient();
  #participants = new ParticipantsClient();

  constructor(project) {
    this.#parent = `projects/${project}/locations/global`;
  }

  /** Opens a conversation about an order, with the customer's question in it, and answers the conversation's name. */
  async ask(order, question) {
    const conversation = await this.#conversations.createConversation({
      parent: this.#parent,
      conversationId: `order-${order}`,
      conversation: { conversationProfile: `${this.#parent}/conversationProfiles/demo` },
    });
    const customer = await this.#participants.createParticipant({
      parent: conversation.name,
      participant: { role: 'END_USER' },
    });
    await this.#conversations.batchCreateMessages({
      parent: conversation.name,
      requests: [
        {
          parent: conversation.name,
          message: { participant: customer.name, content: question, sendTime: new Date() },
        },
      ],
    });
    return conversation.name;
  }

  /** The questions of orders that are still open, the newest first. */
  async open() {
    const filter = 'lifecycle_state = "IN_PROGRESS"';
    const questions = [];
    for await (const { name } of this.#conversations.listConversations({ parent: this.#parent, filter })) {
      for await (const { content } of this.#conversations.listMessages({ parent: name }))
        questions.push(content);
    }
    return questions;
  }

  async close(name) {
    await this.#conversations.completeConversation({ name });
  }

  async end() {
    await Promise.all([this.#conversations.close(), this.#participants.close()]);
  }
}
