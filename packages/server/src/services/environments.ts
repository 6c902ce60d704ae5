import { create } from '@bufbuild/protobuf';
import {
  EnvironmentSchema,
  type Environments,
  type GetEnvironmentRequest,
  type ListEnvironmentsRequest,
  ListEnvironmentsResponseSchema,
  Environment_State as State,
} from '@parleykit/proto/v2beta1';
import type { AgentContents } from '../agent/content/agent-contents.ts';
import { requireEnvironment } from '../agent/content/environments.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { Pagination } from './pagination.ts';

/** google.cloud.dialogflow.v2beta1.Environments: the draft of an agent, as long as no other can be made. */
export class EnvironmentsService implements ServiceHandlers<typeof Environments> {
  readonly #contents: AgentContents;
  readonly #secret: Uint8Array;

  constructor(contents: AgentContents, secret: Uint8Array) {
    this.#contents = contents;
    this.#secret = secret;
  }

  /** The environments of an agent that are not its draft. */
  async listEnvironments(request: ListEnvironmentsRequest, { resource: agent }: CallContext) {
    new Pagination(this.#secret, `${agent.key}/environments`).read(request);
    await this.#contents.load(agent);
    return create(ListEnvironmentsResponseSchema);
  }

  async getEnvironment(_request: GetEnvironmentRequest, { resource: name }: CallContext) {
    await this.#contents.load(name);
    requireEnvironment(name);
    return create(EnvironmentSchema, { name: name.toString(), state: State.RUNNING });
  }
}
