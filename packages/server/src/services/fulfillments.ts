import { clone, create } from '@bufbuild/protobuf';
import { type StoredAgent, StoredAgentSchema } from '@parleykit/proto/stored';
import {
  type Fulfillment,
  FulfillmentSchema,
  type Fulfillments,
  type GetFulfillmentRequest,
  type UpdateFulfillmentRequest,
} from '@parleykit/proto/v2beta1';
import type { AgentContents } from '../agent/content/agent-contents.ts';
import { checkFulfillment } from '../agent/content/fulfillment-edit.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { AgentEdits } from './agent-edits.ts';

/** google.cloud.dialogflow.v2beta1.Fulfillments: the webhook of an agent. */
export class FulfillmentsService implements ServiceHandlers<typeof Fulfillments> {
  readonly #contents: AgentContents;
  readonly #edits: AgentEdits;

  constructor(contents: AgentContents, edits: AgentEdits) {
    this.#contents = contents;
    this.#edits = edits;
  }

  /** Every agent has one, and most of them are off. */
  async getFulfillment(_request: GetFulfillmentRequest, { resource: name }: CallContext) {
    return view(await this.#contents.load(name), name);
  }

  /** Changes what the mask names. The next query that asks the webhook goes there. */
  async updateFulfillment(request: UpdateFulfillmentRequest, call: CallContext) {
    const { fulfillment: from = create(FulfillmentSchema) } = request;
    const { resource: name } = call;
    const mask = maskOrAll(FulfillmentSchema, request.updateMask);
    return this.#edits.edit(name, call, (draft) => {
      const fulfillment = view(draft, name);
      applyFieldMask(FulfillmentSchema, mask, from, fulfillment);
      checkFulfillment('fulfillment', fulfillment);
      fulfillment.name = '';
      const agent = clone(StoredAgentSchema, draft.agent);
      agent.fulfillment = fulfillment;
      draft.agent = agent;
      return view(draft, name);
    });
  }
}

function view({ agent }: { readonly agent: StoredAgent }, name: ResourceName): Fulfillment {
  const fulfillment = clone(FulfillmentSchema, agent.fulfillment ?? create(FulfillmentSchema));
  fulfillment.name = name.toString();
  return fulfillment;
}
