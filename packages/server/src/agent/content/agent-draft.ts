import { clone, toBinary } from '@bufbuild/protobuf';
import {
  type StoredAgent,
  StoredAgentSchema,
  type StoredEntityType,
  StoredEntityTypeSchema,
  type StoredIntent,
  StoredIntentSchema,
} from '@parleykit/proto/stored';
import { agentTooLarge, displayNameTaken } from '../../agent-errors.ts';
import { AGENT_PART_BYTES_MAX, ENTITY_TYPES_MAX, INTENTS_MAX } from '../../limits.ts';
import { type AgentContent, Followups } from './agent-content.ts';

/** The parts of an agent that are resources of their own, by the collection of their names. */
export type PartCollection = 'intents' | 'entityTypes';

/** What an edit leaves of a part: its bytes, or nothing of it. */
export type PartEdit = Uint8Array | undefined;

/**
 * An agent while it is edited: what it was made from stays as it is, and so does what is put into it. Its parts have their
 * names, relative to it. It knows which parts were touched, so that they alone are written.
 */
export class AgentDraft implements AgentContent {
  #agent: StoredAgent;
  readonly #intents: Map<string, StoredIntent>;
  readonly #entityTypes: Map<string, StoredEntityType>;
  readonly #edits: Readonly<Record<PartCollection, Map<string, PartEdit>>> = {
    intents: new Map(),
    entityTypes: new Map(),
  };

  constructor({ agent, intents, entityTypes }: AgentContent) {
    this.#agent = agent;
    this.#intents = new Map(intents);
    this.#entityTypes = new Map(entityTypes);
  }

  get agent(): StoredAgent {
    return this.#agent;
  }

  /** What is set is not changed any more, here and below. Throws where it is too large. */
  set agent(agent: StoredAgent) {
    encodePart('settings', toBinary(StoredAgentSchema, agent));
    this.#agent = agent;
  }

  get intents(): ReadonlyMap<string, StoredIntent> {
    return this.#intents;
  }

  get entityTypes(): ReadonlyMap<string, StoredEntityType> {
    return this.#entityTypes;
  }

  /** What was touched, by id. */
  edits(collection: PartCollection): ReadonlyMap<string, PartEdit> {
    return this.#edits[collection];
  }

  /** Throws where another one has its display name, or where there are too many or it is too large. */
  putIntent(id: string, stored: StoredIntent): void {
    const displayName = stored.intent?.displayName ?? '';
    for (const [other, { intent }] of this.#intents) {
      if (other !== id && intent?.displayName === displayName) throw displayNameTaken('Intent', displayName);
    }
    this.restoreIntent(id, stored);
  }

  /** As `putIntent`, for what is not asked whether its display name is its own: an import that was so before. */
  restoreIntent(id: string, stored: StoredIntent): void {
    if (!this.#intents.has(id) && this.#intents.size >= INTENTS_MAX) {
      throw agentTooLarge(`more than ${INTENTS_MAX} intents`);
    }
    const named = clone(StoredIntentSchema, stored);
    if (named.intent !== undefined) named.intent.name = `intents/${id}`;
    this.#edits.intents.set(id, encodePart('an intent', toBinary(StoredIntentSchema, named)));
    this.#intents.set(id, named);
  }

  /** Takes an intent away, and all that directly or indirectly follow up on it. */
  removeIntent(id: string): void {
    const followups = new Followups(this.#intents).descendantsOf(id);
    for (const each of [id, ...followups.map((followup) => followup.id)]) {
      this.#intents.delete(each);
      this.#edits.intents.set(each, undefined);
    }
  }

  /** Throws where another one has its display name, or where there are too many or it is too large. */
  putEntityType(id: string, stored: StoredEntityType): void {
    const displayName = stored.entityType?.displayName ?? '';
    for (const [other, { entityType }] of this.#entityTypes) {
      if (other !== id && entityType?.displayName === displayName) {
        throw displayNameTaken('EntityType', displayName);
      }
    }
    this.restoreEntityType(id, stored);
  }

  /** As `putEntityType`, for what is not asked whether its display name is its own. */
  restoreEntityType(id: string, stored: StoredEntityType): void {
    if (!this.#entityTypes.has(id) && this.#entityTypes.size >= ENTITY_TYPES_MAX) {
      throw agentTooLarge(`more than ${ENTITY_TYPES_MAX} entity types`);
    }
    const named = clone(StoredEntityTypeSchema, stored);
    if (named.entityType !== undefined) named.entityType.name = `entityTypes/${id}`;
    this.#edits.entityTypes.set(id, encodePart('an entity type', toBinary(StoredEntityTypeSchema, named)));
    this.#entityTypes.set(id, named);
  }

  removeEntityType(id: string): void {
    this.#entityTypes.delete(id);
    this.#edits.entityTypes.set(id, undefined);
  }
}

function encodePart(what: string, bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > AGENT_PART_BYTES_MAX) {
    throw agentTooLarge(`${what} of more than ${AGENT_PART_BYTES_MAX} bytes`);
  }
  return bytes;
}
