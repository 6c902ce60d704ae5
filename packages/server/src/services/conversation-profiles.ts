import { create } from '@bufbuild/protobuf';
import {
  type ConversationProfile,
  ConversationProfileSchema,
  type ConversationProfiles,
  type CreateConversationProfileRequest,
  type GetConversationProfileRequest,
  type ListConversationProfilesRequest,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../clock.ts';
import { fieldInvalid } from '../errors.ts';
import { createId } from '../ids.ts';
import { DISPLAY_NAME_BYTES_MAX } from '../limits.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { withoutName } from '../storage/named-message.ts';
import type { Store } from '../storage/store.ts';
import { CONVERSATION_PROFILES } from './collections.ts';
import { decide } from './decide.ts';
import { ResourceCollection } from './resource-collection.ts';

/** google.cloud.dialogflow.v2beta1.ConversationProfiles */
export class ConversationProfilesService implements ServiceHandlers<typeof ConversationProfiles> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #profiles: ResourceCollection;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#profiles = new ResourceCollection(store, CONVERSATION_PROFILES);
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
    { resource: parent }: CallContext,
  ): Promise<ConversationProfile> {
    const profile = request.conversationProfile ?? create(ConversationProfileSchema);
    if (Buffer.byteLength(profile.displayName) > DISPLAY_NAME_BYTES_MAX) {
      throw fieldInvalid(
        'conversation_profile.display_name',
        `is longer than ${DISPLAY_NAME_BYTES_MAX} bytes`,
      );
    }
    return decide(async () => {
      const now = this.#clock.now();
      const name = parent.child('conversationProfiles', createId(now));
      await putProfile(this.#store, name.key, profile, now);
      profile.name = name.toString();
      profile.createTime = undefined;
      profile.updateTime = undefined;
      return profile;
    });
  }
}

/** Stores a new profile under a name of its own. Throws ConflictError where there is one already. */
export async function putProfile(
  store: Store,
  key: string,
  profile: ConversationProfile,
  now: number,
): Promise<void> {
  // The documented defaults of the fields: https://cloud.google.com/dialogflow/es/docs/reference/rpc
  profile.languageCode ||= 'en-US';
  profile.timeZone ||= 'America/New_York';
  profile.createTime = toTimestamp(now);
  profile.updateTime = toTimestamp(now);
  await store.commit({
    partition: key.slice(0, key.indexOf('/conversationProfiles/')),
    expect: [{ name: key, absent: true }],
    put: [{ name: key, body: withoutName(ConversationProfileSchema, profile) }],
  });
}
