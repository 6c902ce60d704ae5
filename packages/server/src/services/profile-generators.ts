import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type GenerateSuggestionsResponse_GeneratorSuggestionAnswerSchema as AnswerSchema,
  type ConversationProfile,
  type Generator,
  GeneratorSchema,
  type TriggerEvent,
} from '@parleykit/proto/v2beta1';
import { notFound } from '../errors.ts';
import { type Generation, isTriggered } from '../generation/generation.ts';
import type { GenerationContext } from '../generation/generator-prompt.ts';
import { GENERATORS_AT_ONCE } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import { decodeNamed } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { GENERATORS } from './collections.ts';
import { ResourceCollection } from './resource-collection.ts';

/** The generators that profiles name, and what they suggest. */
export class ProfileGenerators {
  readonly #generation: Generation;
  readonly #generators: ResourceCollection;

  constructor(store: Store, generation: Generation) {
    this.#generation = generation;
    this.#generators = new ResourceCollection(store, GENERATORS);
  }

  /** Those of another project are none that its callers may name. */
  async load(name: ResourceName, project: string): Promise<Generator> {
    if (name.project !== project) throw notFound('Generator', name.toString());
    return decodeNamed(GeneratorSchema, name.toString(), (await this.#generators.load(name)).body);
  }

  /** What those suggest that the events are for. One that fails is the failure of all. */
  async suggest(
    names: readonly ResourceName[],
    asked: {
      readonly project: string;
      readonly events: readonly TriggerEvent[];
      readonly context: GenerationContext;
    },
    signal: AbortSignal,
  ): Promise<MessageInitShape<typeof AnswerSchema>[]> {
    const { project, events, context } = asked;
    const generators = await Promise.all(
      names.map(async (name) => ({ name, generator: await this.load(name, project) })),
    );
    const triggered = generators.filter(({ generator }) => isTriggered(generator, events));
    const answers: MessageInitShape<typeof AnswerSchema>[] = [];
    for (let from = 0; from < triggered.length; from += GENERATORS_AT_ONCE) {
      const some = triggered.slice(from, from + GENERATORS_AT_ONCE).map(async ({ name, generator }) => ({
        generatorSuggestion: await this.#generation.suggest(generator, context, signal),
        sourceGenerator: name.toString(),
      }));
      answers.push(...(await Promise.all(some)));
    }
    return answers;
  }
}

/** The generators that a profile names, each once. */
export function generatorsOf(profile: ConversationProfile | undefined): ResourceName[] {
  const names = suggestionConfigsOf(profile).flatMap(({ generators }) => generators);
  return readGenerators(names);
}

/** The same of their names. */
export function readGenerators(names: readonly string[]): ResourceName[] {
  const parsed = names.map((name) =>
    parseResourceName('conversation_profile.generators', name, 'generators/*'),
  );
  return [...new Map(parsed.map((name) => [name.key, name])).values()];
}

/** What a profile has for the human agent, and for the end user. */
export function suggestionConfigsOf(profile: ConversationProfile | undefined) {
  const { humanAgentSuggestionConfig, endUserSuggestionConfig } = profile?.humanAgentAssistantConfig ?? {};
  return [humanAgentSuggestionConfig, endUserSuggestionConfig].filter((config) => config !== undefined);
}
