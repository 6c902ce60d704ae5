import type { MessageInitShape } from '@bufbuild/protobuf';
import type { KnowledgeAssistAnswerSchema } from '@parleykit/proto/v2beta1';
import type { Knowledge } from '../../knowledge/knowledge.ts';
import type { KnowledgeHit } from '../../knowledge/search/base-index.ts';
import type { Answers, FeatureQuery, SuggestionFeature } from '../feature.ts';
import { lastRequests, sourcesOf, toStruct } from './sources.ts';

/** A question that somebody may put is one sentence or two. */
const QUERY_LENGTH_MAX = 256;

/**
 * What the end user wants to know, as a question, and what the documents answer to it: the question of a list where one
 * asks the same, else the end user's own words and the passage that holds most of them.
 */
export class KnowledgeAssistFeature implements SuggestionFeature {
  readonly response = 'suggestKnowledgeAssistResponse';
  readonly context = { size: 100, max: 100 };
  readonly isSlow = true;
  readonly #knowledge: Knowledge;

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  async suggest({
    conversation,
    config,
    said,
    metadataFilters,
    previousQuery,
  }: FeatureQuery): Promise<Answers> {
    const sources = await sourcesOf(config, this.#knowledge, conversation.project);
    const asked = (await lastRequests(said, 1)).trim().slice(0, QUERY_LENGTH_MAX);
    const hit = await findAnswer(this.#knowledge, {
      sources,
      text: asked,
      least: config.queryConfig?.confidenceThreshold ?? 0,
      metadataFilters,
    });
    const query = hit?.question || asked;
    const isWanted = hit !== undefined || config.enableQuerySuggestionWhenNoAnswer;
    if (!isWanted || query === '' || isSame(query, previousQuery)) return { case: this.response, value: {} };
    return {
      case: this.response,
      value: {
        knowledgeAssistAnswer: {
          suggestedQuery: { queryText: query },
          ...(hit && !config.enableQuerySuggestionOnly && { suggestedQueryAnswer: toAnswer(hit) }),
        },
      },
    };
  }
}

/** The surest answer of a list of questions, or passage; undefined where nothing is sure enough. */
async function findAnswer(
  knowledge: Knowledge,
  {
    least,
    ...query
  }: {
    readonly sources: readonly string[];
    readonly text: string;
    readonly least: number;
    readonly metadataFilters: Readonly<Record<string, string>>;
  },
): Promise<KnowledgeHit | undefined> {
  const found = await Promise.all(
    (['FAQ', 'EXTRACTIVE_QA'] as const).map((type) => knowledge.search({ ...query, type, limit: 1 })),
  );
  const [best] = found.flat().toSorted((one, other) => other.confidence - one.confidence);
  return best !== undefined && best.confidence >= least ? best : undefined;
}

function toAnswer(
  hit: KnowledgeHit,
): NonNullable<MessageInitShape<typeof KnowledgeAssistAnswerSchema>['suggestedQueryAnswer']> {
  const { answer: answerText, question, uri, title, metadata } = hit;
  if (question !== undefined) return { answerText, source: { case: 'faqSource', value: { question } } };
  const snippet = { uri, title, text: answerText, metadata: toStruct(metadata) };
  return { answerText, source: { case: 'generativeSource', value: { snippets: [snippet] } } };
}

/** Whether two queries are one but for case, space and the mark at the end. */
function isSame(one: string, other: string | undefined): boolean {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[\s\p{P}]+/gu, ' ')
      .trim();
  return other !== undefined && plain(one) === plain(other);
}
