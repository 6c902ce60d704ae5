import { clone, create, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack, EmptySchema } from '@bufbuild/protobuf/wkt';
import type { StoredEntityType } from '@parleykit/proto/stored';
import {
  type BatchCreateEntitiesRequest,
  BatchCreateEntitiesRequestSchema,
  type BatchDeleteEntitiesRequest,
  BatchDeleteEntitiesRequestSchema,
  type BatchDeleteEntityTypesRequest,
  BatchDeleteEntityTypesRequestSchema,
  type BatchUpdateEntitiesRequest,
  BatchUpdateEntitiesRequestSchema,
  type BatchUpdateEntityTypesRequest,
  BatchUpdateEntityTypesRequestSchema,
  BatchUpdateEntityTypesResponseSchema,
  type CreateEntityTypeRequest,
  type DeleteEntityTypeRequest,
  type EntityType_Entity as Entity,
  EntityType_EntitySchema as EntitySchema,
  EntityTypeSchema,
  type EntityTypes,
  type GetEntityTypeRequest,
  type ListEntityTypesRequest,
  ListEntityTypesResponseSchema,
  type UpdateEntityTypeRequest,
} from '@parleykit/proto/v2beta1';
import { type AgentContent, requireLanguage } from '../agent/content/agent-content.ts';
import { type AgentContents, agentName } from '../agent/content/agent-contents.ts';
import type { AgentDraft } from '../agent/content/agent-draft.ts';
import {
  newEntityType,
  updatedEntityType,
  viewEntityType,
  withEntities,
} from '../agent/content/entity-type-edit.ts';

import type { Clock } from '../clock.ts';
import { alreadyExists, cloudStorageUnsupported, notFound } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { createUuid } from '../ids.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { type AgentEdits, type Batch, draftUpdates, idOfPart } from './agent-edits.ts';
import { Pagination } from './pagination.ts';
import { type PartCursor, pageOfParts } from './part-pages.ts';

/** What follows the project and location in names of entity types. */
const ENTITY_TYPE = 'agent/entityTypes/*';

/** google.cloud.dialogflow.v2beta1.EntityTypes */
export class EntityTypesService implements ServiceHandlers<typeof EntityTypes> {
  readonly #contents: AgentContents;
  readonly #edits: AgentEdits;
  readonly #clock: Clock;
  readonly #secret: Uint8Array;
  readonly #updates: Batch<typeof BatchUpdateEntityTypesRequestSchema> = {
    kind: 'batch-update-entity-types',
    request: BatchUpdateEntityTypesRequestSchema,
    parent: 'agent',
    draft: (request, agent, draft) => this.#draftUpdates(request, agent, draft),
  };

  constructor(contents: AgentContents, edits: AgentEdits, clock: Clock, secret: Uint8Array) {
    this.#contents = contents;
    this.#edits = edits;
    this.#clock = clock;
    this.#secret = secret;
    edits.register(this.#updates);
    edits.register(DELETIONS);
    edits.register(ENTITY_CREATIONS);
    edits.register(ENTITY_UPDATES);
    edits.register(ENTITY_DELETIONS);
  }

  /** The entity types of an agent by id, those made here in order of creation. */
  async listEntityTypes(request: ListEntityTypesRequest, { resource: agent }: CallContext) {
    const content = await this.#contents.load(agent);
    const language = requireLanguage(content, request.languageCode);
    const pagination = new Pagination<PartCursor>(this.#secret, `${agent.key}/entityTypes`, language);
    return pageOfParts({
      response: ListEntityTypesResponseSchema,
      pagination,
      range: pagination.read(request),
      ids: content.entityTypes.keys(),
      encode: (id) => {
        const stored = requireEntityType(content, agent, id);
        return toBinary(EntityTypeSchema, viewEntityType(id, stored, { agent, language }));
      },
    });
  }

  async getEntityType({ languageCode }: GetEntityTypeRequest, { resource: name }: CallContext) {
    const agent = agentName(name);
    const content = await this.#contents.load(agent);
    const language = requireLanguage(content, languageCode);
    return viewEntityType(name.id, requireEntityType(content, agent, name.id), { agent, language });
  }

  /** Stores an entity type under a new id. Its entities are in the language of the request. */
  async createEntityType(request: CreateEntityTypeRequest, call: CallContext) {
    const { entityType = create(EntityTypeSchema), languageCode } = request;
    const { resource: agent } = call;
    return this.#edits.edit(agent, call, (draft) => {
      const language = requireLanguage(draft, languageCode);
      const id = createUuid(this.#clock.now(agent.project));
      const stored = newEntityType(entityType, language, 'entity_type');
      draft.putEntityType(id, stored);
      return viewEntityType(id, stored, { agent, language });
    });
  }

  /** Changes what the mask names, or all where there is none; entities are in the language of the request. */
  async updateEntityType(request: UpdateEntityTypeRequest, call: CallContext) {
    const { entityType = create(EntityTypeSchema), languageCode } = request;
    const mask = maskOrAll(EntityTypeSchema, request.updateMask);
    const agent = agentName(call.resource);
    const { id } = call.resource;
    return this.#edits.edit(agent, call, (draft) => {
      const language = requireLanguage(draft, languageCode);
      const before = requireEntityType(draft, agent, id);
      const place = { agent, language, field: 'entity_type' };
      const stored = updatedEntityType(id, before, { entityType, mask }, place);
      draft.putEntityType(id, stored);
      return viewEntityType(id, stored, { agent, language });
    });
  }

  /** Removes an entity type. What refers to it is left to be found by GetValidationResult. */
  async deleteEntityType(_request: DeleteEntityTypeRequest, call: CallContext) {
    const agent = agentName(call.resource);
    const { id } = call.resource;
    return this.#edits.edit(agent, call, (draft) => {
      requireEntityType(draft, agent, id);
      draft.removeEntityType(id);
      return create(EmptySchema);
    });
  }

  /** Updates those of the batch that have a name and makes the others, all or none, as an operation. */
  async batchUpdateEntityTypes(request: BatchUpdateEntityTypesRequest, call: CallContext) {
    return this.#edits.start(this.#updates, request, call);
  }

  /** Removes entity types, all or none, as an operation. */
  async batchDeleteEntityTypes(request: BatchDeleteEntityTypesRequest, call: CallContext) {
    return this.#edits.start(DELETIONS, request, call);
  }

  /** Adds entities to an entity type, all or none, as an operation. */
  async batchCreateEntities(request: BatchCreateEntitiesRequest, call: CallContext) {
    return this.#edits.start(ENTITY_CREATIONS, request, call);
  }

  /** Changes the entities of those values or adds them, all or none, as an operation. The others stay. */
  async batchUpdateEntities(request: BatchUpdateEntitiesRequest, call: CallContext) {
    return this.#edits.start(ENTITY_UPDATES, request, call);
  }

  /** Removes the entities of those values, all or none, as an operation. */
  async batchDeleteEntities(request: BatchDeleteEntitiesRequest, call: CallContext) {
    return this.#edits.start(ENTITY_DELETIONS, request, call);
  }

  #draftUpdates(request: BatchUpdateEntityTypesRequest, agent: ResourceName, draft: AgentDraft): () => Any {
    const { entityTypeBatch, languageCode } = request;
    if (entityTypeBatch.case === 'entityTypeBatchUri') {
      throw cloudStorageUnsupported('entity_type_batch_uri', 'entity_type_batch_inline');
    }
    const mask = maskOrAll(EntityTypeSchema, request.updateMask);
    const language = requireLanguage(draft, languageCode);
    const ids = draftUpdates(agent, this.#clock.now(agent.project), {
      field: 'entity_type_batch_inline.entity_types',
      parts: entityTypeBatch.value?.entityTypes ?? [],
      shape: ENTITY_TYPE,
      put: (id, entityType, field) => draft.putEntityType(id, newEntityType(entityType, language, field)),
      update: (id, entityType, field) => {
        const before = requireEntityType(draft, agent, id);
        const place = { agent, language, field };
        draft.putEntityType(id, updatedEntityType(id, before, { entityType, mask }, place));
      },
    });
    return () => {
      const updated = ids.map((id) =>
        viewEntityType(id, requireEntityType(draft, agent, id), { agent, language }),
      );
      const response = create(BatchUpdateEntityTypesResponseSchema, { entityTypes: updated });
      return anyPack(BatchUpdateEntityTypesResponseSchema, response);
    };
  }
}

const packEmpty = (): Any => anyPack(EmptySchema, create(EmptySchema));

const DELETIONS: Batch<typeof BatchDeleteEntityTypesRequestSchema> = {
  kind: 'batch-delete-entity-types',
  request: BatchDeleteEntityTypesRequestSchema,
  parent: 'agent',
  draft: ({ entityTypeNames }, agent, draft, found) => {
    for (const [index, name] of entityTypeNames.entries()) {
      const id = idOfPart(agent, `entity_type_names[${index}]`, name, ENTITY_TYPE);
      // One that is named twice is gone already.
      requireEntityType(found, agent, id);
      draft.removeEntityType(id);
    }
    return packEmpty;
  },
};

const ENTITY_CREATIONS: Batch<typeof BatchCreateEntitiesRequestSchema> = {
  kind: 'batch-create-entities',
  request: BatchCreateEntitiesRequestSchema,
  parent: 'agent/entityTypes/*',
  draft: ({ entities, languageCode }, name, draft) =>
    draftEntities(draft, name, languageCode, (before) => {
      const known = new Set(before.map(({ value }) => value));
      const twice = entities.find(({ value }) => known.has(value));
      if (twice !== undefined) throw alreadyExists('Entity', `${name}/entities/${twice.value}`);
      return [...before, ...entities];
    }),
};

const ENTITY_UPDATES: Batch<typeof BatchUpdateEntitiesRequestSchema> = {
  kind: 'batch-update-entities',
  request: BatchUpdateEntitiesRequestSchema,
  parent: 'agent/entityTypes/*',
  draft: ({ entities, languageCode, updateMask }, name, draft) => {
    const mask = maskOrAll(EntitySchema, updateMask);
    return draftEntities(draft, name, languageCode, (before) => {
      const byValue = new Map(before.map((entity) => [entity.value, entity]));
      for (const entity of entities) {
        const changed = clone(EntitySchema, byValue.get(entity.value) ?? entity);
        applyFieldMask(EntitySchema, mask, entity, changed);
        byValue.set(entity.value, changed);
      }
      return [...byValue.values()];
    });
  },
};

const ENTITY_DELETIONS: Batch<typeof BatchDeleteEntitiesRequestSchema> = {
  kind: 'batch-delete-entities',
  request: BatchDeleteEntitiesRequestSchema,
  parent: 'agent/entityTypes/*',
  draft: ({ entityValues, languageCode }, name, draft) =>
    draftEntities(draft, name, languageCode, (before) => {
      const known = new Set(before.map(({ value }) => value));
      const absent = entityValues.find((value) => !known.has(value));
      if (absent !== undefined) throw notFound('Entity', `${name}/entities/${absent}`);
      const gone = new Set(entityValues);
      return before.filter(({ value }) => !gone.has(value));
    }),
};

/** Drafts what becomes of the entities of an entity type in a language. */
function draftEntities(
  draft: AgentDraft,
  name: ResourceName,
  languageCode: string,
  change: (before: readonly Entity[]) => readonly Entity[],
): () => Any {
  const before = requireEntityType(draft, agentName(name), name.id);
  const language = requireLanguage(draft, languageCode);
  const entities = change(before.languages[language]?.entities ?? []);
  draft.putEntityType(name.id, withEntities(before, entities, language));
  return packEmpty;
}

function requireEntityType(content: AgentContent, agent: ResourceName, id: string): StoredEntityType {
  const stored = content.entityTypes.get(id);
  if (stored === undefined) throw notFound('EntityType', agent.child('entityTypes', id).toString());
  return stored;
}
