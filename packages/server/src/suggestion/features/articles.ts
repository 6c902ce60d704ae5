import type { Knowledge } from '../../knowledge/knowledge.ts';
import { type Answers, type FeatureQuery, resultLimit, type SuggestionFeature } from '../feature.ts';
import { lastRequests, sourcesOf } from './sources.ts';

/** Of what the end user said, so much tells what it is about. */
const RECENT_SENTENCES = 3;

/** Articles about what the end user has said lately, as far as their metadata let them count. */
export class ArticleFeature implements SuggestionFeature {
  readonly response = 'suggestArticlesResponse';
  readonly context = { size: 20, max: 50 };
  readonly isSlow = false;
  readonly #knowledge: Knowledge;

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  async suggest({ conversation, config, said, metadataFilters }: FeatureQuery): Promise<Answers> {
    const sources = await sourcesOf(config, this.#knowledge, conversation.project);
    const count = config.conversationProcessConfig?.recentSentencesCount || RECENT_SENTENCES;
    const text = await lastRequests(said, count);
    const limit = resultLimit(config);
    const hits = await this.#knowledge.search({
      sources,
      type: 'ARTICLE_SUGGESTION',
      text,
      limit,
      metadataFilters,
    });
    const least = config.queryConfig?.confidenceThreshold ?? 0;
    const articleAnswers = hits
      .filter(({ confidence }) => confidence >= least)
      .map(({ title, uri, snippets, metadata }) => ({
        title,
        uri,
        snippets: [...snippets],
        metadata: { ...metadata },
      }));
    return { case: this.response, value: { articleAnswers } };
  }
}
