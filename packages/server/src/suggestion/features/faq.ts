import type { Knowledge } from '../../knowledge/knowledge.ts';
import type { ResourceName } from '../../resource-names.ts';
import { type Answers, type FeatureQuery, resultLimit, type SuggestionFeature } from '../feature.ts';
import { lastRequests, sourcesOf } from './sources.ts';

/** Answers from lists of questions and answers, to what the end user said last. */
export class FaqFeature implements SuggestionFeature {
  readonly response = 'suggestFaqAnswersResponse';
  readonly context = { size: 20, max: 50 };
  readonly isSlow = false;
  readonly #knowledge: Knowledge;

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  async suggest({ config, said, conversation }: FeatureQuery): Promise<Answers> {
    const sources = await sourcesOf(config, this.#knowledge, conversation.project);
    const count = config.conversationProcessConfig?.recentSentencesCount || 1;
    const text = await lastRequests(said, count);
    const hits = await this.#knowledge.search({ sources, type: 'FAQ', text, limit: resultLimit(config) });
    const least = config.queryConfig?.confidenceThreshold ?? 0;
    const faqAnswers = hits
      .filter(({ confidence }) => confidence >= least)
      .map(({ answer, confidence, question = '', document, metadata }) => ({
        answer,
        confidence,
        question,
        source: inFormOf(conversation, document),
        metadata: { ...metadata },
      }));
    return { case: this.response, value: { faqAnswers } };
  }
}

/** A canonical name with the location of the caller's, as names of one call are of one form. */
function inFormOf({ project, location }: ResourceName, key: string): string {
  const scope = `projects/${project}`;
  return location === '' || key.startsWith(`${scope}/locations/`) || !key.startsWith(`${scope}/`)
    ? key
    : `${scope}/locations/${location}${key.slice(scope.length)}`;
}
