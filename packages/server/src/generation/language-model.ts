import type { Generation, GenerationRequest, TextGenerator } from '@parleykit/nlu';
import { generationFailed, generationNotConfigured } from '../assist-errors.ts';
import type { ModelConfig } from '../config.ts';

/**
 * The model that writes texts, where the server was told of one. What speaks to it is loaded when it is needed first.
 */
export class LanguageModel {
  readonly #config: ModelConfig | undefined;
  #generator: Promise<TextGenerator> | undefined;

  constructor(config: ModelConfig | undefined) {
    this.#config = config;
  }

  /** As its endpoint calls it; undefined where there is none. */
  get name(): string | undefined {
    return this.#config?.name;
  }

  /** Throws FAILED_PRECONDITION where there is no model, and what is said of one that fails; no key is in either. */
  async generate(request: GenerationRequest, signal: AbortSignal): Promise<Generation> {
    if (this.#config === undefined) throw generationNotConfigured();
    this.#generator ??= open(this.#config);
    const generator = await this.#generator;
    const { ModelError } = await import('@parleykit/nlu');
    let generation: Generation;
    try {
      generation = await generator.generate(request, signal);
    } catch (error) {
      if (error instanceof ModelError) throw generationFailed(error.failure, error.message, error.status);
      throw error;
    }
    if (generation.finish === 'filter') {
      throw generationFailed('filtered', 'the filter of the model’s endpoint ended its answer');
    }
    if (generation.text.trim() === '') throw generationFailed('malformed', 'the model answered nothing');
    return generation;
  }
}

async function open({ url, name, apiKey, timeoutMs }: ModelConfig): Promise<TextGenerator> {
  const { createGenerator } = await import('@parleykit/nlu');
  return createGenerator({ url, model: name, timeoutMs, ...(apiKey !== undefined && { apiKey }) });
}
