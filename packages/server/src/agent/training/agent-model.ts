import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Anchors,
  annotateText,
  type EntityKind,
  EntityRecognizer,
  type EntitySpan,
  type EntityTypeDefinition,
  type EntityTypeError,
  type IntentModel,
  loadIntentModel,
  type PhrasePart,
} from '@parleykit/nlu';
import { type AgentSession_SessionEntities, TrainedAgentSchema } from '@parleykit/proto/stored';
import {
  type Agent,
  type EntityType,
  EntityType_AutoExpansionMode as Expansion,
  EntityType_Kind as Kind,
} from '@parleykit/proto/v2beta1';
import { type AgentIntent, readIntents } from '../dialogue/agent-intent.ts';
import type { AgentDefinition } from './agent-definition.ts';
import { isAnnotated, PhraseIndex, type TemplateCandidate, wordsOf } from './phrase-index.ts';
import { phrasesOf } from './training-phrases.ts';

/** What encodeAgentModel() writes. Models of another form are trained anew. */
const FORMAT = 1;

/** Intents that a text is compared with in the end: those that come after them are never as sure. */
const SCORED_MAX = 20;

/** The bytes are no model, or one of another form: the agent has to be trained again. */
export class AgentModelError extends Error {
  override readonly name = 'AgentModelError';
}

interface ModelParts {
  readonly definition: AgentDefinition;
  readonly classifier: IntentModel;
  readonly recognizer: EntityRecognizer;
}

/**
 * An agent that has been trained, in one language: its intents, and what tells which of them a text means and what
 * values are in it. It never changes, and serves any number of conversations at a time.
 */
export class AgentModel {
  readonly languageCode: string;
  readonly agent: Agent;
  readonly intents: readonly AgentIntent[];
  readonly #classifier: IntentModel;
  readonly #recognizer: EntityRecognizer;
  readonly #phrases = new PhraseIndex();
  /** By the intent's order; only of those with annotated phrases. */
  readonly #anchors = new Map<number, Anchors>();
  /** Of the same intents: the words of their phrases that are no values. */
  readonly #plainWords = new Map<number, ReadonlySet<string>>();
  readonly #kinds: ReadonlyMap<string, EntityTypeDefinition>;
  /** By its class in the classifier: the intent. */
  readonly #classes: ReadonlyMap<string, AgentIntent>;

  private constructor({ definition, classifier, recognizer }: ModelParts) {
    this.languageCode = definition.languageCode;
    this.agent = definition.agent;
    this.intents = readIntents(definition.intents);
    this.#classifier = classifier;
    this.#recognizer = recognizer;
    this.#kinds = new Map(definition.entityTypes.map((type) => [type.displayName, toDefinition(type)]));
    this.#classes = new Map(this.intents.map((intent) => [intent.key, intent]));
    const phrases = phrasesOf(definition.intents);
    for (const intent of this.intents) this.#addPhrases(intent, phrases.get(intent.key) ?? []);
  }

  static async create(definition: AgentDefinition, classifier: IntentModel): Promise<AgentModel> {
    const types = definition.entityTypes.map(toDefinition);
    const recognizer = await EntityRecognizer.compile(types, definition.languageCode);
    return new AgentModel({ definition, classifier, recognizer });
  }

  /** What is wrong with the agent's entity types. It is left out; everything else works. */
  get problems(): readonly EntityTypeError[] {
    return this.#recognizer.problems;
  }

  /** The words of a text, by which it is compared with phrases. */
  wordsOf(text: string): readonly string[] {
    return wordsOf(text);
  }

  /** The eligible intents that have a text, word by word, among their phrases. */
  exact(words: readonly string[], eligible: ReadonlySet<AgentIntent>): AgentIntent[] {
    return this.#phrases.exact(words).flatMap((order) => {
      const intent = this.intents[order];
      return intent !== undefined && eligible.has(intent) ? [intent] : [];
    });
  }

  /** Whether a text is one of those that the fallback intents give for what means nothing. */
  isNegative(words: readonly string[]): boolean {
    return this.#phrases.isNegative(words);
  }

  /** Whether any word of a text is one of the agent's phrases'. */
  knows(words: readonly string[]): boolean {
    return this.#phrases.knows(words);
  }

  /** The annotated phrases of eligible intents that a text may be with other values. */
  templates(
    words: readonly string[],
    eligible: ReadonlySet<AgentIntent>,
  ): (TemplateCandidate & { of: AgentIntent })[] {
    return this.#phrases.templates(words).flatMap((template) => {
      const of = this.intents[template.intent];
      return of !== undefined && eligible.has(of) ? [{ ...template, of }] : [];
    });
  }

  fits(template: TemplateCandidate, text: string, spans: readonly EntitySpan[]): boolean {
    return this.#phrases.fits(template, text, spans);
  }

  /** A text with the types of its values in their place. */
  annotate(text: string, spans: readonly EntitySpan[]): string {
    return annotateText(text, spans);
  }

  /** How sure it is that a text means each of the eligible intents, the surest first. */
  classify(
    text: string,
    eligible: ReadonlySet<AgentIntent>,
  ): { scored: ScoredAgentIntent[]; negative: number } {
    const names = Array.from(eligible, ({ key }) => key);
    const { intents, negative } = this.#classifier.classify(text, { eligible: names, limit: SCORED_MAX });
    const scored = intents.flatMap(({ name, confidence }) => {
      const intent = this.#classes.get(name);
      return intent === undefined ? [] : [{ intent, confidence }];
    });
    return { scored, negative };
  }

  /** Where the values of an intent's parameters stand in its phrases. */
  anchorsOf({ order }: AgentIntent): Anchors | undefined {
    return this.#anchors.get(order);
  }

  /** Whether a piece of a text is made of what an intent's phrases say around their values. */
  isPlain({ order }: AgentIntent, text: string): boolean {
    const plain = this.#plainWords.get(order);
    return plain !== undefined && wordsOf(text).every((word) => plain.has(word));
  }

  /** Whether the agent has an entity type of its own with this display name. */
  hasEntityType(displayName: string): boolean {
    return this.#kinds.has(displayName);
  }

  /** What finds values in texts, for a session with entities of its own. */
  async recognizerOf(sessionEntities: readonly AgentSession_SessionEntities[]): Promise<EntityRecognizer> {
    if (sessionEntities.length === 0) return this.#recognizer;
    return this.#recognizer.layer(
      sessionEntities.flatMap(({ entityType, override, entities }) => {
        const definition = this.#kinds.get(entityType);
        if (definition === undefined) return [];
        const mode = override ? ('override' as const) : ('supplement' as const);
        return [{ definition: { ...definition, entries: entities }, mode }];
      }),
    );
  }

  #addPhrases(intent: AgentIntent, phrases: readonly (readonly PhrasePart[])[]): void {
    if (intent.intent.isFallback) {
      for (const phrase of phrases) this.#phrases.addNegative(phrase.map(({ text }) => text).join(''));
      return;
    }
    for (const phrase of phrases) this.#phrases.add(intent.order, phrase);
    const annotated = phrases.filter((phrase) => phrase.some(isAnnotated));
    if (annotated.length === 0) return;
    this.#anchors.set(intent.order, new Anchors(annotated));
    const plain = phrases.flatMap((phrase) => phrase.filter((part) => !isAnnotated(part)));
    this.#plainWords.set(intent.order, new Set(plain.flatMap(({ text }) => wordsOf(text))));
  }
}

export interface ScoredAgentIntent {
  readonly intent: AgentIntent;
  readonly confidence: number;
}

/** A model as bytes, for loadAgentModel: what it was trained on, and what came of it. */
export function encodeAgentModel(definition: AgentDefinition, classifier: IntentModel): Uint8Array {
  const { agent, languageCode, intents, entityTypes } = definition;
  return toBinary(
    TrainedAgentSchema,
    create(TrainedAgentSchema, {
      format: FORMAT,
      agent,
      languageCode,
      intents: [...intents],
      entityTypes: [...entityTypes],
      classifier: classifier.toBytes(),
    }),
  );
}

/** The model that encodeAgentModel() wrote. Throws AgentModelError where the bytes are not that. */
export async function loadAgentModel(bytes: Uint8Array): Promise<AgentModel> {
  const { definition, classifier } = readModel(bytes);
  return AgentModel.create(definition, classifier);
}

function readModel(bytes: Uint8Array): { definition: AgentDefinition; classifier: IntentModel } {
  try {
    const stored = fromBinary(TrainedAgentSchema, bytes);
    const { format, agent, languageCode, intents, entityTypes } = stored;
    if (format !== FORMAT || agent === undefined) throw new Error(`form ${format} where ${FORMAT} is read`);
    return {
      definition: { agent, languageCode, intents, entityTypes },
      classifier: loadIntentModel(stored.classifier),
    };
  } catch (cause) {
    throw new AgentModelError(`these bytes are no trained agent: ${(cause as Error).message}`, { cause });
  }
}

const KINDS: Readonly<Record<Kind, EntityKind>> = {
  [Kind.UNSPECIFIED]: 'map',
  [Kind.MAP]: 'map',
  [Kind.LIST]: 'list',
  [Kind.REGEXP]: 'regexp',
};

function toDefinition({ displayName, kind, entities, ...options }: EntityType): EntityTypeDefinition {
  return {
    displayName,
    kind: KINDS[kind] ?? 'map',
    entries: entities.map(({ value, synonyms }) => ({ value, synonyms })),
    autoExpansion: options.autoExpansionMode === Expansion.DEFAULT,
    fuzzy: options.enableFuzzyExtraction,
  };
}
