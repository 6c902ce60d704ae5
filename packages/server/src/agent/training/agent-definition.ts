import type { Agent, EntityType, Intent } from '@parleykit/proto/v2beta1';

/** An agent in one of its languages, as the API describes it. */
export interface AgentDefinition {
  readonly agent: Agent;
  /** Whose phrases, prompts and messages are to be understood: "en", "pt-BR". */
  readonly languageCode: string;
  /** Their names may be relative to the agent: responses have it in front, in the form in which a session is named. */
  readonly intents: readonly Intent[];
  readonly entityTypes: readonly EntityType[];
}
