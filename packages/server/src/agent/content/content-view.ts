import { clone } from '@bufbuild/protobuf';
import { type Agent, AgentSchema, type EntityType, type Intent } from '@parleykit/proto/v2beta1';
import type { ResourceName } from '../../resource-names.ts';
import { type AgentContent, agentOf, Followups } from './agent-content.ts';
import { viewEntityType } from './entity-type-edit.ts';
import { viewIntent } from './intent-view.ts';

/** All of an agent in one of its languages, as the API describes it. */
export interface ContentView {
  readonly agent: Agent;
  readonly languageCode: string;
  readonly intents: readonly Intent[];
  readonly entityTypes: readonly EntityType[];
}

/** All of an agent as it is in one language, by names in the form of `agent`. */
export function viewContent(content: AgentContent, agent: ResourceName, language: string): ContentView {
  const view = { agent, language, full: true, followups: new Followups(content.intents) };
  const own = clone(AgentSchema, agentOf(content));
  own.parent = agent.parent.toString();
  return {
    agent: own,
    languageCode: language,
    intents: [...content.intents].map(([id, stored]) => viewIntent(id, stored, view)),
    entityTypes: [...content.entityTypes].map(([id, stored]) => viewEntityType(id, stored, view)),
  };
}
