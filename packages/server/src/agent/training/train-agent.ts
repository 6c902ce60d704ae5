import {
  type IntentPhrases,
  type IntentTrainingProgress,
  phraseTemplate,
  type TrainingMode,
  trainIntentModel,
} from '@parleykit/nlu';
import { readIntents } from '../dialogue/agent-intent.ts';
import type { AgentDefinition } from './agent-definition.ts';
import { AgentModel, encodeAgentModel } from './agent-model.ts';
import { isAnnotated } from './phrase-index.ts';
import { phrasesOf } from './training-phrases.ts';

export interface AgentTrainingOptions {
  /** Ends the training at once. */
  readonly signal?: AbortSignal;
  /** The same agent, mode and seed make the same model. */
  readonly seed?: number;
  readonly mode?: TrainingMode;
  readonly onProgress?: (progress: IntentTrainingProgress) => void;
}

/** An agent that has been trained, and the same as bytes: what is to be stored, so that a restart need not train. */
export interface TrainingResult {
  readonly model: AgentModel;
  readonly bytes: Uint8Array;
}

/**
 * Trains an agent, on a thread of its own. What is wrong with the agent takes no part in it. Rejects with the signal's
 * reason when that aborts.
 */
export async function trainAgent(
  definition: AgentDefinition,
  options: AgentTrainingOptions = {},
): Promise<TrainingResult> {
  const phrases = phrasesOf(definition.intents);
  const intents: IntentPhrases[] = [];
  const negatives: string[] = [];
  for (const intent of readIntents(definition.intents)) {
    const name = intent.key;
    const own = phrases.get(name) ?? [];
    const texts = own.map((phrase) => phrase.map(({ text }) => text).join(''));
    if (intent.intent.isFallback) negatives.push(...texts);
    else if (!intent.intent.mlDisabled) {
      // As it is said with any other value of the same type.
      const templates = own.filter((phrase) => phrase.some(isAnnotated)).map(phraseTemplate);
      intents.push({ name, phrases: [...texts, ...templates] });
    }
  }
  const classifier = await trainIntentModel({ intents, negatives }, options);
  const model = await AgentModel.create(definition, classifier);
  return { model, bytes: encodeAgentModel(definition, classifier) };
}
