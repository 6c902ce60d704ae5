import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type CreateVersionRequest,
  type DeleteVersionRequest,
  type GetVersionRequest,
  type ListVersionsRequest,
  ListVersionsResponseSchema,
  type UpdateVersionRequest,
  VersionSchema,
  type Versions,
} from '@parleykit/proto/v2beta1';
import type { AgentContents } from '../agent/content/agent-contents.ts';
import { checkDescription } from '../agent/content/intent-edit.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';
import type { AgentVersions } from '../agent/publishing/agent-versions.ts';
import { versionInUse } from '../agent-errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { ResourceCursor } from '../storage/store.ts';
import type { AgentEdits } from './agent-edits.ts';
import { Pagination } from './pagination.ts';

export interface VersionsParts {
  readonly contents: AgentContents;
  readonly versions: AgentVersions;
  readonly environments: AgentEnvironments;
  readonly edits: AgentEdits;
  /** Signs page tokens. */
  readonly secret: Uint8Array;
}

/** google.cloud.dialogflow.v2beta1.Versions */
export class VersionsService implements ServiceHandlers<typeof Versions> {
  readonly #contents: AgentContents;
  readonly #versions: AgentVersions;
  readonly #environments: AgentEnvironments;
  readonly #edits: AgentEdits;
  readonly #secret: Uint8Array;

  constructor({ contents, versions, environments, edits, secret }: VersionsParts) {
    this.#contents = contents;
    this.#versions = versions;
    this.#environments = environments;
    this.#edits = edits;
    this.#secret = secret;
  }

  /** The versions of an agent, the latest first. */
  async listVersions(request: ListVersionsRequest, { resource: agent }: CallContext) {
    const pagination = new Pagination<ResourceCursor>(this.#secret, `${agent.key}/versions`);
    const range = pagination.read(request);
    await this.#contents.load(agent);
    const { versions, next } = await this.#versions.list(agent, range);
    return create(ListVersionsResponseSchema, {
      versions: [...versions],
      nextPageToken: next === undefined ? '' : pagination.tokenAfter(next),
    });
  }

  async getVersion(_request: GetVersionRequest, { resource: name }: CallContext) {
    return this.#versions.load(name);
  }

  /** Keeps the agent as it is now. */
  async createVersion({ version = create(VersionSchema) }: CreateVersionRequest, call: CallContext) {
    const { resource: agent } = call;
    const { description } = version;
    checkDescription('version.description', description);
    return this.#edits.decide(agent, call, async () =>
      this.#versions.make(agent, await this.#contents.load(agent), description),
    );
  }

  /** Describes a version anew. What the agent was stays. */
  async updateVersion(request: UpdateVersionRequest, call: CallContext) {
    const { version: from = create(VersionSchema) } = request;
    const mask = maskOrAll(VersionSchema, request.updateMask);
    return this.#edits.decide(call.resource, call, () =>
      this.#versions.describe(call.resource, (version) => {
        applyFieldMask(VersionSchema, mask, from, version);
        checkDescription('version.description', version.description);
      }),
    );
  }

  /** Takes a version away that answers in no environment. */
  async deleteVersion(_request: DeleteVersionRequest, call: CallContext) {
    const { resource: name } = call;
    return this.#edits.decide(name, call, async () => {
      const users = await this.#environments.usersOf(name);
      if (users.length > 0) throw versionInUse(name.toString(), users.map(String));
      await this.#versions.remove(name);
      return create(EmptySchema);
    });
  }
}
