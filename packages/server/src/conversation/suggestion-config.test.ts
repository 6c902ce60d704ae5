import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  ClearSuggestionFeatureConfigRequestSchema,
  type ConversationProfile,
  ConversationProfileSchema,
  Participant_Role as Role,
  SetSuggestionFeatureConfigRequestSchema,
  SuggestionFeature_Type as Type,
} from '@parleykit/proto/v2beta1';
import { clearFeatureConfig, setFeatureConfig } from './suggestion-config.ts';

function set(
  profile: ConversationProfile,
  participantRole: Role,
  type: Type,
  enableEventBasedSuggestion = false,
) {
  const suggestionFeatureConfig = { suggestionFeature: { type }, enableEventBasedSuggestion };
  const init = { participantRole, suggestionFeatureConfig };
  setFeatureConfig(profile, create(SetSuggestionFeatureConfigRequestSchema, init));
}

function features(profile: ConversationProfile) {
  const { humanAgentSuggestionConfig, endUserSuggestionConfig } = profile.humanAgentAssistantConfig ?? {};
  return [humanAgentSuggestionConfig, endUserSuggestionConfig].map((side) =>
    side?.featureConfigs.map((each) => [each.suggestionFeature?.type, each.enableEventBasedSuggestion]),
  );
}

describe('setFeatureConfig()', () => {
  it('adds a feature to its side, and replaces the one of its type where it stands', () => {
    const profile = create(ConversationProfileSchema);
    set(profile, Role.HUMAN_AGENT, Type.FAQ);
    set(profile, Role.HUMAN_AGENT, Type.SMART_REPLY);
    set(profile, Role.END_USER, Type.FAQ);
    set(profile, Role.HUMAN_AGENT, Type.FAQ, true);
    assert.deepEqual(features(profile), [
      [
        [Type.FAQ, true],
        [Type.SMART_REPLY, false],
      ],
      [[Type.FAQ, false]],
    ]);
  });
});

describe('clearFeatureConfig()', () => {
  const clear = (profile: ConversationProfile, participantRole: Role, suggestionFeatureType: Type) =>
    clearFeatureConfig(
      profile,
      create(ClearSuggestionFeatureConfigRequestSchema, { participantRole, suggestionFeatureType }),
    );

  it('takes away the feature of the type and side, and nothing else', () => {
    const profile = create(ConversationProfileSchema);
    set(profile, Role.HUMAN_AGENT, Type.FAQ);
    set(profile, Role.HUMAN_AGENT, Type.SMART_REPLY);
    set(profile, Role.END_USER, Type.FAQ);
    clear(profile, Role.HUMAN_AGENT, Type.FAQ);
    assert.deepEqual(features(profile), [[[Type.SMART_REPLY, false]], [[Type.FAQ, false]]]);
  });

  it('leaves a profile without the feature as it is', () => {
    const profile = create(ConversationProfileSchema);
    clear(profile, Role.END_USER, Type.FAQ);
    assert.deepEqual(profile, create(ConversationProfileSchema));
  });
});
