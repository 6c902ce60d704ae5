import { clone, create, toBinary } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type CreateSessionEntityTypeRequest,
  type DeleteSessionEntityTypeRequest,
  type GetSessionEntityTypeRequest,
  type EntityType_Kind as Kind,
  type ListSessionEntityTypesRequest,
  ListSessionEntityTypesResponseSchema,
  SessionEntityType_EntityOverrideMode as Mode,
  type SessionEntityType,
  SessionEntityTypeSchema,
  type SessionEntityTypes,
  type UpdateSessionEntityTypeRequest,
} from '@parleykit/proto/v2beta1';
import { type AgentContents, agentName } from '../agent/content/agent-contents.ts';
import { checkEntities } from '../agent/content/entity-type-edit.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';
import type { AgentSessions } from '../agent/session/agent-sessions.ts';
import { type SessionName, sessionOfName } from '../agent/session/session-names.ts';
import { fieldInvalid, fieldsRequired, notFound, resourceNameInvalid } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { readResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decide } from './decide.ts';
import { Pagination } from './pagination.ts';
import { type PartCursor, pageOfParts } from './part-pages.ts';

export interface SessionEntityTypesParts {
  readonly sessions: AgentSessions;
  readonly contents: AgentContents;
  readonly environments: AgentEnvironments;
  /** Signs page tokens. */
  readonly secret: Uint8Array;
}

/** google.cloud.dialogflow.v2beta1.SessionEntityTypes */
export class SessionEntityTypesService implements ServiceHandlers<typeof SessionEntityTypes> {
  readonly #sessions: AgentSessions;
  readonly #contents: AgentContents;
  readonly #environments: AgentEnvironments;
  readonly #secret: Uint8Array;

  constructor({ sessions, contents, environments, secret }: SessionEntityTypesParts) {
    this.#sessions = sessions;
    this.#contents = contents;
    this.#environments = environments;
    this.#secret = secret;
  }

  /** The session entity types of a session, by the display names of their entity types. */
  async listSessionEntityTypes(request: ListSessionEntityTypesRequest, { resource: parent }: CallContext) {
    const session = await this.#environments.sessionOf(parent);
    const pagination = new Pagination<PartCursor>(this.#secret, `${session.key}/entityTypes`);
    const range = pagination.read(request);
    const { entityTypes } = await this.#sessions.open(session);
    return pageOfParts({
      response: ListSessionEntityTypesResponseSchema,
      pagination,
      range,
      ids: entityTypes.keys(),
      encode: (id) => toBinary(SessionEntityTypeSchema, view(session, id, entityTypes.get(id))),
    });
  }

  async getSessionEntityType(_request: GetSessionEntityTypeRequest, { resource: name }: CallContext) {
    const session = await this.#environments.sessionOf(name);
    const { entityTypes } = await this.#sessions.open(session);
    return view(session, name.id, entityTypes.get(name.id));
  }

  /** Sets what an entity type of the agent is in a session, in the place of what it was there, if anything. */
  async createSessionEntityType(request: CreateSessionEntityTypeRequest, call: CallContext) {
    const { sessionEntityType: from = create(SessionEntityTypeSchema) } = request;
    const session = await this.#environments.sessionOf(call.resource);
    const id = newId(session, from.name);
    return decide(call, async () => {
      const entityType = clone(SessionEntityTypeSchema, from);
      entityType.name = id;
      checkType(entityType, await this.#kindOf(session, id));
      const draft = await this.#sessions.open(session);
      draft.putEntityType(entityType);
      await this.#sessions.commit(session, draft);
      return view(session, id, entityType);
    });
  }

  /** Changes what the mask names, or all where there is none. */
  async updateSessionEntityType(request: UpdateSessionEntityTypeRequest, call: CallContext) {
    const { sessionEntityType: from = create(SessionEntityTypeSchema) } = request;
    const mask = maskOrAll(SessionEntityTypeSchema, request.updateMask);
    const session = await this.#environments.sessionOf(call.resource);
    const { id } = call.resource;
    return decide(call, async () => {
      const draft = await this.#sessions.open(session);
      const entityType = view(session, id, draft.entityTypes.get(id));
      applyFieldMask(SessionEntityTypeSchema, mask, from, entityType);
      entityType.name = id;
      checkType(entityType, await this.#kindOf(session, id));
      draft.putEntityType(entityType);
      await this.#sessions.commit(session, draft);
      return view(session, id, entityType);
    });
  }

  async deleteSessionEntityType(_request: DeleteSessionEntityTypeRequest, call: CallContext) {
    const session = await this.#environments.sessionOf(call.resource);
    const { id } = call.resource;
    return decide(call, async () => {
      const draft = await this.#sessions.open(session);
      view(session, id, draft.entityTypes.get(id));
      draft.removeEntityType(id);
      await this.#sessions.commit(session, draft);
      return create(EmptySchema);
    });
  }

  /** Of the entity type of a display name that the session's agent has. Throws NOT_FOUND where there is none. */
  async #kindOf({ name }: SessionName, displayName: string): Promise<Kind> {
    const content = await this.#contents.load(await this.#environments.agentOf(name));
    for (const { entityType } of content.entityTypes.values()) {
      if (entityType?.displayName === displayName) return entityType.kind;
    }
    throw notFound('EntityType', agentName(name).child('entityTypes', displayName).toString());
  }
}

/** The display name that a new session entity type stands for, by the name that it comes with. */
function newId(session: SessionName, text: string): string {
  const field = 'session_entity_type.name';
  if (text === '') throw fieldsRequired([field]);
  const name = readResourceName(text);
  const shape = /^agent\/(?:environments\/[^/]+\/users\/[^/]+\/)?sessions\/[^/]+\/entityTypes\/[^/]+$/u;
  if (name === undefined || !shape.test(name.path)) {
    throw resourceNameInvalid(field, text, [`${session.name}/entityTypes/*`]);
  }
  if (sessionOfName(name).key !== session.key) throw fieldInvalid(field, 'is not within the parent');
  if (session.id === '-') throw fieldInvalid('parent', `must name a session: '-' stands for any of them`);
  return name.id;
}

function checkType({ entityOverrideMode: mode, entities }: SessionEntityType, kind: Kind): void {
  const field = 'session_entity_type';
  if (mode === Mode.UNSPECIFIED) throw fieldsRequired([`${field}.entity_override_mode`]);
  if (Mode[mode] === undefined) throw fieldInvalid(`${field}.entity_override_mode`, 'is not a known value');
  if (entities.length === 0) throw fieldsRequired([`${field}.entities`]);
  checkEntities(entities, kind, `${field}.entities`);
}

/** A session entity type as the API answers it. Throws NOT_FOUND where there is none. */
function view(session: SessionName, id: string, held: SessionEntityType | undefined): SessionEntityType {
  const name = session.name.child('entityTypes', id).toString();
  if (held === undefined) throw notFound('SessionEntityType', name);
  const entityType = clone(SessionEntityTypeSchema, held);
  entityType.name = name;
  return entityType;
}
