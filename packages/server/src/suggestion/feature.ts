import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ConversationProfile,
  HumanAgentAssistantConfig_SuggestionFeatureConfig as FeatureConfig,
  SuggestionResult,
  SuggestionResultSchema,
} from '@parleykit/proto/v2beta1';
import type { ResourceName } from '../resource-names.ts';
import type { Said } from './context.ts';

/** What a feature has to say, as it stands in a SuggestionResult. Its context and its answers are named by who asked. */
export type Answers = Exclude<
  NonNullable<MessageInitShape<typeof SuggestionResultSchema>['suggestionResponse']>,
  { case: 'error' } | { case?: undefined } | { case: undefined }
>;

/** The same once it is made: not an error, and not nothing. */
export type AnswersMade = Exclude<
  SuggestionResult['suggestionResponse'],
  { case: 'error' } | { case: undefined }
>;

/** What suggestions are to be made from. */
export interface FeatureQuery {
  readonly conversation: ResourceName;
  readonly profile: ConversationProfile;
  readonly config: FeatureConfig;
  /** What was said up to the message that counts, oldest first, as far as the profile lets it count. Never empty. */
  readonly said: readonly Said[];
  /** Which documents count, by their metadata: one of the values, separated by commas, of each key. */
  readonly metadataFilters: Readonly<Record<string, string>>;
  /** What the human agent is about to write. */
  readonly typed?: string | undefined;
  /** What was suggested to be asked before, and is not to be suggested again. */
  readonly previousQuery?: string | undefined;
}

/**
 * A kind of suggestions: one file each, by SuggestionFeature.Type. It throws a ServiceError where it cannot be had as it
 * is configured.
 */
export interface SuggestionFeature {
  /** The response in which its answers stand. */
  readonly response: AnswersMade['case'];
  /** Messages that count where nobody says how many, and at most. */
  readonly context: { readonly size: number; readonly max: number };
  /** Whether an answer may take longer than people wait for a message. */
  readonly isSlow: boolean;
  suggest(query: FeatureQuery, signal: AbortSignal): Promise<Answers>;
}

/** Results of a query that asks for no number of them, and at most. */
const RESULTS_DEFAULT = 10;
const RESULTS_MAX = 20;

/** How many results a profile asks for. */
export function resultLimit({ queryConfig }: FeatureConfig): number {
  const asked = queryConfig?.maxResults ?? 0;
  return asked <= 0 ? RESULTS_DEFAULT : Math.min(asked, RESULTS_MAX);
}
