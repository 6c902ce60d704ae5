import { clone, create, toBinary } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  type CreateEnvironmentRequest,
  type DeleteEnvironmentRequest,
  type Environment,
  EnvironmentHistorySchema,
  EnvironmentSchema,
  Environment_State as EnvironmentState,
  type Environments,
  type GetEnvironmentHistoryRequest,
  type GetEnvironmentRequest,
  type ListEnvironmentsRequest,
  ListEnvironmentsResponseSchema,
  type UpdateEnvironmentRequest,
} from '@parleykit/proto/v2beta1';
import { type AgentContents, agentName, copyName } from '../agent/content/agent-contents.ts';
import { checkFulfillment } from '../agent/content/fulfillment-edit.ts';
import { checkDescription } from '../agent/content/intent-edit.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';
import type { AgentVersions } from '../agent/publishing/agent-versions.ts';
import { DRAFT, environmentOf } from '../agent/publishing/environment-names.ts';
import { fieldInvalid, fieldsRequired } from '../errors.ts';
import { applyFieldMask, maskCovers, maskOrAll } from '../field-mask.ts';
import { AGENT_SETTINGS_BYTES_MAX, ENVIRONMENT_ID_PATTERN } from '../limits.ts';
import { parseResourceName, type ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { ResourceCursor } from '../storage/store.ts';
import type { AgentEdits } from './agent-edits.ts';
import { Pagination } from './pagination.ts';

export interface EnvironmentsParts {
  readonly contents: AgentContents;
  readonly versions: AgentVersions;
  readonly environments: AgentEnvironments;
  readonly edits: AgentEdits;
  /** Signs page tokens. */
  readonly secret: Uint8Array;
}

/** google.cloud.dialogflow.v2beta1.Environments */
export class EnvironmentsService implements ServiceHandlers<typeof Environments> {
  readonly #contents: AgentContents;
  readonly #versions: AgentVersions;
  readonly #environments: AgentEnvironments;
  readonly #edits: AgentEdits;
  readonly #secret: Uint8Array;

  constructor({ contents, versions, environments, edits, secret }: EnvironmentsParts) {
    this.#contents = contents;
    this.#versions = versions;
    this.#environments = environments;
    this.#edits = edits;
    this.#secret = secret;
  }

  /** The environments of an agent by id, without its draft. */
  async listEnvironments(request: ListEnvironmentsRequest, { resource: agent }: CallContext) {
    const pagination = new Pagination<ResourceCursor>(this.#secret, `${agent.key}/environments`);
    const range = pagination.read(request);
    await this.#contents.load(agent);
    const { environments, next } = await this.#environments.list(agent, range);
    return create(ListEnvironmentsResponseSchema, {
      environments: [...environments],
      nextPageToken: next === undefined ? '' : pagination.tokenAfter(next),
    });
  }

  async getEnvironment(_request: GetEnvironmentRequest, { resource: name }: CallContext) {
    await this.#contents.load(agentName(name));
    return isDraft(name) ? viewDraft(name) : this.#environments.load(name);
  }

  /** Makes an environment; where it names a version, that answers in it. */
  async createEnvironment(request: CreateEnvironmentRequest, call: CallContext) {
    const { environment: from = create(EnvironmentSchema), environmentId: id } = request;
    const { resource: agent } = call;
    checkId(id);
    return this.#edits.decide(agent, call, async () => {
      await this.#contents.load(agent);
      const environment = clone(EnvironmentSchema, from);
      await this.#check(agent, environment);
      return this.#environments.make(agent.child('environments', id), environment);
    });
  }

  /** Changes what the mask names. Another version answers as soon as it is trained, the one before until then. */
  async updateEnvironment(request: UpdateEnvironmentRequest, call: CallContext) {
    const { environment: from = create(EnvironmentSchema) } = request;
    const { resource: name } = call;
    const mask = maskOrAll(EnvironmentSchema, request.updateMask);
    return this.#edits.decide(name, call, async () => {
      if (isDraft(name)) {
        if (!maskCovers(mask, 'agent_version')) {
          throw fieldInvalid('update_mask', 'must name agent_version: the draft has nothing else of its own');
        }
        await this.#loadIntoDraft(name, from.agentVersion, request.allowLoadToDraftAndDiscardChanges);
        return viewDraft(name);
      }
      const environment = await this.#environments.load(name);
      applyFieldMask(EnvironmentSchema, mask, from, environment);
      await this.#check(agentName(name), environment);
      return this.#environments.update(name, environment);
    });
  }

  /** Removes an environment. Its version stays. */
  async deleteEnvironment(_request: DeleteEnvironmentRequest, call: CallContext) {
    const { resource: name } = call;
    if (isDraft(name)) throw fieldInvalid('name', 'must not be the draft, which every agent has');
    return this.#edits.decide(name, call, async () => {
      await this.#environments.remove(name);
      return create(EmptySchema);
    });
  }

  /** The versions that were loaded into an environment, the latest first. */
  async getEnvironmentHistory(request: GetEnvironmentHistoryRequest, { resource: parent }: CallContext) {
    const pagination = new Pagination<{ readonly left: number }>(this.#secret, `${parent.key}/history`);
    const { after, limit } = pagination.read(request);
    const agent = agentName(parent);
    await this.#contents.load(agent);
    const history = isDraft(parent) ? [] : await this.#environments.historyOf(parent);
    // From its oldest on, an entry keeps its place when others come.
    const end = Math.min(after?.left ?? history.length, history.length);
    const begin = Math.max(0, end - limit);
    return create(EnvironmentHistorySchema, {
      parent: parent.toString(),
      entries: history
        .slice(begin, end)
        .reverse()
        .map((entry) => ({ ...entry, agentVersion: entry.agentVersion && `${agent}/${entry.agentVersion}` })),
      nextPageToken: begin === 0 ? '' : pagination.tokenAfter({ left: begin }),
    });
  }

  /** Throws what is wrong with an environment, and has its version named relative to the agent. */
  async #check(agent: ResourceName, environment: Environment): Promise<void> {
    const { description, agentVersion, fulfillment } = environment;
    checkDescription('environment.description', description);
    if (fulfillment !== undefined) checkFulfillment('environment.fulfillment', fulfillment);
    if (toBinary(EnvironmentSchema, environment).byteLength > AGENT_SETTINGS_BYTES_MAX) {
      throw fieldInvalid('environment', `is larger than ${AGENT_SETTINGS_BYTES_MAX} bytes`);
    }
    if (agentVersion === '') return;
    const version = versionIn(agent, agentVersion);
    await this.#versions.load(version);
    environment.agentVersion = `versions/${version.id}`;
  }

  /** Puts a version in the place of the agent as it is edited. */
  async #loadIntoDraft(name: ResourceName, agentVersion: string, isAllowed: boolean): Promise<void> {
    if (agentVersion === '') throw fieldsRequired(['environment.agent_version']);
    if (!isAllowed) throw fieldsRequired(['allow_load_to_draft_and_discard_changes']);
    const agent = agentName(name);
    const version = versionIn(agent, agentVersion);
    await this.#versions.load(version);
    const copy = await this.#contents.load(copyName(version));
    const parts = {
      agent: copy.agent,
      intents: [...copy.intents.values()],
      entityTypes: [...copy.entityTypes.values()],
    };
    const found = await this.#contents.load(agent);
    await this.#contents.commit(agent, this.#contents.replace(agent, found, parts));
  }
}

function isDraft(name: ResourceName): boolean {
  return environmentOf(name) === DRAFT;
}

function viewDraft(name: ResourceName): Environment {
  return create(EnvironmentSchema, { name: name.toString(), state: EnvironmentState.RUNNING });
}

function checkId(id: string): void {
  if (!ENVIRONMENT_ID_PATTERN.test(id)) {
    throw fieldInvalid('environment_id', "is not an id: up to 64 letters, digits, '_' or '-', no '-' first");
  }
  if (id === 'draft') throw fieldInvalid('environment_id', 'stands for the agent as it is edited');
}

function versionIn(agent: ResourceName, text: string): ResourceName {
  const field = 'environment.agent_version';
  const name = parseResourceName(field, text, 'agent/versions/*');
  if (!name.isWithin(agent)) throw fieldInvalid(field, 'is not a version of the agent');
  return name;
}
