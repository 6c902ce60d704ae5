import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack, EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type BatchDeleteIntentsRequest,
  BatchDeleteIntentsRequestSchema,
  type BatchUpdateIntentsRequest,
  BatchUpdateIntentsRequestSchema,
  BatchUpdateIntentsResponseSchema,
  type CreateIntentRequest,
  type DeleteIntentRequest,
  type GetIntentRequest,
  type Intent,
  IntentSchema,
  type Intents,
  IntentView,
  type ListIntentsRequest,
  ListIntentsResponseSchema,
  type UpdateIntentRequest,
} from '@parleykit/proto/v2beta1';
import { type AgentContent, Followups, requireLanguage } from '../agent/content/agent-content.ts';
import { type AgentContents, agentName } from '../agent/content/agent-contents.ts';
import type { AgentDraft } from '../agent/content/agent-draft.ts';
import { type IntentPlace, newIntent, updatedIntent } from '../agent/content/intent-edit.ts';
import { viewIntent } from '../agent/content/intent-view.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';

import type { Clock } from '../clock.ts';
import { cloudStorageUnsupported, notFound } from '../errors.ts';
import { maskOrAll } from '../field-mask.ts';
import { createUuid } from '../ids.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { type AgentEdits, type Batch, draftUpdates, idOfPart } from './agent-edits.ts';
import { Pagination } from './pagination.ts';
import { type PartCursor, pageOfParts } from './part-pages.ts';

/** What follows the project and location in names of intents. */
const INTENT = 'agent/intents/*';

export interface IntentsParts {
  readonly contents: AgentContents;
  readonly environments: AgentEnvironments;
  readonly edits: AgentEdits;
  readonly clock: Clock;
  /** Signs page tokens. */
  readonly secret: Uint8Array;
}

/** google.cloud.dialogflow.v2beta1.Intents */
export class IntentsService implements ServiceHandlers<typeof Intents> {
  readonly #contents: AgentContents;
  readonly #environments: AgentEnvironments;
  readonly #edits: AgentEdits;
  readonly #clock: Clock;
  readonly #secret: Uint8Array;
  readonly #updates: Batch<typeof BatchUpdateIntentsRequestSchema> = {
    kind: 'batch-update-intents',
    request: BatchUpdateIntentsRequestSchema,
    parent: 'agent',
    draft: (request, agent, draft) => this.#draftUpdates(request, agent, draft),
  };

  constructor({ contents, environments, edits, clock, secret }: IntentsParts) {
    this.#contents = contents;
    this.#environments = environments;
    this.#edits = edits;
    this.#clock = clock;
    this.#secret = secret;
    edits.register(this.#updates);
    edits.register(DELETIONS);
  }

  /**
   * The intents of an agent by id, those made here in order of creation; in an environment as they are in its version, under
   * the names that they have in the agent.
   */
  async listIntents(request: ListIntentsRequest, { resource: parent }: CallContext) {
    const agent = agentName(parent);
    const place = await this.#environments.agentOf(parent);
    const content = await this.#contents.load(place);
    const language = requireLanguage(content, request.languageCode);
    const pagination = new Pagination<PartCursor>(this.#secret, `${place.key}/intents`, language);
    const full = isFull(request.intentView);
    const view = { agent, language, full, followups: new Followups(content.intents) };
    return pageOfParts({
      response: ListIntentsResponseSchema,
      pagination,
      range: pagination.read(request),
      ids: content.intents.keys(),
      encode: (id) => toBinary(IntentSchema, viewIntent(id, requireIntent(content, agent, id), view)),
    });
  }

  async getIntent({ languageCode, intentView }: GetIntentRequest, { resource: name }: CallContext) {
    const agent = agentName(name);
    const content = await this.#contents.load(agent);
    const language = requireLanguage(content, languageCode);
    return answer(content, name.id, { agent, language, view: intentView });
  }

  /** Stores an intent under a new id. What it says is in the language of the request. */
  async createIntent(request: CreateIntentRequest, call: CallContext) {
    const { intent = create(IntentSchema), languageCode, intentView: view } = request;
    const agent = agentName(call.resource);
    return this.#edits.edit(agent, call, (draft) => {
      const language = requireLanguage(draft, languageCode);
      const id = createUuid(this.#clock.now(agent.project));
      draft.putIntent(id, newIntent(intent, { content: draft, agent, language, field: 'intent' }));
      return answer(draft, id, { agent, language, view });
    });
  }

  /** Changes what the mask names, or all of the intent where there is none, as it is in the language of the request. */
  async updateIntent(request: UpdateIntentRequest, call: CallContext) {
    const { intent = create(IntentSchema), languageCode, intentView: view } = request;
    const mask = maskOrAll(IntentSchema, request.updateMask);
    const agent = agentName(call.resource);
    const { id } = call.resource;
    return this.#edits.edit(agent, call, (draft) => {
      const language = requireLanguage(draft, languageCode);
      const before = requireIntent(draft, agent, id);
      const place = { content: draft, agent, language, field: 'intent' };
      draft.putIntent(id, updatedIntent(id, before, { intent, mask }, place));
      return answer(draft, id, { agent, language, view });
    });
  }

  /** Removes an intent and all that directly or indirectly follow up on it. */
  async deleteIntent(_request: DeleteIntentRequest, call: CallContext) {
    const agent = agentName(call.resource);
    const { id } = call.resource;
    return this.#edits.edit(agent, call, (draft) => {
      requireIntent(draft, agent, id);
      draft.removeIntent(id);
      return create(EmptySchema);
    });
  }

  /** Updates those of the batch that have a name and makes the others, all or none, as an operation. */
  async batchUpdateIntents(request: BatchUpdateIntentsRequest, call: CallContext) {
    return this.#edits.start(this.#updates, request, call);
  }

  /** Removes intents and all that follow up on them, all or none, as an operation. */
  async batchDeleteIntents(request: BatchDeleteIntentsRequest, call: CallContext) {
    return this.#edits.start(DELETIONS, request, call);
  }

  #draftUpdates(request: BatchUpdateIntentsRequest, agent: ResourceName, draft: AgentDraft): () => Any {
    const { intentBatch, languageCode, intentView } = request;
    if (intentBatch.case === 'intentBatchUri') {
      throw cloudStorageUnsupported('intent_batch_uri', 'intent_batch_inline');
    }
    const mask = maskOrAll(IntentSchema, request.updateMask);
    const language = requireLanguage(draft, languageCode);
    const placeAt = (field: string): IntentPlace => ({ content: draft, agent, language, field });
    const ids = draftUpdates(agent, this.#clock.now(agent.project), {
      field: 'intent_batch_inline.intents',
      parts: intentBatch.value?.intents ?? [],
      shape: INTENT,
      put: (id, intent, field) => draft.putIntent(id, newIntent(intent, placeAt(field))),
      update: (id, intent, field) => {
        const before = requireIntent(draft, agent, id);
        draft.putIntent(id, updatedIntent(id, before, { intent, mask }, placeAt(field)));
      },
    });
    return () => {
      const followups = new Followups(draft.intents);
      const view = { agent, language, full: isFull(intentView), followups };
      const updated = ids.map((id) => viewIntent(id, requireIntent(draft, agent, id), view));
      const response = create(BatchUpdateIntentsResponseSchema, { intents: updated });
      return anyPack(BatchUpdateIntentsResponseSchema, response);
    };
  }
}

const DELETIONS: Batch<typeof BatchDeleteIntentsRequestSchema> = {
  kind: 'batch-delete-intents',
  request: BatchDeleteIntentsRequestSchema,
  parent: 'agent',
  draft: ({ intents }, agent, draft, found) => {
    for (const [index, { name }] of intents.entries()) {
      const id = idOfPart(agent, `intents[${index}].name`, name, INTENT);
      // One that follows up on another of the batch may be gone with it already.
      requireIntent(found, agent, id);
      draft.removeIntent(id);
    }
    return () => anyPack(EmptySchema, create(EmptySchema));
  },
};

function requireIntent(content: AgentContent, agent: ResourceName, id: string) {
  const stored = content.intents.get(id);
  if (stored === undefined) throw notFound('Intent', agent.child('intents', id).toString());
  return stored;
}

function answer(
  content: AgentContent,
  id: string,
  { agent, language, view }: { agent: ResourceName; language: string; view: IntentView },
): Intent {
  const followups = new Followups(content.intents);
  return viewIntent(id, requireIntent(content, agent, id), {
    agent,
    language,
    full: isFull(view),
    followups,
  });
}

function isFull(view: IntentView): boolean {
  return view === IntentView.FULL;
}
