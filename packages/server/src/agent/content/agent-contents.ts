import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type StoredAgent,
  StoredAgentSchema,
  StoredEntityTypeSchema,
  StoredIntentSchema,
} from '@parleykit/proto/stored';
import { agentTooLarge } from '../../agent-errors.ts';
import type { Clock } from '../../clock.ts';
import { notFound } from '../../errors.ts';
import { AGENT_BYTES_MAX, AGENTS_AT_HAND_BYTES_MAX, PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../../limits.ts';
import { ResourceName } from '../../resource-names.ts';
import type {
  Change,
  ResourceCursor,
  ResourceRange,
  ResourceWrite,
  Store,
  StoredResource,
} from '../../storage/store.ts';
import { type AgentContent, type AgentParts, agentOf, languagesOf } from './agent-content.ts';
import { AgentDraft, type PartCollection } from './agent-draft.ts';
import { mergeContent, partsById } from './content-merge.ts';

/** An agent as it was found, and which state of it that is. */
export interface FoundAgent extends AgentContent {
  /** Counts its edits, from 1. */
  readonly version: number;
  /** When it was made, in microseconds: another agent of the same name was made at another time. */
  readonly made: number;
  /** How large it is, as it is stored. */
  readonly bytes: number;
}

/** What of an agent lies in its own row. */
export type AgentState = Pick<FoundAgent, 'agent' | 'version' | 'made'>;

/** What an edit comes to. It holds as long as nobody else has edited the agent; else its commit is a conflict. */
export interface AgentEdit {
  readonly change: Required<Pick<Change, 'expect' | 'put' | 'remove'>>;
  /** To be called when the change is on disk. */
  readonly committed: () => void;
}

/** Which agents there are, a page at a time. */
export interface AgentPage {
  readonly agents: readonly { readonly project: string; readonly agent: StoredAgent }[];
  /** Where the next page begins; undefined behind the last one. */
  readonly next: ResourceCursor | undefined;
}

/**
 * Agents in the store: one row for an agent, and one for each of its intents and entity types. Every edit writes the
 * agent's own row too: its version is that of the whole, so that an agent is read in one state, edits of one agent come one
 * after another, and what was learned from a version is known to be of it. Agents last used are at hand, decoded.
 *
 * https://cloud.google.com/dialogflow/es/docs/agents-overview
 */
export class AgentContents {
  readonly #store: Store;
  readonly #clock: Clock;
  /** By key, the one used last behind all others. */
  readonly #atHand = new Map<string, FoundAgent>();
  readonly #reading = new Map<string, Promise<FoundAgent | undefined>>();
  readonly #listeners: ((agent: ResourceName) => void)[] = [];

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Calls back each time that this server has stored, changed or removed an agent, with its canonical name. The callback
   * must not throw.
   */
  onChange(listener: (agent: ResourceName) => void): void {
    this.#listeners.push(listener);
  }

  /** All of the agent of a project and location, whatever lies below them in the name; undefined where there is none. */
  async find(name: ResourceName): Promise<FoundAgent | undefined> {
    const { key } = agentName(name);
    for (;;) {
      const row = await this.#store.get(key);
      if (row === undefined) {
        this.#atHand.delete(key);
        return undefined;
      }
      const known = this.#atHand.get(key) ?? (await this.#readOnce(key, row));
      if (known === undefined || !isOf(known, row)) {
        this.#atHand.delete(key);
        continue;
      }
      this.#keep(key, known);
      return known;
    }
  }

  /** The agent without its parts, for who needs to know which state it is in: cheaper than all of it. */
  async findState(name: ResourceName): Promise<AgentState | undefined> {
    const row = await this.#store.get(agentName(name).key);
    if (row === undefined) return undefined;
    const { version, ordering: made = 0, body } = row;
    return { agent: fromBinary(StoredAgentSchema, body), version, made };
  }

  /** As `find`. Throws NOT_FOUND where there is none. */
  async load(name: ResourceName): Promise<FoundAgent> {
    const found = await this.find(name);
    if (found === undefined) throw notFound('Agent', agentName(name).toString());
    return found;
  }

  /** Agents of all projects that have one in a location. `range.states` means nothing here. */
  async search(parent: ResourceName, range: ResourceRange): Promise<AgentPage> {
    const scope = new ResourceName(ANY_PROJECT, parent.location, '');
    const page = await this.#store.list(`${scope.key}/${PROJECTS}`, 'id', range);
    const agents: { project: string; agent: StoredAgent }[] = [];
    for (const { id: project } of page.items) {
      const row = await this.#store.get(new ResourceName(project, parent.location, AGENT).key);
      // Where it was removed since, its project still stands in the list.
      if (row !== undefined) agents.push({ project, agent: fromBinary(StoredAgentSchema, row.body) });
    }
    const last = page.items.at(-1);
    return { agents, next: page.more && last !== undefined ? { id: last.id } : undefined };
  }

  /** What was drafted, to be stored: in place of what was found, or where nothing was. Throws where it is too much. */
  edit(name: ResourceName, found: FoundAgent | undefined, draft: AgentDraft): AgentEdit {
    const agent = agentName(name);
    const { key } = agent;
    const body = toBinary(StoredAgentSchema, draft.agent);
    const made = found?.made ?? this.#clock.now(name.project);
    const put: { name: string; ordering?: number; body: Uint8Array }[] = [
      { name: key, ordering: made, body },
    ];
    if (found === undefined) put.push({ name: directoryKey(name), body: new Uint8Array() });
    const models = new Set(modelsOf(agent, draft));
    const remove = found === undefined ? [] : modelsOf(agent, found).filter((model) => !models.has(model));
    let bytes =
      (found?.bytes ?? 0) +
      body.byteLength -
      (found === undefined ? 0 : sizeOf(StoredAgentSchema, found.agent));
    for (const collection of ['intents', 'entityTypes'] as const) {
      for (const [id, edited] of draft.edits(collection)) {
        bytes += (edited?.byteLength ?? 0) - partSize(found, collection, id);
        const part = `${key}/${collection}/${id}`;
        if (edited === undefined) remove.push(part);
        else put.push({ name: part, body: edited });
      }
    }
    if (bytes > AGENT_BYTES_MAX) throw agentTooLarge(`more than ${AGENT_BYTES_MAX} bytes`);
    const expect =
      found === undefined ? [{ name: key, absent: true } as const] : [{ name: key, version: found.version }];
    const { agent: settings, intents, entityTypes } = draft;
    const version = (found?.version ?? 0) + 1;
    return {
      change: { expect, put, remove },
      committed: () => {
        this.#keep(key, { agent: settings, intents, entityTypes, version, made, bytes });
        this.#tell(agent);
      },
    };
  }

  /** Puts an agent in the place of the one that there is, if any. Throws where it is too much. */
  replace(name: ResourceName, found: FoundAgent | undefined, parts: AgentParts): AgentEdit {
    const content = partsById(parts, this.#clock.now(name.project));
    const draft = new AgentDraft(found ?? emptyContent());
    draft.agent = content.agent;
    for (const id of draft.intents.keys()) if (!content.intents.has(id)) draft.removeIntent(id);
    for (const id of draft.entityTypes.keys()) if (!content.entityTypes.has(id)) draft.removeEntityType(id);
    for (const [id, stored] of content.intents) draft.restoreIntent(id, stored);
    for (const [id, stored] of content.entityTypes) draft.restoreEntityType(id, stored);
    return this.edit(name, found, draft);
  }

  /**
   * Adds the intents and entity types of an agent to those of the one that there is; those that are called the same are
   * replaced, and keep the names that they have here. The settings stay. Where there is no agent yet it is that one.
   */
  merge(name: ResourceName, found: FoundAgent | undefined, parts: AgentParts): AgentEdit {
    if (found === undefined) return this.replace(name, found, parts);
    const now = this.#clock.now(name.project);
    const draft = new AgentDraft(found);
    mergeContent(draft, partsById(parts, now), now);
    return this.edit(name, found, draft);
  }

  /** What a copy of an agent is made of: it lies under a name of its own, and nobody edits it. `made` in microseconds. */
  copy(found: FoundAgent, to: ResourceName, made: number): ResourceWrite[] {
    const { key } = agentName(to);
    return [
      { name: key, ordering: made, body: toBinary(StoredAgentSchema, found.agent) },
      ...Array.from(found.intents, ([id, stored]) => ({
        name: `${key}/intents/${id}`,
        body: toBinary(StoredIntentSchema, stored),
      })),
      ...Array.from(found.entityTypes, ([id, stored]) => ({
        name: `${key}/entityTypes/${id}`,
        body: toBinary(StoredEntityTypeSchema, stored),
      })),
    ];
  }

  /** Takes an agent away, with all that is in it. */
  remove(name: ResourceName, found: FoundAgent): AgentEdit {
    const agent = agentName(name);
    const { key } = agent;
    const parts = (['intents', 'entityTypes'] as const).flatMap((collection) =>
      [...found[collection].keys()].map((id) => `${key}/${collection}/${id}`),
    );
    return {
      change: {
        expect: [{ name: key, version: found.version }],
        put: [],
        remove: [key, ...parts, ...modelsOf(agent, found)],
      },
      committed: () => {
        this.#atHand.delete(key);
        this.#tell(agent);
      },
    };
  }

  /** Stores what an edit comes to. Throws ConflictError where somebody else was faster. */
  async commit(name: ResourceName, { change, committed }: AgentEdit): Promise<void> {
    await this.#store.commit({ partition: name.scope, ...change });
    committed();
  }

  #tell(agent: ResourceName): void {
    for (const listener of this.#listeners) listener(agent.canonical);
  }

  async #readOnce(key: string, row: StoredResource): Promise<FoundAgent | undefined> {
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = this.#read(key, row).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  /** Undefined where the agent was edited meanwhile. */
  async #read(key: string, row: StoredResource): Promise<FoundAgent | undefined> {
    const intents = await this.#readParts(`${key}/intents`, StoredIntentSchema);
    const entityTypes = await this.#readParts(`${key}/entityTypes`, StoredEntityTypeSchema);
    const after = await this.#store.get(key);
    if (after === undefined || after.version !== row.version || after.ordering !== row.ordering) {
      return undefined;
    }
    return {
      agent: fromBinary(StoredAgentSchema, row.body),
      intents: intents.parts,
      entityTypes: entityTypes.parts,
      version: row.version,
      made: row.ordering ?? 0,
      bytes: row.body.byteLength + intents.bytes + entityTypes.bytes,
    };
  }

  async #readParts<Desc extends DescMessage>(
    collection: string,
    schema: Desc,
  ): Promise<{ readonly parts: Map<string, MessageShape<Desc>>; readonly bytes: number }> {
    const parts = new Map<string, MessageShape<Desc>>();
    let bytes = 0;
    for (let after: ResourceCursor | undefined; ; ) {
      const range = { after, limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX };
      const { items, more } = await this.#store.list(collection, 'id', range);
      for (const { id, body } of items) {
        parts.set(id, fromBinary(schema, body));
        bytes += body.byteLength;
      }
      const last = items.at(-1);
      if (!more || last === undefined) return { parts, bytes };
      after = { id: last.id };
    }
  }

  #keep(key: string, agent: FoundAgent): void {
    this.#atHand.delete(key);
    this.#atHand.set(key, agent);
    let bytes = [...this.#atHand.values()].reduce((sum, each) => sum + each.bytes, 0);
    for (const [oldest, each] of this.#atHand) {
      if (bytes <= AGENTS_AT_HAND_BYTES_MAX || oldest === key) break;
      bytes -= each.bytes;
      this.#atHand.delete(oldest);
    }
  }
}

const AGENT = 'agent';
const PROJECTS = 'agentProjects';

/** Stands for every project, in names of what all of them have. No agent is of a project of this name. */
export const ANY_PROJECT = '-';

/** A copy of an agent, which lies below the version that it is of. */
const COPY = /^agent\/versions\/[^/]+\/agent(?=\/|$)/u;

/**
 * The name of the agent of a project and location, in the form of any name below them; of the agent's copy, where the name
 * lies below that.
 */
export function agentName({ project, location, path }: ResourceName): ResourceName {
  const [copy = AGENT] = COPY.exec(path) ?? [];
  return new ResourceName(project, location, copy);
}

/** Where the copy of an agent lies that a version of it is. */
export function copyName(version: ResourceName): ResourceName {
  return version.singleton(AGENT);
}

/** Where what was learned from an agent in one of its languages lies: it goes with the agent, or with the language. */
export function modelKey(agent: ResourceName, language: string): string {
  return `${agent.key}/models/${language}`;
}

function modelsOf(agent: ResourceName, content: AgentContent): string[] {
  return languagesOf(agentOf(content)).map((language) => modelKey(agent, language));
}

/** Where a location's projects with agents are listed, for who searches in all of them. */
function directoryKey({ project, location }: ResourceName): string {
  return `${new ResourceName(ANY_PROJECT, location, '').key}/${PROJECTS}/${project}`;
}

function isOf({ version, made }: FoundAgent, row: StoredResource): boolean {
  return version === row.version && made === (row.ordering ?? 0);
}

/** What an agent is made from. */
export function emptyContent(): AgentContent {
  return { agent: create(StoredAgentSchema), intents: new Map(), entityTypes: new Map() };
}

function partSize(found: FoundAgent | undefined, collection: PartCollection, id: string): number {
  if (collection === 'intents') {
    const stored = found?.intents.get(id);
    return stored === undefined ? 0 : sizeOf(StoredIntentSchema, stored);
  }
  const stored = found?.entityTypes.get(id);
  return stored === undefined ? 0 : sizeOf(StoredEntityTypeSchema, stored);
}

function sizeOf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): number {
  return toBinary(schema, message).byteLength;
}
