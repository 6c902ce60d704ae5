import { create, fromBinary } from '@bufbuild/protobuf';
import {
  type AssistQueryParameters,
  type CompileSuggestionRequest,
  CompileSuggestionResponseSchema,
  ConversationSchema,
  SuggestionFeature_Type as FeatureType,
  type ListSuggestionsRequest,
  ListSuggestionsResponseSchema,
  ParticipantSchema,
  type Participants,
  Participant_Role as Role,
  type SuggestArticlesRequest,
  type SuggestFaqAnswersRequest,
  SuggestionSchema,
  type SuggestKnowledgeAssistRequest,
  type SuggestSmartRepliesRequest,
} from '@parleykit/proto/v2beta1';
import { featureNotConfigured } from '../assist-errors.ts';
import type { Clock } from '../clock.ts';
import { fieldInvalid } from '../errors.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../limits.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decodeNamed } from '../storage/named-message.ts';
import type { ResourceCursor, Store, StoredResource, TimeRange } from '../storage/store.ts';
import type { AnswersMade } from '../suggestion/feature.ts';
import { compile } from '../suggestion/suggestion-message.ts';
import { filtersOf, type Suggestions, type Wish } from '../suggestion/suggestions.ts';
import { CONVERSATIONS, PARTICIPANTS } from './collections.ts';
import { readMessageFilter } from './list-filters.ts';
import { Pagination } from './pagination.ts';
import { ResourceCollection } from './resource-collection.ts';

/** As documented: messages that count for articles, answers and replies, and for knowledge. */
const CONTEXT_MAX = 50;
const KNOWLEDGE_CONTEXT_MAX = 100;
/** CompileSuggestion's, whatever is not greater than zero. */
const COMPILE_CONTEXT = 20;

type Asked = Pick<Wish, 'latestMessage' | 'contextSize' | 'typed' | 'previousQuery'> & {
  readonly type: FeatureType;
  readonly params?: AssistQueryParameters | undefined;
};

/** What of google.cloud.dialogflow.v2beta1.Participants is about suggestions that are asked for. */
export class ParticipantSuggestionsService implements ServiceHandlers<typeof Participants> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #suggestions: Suggestions;
  readonly #conversations: ResourceCollection;
  readonly #participants: ResourceCollection;

  constructor(store: Store, clock: Clock, suggestions: Suggestions) {
    this.#store = store;
    this.#clock = clock;
    this.#suggestions = suggestions;
    this.#conversations = new ResourceCollection(store, CONVERSATIONS);
    this.#participants = new ResourceCollection(store, PARTICIPANTS);
  }

  async suggestArticles(request: SuggestArticlesRequest, call: CallContext) {
    const { assistQueryParams: params, ...asked } = request;
    checkContextSize(request.contextSize, CONTEXT_MAX);
    const type = FeatureType.ARTICLE_SUGGESTION;
    return answerOf('suggestArticlesResponse', await this.#suggest({ ...asked, type, params }, call));
  }

  async suggestFaqAnswers(request: SuggestFaqAnswersRequest, call: CallContext) {
    const { assistQueryParams: params, ...asked } = request;
    checkContextSize(request.contextSize, CONTEXT_MAX);
    const type = FeatureType.FAQ;
    return answerOf('suggestFaqAnswersResponse', await this.#suggest({ ...asked, type, params }, call));
  }

  /** What is written so far counts: what goes on from it comes first. */
  async suggestSmartReplies(request: SuggestSmartRepliesRequest, call: CallContext) {
    const { currentTextInput, latestMessage, contextSize } = request;
    checkContextSize(contextSize, CONTEXT_MAX);
    const asked = {
      type: FeatureType.SMART_REPLY,
      typed: currentTextInput?.text,
      latestMessage,
      contextSize,
    };
    return answerOf('suggestSmartRepliesResponse', await this.#suggest(asked, call));
  }

  async suggestKnowledgeAssist(request: SuggestKnowledgeAssistRequest, call: CallContext) {
    const { latestMessage, contextSize, previousSuggestedQuery: previousQuery } = request;
    checkContextSize(contextSize, KNOWLEDGE_CONTEXT_MAX);
    const asked = { type: FeatureType.KNOWLEDGE_ASSIST, previousQuery, latestMessage, contextSize };
    return answerOf('suggestKnowledgeAssistResponse', await this.#suggest(asked, call));
  }

  /** What was suggested by itself to a participant, as the older workflow has it: the latest first. */
  async listSuggestions(request: ListSuggestionsRequest, { resource: parent }: CallContext) {
    const { filter, pageSize, pageToken } = request;
    const times = readMessageFilter(filter);
    await this.#participants.loadState(parent);
    const key = `${parent.key}/suggestions`;
    const pagination = new Pagination<ResourceCursor>(this.#store.secret, key, filter);
    const { items, next } = await this.#listIn(key, times, pagination.read({ pageSize, pageToken }));
    return create(ListSuggestionsResponseSchema, {
      suggestions: items.map(({ id, body }) =>
        decodeNamed(SuggestionSchema, parent.child('suggestions', id).toString(), body),
      ),
      nextPageToken: next === undefined ? '' : pagination.tokenAfter(next),
    });
  }

  /** Articles and answers to one message, as the older workflow has them. */
  async compileSuggestion(request: CompileSuggestionRequest, call: CallContext) {
    const { latestMessage } = request;
    const contextSize =
      request.contextSize <= 0 ? COMPILE_CONTEXT : Math.min(request.contextSize, CONTEXT_MAX);
    const wish = await this.#read(call.resource);
    const types = [FeatureType.ARTICLE_SUGGESTION, FeatureType.FAQ].filter(
      (type) => wish.configOf(type) !== undefined,
    );
    const responses = await Promise.all(
      types.map((type) => this.#suggest({ type, latestMessage, contextSize }, call)),
    );
    const suggestion = compile(responses, this.#clock.now(call.resource.project));
    const sizes = responses.map(({ value }) => ('contextSize' in value ? value.contextSize : 0));
    return create(CompileSuggestionResponseSchema, {
      suggestion,
      latestMessage: suggestion.latestMessage,
      contextSize: Math.max(0, ...sizes),
    });
  }

  async #suggest({ type, params, ...asked }: Asked, call: CallContext): Promise<AnswersMade> {
    const { resource: participant } = call;
    const { profile, helped, configOf, side } = await this.#read(participant);
    const config = configOf(type);
    if (config === undefined) {
      const conversation = participant.ancestor('conversations').toString();
      throw featureNotConfigured(FeatureType[type], side, conversation);
    }
    const metadataFilters = filtersOf(params?.documentsMetadataFilters, helped);
    return this.#suggestions.forParticipant(
      { participant, profile, config, metadataFilters, ...asked },
      call.signal,
    );
  }

  /** What the conversation's profile, as it was at its start, has for the participant's side. */
  async #read(participant: ResourceName) {
    const { body } = await this.#participants.load(participant);
    const helped = fromBinary(ParticipantSchema, body);
    const stored = await this.#conversations.load(participant.ancestor('conversations'));
    const { initialConversationProfile: profile } = decodeNamed(ConversationSchema, '', stored.body);
    const assistant = profile?.humanAgentAssistantConfig;
    const isUser = helped.role === Role.END_USER;
    const config = isUser ? assistant?.endUserSuggestionConfig : assistant?.humanAgentSuggestionConfig;
    return {
      // Without a profile nothing is configured.
      profile: profile as Wish['profile'],
      helped,
      side: isUser ? 'the end user' : 'the human agent',
      configOf: (type: FeatureType) =>
        config?.featureConfigs.find(({ suggestionFeature }) => suggestionFeature?.type === type),
    };
  }

  /** A page of what was suggested at the times that pass. */
  async #listIn(
    collection: string,
    times: readonly TimeRange[] | undefined,
    { after, limit }: { readonly after?: ResourceCursor | undefined; readonly limit: number },
  ): Promise<{ items: StoredResource[]; next?: ResourceCursor }> {
    const items: StoredResource[] = [];
    for (let cursor = after; ; ) {
      const page = await this.#store.list(collection, 'ordering', {
        after: cursor,
        // Few may pass a filter.
        limit: times === undefined ? limit : PAGE_SIZE_MAX,
        bytes: PAGE_BYTES_MAX,
      });
      for (const item of page.items) {
        const { id, ordering = 0 } = item;
        if (items.length === limit) return cursor === undefined ? { items } : { items, next: cursor };
        if (times === undefined || times.some(([first, last]) => first <= ordering && ordering <= last)) {
          items.push(item);
        }
        cursor = { id, ordering };
      }
      if (!page.more || cursor === undefined) return { items };
      if (items.length === limit) return { items, next: cursor };
    }
  }
}

type ResponseOf<Case> = Extract<AnswersMade, { case: Case }>['value'];

function answerOf<Case extends AnswersMade['case']>(response: Case, answers: AnswersMade): ResponseOf<Case> {
  if (answers.case !== response) throw new Error(`${response} was asked for, and ${answers.case} answered`);
  return answers.value as ResponseOf<Case>;
}

function checkContextSize(size: number, max: number): void {
  if (size < 0 || size > max) throw fieldInvalid('context_size', `is not between 0 and ${max}`);
}
