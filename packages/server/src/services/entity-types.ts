import { clone, create, toBinary } from '@bufbuild/protobuf';
import { anyPack, EmptySchema, StructSchema } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
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
import { AgentDraft } from '../agent/content/agent-draft.ts';
import {
  newEntityType,
  updatedEntityType,
  viewEntityType,
  withEntities,
} from '../agent/content/entity-type-edit.ts';
import type { Clock } from '../clock.ts';
import { alreadyExists, cloudStorageUnsupported, fieldInvalid, fieldsRequired, notFound } from '../errors.ts';
import { applyFieldMask, checkFieldMask } from '../field-mask.ts';
import { createId, createUuid } from '../ids.ts';
import type { OperationRunner, Outcome } from '../operation/operation-runner.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decide } from './decide.ts';
import { Pagination } from './pagination.ts';
import { type PartCursor, pageOfParts } from './part-pages.ts';

/** What the operations about single entities are asked. */
type EntitiesRequest = BatchCreateEntitiesRequest | BatchUpdateEntitiesRequest | BatchDeleteEntitiesRequest;

/** google.cloud.dialogflow.v2beta1.EntityTypes */
export class EntityTypesService implements ServiceHandlers<typeof EntityTypes> {
  readonly #contents: AgentContents;
  readonly #clock: Clock;
  readonly #operations: OperationRunner;
  readonly #secret: Uint8Array;

  constructor(contents: AgentContents, clock: Clock, operations: OperationRunner, secret: Uint8Array) {
    this.#contents = contents;
    this.#clock = clock;
    this.#operations = operations;
    this.#secret = secret;
    operations.register('batch-update-entity-types', BatchUpdateEntityTypesRequestSchema, (request) =>
      this.#updateMany(request),
    );
    operations.register('batch-delete-entity-types', BatchDeleteEntityTypesRequestSchema, (request) =>
      this.#deleteMany(request),
    );
    operations.register('batch-create-entities', BatchCreateEntitiesRequestSchema, (request) =>
      this.#changeEntities(request, createdEntities),
    );
    operations.register('batch-update-entities', BatchUpdateEntitiesRequestSchema, (request) =>
      this.#changeEntities(request, updatedEntities),
    );
    operations.register('batch-delete-entities', BatchDeleteEntitiesRequestSchema, (request) =>
      this.#changeEntities(request, remainingEntities),
    );
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
    return decide(call, async () => {
      const found = await this.#contents.load(agent);
      const language = requireLanguage(found, languageCode);
      const draft = new AgentDraft(found);
      const id = createUuid(this.#clock.now(agent.project));
      const stored = newEntityType(entityType, language, 'entity_type');
      draft.putEntityType(id, stored);
      await this.#contents.commit(agent, this.#contents.edit(agent, found, draft));
      return viewEntityType(id, stored, { agent, language });
    });
  }

  /** Changes what the mask names, or all where there is none; entities are in the language of the request. */
  async updateEntityType(request: UpdateEntityTypeRequest, call: CallContext) {
    const { entityType = create(EntityTypeSchema), languageCode, updateMask: mask } = request;
    if (mask?.paths.length) checkFieldMask(EntityTypeSchema, mask);
    const agent = agentName(call.resource);
    const { id } = call.resource;
    return decide(call, async () => {
      const found = await this.#contents.load(agent);
      const language = requireLanguage(found, languageCode);
      const draft = new AgentDraft(found);
      const place = { agent, language, field: 'entity_type' };
      const before = requireEntityType(found, agent, id);
      const stored = updatedEntityType(id, before, { entityType, mask }, place);
      draft.putEntityType(id, stored);
      await this.#contents.commit(agent, this.#contents.edit(agent, found, draft));
      return viewEntityType(id, stored, { agent, language });
    });
  }

  /** Removes an entity type. What refers to it is left to be found by GetValidationResult. */
  async deleteEntityType(_request: DeleteEntityTypeRequest, call: CallContext) {
    const agent = agentName(call.resource);
    const { id } = call.resource;
    return decide(call, async () => {
      const found = await this.#contents.load(agent);
      requireEntityType(found, agent, id);
      const draft = new AgentDraft(found);
      draft.removeEntityType(id);
      await this.#contents.commit(agent, this.#contents.edit(agent, found, draft));
      return create(EmptySchema);
    });
  }

  /** Updates those of the batch that have a name and makes the others, all or none, as an operation. */
  async batchUpdateEntityTypes(request: BatchUpdateEntityTypesRequest, call: CallContext) {
    const { resource: agent } = call;
    // What is wrong already is answered at once. The work looks again: the agent may be another by then.
    this.#draftUpdates(request, agent, await this.#contents.load(agent));
    return decide(call, () => this.#start('batch-update-entity-types', agent, request));
  }

  /** Removes entity types, all or none, as an operation. */
  async batchDeleteEntityTypes(request: BatchDeleteEntityTypesRequest, call: CallContext) {
    const { resource: agent } = call;
    draftDeletions(request, agent, await this.#contents.load(agent));
    return decide(call, () => this.#start('batch-delete-entity-types', agent, request));
  }

  /** Adds entities to an entity type, all or none, as an operation. */
  async batchCreateEntities(request: BatchCreateEntitiesRequest, call: CallContext) {
    await this.#draftEntities(request, call.resource, createdEntities);
    return decide(call, () => this.#start('batch-create-entities', agentName(call.resource), request));
  }

  /** Changes the entities of those values or adds them, all or none, as an operation. The others stay. */
  async batchUpdateEntities(request: BatchUpdateEntitiesRequest, call: CallContext) {
    await this.#draftEntities(request, call.resource, updatedEntities);
    return decide(call, () => this.#start('batch-update-entities', agentName(call.resource), request));
  }

  /** Removes the entities of those values, all or none, as an operation. */
  async batchDeleteEntities(request: BatchDeleteEntitiesRequest, call: CallContext) {
    await this.#draftEntities(request, call.resource, remainingEntities);
    return decide(call, () => this.#start('batch-delete-entities', agentName(call.resource), request));
  }

  #start(
    kind: string,
    agent: ResourceName,
    request: BatchUpdateEntityTypesRequest | BatchDeleteEntityTypesRequest | EntitiesRequest,
  ): Promise<Operation> {
    return this.#operations.start(agent.parent, kind, {
      request,
      metadata: anyPack(StructSchema, create(StructSchema)),
      // Batches wait for nobody: those of one agent come one after another by themselves.
      subject: `${agent.key} ${createId(this.#clock.now(agent.project))}`,
    });
  }

  async #updateMany(request: BatchUpdateEntityTypesRequest): Promise<Outcome> {
    const agent = parseResourceName('parent', request.parent, 'agent');
    const found = await this.#contents.load(agent);
    const { draft, ids, language } = this.#draftUpdates(request, agent, found);
    const entityTypes = ids.map((id) =>
      viewEntityType(id, requireEntityType(draft, agent, id), { agent, language }),
    );
    const { change, committed } = this.#contents.edit(agent, found, draft);
    const response = create(BatchUpdateEntityTypesResponseSchema, { entityTypes });
    return { change, committed, response: anyPack(BatchUpdateEntityTypesResponseSchema, response) };
  }

  async #deleteMany(request: BatchDeleteEntityTypesRequest): Promise<Outcome> {
    const agent = parseResourceName('parent', request.parent, 'agent');
    const found = await this.#contents.load(agent);
    const { change, committed } = this.#contents.edit(agent, found, draftDeletions(request, agent, found));
    return { change, committed, response: anyPack(EmptySchema, create(EmptySchema)) };
  }

  async #changeEntities<Request extends EntitiesRequest>(
    request: Request,
    change: EntitiesChange<Request>,
  ): Promise<Outcome> {
    const name = parseResourceName('parent', request.parent, 'agent/entityTypes/*');
    const { found, draft } = await this.#draftEntities(request, name, change);
    const edit = this.#contents.edit(name, found, draft);
    return {
      change: edit.change,
      committed: edit.committed,
      response: anyPack(EmptySchema, create(EmptySchema)),
    };
  }

  async #draftEntities<Request extends EntitiesRequest>(
    request: Request,
    name: ResourceName,
    change: EntitiesChange<Request>,
  ) {
    const agent = agentName(name);
    const found = await this.#contents.load(agent);
    const before = requireEntityType(found, agent, name.id);
    const language = requireLanguage(found, request.languageCode);
    const entities = change(before.languages[language]?.entities ?? [], request, name);
    const draft = new AgentDraft(found);
    draft.putEntityType(name.id, withEntities(before, entities, language));
    return { found, draft };
  }

  #draftUpdates(
    { entityTypeBatch, languageCode, updateMask: mask }: BatchUpdateEntityTypesRequest,
    agent: ResourceName,
    found: AgentContent,
  ): { readonly draft: AgentDraft; readonly ids: readonly string[]; readonly language: string } {
    if (entityTypeBatch.case === 'entityTypeBatchUri') {
      throw cloudStorageUnsupported('entity_type_batch_uri', 'entity_type_batch_inline');
    }
    const entityTypes = entityTypeBatch.value?.entityTypes ?? [];
    if (entityTypes.length === 0) throw fieldsRequired(['entity_type_batch_inline.entity_types']);
    if (mask?.paths.length) checkFieldMask(EntityTypeSchema, mask);
    const language = requireLanguage(found, languageCode);
    const draft = new AgentDraft(found);
    const now = this.#clock.now(agent.project);
    const ids = entityTypes.map((entityType, index) => {
      const field = `entity_type_batch_inline.entity_types[${index}]`;
      if (entityType.name === '') {
        const id = createUuid(now);
        draft.putEntityType(id, newEntityType(entityType, language, field));
        return id;
      }
      const id = entityTypeIdIn(agent, `${field}.name`, entityType.name);
      const before = requireEntityType(draft, agent, id);
      const place = { agent, language, field };
      draft.putEntityType(id, updatedEntityType(id, before, { entityType, mask }, place));
      return id;
    });
    return { draft, ids, language };
  }
}

/** What the entities of an entity type become. */
type EntitiesChange<Request> = (
  before: readonly Entity[],
  request: Request,
  name: ResourceName,
) => readonly Entity[];

function createdEntities(
  before: readonly Entity[],
  { entities }: BatchCreateEntitiesRequest,
  name: ResourceName,
): readonly Entity[] {
  const known = new Set(before.map(({ value }) => value));
  const twice = entities.find(({ value }) => known.has(value));
  if (twice !== undefined) throw alreadyExists('Entity', `${name}/entities/${twice.value}`);
  return [...before, ...entities];
}

function updatedEntities(
  before: readonly Entity[],
  { entities, updateMask: mask }: BatchUpdateEntitiesRequest,
): readonly Entity[] {
  if (mask?.paths.length) checkFieldMask(EntitySchema, mask);
  const byValue = new Map(before.map((entity) => [entity.value, entity]));
  for (const entity of entities) {
    const known = byValue.get(entity.value);
    if (known === undefined || !mask?.paths.length) byValue.set(entity.value, entity);
    else {
      const changed = clone(EntitySchema, known);
      applyFieldMask(EntitySchema, mask, entity, changed);
      byValue.set(entity.value, changed);
    }
  }
  return [...byValue.values()];
}

function remainingEntities(
  before: readonly Entity[],
  { entityValues }: BatchDeleteEntitiesRequest,
  name: ResourceName,
): readonly Entity[] {
  const known = new Set(before.map(({ value }) => value));
  const absent = entityValues.find((value) => !known.has(value));
  if (absent !== undefined) throw notFound('Entity', `${name}/entities/${absent}`);
  const gone = new Set(entityValues);
  return before.filter(({ value }) => !gone.has(value));
}

function draftDeletions(
  { entityTypeNames }: BatchDeleteEntityTypesRequest,
  agent: ResourceName,
  found: AgentContent,
): AgentDraft {
  const draft = new AgentDraft(found);
  for (const [index, name] of entityTypeNames.entries()) {
    const id = entityTypeIdIn(agent, `entity_type_names[${index}]`, name);
    requireEntityType(found, agent, id);
    draft.removeEntityType(id);
  }
  return draft;
}

/** The id of an entity type that must be one of the agent. */
function entityTypeIdIn(agent: ResourceName, field: string, text: string): string {
  const name = parseResourceName(field, text, 'agent/entityTypes/*');
  if (!name.isWithin(agent)) throw fieldInvalid(field, 'is not an entity type of the parent');
  return name.id;
}

function requireEntityType(content: AgentContent, agent: ResourceName, id: string): StoredEntityType {
  const stored = content.entityTypes.get(id);
  if (stored === undefined) throw notFound('EntityType', agent.child('entityTypes', id).toString());
  return stored;
}
