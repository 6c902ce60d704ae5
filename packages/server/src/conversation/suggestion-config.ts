import { create } from '@bufbuild/protobuf';
import {
  type ClearSuggestionFeatureConfigRequest,
  type ConversationProfile,
  HumanAgentAssistantConfigSchema,
  Participant_Role as Role,
  type SetSuggestionFeatureConfigRequest,
  type HumanAgentAssistantConfig_SuggestionConfig as SuggestionConfig,
  HumanAgentAssistantConfig_SuggestionConfigSchema as SuggestionConfigSchema,
} from '@parleykit/proto/v2beta1';

/** Which suggestions a profile asks for, as pure changes: each side has at most one config of a type of feature. */

/** Replaces the feature of its type where it stands, else adds it as the last. */
export function setFeatureConfig(
  profile: ConversationProfile,
  request: SetSuggestionFeatureConfigRequest,
): void {
  const { suggestionFeatureConfig: config, participantRole } = request;
  if (config === undefined) return;
  profile.humanAgentAssistantConfig ??= create(HumanAgentAssistantConfigSchema);
  const side = sideOf(participantRole);
  const suggestions = profile.humanAgentAssistantConfig[side] ?? create(SuggestionConfigSchema);
  profile.humanAgentAssistantConfig[side] = suggestions;
  const at = indexOf(suggestions, config.suggestionFeature?.type);
  if (at === -1) suggestions.featureConfigs.push(config);
  else suggestions.featureConfigs[at] = config;
}

/** Takes the feature of a type away; without one the profile stays as it is. */
export function clearFeatureConfig(
  profile: ConversationProfile,
  request: ClearSuggestionFeatureConfigRequest,
): void {
  const suggestions = profile.humanAgentAssistantConfig?.[sideOf(request.participantRole)];
  const at = suggestions === undefined ? -1 : indexOf(suggestions, request.suggestionFeatureType);
  if (at !== -1) suggestions?.featureConfigs.splice(at, 1);
}

function sideOf(role: Role): 'humanAgentSuggestionConfig' | 'endUserSuggestionConfig' {
  return role === Role.END_USER ? 'endUserSuggestionConfig' : 'humanAgentSuggestionConfig';
}

function indexOf({ featureConfigs }: SuggestionConfig, type: number | undefined): number {
  return featureConfigs.findIndex(({ suggestionFeature }) => suggestionFeature?.type === type);
}
