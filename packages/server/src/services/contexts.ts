import { clone, create, toBinary } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type Context,
  ContextSchema,
  type Contexts,
  type CreateContextRequest,
  type DeleteAllContextsRequest,
  type DeleteContextRequest,
  type GetContextRequest,
  type ListContextsRequest,
  ListContextsResponseSchema,
  type UpdateContextRequest,
} from '@parleykit/proto/v2beta1';
import { contextId, isReservedContext } from '../agent/context-names.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';
import type { AgentSessions } from '../agent/session/agent-sessions.ts';
import { type SessionName, sessionOfName } from '../agent/session/session-names.ts';
import { fieldInvalid, fieldsRequired, notFound, resourceNameInvalid } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { type ResourceName, readResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decide } from './decide.ts';
import { Pagination } from './pagination.ts';
import { type PartCursor, pageOfParts } from './part-pages.ts';

/** google.cloud.dialogflow.v2beta1.Contexts */
export class ContextsService implements ServiceHandlers<typeof Contexts> {
  readonly #sessions: AgentSessions;
  readonly #environments: AgentEnvironments;
  readonly #secret: Uint8Array;

  constructor(sessions: AgentSessions, environments: AgentEnvironments, secret: Uint8Array) {
    this.#sessions = sessions;
    this.#environments = environments;
    this.#secret = secret;
  }

  /** The active contexts of a session, by id. */
  async listContexts(request: ListContextsRequest, { resource: parent }: CallContext) {
    const session = await this.#environments.sessionOf(parent);
    const pagination = new Pagination<PartCursor>(this.#secret, `${session.key}/contexts`);
    const range = pagination.read(request);
    const { contexts } = await this.#sessions.open(session);
    return pageOfParts({
      response: ListContextsResponseSchema,
      pagination,
      range,
      ids: contexts.keys(),
      encode: (id) => toBinary(ContextSchema, view(session, id, contexts.get(id))),
    });
  }

  async getContext(_request: GetContextRequest, { resource: name }: CallContext) {
    const { session, id } = await this.#contextIn('name', name);
    const { contexts } = await this.#sessions.open(session);
    return view(session, id, contexts.get(id));
  }

  /** Sets a context, in the place of the one of its id, if any. Without a lifespan it is over with this call. */
  async createContext({ context: from = create(ContextSchema) }: CreateContextRequest, call: CallContext) {
    const session = await this.#environments.sessionOf(call.resource);
    const id = newContextId(session, from.name);
    const context = clone(ContextSchema, from);
    context.name = id;
    checkContext(context);
    return decide(call, async () => {
      const draft = await this.#sessions.open(session);
      draft.putContext(context);
      await this.#sessions.commit(session, draft);
      return view(session, id, context);
    });
  }

  /** Changes what the mask names, or all where there is none. Without a lifespan it is over with this call. */
  async updateContext(request: UpdateContextRequest, call: CallContext) {
    const { context: from = create(ContextSchema) } = request;
    const mask = maskOrAll(ContextSchema, request.updateMask);
    const { session, id } = await this.#contextIn('context.name', call.resource);
    if (isReservedContext(id)) throw reserved();
    return decide(call, async () => {
      const draft = await this.#sessions.open(session);
      const context = view(session, id, draft.contexts.get(id));
      applyFieldMask(ContextSchema, mask, from, context);
      context.name = id;
      checkContext(context);
      draft.putContext(context);
      await this.#sessions.commit(session, draft);
      return view(session, id, context);
    });
  }

  async deleteContext(_request: DeleteContextRequest, call: CallContext) {
    const { session, id } = await this.#contextIn('name', call.resource);
    return decide(call, async () => {
      const draft = await this.#sessions.open(session);
      view(session, id, draft.contexts.get(id));
      draft.removeContext(id);
      await this.#sessions.commit(session, draft);
      return create(EmptySchema);
    });
  }

  /** Removes the active contexts of a session, if any. */
  async deleteAllContexts(_request: DeleteAllContextsRequest, call: CallContext) {
    const session = await this.#environments.sessionOf(call.resource);
    return decide(call, async () => {
      const draft = await this.#sessions.open(session);
      draft.removeContexts();
      await this.#sessions.commit(session, draft);
      return create(EmptySchema);
    });
  }

  async #contextIn(field: string, name: ResourceName): Promise<{ session: SessionName; id: string }> {
    return { session: await this.#environments.sessionOf(name), id: contextId(field, name.id) };
  }
}

/** The id that a new context is to have, by the name that it comes with. */
function newContextId(session: SessionName, text: string): string {
  const field = 'context.name';
  if (text === '') throw fieldsRequired([field]);
  const name = readResourceName(text);
  const shape = /^agent\/(?:environments\/[^/]+\/users\/[^/]+\/)?sessions\/[^/]+\/contexts\/[^/]+$/u;
  if (name === undefined || !shape.test(name.path)) {
    throw resourceNameInvalid(field, text, [`${session.name}/contexts/*`]);
  }
  if (sessionOfName(name).key !== session.key) throw fieldInvalid(field, 'is not within the parent');
  const id = contextId(field, name.id);
  if (session.id === '-') throw fieldInvalid('parent', `must name a session: '-' stands for any of them`);
  if (isReservedContext(id)) throw reserved();
  return id;
}

function reserved() {
  return fieldInvalid('context.name', 'is reserved for the service itself');
}

function checkContext({ lifespanCount }: Context): void {
  if (lifespanCount < 0) throw fieldInvalid('context.lifespan_count', 'must not be negative');
}

/** A context as the API answers it. Throws NOT_FOUND where there is none. */
function view(session: SessionName, id: string, held: Context | undefined): Context {
  const name = session.name.child('contexts', id).toString();
  if (held === undefined) throw notFound('Context', name);
  const context = clone(ContextSchema, held);
  context.name = name;
  return context;
}
