import { create } from '@bufbuild/protobuf';
import { Code, StatusSchema } from '@parleykit/proto/rpc';
import {
  type ConversationProfile,
  SuggestionFeature_Type as FeatureType,
  type HumanAgentAssistantConfig_SuggestionConfig as SuggestionConfig,
  type SuggestionResult,
  SuggestionResultSchema,
} from '@parleykit/proto/v2beta1';

/** What is suggested in the assist stage: one result for each feature that the profile asks for, in its order. */
export interface Suggestions {
  readonly humanAgent: readonly SuggestionResult[];
  readonly endUser: readonly SuggestionResult[];
}

export const NO_SUGGESTIONS: Suggestions = { humanAgent: [], endUser: [] };

/** Never fails: what goes wrong with a feature is the error of its result. */
export function suggest(profile: ConversationProfile | undefined): Suggestions {
  const config = profile?.humanAgentAssistantConfig;
  if (config === undefined) return NO_SUGGESTIONS;
  return {
    humanAgent: resultsOf(config.humanAgentSuggestionConfig),
    endUser: resultsOf(config.endUserSuggestionConfig),
  };
}

function resultsOf(config: SuggestionConfig | undefined): SuggestionResult[] {
  return (config?.featureConfigs ?? []).map(({ suggestionFeature }) =>
    unimplemented(suggestionFeature?.type ?? FeatureType.TYPE_UNSPECIFIED),
  );
}

function unimplemented(type: FeatureType): SuggestionResult {
  const message = `${FeatureType[type] ?? type} is not implemented by this server`;
  const value = create(StatusSchema, { code: Code.UNIMPLEMENTED, message });
  return create(SuggestionResultSchema, { suggestionResponse: { case: 'error', value } });
}
