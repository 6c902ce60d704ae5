import { create, fromBinary } from '@bufbuild/protobuf';
import {
  SearchKnowledgeAnswer_AnswerType as AnswerType,
  type ConversationProfile,
  ConversationProfileSchema,
  type Conversations,
  SuggestionFeature_Type as FeatureType,
  type SearchKnowledgeRequest,
  type SearchKnowledgeResponse,
  SearchKnowledgeResponseSchema,
} from '@parleykit/proto/v2beta1';
import { featureNotConfigured, knowledgeSilent } from '../assist-errors.ts';
import { fieldInvalid, fieldUnimplemented } from '../errors.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { KnowledgeHit } from '../knowledge/search/base-index.ts';
import { SESSION_ID_LENGTH_MAX } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { Store } from '../storage/store.ts';
import { readContext, type Said } from '../suggestion/context.ts';
import { resultLimit } from '../suggestion/feature.ts';
import { lastRequests, sourcesOf, toStruct } from '../suggestion/features/sources.ts';
import type { Suggestions } from '../suggestion/suggestions.ts';
import { CONVERSATION_PROFILES } from './collections.ts';
import { ResourceCollection } from './resource-collection.ts';

/** As much of a conversation as a query is understood by, where the profile has it so. */
const CONTEXT = 20;
const CONTEXT_REQUESTS = 3;

/** What of google.cloud.dialogflow.v2beta1.Conversations looks for answers in documents. */
export class KnowledgeSearchService implements ServiceHandlers<typeof Conversations> {
  readonly #store: Store;
  readonly #knowledge: Knowledge;
  readonly #suggestions: Suggestions;
  readonly #profiles: ResourceCollection;

  constructor(parts: {
    store: Store;
    knowledge: Knowledge;
    suggestions: Suggestions;
  }) {
    const { store, knowledge, suggestions } = parts;
    this.#store = store;
    this.#knowledge = knowledge;
    this.#suggestions = suggestions;
    this.#profiles = new ResourceCollection(store, CONVERSATION_PROFILES);
  }

  /**
   * Answers of lists of questions and passages, the surest first. NOT_FOUND where there are none, unless the profile asks
   * for why. Answers have records where a conversation is named.
   */
  async searchKnowledge(
    request: SearchKnowledgeRequest,
    call: CallContext,
  ): Promise<SearchKnowledgeResponse> {
    const { query, sessionId, searchConfig, latestMessage } = request;
    if ([...sessionId].length > SESSION_ID_LENGTH_MAX) {
      throw fieldInvalid('session_id', `is longer than ${SESSION_ID_LENGTH_MAX} characters`);
    }
    if (searchConfig !== undefined) throw fieldUnimplemented('search_config');
    if (query === undefined || query.text.trim() === '') throw fieldInvalid('query.text', 'is empty');
    const conversation = conversationOf(request);
    const said = conversation && (await this.#read(conversation, latestMessage));
    const { project } = call.resource;
    const profile = await this.#loadProfile(request.conversationProfile, project);
    const config = configOf(profile);
    if (config === undefined) {
      throw featureNotConfigured('KNOWLEDGE_SEARCH', 'the human agent', request.conversationProfile);
    }
    const sources = await sourcesOf(config, this.#knowledge, project);
    const text =
      said !== undefined && config.enableConversationAugmentedQuery && !request.exactSearch
        ? await augment(query.text, said)
        : query.text;
    const least = config.queryConfig?.confidenceThreshold ?? 0;
    const search = { sources, text, limit: resultLimit(config) };
    const found = await Promise.all(
      (['FAQ', 'EXTRACTIVE_QA'] as const).map((type) => this.#knowledge.search({ ...search, type })),
    );
    const hits = found
      .flat()
      .filter(({ confidence }) => confidence >= least)
      .sort((one, other) => other.confidence - one.confidence);
    call.signal.throwIfAborted();
    if (hits.length === 0 && !config.enableResponseDebugInfo) throw knowledgeSilent(query.text);
    const response = create(SearchKnowledgeResponseSchema, {
      answers: hits.slice(0, search.limit).map(toAnswer),
      rewrittenQuery: text === query.text ? '' : text,
      ...(config.enableResponseDebugInfo && { searchKnowledgeDebugInfo: { searchKnowledgeBehavior: {} } }),
    });
    if (conversation !== undefined) {
      await this.#suggestions.record(
        conversation,
        response.answers.map((answer) => ({
          kind: FeatureType.KNOWLEDGE_SEARCH,
          record: undefined,
          name: (record) => {
            answer.answerRecord = record;
          },
        })),
      );
    }
    return response;
  }

  async #loadProfile(text: string, project: string): Promise<ConversationProfile> {
    const name = parseResourceName('conversation_profile', text, 'conversationProfiles/*');
    if (name.project !== project) throw fieldInvalid('conversation_profile', 'belongs to another project');
    const { body } = await this.#profiles.load(name);
    return fromBinary(ConversationProfileSchema, body);
  }

  #read(conversation: ResourceName, latest: string): Promise<readonly Said[]> {
    return readContext(this.#store, conversation, { latest, size: CONTEXT });
  }
}

/** A question with what was asked before it, by which it is understood. */
async function augment(query: string, said: readonly Said[]): Promise<string> {
  const before = await lastRequests(said, CONTEXT_REQUESTS);
  return before === '' ? query : `${query}\n${before}`;
}

function conversationOf({
  conversation,
  parent,
  latestMessage,
}: SearchKnowledgeRequest): ResourceName | undefined {
  if (conversation === '') {
    if (latestMessage !== '') throw fieldInvalid('latest_message', 'is of a conversation that is not named');
    return undefined;
  }
  const name = parseResourceName('conversation', conversation, 'conversations/*');
  const project =
    parent === '' ? undefined : parseResourceName('parent', `${parent}/conversations/-`, 'conversations/*');
  if (project !== undefined && project.scope !== name.scope) {
    throw fieldInvalid('conversation', `is not one of ${parent}`);
  }
  return name;
}

function configOf({ humanAgentAssistantConfig: config }: ConversationProfile) {
  return config?.humanAgentSuggestionConfig?.featureConfigs.find(
    ({ suggestionFeature }) => suggestionFeature?.type === FeatureType.KNOWLEDGE_SEARCH,
  );
}

/** A passage is nobody's answer: it has no type. */
function toAnswer({ answer, question, title, uri, snippets, metadata }: KnowledgeHit) {
  return {
    answer,
    answerType: question === undefined ? AnswerType.ANSWER_TYPE_UNSPECIFIED : AnswerType.FAQ,
    answerSources: [{ title, uri, snippet: snippets[0] ?? question ?? '', metadata: toStruct(metadata) }],
  };
}
