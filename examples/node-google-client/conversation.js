/**
 * A conversation by Google's Node client, from its beginning to its end.
 *
 * Google's clients take their endpoint from code alone, so this program looks into the environment itself: with
 * DIALOGFLOW_EMULATOR_HOST=127.0.0.1:8470 it talks to Parley, without it to Google, with your credentials.
 */
import { v2beta1 } from '@google-cloud/dialogflow';
import { credentials } from '@grpc/grpc-js';

const project = process.env.GOOGLE_CLOUD_PROJECT ?? 'demo';
const parent = `projects/${project}/locations/global`;

function endpoint() {
  const emulator = process.env.DIALOGFLOW_EMULATOR_HOST;
  if (emulator === undefined) return {};
  const { hostname, port } = new URL(`http://${emulator}`);
  return {
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    // Else the client asks for Google's metadata server before its first call.
    universeDomain: 'googleapis.com',
  };
}

const conversations = new v2beta1.ConversationsClient(endpoint());
const participants = new v2beta1.ParticipantsClient(endpoint());

// A profile says how conversations are led. `parley exec` and `parley serve --demo` make one that is called "demo".
const [conversation] = await conversations.createConversation({
  parent,
  conversation: { conversationProfile: `${parent}/conversationProfiles/demo` },
});

const join = async (role) => {
  const [participant] = await participants.createParticipant({
    parent: conversation.name,
    participant: { role },
  });
  return participant.name;
};
const customer = await join('END_USER');
const agent = await join('HUMAN_AGENT');

// A batch stores messages that were said elsewhere. The same participant and sendTime is the same message: sending a
// batch again doubles nothing.
const said = [
  { participant: customer, content: 'Where is my order?' },
  { participant: agent, content: 'It left our house this morning.' },
  { participant: customer, content: 'Thank you!' },
];
const start = Math.floor(Date.now() / 1000);
await conversations.batchCreateMessages({
  parent: conversation.name,
  requests: said.map((message, index) => ({
    parent: conversation.name,
    message: { ...message, sendTime: { seconds: start + index } },
  })),
});

// Lists have the newest message first.
const [messages] = await conversations.listMessages({ parent: conversation.name });
for (const { participantRole, content } of messages.reverse()) console.log(`${participantRole}: ${content}`);

const [completed] = await conversations.completeConversation({ name: conversation.name });
console.log(completed.lifecycleState);

await Promise.all([conversations.close(), participants.close()]);
