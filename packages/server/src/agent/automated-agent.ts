import type { JsonObject } from '@bufbuild/protobuf';
import type {
  AutomatedAgentReply,
  ConversationProfile,
  QueryParameters,
  ResponseMessage,
} from '@parleykit/proto/v2beta1';
import type { HandoffSignal } from '../config.ts';
import type { Change } from '../storage/store.ts';

/** What an automated agent is asked: what the END_USER said or sent, and in which conversation. */
export interface AgentQuery {
  /** The agent, as the conversation's profile names it, such as `projects/p/agent/environments/-`. */
  readonly agent: string;
  /** The session of the conversation with it, such as `projects/p/agent/sessions/c`. */
  readonly session: string;
  /** The conversation, by its canonical name: that of a region has its location. */
  readonly conversation: string;
  readonly profile: ConversationProfile;
  readonly input:
    | { readonly case: 'text'; readonly text: string; readonly languageCode: string }
    | {
        readonly case: 'event';
        readonly name: string;
        readonly parameters: JsonObject | undefined;
        readonly languageCode: string;
      };
  readonly queryParams: QueryParameters | undefined;
  /** The same each time that the same turn is asked about. */
  readonly turnId: string;
}

/** What an agent answers. */
export interface AgentAnswer {
  readonly reply: AutomatedAgentReply;
  /** What it keeps of the session, to be stored with the reply: where that fails, nothing was said. */
  readonly change?: Omit<Change, 'partition'>;
}

/** Who answers in the automated agent stage. */
export interface AutomatedAgent {
  /**
   * What the agent says to it. Throws an AgentError where it says nothing that can be used; gives up when the signal is
   * aborted.
   */
  reply(query: AgentQuery, signal: AbortSignal): Promise<AgentAnswer>;
}

/** The agent could not be asked, or did not answer as it must. The message is one line for people. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  /** Whether it may answer when it is asked again. */
  readonly transient: boolean;

  constructor(message: string, { transient = false, cause }: { transient?: boolean; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.transient = transient;
  }
}

/** Where nobody answers. */
export class NoAgent implements AutomatedAgent {
  async reply({ agent }: AgentQuery): Promise<AgentAnswer> {
    throw new AgentError(
      `${agent === '' ? 'the profile names none' : 'its project and location have stored no such agent or environment'}, and no webhook answers for it ` +
        '(parley serve --agent-webhook URL)',
    );
  }
}

/** Whether a reply hands the conversation over to a human. */
export function isHandoff({ responseMessages }: AutomatedAgentReply, signal: HandoffSignal): boolean {
  const has = (wanted: ResponseMessage['message']['case']): boolean =>
    responseMessages.some(({ message }) => message.case === wanted);
  return (
    (signal !== 'end_interaction' && has('liveAgentHandoff')) ||
    (signal !== 'live_agent_handoff' && has('endInteraction'))
  );
}

/** What a reply says in words: one variant of each of its texts, a line each. */
export function textOf({ responseMessages }: AutomatedAgentReply): string {
  return responseMessages
    .flatMap(({ message }) => (message.case === 'text' ? message.value.text.slice(0, 1) : []))
    .filter((text) => text !== '')
    .join('\n');
}

/**
 * The session of a conversation with an agent: below the environment that the agent's name has, if any.
 * `projects/p/locations/l/agent/environments/e` becomes `.../environments/e/users/-/sessions/ID`.
 */
export function sessionOf(agent: string, conversationId: string): string {
  const base = agent.endsWith('/environments/-') ? agent.slice(0, -'/environments/-'.length) : agent;
  return /\/environments\/[^/]+$/u.test(base)
    ? `${base}/users/-/sessions/${conversationId}`
    : `${base}/sessions/${conversationId}`;
}
