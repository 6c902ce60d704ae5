import { type Generator, type GeneratorSuggestion, TriggerEvent } from '@parleykit/proto/v2beta1';
import { type GenerationContext, promptOf } from './generator-prompt.ts';
import type { LanguageModel } from './language-model.ts';

/** What generators suggest, through the model. */
export class Generation {
  readonly #model: LanguageModel;

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /** Takes a generator that was checked. Throws as `LanguageModel.generate` does. */
  async suggest(
    generator: Generator,
    context: GenerationContext,
    signal: AbortSignal,
  ): Promise<GeneratorSuggestion> {
    const { request, read } = promptOf(generator, context);
    return read(await this.#model.generate(request, signal));
  }
}

/** Whether a generator is meant by events. All are where none is named, and one that waits for no event always is. */
export function isTriggered({ triggerEvent }: Generator, events: readonly TriggerEvent[]): boolean {
  return (
    events.length === 0 ||
    triggerEvent === TriggerEvent.TRIGGER_EVENT_UNSPECIFIED ||
    events.includes(triggerEvent)
  );
}
