/** A conversation with a server that is there for it alone, in a container. Needs Docker, or what speaks like it. */
import { ConversationsClient, ParticipantsClient } from '@parleykit/client';
import { startParley } from './parley-container.js';

const parley = await startParley();
process.env.DIALOGFLOW_EMULATOR_HOST = parley.address;

const parent = `projects/${parley.project}/locations/global`;
const conversations = new ConversationsClient();
const participants = new ParticipantsClient();
const conversation = await conversations.createConversation({
  parent,
  conversation: { conversationProfile: `${parent}/conversationProfiles/demo` },
});
const join = (role) => participants.createParticipant({ parent: conversation.name, participant: { role } });
const customer = await join('END_USER');
const agent = await join('HUMAN_AGENT');

const said = [
  { participant: customer.name, content: 'Where is my order?' },
  { participant: agent.name, content: 'It left our house this morning.' },
  { participant: customer.name, content: 'Thank you!' },
];
const start = Date.now();
await conversations.batchCreateMessages({
  parent: conversation.name,
  requests: said.map((message, index) => ({
    parent: conversation.name,
    message: { ...message, sendTime: new Date(start + index * 1000) },
  })),
});

const messages = await Array.fromAsync(conversations.listMessages({ parent: conversation.name }));
for (const { participantRole, content } of messages.reverse()) console.log(`${participantRole}: ${content}`);

const completed = await conversations.completeConversation({ name: conversation.name });
console.log(completed.lifecycleState);

await Promise.all([conversations.close(), participants.close()]);
await parley.stop();
