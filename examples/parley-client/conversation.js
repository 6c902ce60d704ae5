/**
 * A conversation by Parley's client, from its beginning to its end. The client looks into the environment by itself: with
 * DIALOGFLOW_EMULATOR_HOST=127.0.0.1:8470 it talks to Parley, without it to Google, with your credentials.
 */
import { ConversationsClient, ParticipantsClient } from '@parleykit/client';

const project = process.env.GOOGLE_CLOUD_PROJECT ?? 'demo';
const parent = `projects/${project}/locations/global`;
const conversations = new ConversationsClient();
const participants = new ParticipantsClient();

// A profile says how conversations are led. `parley exec` and `parley serve --demo` make one that is called "demo".
const conversation = await conversations.createConversation({
  parent,
  conversation: { conversationProfile: `${parent}/conversationProfiles/demo` },
});
const join = (role) => participants.createParticipant({ parent: conversation.name, participant: { role } });
const customer = await join('END_USER');
const agent = await join('HUMAN_AGENT');

// A batch stores messages that were said elsewhere. The same participant and sendTime is the same message: sending a
// batch again doubles nothing.
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

// Lists have the newest message first, and fetch further pages by themselves.
const messages = await Array.fromAsync(conversations.listMessages({ parent: conversation.name }));
for (const { participantRole, content } of messages.reverse()) console.log(`${participantRole}: ${content}`);

const completed = await conversations.completeConversation({ name: conversation.name });
console.log(completed.lifecycleState);

await Promise.all([conversations.close(), participants.close()]);
