import { ListOperationsResponseSchema } from '@parleykit/proto/longrunning';
import {
  ListConversationProfilesResponseSchema,
  ListConversationsResponseSchema,
  ListGeneratorsResponseSchema,
  ListParticipantsResponseSchema,
} from '@parleykit/proto/v2beta1';
import type { CollectionKind } from './resource-collection.ts';

/** The kinds of resources that services share. Lists by id are in order of creation: ids sort by time. */

/** `state` holds the LifecycleState, `ordering` the start time. */
export const CONVERSATIONS: CollectionKind = {
  type: 'Conversation',
  collection: 'conversations',
  listResponse: ListConversationsResponseSchema,
  order: 'ordering',
};

/** `state` holds the Role, which never changes. */
export const PARTICIPANTS: CollectionKind = {
  type: 'Participant',
  collection: 'participants',
  listResponse: ListParticipantsResponseSchema,
  order: 'id',
};

export const CONVERSATION_PROFILES: CollectionKind = {
  type: 'ConversationProfile',
  collection: 'conversationProfiles',
  listResponse: ListConversationProfilesResponseSchema,
  order: 'id',
};

/** `ordering` holds the time of its creation: ids may be the callers'. */
export const GENERATORS: CollectionKind = {
  type: 'Generator',
  collection: 'generators',
  listResponse: ListGeneratorsResponseSchema,
  order: 'ordering',
};

/** `state` holds whether it is done, `ordering` the time of its start. */
export const OPERATIONS: CollectionKind = {
  type: 'Operation',
  collection: 'operations',
  listResponse: ListOperationsResponseSchema,
  order: 'ordering',
};
