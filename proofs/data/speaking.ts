import { type GoogleClients, openGoogleClients, present } from '../../conformance/google-node-clients.ts';
import { createParticipant } from '../../conformance/google-node-scene.ts';

/** What came of an agent that a server was given. */
export interface Spoken {
  /** Phrases of intents that wait for no context, as they stand in the export, said in a conversation each. */
  readonly said: number;
  /** Those that were taken for their own intent. */
  readonly understood: number;
  /** A line for each: what was said, the intent and what was answered. The same agent says the same, byte for byte. */
  readonly transcript: string;
  /** What is wrong, a line each. */
  readonly problems: readonly string[];
}

/** Phrases of one intent that are said. */
const PHRASES = 3;

const LONGEST = 256;

const MONDAY = Date.UTC(2040, 0, 2, 12);

/**
 * Gives an agent to a server with `--dev` by Google's own client, speaks with it in conversations, takes it out, and gives it to another
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
  for (const each of [project, `${project}-again`]) await setClock(address, each);
  await (await clients.agents.importAgent({ parent, agentContent: zip }))[0].promise();
  await (await clients.agents.trainAgent({ parent }))[0].promise();
  const exported = await exportAgent(clients, parent);
  const other = `${parent}-again`;
  await (await clients.agents.restoreAgent({ parent: other, agentContent: exported }))[0].promise();
  if (!exported.equals(await exportAgent(clients, other))) {
    problems.push('what is exported again is not what was exported');
  }
  await (await clients.agents.trainAgent({ parent: other }))[0].promise();
  const { said, understood, unanswered, transcript } = await sayPhrases(clients, parent);
  problems.push(...unanswered.map((text) => `${JSON.stringify(text)} got no reply`));
  if ((await sayPhrases(clients, other)).transcript !== transcript) {
    problems.push('the agent says something else in another project');
  }
  return { said, understood, transcript, problems };
}

/** Has a project's clock show noon of a Monday, so that what is said of days is the same on each day. */
async function setClock(
  { host, port }: { readonly host: string; readonly port: number },
  project: string,
): Promise<void> {
  const seconds = Math.round((MONDAY - Date.now()) / 1000);
  const response = await fetch(`http://${host}:${port}/admin/v1/projects/${project}/clock:advance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ duration: `${seconds}s` }),
  });
  if (!response.ok) throw new Error(await response.text());
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
): Promise<{ said: number; understood: number; unanswered: string[]; transcript: string }> {
  const { agents, conversations, intents, participants, profiles } = clients;
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
  const lines: string[] = [];
  for (const { name, inputContextNames, isFallback, trainingPhrases } of all) {
    if ((inputContextNames ?? []).length > 0 || isFallback === true) continue;
    for (const { parts } of (trainingPhrases ?? []).slice(0, PHRASES)) {
      const text = (parts ?? []).map((part) => part.text).join('');
      if (text.trim() === '' || text.length > LONGEST) continue;
      // Which of several variants is said follows from the session, and that is the conversation's.
      const [conversation] = await conversations.createConversation({
        parent,
        conversation: { conversationProfile: present(profile) },
        conversationId: `said-${said}`,
      });
      const participant = await createParticipant(clients, present(conversation.name), 'END_USER');
      const textInput = { text, languageCode: present(languageCode) };
      const [{ automatedAgentReply, replyText }] = await participants.analyzeContent({
        participant,
        textInput,
      });
      const intent = automatedAgentReply?.intent?.slice(`${parent}/agent/`.length);
      lines.push(`${JSON.stringify({ said: text, intent, text: replyText })}\n`);
      said++;
      if (automatedAgentReply?.intent === name) understood++;
      else if (!automatedAgentReply) unanswered.push(text);
    }
  }
  return { said, understood, unanswered, transcript: lines.join('') };
}
