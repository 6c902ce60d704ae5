import { create } from '@bufbuild/protobuf';
import type { ConversationSummary } from '@parleykit/nlu';
import {
  type Generator,
  GeneratorSchema,
  type HumanAgentAssistantConfig_SuggestionQueryConfig_Sections_SectionType as ProfileSection,
  SummarizationSection_Type as Type,
} from '@parleykit/proto/v2beta1';
import { generationNotConfigured } from '../assist-errors.ts';
import { type GenerationContext, promptOf } from './generator-prompt.ts';
import type { LanguageModel } from './language-model.ts';
import { NOTHING, type Section, sectionsOf, sectionsOfTypes } from './sections.ts';
import type { ConversationTurn } from './transcript.ts';

/** `baseline_model_version` of what was put together from sentences of the conversation, without a model. */
export const EXTRACTIVE_VERSION = 'extractive-1';

/** What a summary is to consist of. A generator's sections come before those of the profile. */
export interface SummaryForm {
  readonly sections?: readonly ProfileSection[] | undefined;
  /** One whose context is that of summarization. */
  readonly generator?: Generator | undefined;
  readonly references?: GenerationContext['references'] | undefined;
}

export interface Summary {
  /** All sections, one below the other. */
  readonly text: string;
  /** In the order in which they were asked for. */
  readonly sections: readonly { readonly section: string; readonly summary: string }[];
  /** The model that wrote it, or `EXTRACTIVE_VERSION`. */
  readonly baselineModelVersion: string;
}

/**
 * Summaries of conversations: by the model where there is one, else from sentences of the conversation. A model that fails is
 * an error and not another kind of summary: sections that somebody defined exist by the model alone.
 */
export class Summarizer {
  readonly #model: LanguageModel;

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /**
   * Throws as `LanguageModel.generate` does; where there is no model, only for sections of which none is a part of the
   * conversation itself.
   */
  async summarize(
    turns: readonly ConversationTurn[],
    form: SummaryForm,
    signal: AbortSignal,
  ): Promise<Summary> {
    const { name } = this.#model;
    const sections =
      name === undefined ? await extract(turns, form) : await this.#generate(turns, form, signal);
    return {
      text: sections.map(({ section, summary }) => `${section}: ${summary}`).join('\n'),
      sections,
      baselineModelVersion: name ?? EXTRACTIVE_VERSION,
    };
  }

  async #generate(
    turns: readonly ConversationTurn[],
    { sections, generator, references = {} }: SummaryForm,
    signal: AbortSignal,
  ): Promise<Summary['sections']> {
    const { request, read } = promptOf(generator ?? generatorOf(sections), { turns, references });
    const { suggestion } = read(await this.#model.generate(request, signal));
    return suggestion.case === 'summarySuggestion' ? suggestion.value.summarySections : [];
  }
}

/** A generator of the sections that a profile asks for. */
function generatorOf(types: SummaryForm['sections']): Generator {
  const summarizationSections = sectionsOfTypes(types).map(({ name, type, definition }) => ({
    key: name,
    type,
    definition,
  }));
  return create(GeneratorSchema, {
    context: { case: 'summarizationContext', value: { summarizationSections } },
  });
}

/** Which part of an extractive summary a section is, and of how many sentences where it can have several. */
const PARTS: Readonly<Partial<Record<Type, readonly ['situation' | 'action' | 'resolution', number]>>> = {
  [Type.SITUATION]: ['situation', 2],
  [Type.ACTION]: ['action', 2],
  [Type.RESOLUTION]: ['resolution', 2],
  [Type.SITUATION_CONCISE]: ['situation', 1],
  [Type.ACTION_CONCISE]: ['action', 1],
};

/** Sections that are no part of a conversation are left out. */
async function extract(
  turns: readonly ConversationTurn[],
  { sections, generator }: SummaryForm,
): Promise<Summary['sections']> {
  const { summarize } = await import('@parleykit/nlu');
  const found = new Map<number, ConversationSummary>();
  const said = wantedSections(sections, generator).flatMap(({ name, type }) => {
    const [part, sentencesMax] = PARTS[type] ?? [];
    if (part === undefined || sentencesMax === undefined) return [];
    const summary = found.get(sentencesMax) ?? summarize(turns, { sentencesMax });
    found.set(sentencesMax, summary);
    return [{ section: name, summary: summary[part] || NOTHING }];
  });
  if (said.length === 0) throw generationNotConfigured();
  return said;
}

function wantedSections(types: SummaryForm['sections'], generator: Generator | undefined): Section[] {
  return generator?.context.case === 'summarizationContext'
    ? sectionsOf(generator.context.value.summarizationSections)
    : sectionsOfTypes(types);
}
