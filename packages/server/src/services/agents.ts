import { clone, create, toBinary } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { StoredAgentSchema } from '@parleykit/proto/stored';
import {
  type Agent,
  AgentSchema,
  type Agents,
  Agent_ApiVersion as ApiVersion,
  type DeleteAgentRequest,
  type ExportAgentRequest,
  type GetAgentRequest,
  type GetValidationResultRequest,
  type ImportAgentRequest,
  Agent_MatchMode as MatchMode,
  type RestoreAgentRequest,
  type SearchAgentsRequest,
  SearchAgentsResponseSchema,
  type SetAgentRequest,
  Agent_Tier as Tier,
  type TrainAgentRequest,
} from '@parleykit/proto/v2beta1';
import { agentOf, requireLanguage } from '../agent/content/agent-content.ts';
import { type AgentContents, ANY_PROJECT, agentName, emptyContent } from '../agent/content/agent-contents.ts';
import { AgentDraft } from '../agent/content/agent-draft.ts';
import { validateContent } from '../agent/content/content-validation.ts';
import { checkDescription, checkDisplayName, checkEnum } from '../agent/content/intent-edit.ts';
import type { AgentEnvironments } from '../agent/publishing/agent-environments.ts';
import type { AgentVersions } from '../agent/publishing/agent-versions.ts';
import { fieldInvalid, fieldsRequired } from '../errors.ts';
import { applyFieldMask, maskOrAll } from '../field-mask.ts';
import { AGENT_SETTINGS_BYTES_MAX, PAGE_SIZE_DEFAULT } from '../limits.ts';
import type { Locations } from '../locations.ts';
import { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { ResourceCursor } from '../storage/store.ts';
import type { AgentEdits } from './agent-edits.ts';
import type { AgentOperations } from './agent-operations.ts';
import { Pagination } from './pagination.ts';

/** Scores below it match nothing, where an agent does not say otherwise. */
const CLASSIFICATION_THRESHOLD_DEFAULT = Math.fround(0.3);

export interface AgentsParts {
  readonly contents: AgentContents;
  readonly versions: AgentVersions;
  readonly environments: AgentEnvironments;
  readonly edits: AgentEdits;
  readonly operations: AgentOperations;
  readonly locations: Locations;
  /** Signs page tokens. */
  readonly secret: Uint8Array;
}

/** google.cloud.dialogflow.v2beta1.Agents */
export class AgentsService implements ServiceHandlers<typeof Agents> {
  readonly #contents: AgentContents;
  readonly #versions: AgentVersions;
  readonly #environments: AgentEnvironments;
  readonly #edits: AgentEdits;
  readonly #operations: AgentOperations;
  readonly #locations: Locations;
  readonly #secret: Uint8Array;

  constructor({ contents, versions, environments, edits, operations, locations, secret }: AgentsParts) {
    this.#contents = contents;
    this.#versions = versions;
    this.#environments = environments;
    this.#edits = edits;
    this.#operations = operations;
    this.#locations = locations;
    this.#secret = secret;
  }

  async getAgent(_request: GetAgentRequest, { resource: parent }: CallContext) {
    return viewAgent(agentOf(await this.#contents.load(parent)), parent);
  }

  /** Makes the agent of a project and location, or changes what the mask names: all of it where there is none. */
  async setAgent({ agent: from = create(AgentSchema), updateMask }: SetAgentRequest, call: CallContext) {
    const { resource: parent } = call;
    this.#locations.require(parent);
    if (parent.project === ANY_PROJECT) throw fieldInvalid('agent.parent', 'must name a project');
    const mask = maskOrAll(AgentSchema, updateMask);
    return this.#edits.decide(parent, call, async () => {
      const found = await this.#contents.find(parent);
      const agent = found === undefined ? create(AgentSchema) : clone(AgentSchema, agentOf(found));
      applyFieldMask(AgentSchema, mask, from, agent);
      agent.parent = '';
      if (found !== undefined && agent.defaultLanguageCode !== agentOf(found).defaultLanguageCode) {
        throw fieldInvalid('agent.default_language_code', 'cannot be changed');
      }
      fillDefaults(agent);
      checkAgent(agent);
      const draft = new AgentDraft(found ?? emptyContent());
      const stored = clone(StoredAgentSchema, draft.agent);
      stored.agent = agent;
      draft.agent = stored;
      await this.#contents.commit(parent, this.#contents.edit(parent, found, draft));
      return viewAgent(agent, parent);
    });
  }

  /** Removes the agent with all that is in it and published of it. What sessions hold expires by itself. */
  async deleteAgent(_request: DeleteAgentRequest, call: CallContext) {
    const { resource: parent } = call;
    return this.#edits.decide(parent, call, async () => {
      const found = await this.#contents.load(parent);
      const { change, committed } = this.#contents.remove(parent, found);
      const agent = agentName(parent);
      const versions = await this.#versions.removalOf(agent);
      const environments = await this.#environments.keysOf(agent);
      await this.#contents.commit(parent, {
        change: { ...change, remove: [...change.remove, ...versions.keys, ...environments] },
        committed: () => {
          committed();
          versions.committed();
        },
      });
      return create(EmptySchema);
    });
  }

  /**
   * The agent of a project; under `projects/-` those of all projects that the caller may see. Without authentication
   * everybody may see each: they are all agents of the location, by their projects.
   */
  async searchAgents(request: SearchAgentsRequest, { resource: parent }: CallContext) {
    const pagination = new Pagination<ResourceCursor>(this.#secret, `${parent.key}/agents`);
    const range = pagination.read(request);
    if (parent.project !== ANY_PROJECT) {
      const found = await this.#contents.find(parent);
      const agents = found === undefined ? [] : [viewAgent(agentOf(found), parent)];
      return create(SearchAgentsResponseSchema, { agents });
    }
    const limit = Math.min(range.limit, PAGE_SIZE_DEFAULT);
    const { agents, next } = await this.#contents.search(parent, { ...range, limit });
    return create(SearchAgentsResponseSchema, {
      agents: agents.map(({ project, agent: { agent = create(AgentSchema) } }) =>
        viewAgent(agent, new ResourceName(project, parent.location, '')),
      ),
      nextPageToken: next === undefined ? '' : pagination.tokenAfter(next),
    });
  }

  async trainAgent(request: TrainAgentRequest, call: CallContext) {
    return this.#operations.train(request, call);
  }

  async exportAgent(request: ExportAgentRequest, call: CallContext) {
    return this.#operations.export(request, call);
  }

  async importAgent(request: ImportAgentRequest, call: CallContext) {
    return this.#operations.import(request, call);
  }

  async restoreAgent(request: RestoreAgentRequest, call: CallContext) {
    return this.#operations.restore(request, call);
  }

  /** What in the agent does not fit together, as it is now: nobody has to train it first. */
  async getValidationResult(request: GetValidationResultRequest, { resource: parent }: CallContext) {
    const found = await this.#contents.load(parent);
    return validateContent(found, agentName(parent), requireLanguage(found, request.languageCode));
  }
}

/** An agent as the API answers it, under the parent in the form of the caller. */
function viewAgent(stored: Agent, parent: ResourceName): Agent {
  const agent = clone(AgentSchema, stored);
  agent.parent = parent.toString();
  return agent;
}

/** What the fields' comments say is meant where nothing is said. */
function fillDefaults(agent: Agent): void {
  agent.classificationThreshold ||= CLASSIFICATION_THRESHOLD_DEFAULT;
  agent.apiVersion ||= ApiVersion.V2;
  agent.tier ||= Tier.STANDARD;
}

function checkAgent(agent: Agent): void {
  const { displayName, defaultLanguageCode, supportedLanguageCodes, timeZone, description } = agent;
  const missing = [
    ...(displayName === '' ? ['agent.display_name'] : []),
    ...(defaultLanguageCode === '' ? ['agent.default_language_code'] : []),
    ...(timeZone === '' ? ['agent.time_zone'] : []),
  ];
  if (missing.length > 0) throw fieldsRequired(missing);
  checkDisplayName('agent.display_name', displayName);
  checkLanguage('agent.default_language_code', defaultLanguageCode);
  for (const [index, code] of supportedLanguageCodes.entries()) {
    checkLanguage(`agent.supported_language_codes[${index}]`, code);
  }
  if (!isTimeZone(timeZone)) {
    throw fieldInvalid('agent.time_zone', 'is not in the time zone database, as America/New_York is');
  }
  checkDescription('agent.description', description);
  const threshold = agent.classificationThreshold;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw fieldInvalid('agent.classification_threshold', 'is not from 0 to 1');
  }
  checkEnum('agent.match_mode', MatchMode[agent.matchMode]);
  checkEnum('agent.api_version', ApiVersion[agent.apiVersion]);
  checkEnum('agent.tier', Tier[agent.tier]);
  if (toBinary(AgentSchema, agent).byteLength > AGENT_SETTINGS_BYTES_MAX) {
    throw fieldInvalid('agent', `is larger than ${AGENT_SETTINGS_BYTES_MAX} bytes`);
  }
}

/** A tag of BCP 47 that is well-formed: which languages are understood is not for this to say. */
function checkLanguage(field: string, code: string): void {
  try {
    Intl.getCanonicalLocales(code);
  } catch {
    throw fieldInvalid(field, 'is not a language tag such as en or pt-BR');
  }
}

function isTimeZone(name: string): boolean {
  // Distances from UTC are understood too, and are in no database.
  if (!/^\p{L}/u.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
