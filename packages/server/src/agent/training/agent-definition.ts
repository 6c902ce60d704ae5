import type { Agent, EntityType, Intent } from '@parleykit/proto/v2beta1';

/** An agent in one of its languages, as the API describes it. */
export interface AgentDefinition {
  readonly agent: Agent;
  /** Whose phrases, prompts and messages are to be understood: "en", "pt-BR". */
  readonly languageCode: string;
  readonly intents: readonly Intent[];
  readonly entityTypes: readonly EntityType[];
}
