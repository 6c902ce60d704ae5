import { createInterface } from 'node:readline';
import type { AgentContext } from './agent-archive.ts';
import type { CommandIo } from './command-io.ts';
import { type ServerApi, ServerApiError } from './server-api.ts';
import { neutralise } from './terminal-text.ts';

/** `stdin` is where lines come from that are said; given in tests. */
export interface TalkSurroundings extends CommandIo {
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
}

/** The profile of conversations from here. */
const PROFILE = 'parley talk';

/** What a turn came to. */
interface Turn {
  readonly said: string;
  /** The display name of the intent that it was taken for; null where none was. */
  readonly intent: string | null;
  readonly confidence: number;
  readonly text: string;
  /** In which stage the conversation is then. */
  readonly stage: string;
}

interface Reply {
  readonly replyText?: string;
  readonly automatedAgentReply?: {
    readonly detectIntentResponse?: {
      readonly queryResult?: {
        readonly intent?: { readonly displayName?: string };
        readonly intentDetectionConfidence?: number;
      };
    };
  };
}

/** Holds a conversation with the agent: of `lines` where they are given, else of what comes from standard input. */
export async function talk(
  { lines, json }: { lines: readonly string[] | undefined; json: boolean },
  context: AgentContext & TalkSurroundings,
): Promise<number> {
  const { api, parent, stdout, stderr, signal, stdin = process.stdin } = context;
  const language = await languageOf(api, parent);
  const profile = await findProfile(api, parent);
  const { name: conversation } = await api.post(`${parent}/conversations`, { conversationProfile: profile });
  const { name: participant } = await api.post(`${conversation}/participants`, { role: 'END_USER' });
  const isTyped = lines === undefined && stdin.isTTY === true;
  try {
    for await (const said of lines ?? linesOf(stdin, isTyped ? stdout : undefined, signal)) {
      if (said.trim() === '') continue;
      const reply: Reply = await api.post(`${participant}:analyzeContent`, {
        textInput: { text: said, languageCode: language },
      });
      const { conversationStage: stage } = await api.get(String(conversation));
      const turn = turnOf(said, reply, String(stage));
      stdout.write(json ? `${JSON.stringify(turn)}\n` : written(turn, !isTyped));
      if (turn.stage === 'VIRTUAL_AGENT_STAGE') continue;
      if (!json) stderr.write('The agent has handed over to a human; nobody answers here any more.\n');
      // Whoever has said beforehand what to say sees what becomes of all of it.
      if (lines === undefined) break;
    }
  } finally {
    if (!signal.aborted) await api.post(`${conversation}:complete`, {}).catch(() => {});
  }
  return 0;
}

async function languageOf(api: ServerApi, parent: string): Promise<string> {
  try {
    const { defaultLanguageCode } = await api.get(`${parent}/agent`);
    return String(defaultLanguageCode);
  } catch (error) {
    if (!(error instanceof ServerApiError) || error.status !== 'NOT_FOUND') throw error;
    throw new Error(`${parent} has no agent: \`parley agent import\` stores one`, { cause: error });
  }
}

/** The profile that names the project's agent, found or made. */
async function findProfile(api: ServerApi, parent: string): Promise<string> {
  const agent = `${parent}/agent/environments/-`;
  for (let pageToken = ''; ; ) {
    const query = new URLSearchParams({ pageSize: '1000', ...(pageToken && { pageToken }) });
    const page = (await api.get(`${parent}/conversationProfiles?${query}`)) as {
      conversationProfiles?: readonly {
        readonly name: string;
        readonly displayName?: string;
        readonly automatedAgentConfig?: { readonly agent?: string };
      }[];
      nextPageToken?: string;
    };
    const found = page.conversationProfiles?.find(
      ({ displayName, automatedAgentConfig }) =>
        displayName === PROFILE && automatedAgentConfig?.agent === agent,
    );
    if (found !== undefined) return found.name;
    pageToken = page.nextPageToken ?? '';
    if (pageToken === '') break;
  }
  const made = await api.post(`${parent}/conversationProfiles`, {
    displayName: PROFILE,
    automatedAgentConfig: { agent },
  });
  return String(made['name']);
}

/** Lines as they come; `prompt` is shown a person who types them. */
async function* linesOf(
  stdin: NodeJS.ReadableStream,
  prompt: NodeJS.WriteStream | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const lines = createInterface({ input: stdin, ...(prompt && { output: prompt, prompt: '> ' }), signal });
  try {
    if (prompt !== undefined) lines.prompt();
    for await (const line of lines) {
      yield line;
      if (prompt !== undefined) lines.prompt();
    }
  } finally {
    lines.close();
  }
}

function turnOf(said: string, { replyText = '', automatedAgentReply }: Reply, stage: string): Turn {
  const { intent, intentDetectionConfidence: confidence = 0 } =
    automatedAgentReply?.detectIntentResponse?.queryResult ?? {};
  return { said, intent: intent?.displayName ?? null, confidence, text: replyText, stage };
}

/** What somebody reads: what was said, where it was not typed right there, and what the agent says. */
function written({ said, text }: Turn, echo: boolean): string {
  const lines = text === '' ? [] : text.split('\n');
  return [...(echo ? [`> ${said}`] : []), ...lines].map((line) => `${neutralise(line)}\n`).join('');
}
