import { create } from '@bufbuild/protobuf';
import {
  type GetVersionRequest,
  type ListVersionsRequest,
  ListVersionsResponseSchema,
  type Version,
  type Versions,
} from '@parleykit/proto/v2beta1';
import type { AgentContents } from '../agent/content/agent-contents.ts';
import { notFound } from '../errors.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { Pagination } from './pagination.ts';

/** google.cloud.dialogflow.v2beta1.Versions: no agent has any, as long as none can be made. */
export class VersionsService implements ServiceHandlers<typeof Versions> {
  readonly #contents: AgentContents;
  readonly #secret: Uint8Array;

  constructor(contents: AgentContents, secret: Uint8Array) {
    this.#contents = contents;
    this.#secret = secret;
  }

  async listVersions(request: ListVersionsRequest, { resource: agent }: CallContext) {
    new Pagination(this.#secret, `${agent.key}/versions`).read(request);
    await this.#contents.load(agent);
    return create(ListVersionsResponseSchema);
  }

  async getVersion(_request: GetVersionRequest, { resource: name }: CallContext): Promise<Version> {
    await this.#contents.load(name);
    throw notFound('Version', name.toString());
  }
}
