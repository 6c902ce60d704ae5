import { create } from '@bufbuild/protobuf';
import {
  type AgentSession_SessionEntities,
  AgentSession_SessionEntitiesSchema,
} from '@parleykit/proto/stored';
import {
  SessionEntityType_EntityOverrideMode as Mode,
  type SessionEntityType,
} from '@parleykit/proto/v2beta1';

/** What a session has of its own, with what is added to it: of the same entity type the latter counts. */
export function addSessionEntities(
  known: readonly AgentSession_SessionEntities[],
  added: readonly SessionEntityType[],
): AgentSession_SessionEntities[] {
  const byType = new Map(known.map((entities) => [entities.entityType, entities]));
  for (const { name, entityOverrideMode, entities } of added) {
    const entityType = name.slice(name.lastIndexOf('/') + 1);
    const override = entityOverrideMode !== Mode.SUPPLEMENT;
    byType.set(entityType, create(AgentSession_SessionEntitiesSchema, { entityType, override, entities }));
  }
  return [...byType.values()];
}
