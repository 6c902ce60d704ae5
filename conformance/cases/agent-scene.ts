import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Agent,
  type AgentSchema,
  Agents,
  type EntityType,
  type EntityTypeSchema,
  EntityTypes,
  type Intent,
  type IntentSchema,
  Intents,
  IntentView,
  EntityType_Kind as Kind,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';

export type AgentInit = Exclude<MessageInitShape<typeof AgentSchema>, Agent>;
export type IntentInit = Exclude<MessageInitShape<typeof IntentSchema>, Intent>;
export type EntityTypeInit = Exclude<MessageInitShape<typeof EntityTypeSchema>, EntityType>;

/** Makes the agent of a project, English and German unless it says otherwise. */
export function setAgent(wire: Wire, parent: string, agent: AgentInit = {}): Promise<Agent> {
  return wire.call(Agents.method.setAgent, {
    agent: {
      parent,
      displayName: 'an agent',
      defaultLanguageCode: 'en',
      supportedLanguageCodes: ['de'],
      timeZone: 'Europe/Zurich',
      ...agent,
    },
  });
}

/** The name of an agent in a project of its own. */
export async function newAgent(wire: Wire, agent: AgentInit = {}): Promise<string> {
  const parent = `projects/${newProject()}`;
  await setAgent(wire, parent, agent);
  return `${parent}/agent`;
}

export function createIntent(
  wire: Wire,
  parent: string,
  intent: IntentInit,
  languageCode = '',
): Promise<Intent> {
  const intentView = IntentView.FULL;
  return wire.call(Intents.method.createIntent, { parent, intent, languageCode, intentView });
}

export function getIntent(wire: Wire, name: string, languageCode = ''): Promise<Intent> {
  return wire.call(Intents.method.getIntent, { name, languageCode, intentView: IntentView.FULL });
}

/** Phrases that consist of words alone. */
export function phrases(...texts: string[]) {
  return texts.map((text) => ({ type: 1, parts: [{ text }] }));
}

/** What is said in phrases. */
export function textsOf({ trainingPhrases }: Intent): string[] {
  return trainingPhrases.map(({ parts }) => parts.map(({ text }) => text).join(''));
}

export function createEntityType(
  wire: Wire,
  parent: string,
  entityType: EntityTypeInit = {},
  languageCode = '',
): Promise<EntityType> {
  return wire.call(EntityTypes.method.createEntityType, {
    parent,
    languageCode,
    entityType: {
      displayName: 'fruit',
      kind: Kind.MAP,
      entities: [
        { value: 'apple', synonyms: ['apple', 'boskoop'] },
        { value: 'pear', synonyms: ['pear'] },
      ],
      ...entityType,
    },
  });
}
