import { create } from '@bufbuild/protobuf';
import {
  type Version,
  VersionSchema,
  Version_VersionStatus as VersionStatus,
} from '@parleykit/proto/v2beta1';
import { type Clock, toTimestamp } from '../../clock.ts';
import { notFound } from '../../errors.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../../limits.ts';
import type { ResourceName } from '../../resource-names.ts';
import { decodeNamed, withoutName } from '../../storage/named-message.ts';
import type { ResourceCursor, ResourceRange, Store, StoredResource } from '../../storage/store.ts';
import { AgentError } from '../automated-agent.ts';
import { type AgentContents, agentName, copyName, type FoundAgent } from '../content/agent-contents.ts';
import type { AgentModels } from '../serving/agent-models.ts';

/** Which versions there are, a page at a time. */
export interface VersionPage {
  readonly versions: readonly Version[];
  /** Where the next page begins; undefined behind the last one. */
  readonly next: ResourceCursor | undefined;
}

/** All that lies in the store of an agent's versions. */
export interface VersionsRemoval {
  readonly keys: readonly string[];
  /** To be called when they are gone: another agent of the name may have versions of the same numbers. */
  readonly committed: () => void;
}

export interface AgentVersionsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly contents: AgentContents;
  readonly models: AgentModels;
}

/**
 * Versions of agents in the store: a row for what is said of a version, and below it a copy of the agent, which is read,
 * trained and spoken with as agents are, and which nobody edits. What was learned from the agent is copied with it, so that
 * what is published is what was tried.
 */
export class AgentVersions {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #contents: AgentContents;
  readonly #models: AgentModels;

  constructor({ store, clock, contents, models }: AgentVersionsParts) {
    this.#store = store;
    this.#clock = clock;
    this.#contents = contents;
    this.#models = models;
  }

  /** Throws NOT_FOUND where there is none. */
  async load(name: ResourceName): Promise<Version> {
    const stored = await this.#store.get(name.key);
    if (stored === undefined) throw notFound('Version', name.toString());
    return this.#view(name, stored.body);
  }

  /** The versions of an agent, the latest first. */
  async list(agent: ResourceName, range: ResourceRange): Promise<VersionPage> {
    const page = await this.#store.list(versionsOf(agent), 'ordering', range);
    const versions: Version[] = [];
    for (const { id, body } of page.items) versions.push(await this.#view(agent.child('versions', id), body));
    const last = page.items.at(-1);
    const next = page.more && last !== undefined ? { id: last.id, ordering: last.ordering ?? 0 } : undefined;
    return { versions, next };
  }

  /** Makes an agent as it was found a version. Numbers are used once. Throws ConflictError where it was edited since. */
  async make(agent: ResourceName, found: FoundAgent, description: string): Promise<Version> {
    const now = this.#clock.now(agent.project);
    const counter = counterKey(agent);
    const last = await this.#store.getState(counter);
    const number = (last ?? 0) + 1;
    const name = agent.child('versions', String(number));
    const body = withoutName(
      VersionSchema,
      create(VersionSchema, { description, versionNumber: number, createTime: toTimestamp(now) }),
    );
    const copy = copyName(name);
    await this.#store.commit({
      partition: agent.scope,
      expect: [
        { name: agent.key, version: found.version },
        last === undefined ? { name: counter, absent: true } : { name: counter, state: last },
      ],
      put: [
        { name: counter, state: number, body: new Uint8Array() },
        { name: name.key, ordering: now, body },
        ...this.#contents.copy(found, copy, now),
        ...(await this.#models.copy(found, { from: agent, to: copy, made: now })),
      ],
    });
    return this.#view(name, body);
  }

  /** Says something else of a version. Throws NOT_FOUND where there is none, ConflictError where somebody was faster. */
  async describe(name: ResourceName, change: (version: Version) => void): Promise<Version> {
    const stored = await this.#store.get(name.key);
    if (stored === undefined) throw notFound('Version', name.toString());
    const version = decodeNamed(VersionSchema, name.toString(), stored.body);
    change(version);
    const body = withoutName(VersionSchema, version);
    await this.#store.commit({
      partition: name.scope,
      expect: [{ name: name.key, version: stored.version }],
      put: [{ name: name.key, body }],
    });
    return this.#view(name, body);
  }

  /** Takes a version away, with its copy of the agent. Throws NOT_FOUND where there is none. */
  async remove(name: ResourceName): Promise<void> {
    const copy = copyName(name);
    const found = await this.#contents.find(copy);
    if (found === undefined) throw notFound('Version', name.toString());
    const { change, committed } = this.#contents.remove(copy, found);
    await this.#contents.commit(copy, {
      change: { ...change, remove: [...change.remove, name.key] },
      committed,
    });
  }

  /** What takes all versions of an agent away, with the agent. */
  async removalOf(agent: ResourceName): Promise<VersionsRemoval> {
    const keys = [counterKey(agent)];
    const committed: (() => void)[] = [];
    for await (const { id } of listAll(this.#store, versionsOf(agent))) {
      const name = agent.child('versions', id);
      keys.push(name.key);
      const found = await this.#contents.find(copyName(name));
      if (found === undefined) continue;
      const copy = this.#contents.remove(copyName(name), found);
      keys.push(...copy.change.remove);
      committed.push(copy.committed);
    }
    return {
      keys,
      committed: () => {
        for (const tell of committed) tell();
      },
    };
  }

  async #view(name: ResourceName, body: Uint8Array): Promise<Version> {
    const version = decodeNamed(VersionSchema, name.toString(), body);
    version.status = await this.#statusOf(name);
    return version;
  }

  async #statusOf(name: ResourceName): Promise<VersionStatus> {
    try {
      const isTrained = await this.#models.isTrained(copyName(name));
      return isTrained ? VersionStatus.READY : VersionStatus.IN_PROGRESS;
    } catch (error) {
      if (error instanceof AgentError) return VersionStatus.FAILED;
      throw error;
    }
  }
}

function versionsOf(agent: ResourceName): string {
  return `${agentName(agent).key}/versions`;
}

/** Where the greatest number of a version lies that an agent ever had, as the state. */
function counterKey(agent: ResourceName): string {
  return agentName(agent).singleton('versionNumber').key;
}

/** All resources of a collection of an agent, page by page. */
export async function* listAll(store: Store, collection: string): AsyncGenerator<StoredResource> {
  let after: ResourceCursor | undefined;
  do {
    const page = await store.list(collection, 'id', { after, limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX });
    yield* page.items;
    const last = page.items.at(-1);
    after = page.more && last !== undefined ? { id: last.id } : undefined;
  } while (after !== undefined);
}
