import { setTimeout } from 'node:timers/promises';

type Json = Record<string, unknown>;

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

/** Gives an agent to a server, speaks with it in conversations, takes it out, and gives it to another project. */
export async function speak(url: string, project: string, zip: Uint8Array): Promise<Spoken> {
  const call = async (method: string, path: string, body?: object): Promise<Json> => {
    const response = await fetch(`${url}/v2beta1/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const run = async (path: string, body: object): Promise<Json> => {
    let operation = await call('POST', path, body);
    while (operation['done'] !== true) {
      await setTimeout(20);
      operation = await call('GET', String(operation['name']));
    }
    if (operation['error'] !== undefined) throw new Error(`${path}: ${JSON.stringify(operation['error'])}`);
    return (operation['response'] ?? {}) as Json;
  };
  const parent = `projects/${project}`;
  const other = `${parent}-again`;
  const problems: string[] = [];
  await run(`${parent}/agent:restore`, { agentContent: Buffer.from(zip).toString('base64') });
  await run(`${parent}/agent:train`, {});
  const { agentContent } = await run(`${parent}/agent:export`, {});
  await run(`${other}/agent:restore`, { agentContent });
  const again = await run(`${other}/agent:export`, {});
  if (again['agentContent'] !== agentContent)
    problems.push('what is exported again is not what was exported');

  const { name: conversationProfile } = await call('POST', `${parent}/conversationProfiles`, {
    displayName: 'data',
    automatedAgentConfig: { agent: `${parent}/agent/environments/-` },
  });
  const { defaultLanguageCode: languageCode } = await call('GET', `${parent}/agent`);
  const { intents = [] } = (await call(
    'GET',
    `${parent}/agent/intents?intentView=INTENT_VIEW_FULL&pageSize=1000`,
  )) as {
    intents?: {
      name: string;
      inputContextNames?: string[];
      isFallback?: boolean;
      trainingPhrases?: { parts: { text: string }[] }[];
    }[];
  };
  let said = 0;
  let understood = 0;
  for (const { name, inputContextNames = [], isFallback = false, trainingPhrases = [] } of intents) {
    if (inputContextNames.length > 0 || isFallback) continue;
    for (const { parts } of trainingPhrases.slice(0, PHRASES)) {
      const text = parts.map((part) => part.text).join('');
      if (text.trim() === '' || text.length > LONGEST) continue;
      const conversation = await call('POST', `${parent}/conversations`, { conversationProfile });
      const speaker = await call('POST', `${conversation['name']}/participants`, { role: 'END_USER' });
      const reply = (await call('POST', `${speaker['name']}:analyzeContent`, {
        textInput: { text, languageCode },
      })) as { automatedAgentReply?: { intent?: string; responseMessages?: unknown[] } };
      said++;
      if (reply.automatedAgentReply?.intent === name) understood++;
      else if (reply.automatedAgentReply === undefined) problems.push(`${JSON.stringify(text)} got no reply`);
    }
  }
  return { said, understood, problems };
}
