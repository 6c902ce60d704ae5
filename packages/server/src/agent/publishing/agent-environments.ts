import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type StoredEnvironment, StoredEnvironmentSchema } from '@parleykit/proto/stored';
import {
  EnvironmentHistory_EntrySchema as EntrySchema,
  type Environment,
  EnvironmentSchema,
  Environment_State as EnvironmentState,
  type Fulfillment,
} from '@parleykit/proto/v2beta1';
import { versionNotLoaded } from '../../agent-errors.ts';
import { type Clock, toTimestamp } from '../../clock.ts';
import { alreadyExists, notFound } from '../../errors.ts';
import { ENVIRONMENT_HISTORY_MAX } from '../../limits.ts';
import type { ResourceName } from '../../resource-names.ts';
import type { ResourceCursor, ResourceRange, Store, StoredResource } from '../../storage/store.ts';
import { AgentError } from '../automated-agent.ts';
import { agentName, copyName } from '../content/agent-contents.ts';
import type { AgentModels } from '../serving/agent-models.ts';
import { type SessionName, sessionOfName } from '../session/session-names.ts';
import { listAll } from './agent-versions.ts';
import { DRAFT, environmentName, environmentOf } from './environment-names.ts';

/** Which environments there are, a page at a time. */
export interface EnvironmentPage {
  readonly environments: readonly Environment[];
  /** Where the next page begins; undefined behind the last one. */
  readonly next: ResourceCursor | undefined;
}

/** Who answers in an environment. */
export interface Deployment {
  /** The agent, or the copy of it in a version. */
  readonly agent: ResourceName;
  /** In place of the agent's own, where the environment has one. */
  readonly fulfillment?: Fulfillment;
}

/**
 * Environments of agents in the store: each says which version answers in it. Where that is not trained yet, the version
 * before it answers. The draft is an environment that is always there, and nothing is stored of it.
 */
export class AgentEnvironments {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #models: AgentModels;

  constructor(store: Store, clock: Clock, models: AgentModels) {
    this.#store = store;
    this.#clock = clock;
    this.#models = models;
  }

  /** Throws NOT_FOUND where there is none. */
  async load(name: ResourceName): Promise<Environment> {
    return this.#view(name, (await this.#read(name)).stored);
  }

  /** The environments of an agent by id, without its draft. */
  async list(agent: ResourceName, range: ResourceRange): Promise<EnvironmentPage> {
    const page = await this.#store.list(environmentsOf(agent), 'id', range);
    const environments: Environment[] = [];
    for (const { id, body } of page.items) {
      const stored = fromBinary(StoredEnvironmentSchema, body);
      environments.push(await this.#view(agent.child('environments', id), stored));
    }
    const last = page.items.at(-1);
    return { environments, next: page.more && last !== undefined ? { id: last.id } : undefined };
  }

  /** Its version is named relative to the agent. Throws ALREADY_EXISTS. */
  async make(name: ResourceName, environment: Environment): Promise<Environment> {
    if ((await this.#store.get(name.key)) !== undefined) {
      throw alreadyExists('Environment', name.toString());
    }
    const stored = await this.#next(create(StoredEnvironmentSchema), environment, name);
    await this.#store.commit({
      partition: name.scope,
      expect: [{ name: name.key, absent: true }],
      put: [{ name: name.key, body: toBinary(StoredEnvironmentSchema, stored) }],
    });
    return this.#view(name, stored);
  }

  /**
   * Puts an environment in the place of what it was; its version is named relative to the agent. Throws NOT_FOUND where there
   * is none, ConflictError where somebody was faster.
   */
  async update(name: ResourceName, environment: Environment): Promise<Environment> {
    const { stored: before, version } = await this.#read(name);
    const stored = await this.#next(before, environment, name);
    await this.#store.commit({
      partition: name.scope,
      expect: [{ name: name.key, version }],
      put: [{ name: name.key, body: toBinary(StoredEnvironmentSchema, stored) }],
    });
    return this.#view(name, stored);
  }

  /** Throws NOT_FOUND where there is none. What its sessions hold expires by itself. */
  async remove(name: ResourceName): Promise<void> {
    const { version } = await this.#read(name);
    await this.#store.commit({
      partition: name.scope,
      expect: [{ name: name.key, version }],
      remove: [name.key],
    });
  }

  /** What was loaded into an environment, the latest last, by versions relative to the agent. */
  async historyOf(name: ResourceName): Promise<StoredEnvironment['history']> {
    return (await this.#read(name)).stored.history;
  }

  /** The environments that a version answers in, by name; those of its agent are looked at. */
  async usersOf(version: ResourceName): Promise<ResourceName[]> {
    const agent = agentName(version);
    const relative = `versions/${version.id}`;
    const users: ResourceName[] = [];
    for await (const { id, body } of listAll(this.#store, environmentsOf(agent))) {
      const name = agent.child('environments', id);
      const stored = fromBinary(StoredEnvironmentSchema, body);
      const answering = [environmentIn(stored).agentVersion, await this.#previousOf(name, stored)];
      if (answering.includes(relative)) users.push(name);
    }
    return users;
  }

  /** All that lies in the store of an agent's environments. */
  async keysOf(agent: ResourceName): Promise<string[]> {
    const keys: string[] = [];
    for await (const { id } of listAll(this.#store, environmentsOf(agent))) {
      keys.push(agent.child('environments', id).key);
    }
    return keys;
  }

  /** The session that a name speaks of. Throws NOT_FOUND where its environment does not exist. */
  async sessionOf(within: ResourceName): Promise<SessionName> {
    if (environmentOf(within) !== DRAFT) await this.#read(environmentName(within));
    return sessionOfName(within);
  }

  /**
   * The agent, or the copy of it in a version, that a name within an environment speaks of. Throws NOT_FOUND where there is
   * no such environment, and FAILED_PRECONDITION where no version is loaded into it.
   */
  async agentOf(within: ResourceName): Promise<ResourceName> {
    if (environmentOf(within) === DRAFT) return agentName(within);
    const name = environmentName(within);
    const { agentVersion } = environmentIn((await this.#read(name)).stored);
    if (agentVersion === '') throw versionNotLoaded(name.toString());
    return copyOf(name, agentVersion);
  }

  /**
   * Who answers in the environment that a name speaks of; undefined where there is none. Throws an AgentError where no
   * version is loaded into it.
   */
  async deploymentOf(within: ResourceName): Promise<Deployment | undefined> {
    if (environmentOf(within) === DRAFT) return { agent: agentName(within) };
    const name = environmentName(within);
    const row = await this.#store.get(name.key);
    if (row === undefined) return undefined;
    const stored = fromBinary(StoredEnvironmentSchema, row.body);
    const { agentVersion, fulfillment } = environmentIn(stored);
    if (agentVersion === '') throw new AgentError('no version is loaded into its environment');
    const answering = (await this.#previousOf(name, stored)) ?? agentVersion;
    return { agent: copyOf(name, answering), ...(fulfillment && { fulfillment }) };
  }

  /** The version that still answers in an environment, where its own is not trained yet. */
  async #previousOf(name: ResourceName, stored: StoredEnvironment): Promise<string | undefined> {
    const { previousVersion } = stored;
    const { agentVersion } = environmentIn(stored);
    if (previousVersion === '' || (await this.#isTrained(copyOf(name, agentVersion))) === true)
      return undefined;
    // Once it answers no more, nothing keeps it from being deleted.
    const isThere = (await this.#store.getState(copyOf(name, previousVersion).key)) !== undefined;
    return isThere ? previousVersion : undefined;
  }

  /** What is stored of an environment that was changed: another version is something that has happened to it. */
  async #next(
    before: StoredEnvironment,
    environment: Environment,
    name: ResourceName,
  ): Promise<StoredEnvironment> {
    const now = toTimestamp(this.#clock.now(name.project));
    const stored = clone(StoredEnvironmentSchema, before);
    const { agentVersion, description } = environment;
    const previous = environmentIn(before).agentVersion;
    if (agentVersion !== previous) {
      stored.previousVersion =
        agentVersion === '' ? '' : ((await this.#previousOf(name, before)) ?? previous);
      const entry = create(EntrySchema, { agentVersion, description, createTime: now });
      stored.history = [...stored.history, entry].slice(-ENVIRONMENT_HISTORY_MAX);
    }
    environment.updateTime = now;
    environment.name = '';
    environment.state = EnvironmentState.STATE_UNSPECIFIED;
    stored.environment = environment;
    return stored;
  }

  async #read(
    name: ResourceName,
  ): Promise<{ stored: StoredEnvironment; version: StoredResource['version'] }> {
    const row = await this.#store.get(name.key);
    if (row === undefined) throw notFound('Environment', name.toString());
    return { stored: fromBinary(StoredEnvironmentSchema, row.body), version: row.version };
  }

  async #view(name: ResourceName, stored: StoredEnvironment): Promise<Environment> {
    const environment = clone(EnvironmentSchema, environmentIn(stored));
    environment.name = name.toString();
    environment.state = await this.#stateOf(name, stored);
    if (environment.agentVersion !== '') {
      environment.agentVersion = `${agentName(name)}/${environment.agentVersion}`;
    }
    return environment;
  }

  async #stateOf(name: ResourceName, stored: StoredEnvironment): Promise<EnvironmentState> {
    const { agentVersion } = environmentIn(stored);
    if (agentVersion === '') return EnvironmentState.STOPPED;
    const isTrained = await this.#isTrained(copyOf(name, agentVersion));
    if (isTrained === true) return EnvironmentState.RUNNING;
    return isTrained === false ? EnvironmentState.LOADING : EnvironmentState.STOPPED;
  }

  /** Undefined where it cannot be trained. */
  async #isTrained(copy: ResourceName): Promise<boolean | undefined> {
    try {
      return await this.#models.isTrained(copy);
    } catch (error) {
      if (error instanceof AgentError) return undefined;
      throw error;
    }
  }
}

function environmentsOf(agent: ResourceName): string {
  return `${agentName(agent).key}/environments`;
}

function environmentIn({ environment }: StoredEnvironment): Environment {
  return environment ?? create(EnvironmentSchema);
}

/** Where the copy of the agent lies that a version is, by the version's name relative to the agent. */
function copyOf(within: ResourceName, version: string): ResourceName {
  return copyName(agentName(within).child('versions', version.slice('versions/'.length)));
}
