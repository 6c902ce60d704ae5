import { create, fromBinary } from '@bufbuild/protobuf';
import { anyPack, EmptySchema, FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import {
  ClearSuggestionFeatureConfigOperationMetadataSchema,
  type ClearSuggestionFeatureConfigRequest,
  ClearSuggestionFeatureConfigRequestSchema,
  type ConversationProfile,
  ConversationProfileSchema,
  type ConversationProfiles,
  type CreateConversationProfileRequest,
  type DeleteConversationProfileRequest,
  SuggestionFeature_Type as FeatureType,
  type GetConversationProfileRequest,
  type ListConversationProfilesRequest,
  Participant_Role as Role,
  SetSuggestionFeatureConfigOperationMetadataSchema,
  type SetSuggestionFeatureConfigRequest,
  SetSuggestionFeatureConfigRequestSchema,
  type UpdateConversationProfileRequest,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../clock.ts';
import { clearFeatureConfig, setFeatureConfig } from '../conversation/suggestion-config.ts';
import { fieldInvalid } from '../errors.ts';
import { applyFieldMask, checkFieldMask } from '../field-mask.ts';
import { createId } from '../ids.ts';
import { DISPLAY_NAME_BYTES_MAX, RESOURCE_BYTES_MAX } from '../limits.ts';
import type { Locations } from '../locations.ts';
import type { OperationRunner, Outcome } from '../operation/operation-runner.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { CONVERSATION_PROFILES } from './collections.ts';
import { decide } from './decide.ts';
import { ResourceCollection } from './resource-collection.ts';

/** google.cloud.dialogflow.v2beta1.ConversationProfiles */
export class ConversationProfilesService implements ServiceHandlers<typeof ConversationProfiles> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #locations: Locations;
  readonly #operations: OperationRunner;
  readonly #profiles: ResourceCollection;

  constructor(store: Store, clock: Clock, locations: Locations, operations: OperationRunner) {
    this.#store = store;
    this.#clock = clock;
    this.#locations = locations;
    this.#operations = operations;
    this.#profiles = new ResourceCollection(store, CONVERSATION_PROFILES);
    operations.register('set-suggestion-feature-config', SetSuggestionFeatureConfigRequestSchema, (request) =>
      this.#changeFeature(request.conversationProfile, (profile) => setFeatureConfig(profile, request)),
    );
    operations.register(
      'clear-suggestion-feature-config',
      ClearSuggestionFeatureConfigRequestSchema,
      (request) =>
        this.#changeFeature(request.conversationProfile, (profile) => clearFeatureConfig(profile, request)),
    );
  }

  /** The profiles of a project and location, in order of creation. */
  async listConversationProfiles(
    request: ListConversationProfilesRequest,
    { resource: parent }: CallContext,
  ) {
    return this.#profiles.list(parent, request);
  }

  async getConversationProfile(_request: GetConversationProfileRequest, { resource: name }: CallContext) {
    return this.#profiles.get(name);
  }

  /** Stores a profile under a new id. The answer has no times; GetConversationProfile has them, as documented. */
  async createConversationProfile(
    request: CreateConversationProfileRequest,
    call: CallContext,
  ): Promise<ConversationProfile> {
    const { resource: parent } = call;
    const profile = request.conversationProfile ?? create(ConversationProfileSchema);
    this.#locations.require(parent);
    checkProfile(profile);
    return decide(call, async () => {
      const now = this.#clock.now(parent.project);
      const name = parent.child('conversationProfiles', createId(now));
      await putProfile(this.#store, name.key, profile, now);
      return withoutTimes(name, profile);
    });
  }

  /** Changes what the mask names. The answer has no times, like that of a creation. */
  async updateConversationProfile(
    request: UpdateConversationProfileRequest,
    call: CallContext,
  ): Promise<ConversationProfile> {
    const { resource: name } = call;
    const { conversationProfile: from, updateMask: mask = create(FieldMaskSchema) } = request;
    checkFieldMask(ConversationProfileSchema, mask);
    return decide(call, async () => {
      const { body, version } = await this.#profiles.load(name);
      const profile = fromBinary(ConversationProfileSchema, body);
      applyFieldMask(ConversationProfileSchema, mask, from ?? create(ConversationProfileSchema), profile);
      checkProfile(profile);
      fillDefaults(profile);
      profile.updateTime = toTimestamp(this.#clock.now(name.project));
      await this.#store.commit({
        partition: name.scope,
        expect: [{ name: name.key, version }],
        put: [{ name: name.key, body: withoutName(ConversationProfileSchema, profile) }],
      });
      return withoutTimes(name, profile);
    });
  }

  /** Removes a profile. Conversations keep the copy with which they began. */
  async deleteConversationProfile(_request: DeleteConversationProfileRequest, call: CallContext) {
    const { resource: name } = call;
    return decide(call, async () => {
      const { version } = await this.#profiles.load(name);
      await this.#store.commit({
        partition: name.scope,
        expect: [{ name: name.key, version }],
        remove: [name.key],
      });
      return create(EmptySchema);
    });
  }

  /** Adds or replaces a suggestion feature of one side of the conversation, as an operation. */
  async setSuggestionFeatureConfig(request: SetSuggestionFeatureConfigRequest, call: CallContext) {
    const { resource: name } = call;
    const type = request.suggestionFeatureConfig?.suggestionFeature?.type ?? FeatureType.TYPE_UNSPECIFIED;
    const feature = checkFeature(
      request.participantRole,
      type,
      'suggestion_feature_config.suggestion_feature.type',
    );
    await this.#profiles.load(name);
    return decide(call, () =>
      this.#operations.start(name.parent, 'set-suggestion-feature-config', {
        request,
        metadata: anyPack(
          SetSuggestionFeatureConfigOperationMetadataSchema,
          create(SetSuggestionFeatureConfigOperationMetadataSchema, this.#toMetadata(name, feature)),
        ),
        subject: subjectOf(name, feature),
      }),
    );
  }

  /** Takes a suggestion feature away from one side of the conversation, as an operation. */
  async clearSuggestionFeatureConfig(request: ClearSuggestionFeatureConfigRequest, call: CallContext) {
    const { resource: name } = call;
    const { participantRole, suggestionFeatureType: type } = request;
    const feature = checkFeature(participantRole, type, 'suggestion_feature_type');
    await this.#profiles.load(name);
    return decide(call, () =>
      this.#operations.start(name.parent, 'clear-suggestion-feature-config', {
        request,
        metadata: anyPack(
          ClearSuggestionFeatureConfigOperationMetadataSchema,
          create(ClearSuggestionFeatureConfigOperationMetadataSchema, this.#toMetadata(name, feature)),
        ),
        subject: subjectOf(name, feature),
      }),
    );
  }

  #toMetadata(name: ResourceName, { role, type }: Feature) {
    return {
      conversationProfile: name.toString(),
      participantRole: role,
      suggestionFeatureType: type,
      createTime: toTimestamp(this.#clock.now(name.project)),
    };
  }

  /** The work of both operations: one profile is changed, and is the response. */
  async #changeFeature(text: string, change: (profile: ConversationProfile) => void): Promise<Outcome> {
    const name = parseResourceName('conversation_profile', text, 'conversationProfiles/*');
    const { body, version } = await this.#profiles.load(name);
    const profile = decodeNamed(ConversationProfileSchema, '', body);
    change(profile);
    profile.updateTime = toTimestamp(this.#clock.now(name.project));
    const changed = withoutName(ConversationProfileSchema, profile);
    return {
      change: {
        expect: [{ name: name.key, version }],
        put: [{ name: name.key, body: changed }],
      },
      response: anyPack(ConversationProfileSchema, withoutTimes(name, profile)),
    };
  }
}

interface Feature {
  readonly role: Role;
  readonly type: FeatureType;
}

function checkFeature(role: Role, type: FeatureType, typeField: string): Feature {
  if (role !== Role.HUMAN_AGENT && role !== Role.END_USER) {
    throw fieldInvalid('participant_role', 'must be HUMAN_AGENT or END_USER');
  }
  if (FeatureType[type] === undefined || type === FeatureType.TYPE_UNSPECIFIED) {
    throw fieldInvalid(typeField, 'is not a known type of suggestion feature');
  }
  return { role, type };
}

function subjectOf(name: ResourceName, { role, type }: Feature): string {
  return `${name.key} ${Role[role]} ${FeatureType[type]}`;
}

function checkProfile(profile: ConversationProfile): void {
  if (Buffer.byteLength(profile.displayName) > DISPLAY_NAME_BYTES_MAX) {
    throw fieldInvalid('conversation_profile.display_name', `is longer than ${DISPLAY_NAME_BYTES_MAX} bytes`);
  }
  checkTopics(profile);
  if (withoutName(ConversationProfileSchema, profile).byteLength > RESOURCE_BYTES_MAX) {
    throw fieldInvalid('conversation_profile', `is larger than ${RESOURCE_BYTES_MAX} bytes`);
  }
}

/** Topics are documented with a location and without. */
function checkTopics(profile: ConversationProfile): void {
  for (const [field, config] of [
    ['notification_config', profile.notificationConfig],
    ['new_message_event_notification_config', profile.newMessageEventNotificationConfig],
    ['new_recognition_result_notification_config', profile.newRecognitionResultNotificationConfig],
    [
      'human_agent_assistant_config.notification_config',
      profile.humanAgentAssistantConfig?.notificationConfig,
    ],
  ] as const) {
    const topic = config?.topic ?? '';
    if (topic !== '') parseResourceName(`conversation_profile.${field}.topic`, topic, 'topics/*');
  }
}

/** The documented defaults of the fields: https://cloud.google.com/dialogflow/es/docs/reference/rpc */
function fillDefaults(profile: ConversationProfile): void {
  profile.languageCode ||= 'en-US';
  profile.timeZone ||= 'America/New_York';
}

/** As Create and Update are documented to answer. */
function withoutTimes(name: ResourceName, profile: ConversationProfile): ConversationProfile {
  profile.name = name.toString();
  profile.createTime = undefined;
  profile.updateTime = undefined;
  return profile;
}

/** Stores a new profile under a name of its own. Throws ConflictError where there is one already. */
export async function putProfile(
  store: Store,
  key: string,
  profile: ConversationProfile,
  now: number,
): Promise<void> {
  fillDefaults(profile);
  profile.createTime = toTimestamp(now);
  profile.updateTime = toTimestamp(now);
  await store.commit({
    partition: key.slice(0, key.indexOf('/conversationProfiles/')),
    expect: [{ name: key, absent: true }],
    put: [{ name: key, body: withoutName(ConversationProfileSchema, profile) }],
  });
}
