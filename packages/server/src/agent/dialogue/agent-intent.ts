import type { JsonObject } from '@bufbuild/protobuf';
import type { Intent } from '@parleykit/proto/v2beta1';
import { contextIdOf, followupContextId, isContextId } from '../context-names.ts';
import { parameterIn } from './references.ts';

/** An intent in the form that conversations are led by. */
export interface AgentIntent {
  /** As it was defined, without its training phrases. */
  readonly intent: Intent;
  /** Its place among the agent's intents. */
  readonly order: number;
  /** Its name or, where it has none, its display name. */
  readonly key: string;
  /** The last part of its name. */
  readonly id: string;
  /** All of them must be active. */
  readonly inputContexts: readonly string[];
  readonly outputContexts: readonly OutputContext[];
  /** In small letters. */
  readonly events: ReadonlySet<string>;
  /** Never below 0: such intents are left out. */
  readonly priority: number;
  readonly parameters: readonly IntentParameter[];
  /** The entity types of the parameters, with their "@", each once. */
  readonly entityTypes: readonly string[];
}

export interface OutputContext {
  readonly id: string;
  readonly lifespan: number;
  readonly parameters: JsonObject | undefined;
}

/** A parameter of an intent. */
export interface IntentParameter {
  readonly name: string;
  /** With its "@"; empty for a constant. */
  readonly entityType: string;
  /** What annotated phrases call its values; empty where its value does not come from what is said. */
  readonly alias: string;
  readonly value: string;
  readonly defaultValue: string;
  readonly mandatory: boolean;
  readonly prompts: readonly string[];
  readonly isList: boolean;
}

/** https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1#intent */
const PRIORITY_DEFAULT = 500_000;
const FOLLOWUP_LIFESPAN = 2;

/**
 * Reads an agent's intents. Those with a negative priority take no part; of intents with the same name the first
 * counts. A follow-up intent that names only its parent waits for the parent's follow-up context.
 */
export function readIntents(intents: readonly Intent[]): AgentIntent[] {
  const named = new Map<string, Intent>();
  for (const intent of intents) {
    const key = intent.name === '' ? intent.displayName : intent.name;
    if (intent.priority >= 0 && !named.has(key)) named.set(key, intent);
  }
  const parents = new Map<string, Intent>();
  for (const [key, { parentFollowupIntentName: parent, inputContextNames }] of named) {
    const found = named.get(parent);
    if (found !== undefined && parent !== key && inputContextNames.length === 0) parents.set(key, found);
  }
  const followed = new Set(parents.values());
  return [...named].map(([key, intent], order) => ({
    intent: withoutPhrases(intent),
    order,
    key,
    id: idOf(intent),
    inputContexts: readInputContexts(intent, parents.get(key)),
    outputContexts: readOutputContexts(intent, followed.has(intent)),
    events: new Set(intent.events.map((event) => event.toLowerCase())),
    priority: intent.priority || PRIORITY_DEFAULT,
    ...readParameters(intent),
  }));
}

function idOf({ name, displayName }: Intent): string {
  return name === '' ? displayName : name.slice(name.lastIndexOf('/') + 1);
}

function withoutPhrases(intent: Intent): Intent {
  return { ...intent, trainingPhrases: [] };
}

function readInputContexts({ inputContextNames }: Intent, parent: Intent | undefined): string[] {
  if (parent !== undefined) return [followupContextId({ displayName: parent.displayName, id: idOf(parent) })];
  return [...new Set(inputContextNames.map(contextIdOf))];
}

function readOutputContexts(intent: Intent, isFollowed: boolean): OutputContext[] {
  const { outputContexts, displayName } = intent;
  const read = outputContexts
    .map(({ name, lifespanCount, parameters }) => ({
      id: contextIdOf(name),
      lifespan: lifespanCount,
      parameters,
    }))
    .filter(({ id }) => isContextId(id));
  const own = followupContextId({ displayName, id: idOf(intent) });
  if (!isFollowed || read.some(({ id }) => id === own)) return read;
  return [...read, { id: own, lifespan: FOLLOWUP_LIFESPAN, parameters: undefined }];
}

function readParameters({ parameters }: Intent): Pick<AgentIntent, 'parameters' | 'entityTypes'> {
  const read = new Map<string, IntentParameter>();
  for (const { displayName: name, value, entityTypeDisplayName, ...parameter } of parameters) {
    if (name === '' || read.has(name)) continue;
    const entityType =
      entityTypeDisplayName === '' || entityTypeDisplayName.startsWith('@')
        ? entityTypeDisplayName
        : `@${entityTypeDisplayName}`;
    const expression = value === '' && entityType !== '' ? `$${name}` : value;
    read.set(name, {
      name,
      entityType,
      alias: entityType === '' ? '' : (parameterIn(expression) ?? ''),
      value: expression,
      defaultValue: parameter.defaultValue,
      mandatory: parameter.mandatory,
      prompts: parameter.prompts.filter((prompt) => prompt.trim() !== ''),
      isList: parameter.isList,
    });
  }
  const types = [...read.values()].filter(({ alias }) => alias !== '').map(({ entityType }) => entityType);
  return { parameters: [...read.values()], entityTypes: [...new Set(types)] };
}
