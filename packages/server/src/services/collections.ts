import { ListOperationsResponseSchema } from '@parleykit/proto/longrunning';
import {
  ListConversationProfilesResponseSchema,
  ListConversationsResponseSchema,
  ListDocumentsResponseSchema,
  ListGeneratorsResponseSchema,
  ListKnowledgeBasesResponseSchema,
  ListParticipantsResponseSchema,
} from '@parleykit/proto/v2beta1';
import { KNOWLEDGE_PAGE_SIZE_DEFAULT, KNOWLEDGE_PAGE_SIZE_MAX } from '../limits.ts';
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

const KNOWLEDGE_PAGES = { default: KNOWLEDGE_PAGE_SIZE_DEFAULT, max: KNOWLEDGE_PAGE_SIZE_MAX };

export const KNOWLEDGE_BASES: CollectionKind = {
  type: 'KnowledgeBase',
  collection: 'knowledgeBases',
  listResponse: ListKnowledgeBasesResponseSchema,
  order: 'id',
  pageSizes: KNOWLEDGE_PAGES,
};

/** `state` holds the State. */
export const DOCUMENTS: CollectionKind = {
  type: 'Document',
  collection: 'documents',
  listResponse: ListDocumentsResponseSchema,
  order: 'id',
  pageSizes: KNOWLEDGE_PAGES,
};

/** `state` holds whether it is done, `ordering` the time of its start. */
export const OPERATIONS: CollectionKind = {
  type: 'Operation',
  collection: 'operations',
  listResponse: ListOperationsResponseSchema,
  order: 'ordering',
};
