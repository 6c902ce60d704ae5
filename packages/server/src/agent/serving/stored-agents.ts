import type { DetectIntentResponse, QueryParameters } from '@parleykit/proto/v2beta1';
import type { Clock } from '../../clock.ts';
import type { HttpPoster } from '../../outbound/http-poster.ts';
import { readResourceName } from '../../resource-names.ts';
import type { Change } from '../../storage/store.ts';
import type { AgentAnswer, AgentQuery, AutomatedAgent } from '../automated-agent.ts';
import type { DialogueResult } from '../dialogue/dialogue-query.ts';
import type { AgentEnvironments } from '../publishing/agent-environments.ts';
import { responseIdOf } from '../response-ids.ts';
import type { AgentSessions } from '../session/agent-sessions.ts';
import { type SessionName, sessionOfName } from '../session/session-names.ts';
import { Webhook, webhookSettings } from '../webhook.ts';
import type { AgentModels, ServingAgent } from './agent-models.ts';

export interface StoredAgentsParts {
  readonly models: AgentModels;
  readonly environments: AgentEnvironments;
  readonly sessions: AgentSessions;
  readonly clock: Clock;
  readonly poster: HttpPoster;
  /** Signs the calls to agents' webhooks. */
  readonly secret: Uint8Array | undefined;
  /** Answers for agents that are not in the store. */
  readonly otherwise: AutomatedAgent;
}

/** What a session with an agent is asked. */
export interface SessionQuery {
  readonly session: SessionName;
  readonly input: AgentQuery['input'];
  readonly queryParams: QueryParameters | undefined;
  /** The same each time that the same is asked. */
  readonly queryId: string;
}

/** What an agent answers in a session, and what stores what it keeps of it. */
export interface SessionAnswer {
  readonly response: DetectIntentResponse;
  readonly change: Omit<Change, 'partition'>;
}

/** The agents in the store, as those who speak with them know them: https://cloud.google.com/dialogflow/es/docs */
export class StoredAgents implements AutomatedAgent {
  readonly #models: AgentModels;
  readonly #environments: AgentEnvironments;
  readonly #sessions: AgentSessions;
  readonly #clock: Clock;
  readonly #poster: HttpPoster;
  readonly #secret: Uint8Array | undefined;
  readonly #otherwise: AutomatedAgent;

  constructor({ models, environments, sessions, clock, poster, secret, otherwise }: StoredAgentsParts) {
    this.#models = models;
    this.#environments = environments;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#poster = poster;
    this.#secret = secret;
    this.#otherwise = otherwise;
  }

  async reply(query: AgentQuery, signal: AbortSignal): Promise<AgentAnswer> {
    const session = storedSessionOf(query);
    const { input, queryParams, turnId: queryId } = query;
    const agent = session && (await this.#find(session, input.languageCode, signal));
    if (session === undefined || agent === undefined) return this.#otherwise.reply(query, signal);
    const { result, change } = await this.#converse(agent, { session, input, queryParams, queryId }, signal);
    const { toAgentReply } = await loadDialogue();
    return { reply: toAgentReply(result, queryParams), change };
  }

  /** Undefined where there is no agent. Throws an AgentError where it cannot answer. */
  async detectIntent(query: SessionQuery, signal: AbortSignal): Promise<SessionAnswer | undefined> {
    const agent = await this.#find(query.session, query.input.languageCode, signal);
    if (agent === undefined) return undefined;
    const { result, change } = await this.#converse(agent, query, signal);
    return { response: result.response, change };
  }

  /** Who answers in a session: the agent as it is edited, or a version of it, by the session's environment. */
  async #find(
    { name }: SessionName,
    languageCode: string,
    signal: AbortSignal,
  ): Promise<ServingAgent | undefined> {
    const deployment = await this.#environments.deploymentOf(name);
    if (deployment === undefined) return undefined;
    const { agent, fulfillment } = deployment;
    const serving = await this.#models.find(agent, languageCode, signal);
    return serving && fulfillment ? { ...serving, fulfillment } : serving;
  }

  async #converse(
    { model, fulfillment }: ServingAgent,
    { session, input, queryParams, queryId }: SessionQuery,
    signal: AbortSignal,
  ): Promise<{ result: DialogueResult; change: Omit<Change, 'partition'> }> {
    const { converse } = await loadDialogue();
    const draft = await this.#sessions.open(session);
    const settings = fulfillment && webhookSettings(fulfillment);
    const webhook = settings && new Webhook({ ...settings, secret: this.#secret }, this.#poster);
    const result = await converse(
      model,
      draft.session,
      {
        session: session.name.toString(),
        responseId: responseIdOf(queryId),
        input,
        queryParams,
        nowMs: Math.floor(this.#clock.now(session.name.project) / 1000),
        seed: session.id,
        source: 'parley',
      },
      webhook === undefined
        ? {}
        : { webhook: (request, headers) => webhook.call(request, { signal, headers }) },
    );
    draft.session = result.session;
    return { result, change: this.#sessions.changeOf(session, draft) };
  }
}

type Dialogue = typeof import('../dialogue/converse.ts') & typeof import('../dialogue/agent-reply.ts');

let dialogue: Promise<Dialogue> | undefined;

/** What leads conversations, when the first one is led; to import it with each query would cost as much as to answer it. */
function loadDialogue(): Promise<Dialogue> {
  dialogue ??= Promise.all([import('../dialogue/converse.ts'), import('../dialogue/agent-reply.ts')]).then(
    ([converse, reply]) => ({ ...converse, ...reply }),
  );
  return dialogue;
}

/**
 * The session of a conversation with an agent that may be in the store: one of the conversation's own project and
 * location. Elsewhere it would be shared with the conversation of the same id there, and outlive this one.
 */
function storedSessionOf({ agent, session, conversation }: AgentQuery): SessionName | undefined {
  const name = readResourceName(agent);
  if (name === undefined || !/^agent(?:\/environments\/[^/]+)?$/u.test(name.path)) return undefined;
  if (readResourceName(conversation)?.scope !== name.scope) return undefined;
  const within = readResourceName(session);
  return within && sessionOfName(within);
}
