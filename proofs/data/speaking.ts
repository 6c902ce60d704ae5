import { type GoogleClients, openGoogleClients, present } from '../../conformance/google-node-clients.ts';
import { createConversation, createParticipant } from '../../conformance/google-node-scene.ts';

/** What came of an agent that a server was given. */
export interface Spoken {
  /** Phrases of intents that wait for no context, as they stand in the export, said in a conversation each. */
  readonly said: number;
  /** Those that were taken for their own intent. */
  readonly understood: number;
  /** What is wrong, a line each. */
  readonly problems: readonly string[];
}

/** Phrases of one intent that are said. */
const PHRASES = 3;

const LONGEST = 256;

/**
 * Gives an agent to a server by Google's own client, speaks with it in conversations, takes it out, and gives it to another
 * project.
 */
export async function speak(
  address: { readonly host: string; readonly port: number },
  project: string,
  zip: Uint8Array,
): Promise<Spoken> {
  await using clients = openGoogleClients(address, 'grpc');
  const parent = `projects/${project}`;
  const problems: string[] = [];
  await (await clients.agents.importAgent({ parent, agentContent: zip }))[0].promise();
  await (await clients.agents.trainAgent({ parent }))[0].promise();
  const exported = await exportAgent(clients, parent);
  const other = `${parent}-again`;
  await (await clients.agents.restoreAgent({ parent: other, agentContent: exported }))[0].promise();
  if (!exported.equals(await exportAgent(clients, other))) {
    problems.push('what is exported again is not what was exported');
  }
  const { said, understood, unanswered } = await sayPhrases(clients, parent);
  problems.push(...unanswered.map((text) => `${JSON.stringify(text)} got no reply`));
  return { said, understood, problems };
}

async function exportAgent({ agents }: GoogleClients, parent: string): Promise<Buffer> {
  const [operation] = await agents.exportAgent({ parent });
  const [{ agentContent }] = await operation.promise();
  return Buffer.from(agentContent as Uint8Array);
}

/** Says phrases of the agent's own to it by AnalyzeContent. */
async function sayPhrases(
  clients: GoogleClients,
  parent: string,
): Promise<{ said: number; understood: number; unanswered: string[] }> {
  const { agents, intents, participants, profiles } = clients;
  const [{ name: profile }] = await profiles.createConversationProfile({
    parent,
    conversationProfile: {
      displayName: 'data',
      automatedAgentConfig: { agent: `${parent}/agent/environments/-` },
    },
  });
  const [{ defaultLanguageCode: languageCode }] = await agents.getAgent({ parent });
  const [all] = await intents.listIntents({ parent: `${parent}/agent`, intentView: 'INTENT_VIEW_FULL' });
  let said = 0;
  let understood = 0;
  const unanswered: string[] = [];
  for (const { name, inputContextNames, isFallback, trainingPhrases } of all) {
    if ((inputContextNames ?? []).length > 0 || isFallback === true) continue;
    for (const { parts } of (trainingPhrases ?? []).slice(0, PHRASES)) {
      const text = (parts ?? []).map((part) => part.text).join('');
      if (text.trim() === '' || text.length > LONGEST) continue;
      const conversation = await createConversation(clients, parent, present(profile));
      const participant = await createParticipant(clients, present(conversation.name), 'END_USER');
      const textInput = { text, languageCode: present(languageCode) };
      const [{ automatedAgentReply }] = await participants.analyzeContent({ participant, textInput });
      said++;
      if (automatedAgentReply?.intent === name) understood++;
      else if (!automatedAgentReply) unanswered.push(text);
    }
  }
  return { said, understood, unanswered };
}
