import { clone } from '@bufbuild/protobuf';
import { StoredIntentSchema } from '@parleykit/proto/stored';
import { createUuid } from '../../ids.ts';
import { type AgentContent, type AgentParts, Followups, idOf } from './agent-content.ts';
import type { AgentDraft } from './agent-draft.ts';

/**
 * The parts of an agent by their ids: those in their names where they have them, and no two the same. `now` in
 * microseconds.
 */
export function partsById({ agent, intents, entityTypes }: AgentParts, now: number): AgentContent {
  return {
    agent,
    intents: byId(intents, ({ intent }) => intent?.name, now),
    entityTypes: byId(entityTypes, ({ entityType }) => entityType?.name, now),
  };
}

function byId<Part>(
  parts: readonly Part[],
  nameOf: (part: Part) => string | undefined,
  now: number,
): Map<string, Part> {
  const found = new Map<string, Part>();
  for (const part of parts) {
    const id = idOf(nameOf(part) ?? '');
    found.set(id === '' || found.has(id) ? createUuid(now) : id, part);
  }
  return found;
}

/**
 * Merges the intents and entity types of an agent into another one. What is called the same is the same: it is replaced
 * and keeps its id. `now` in microseconds, for ids that are taken already by something of another name.
 */
export function mergeContent(draft: AgentDraft, content: AgentContent, now: number): void {
  const entityTypeIds = chooseIds(
    idsByName(draft.entityTypes, ({ entityType }) => entityType?.displayName),
    idsByName(content.entityTypes, ({ entityType }) => entityType?.displayName),
    new Set(draft.entityTypes.keys()),
    now,
  );
  for (const [id, stored] of content.entityTypes) draft.restoreEntityType(entityTypeIds(id), stored);

  const intentIds = chooseIds(
    idsByName(draft.intents, ({ intent }) => intent?.displayName),
    idsByName(content.intents, ({ intent }) => intent?.displayName),
    new Set(draft.intents.keys()),
    now,
  );
  const merged: string[] = [];
  for (const [id, stored] of content.intents) {
    const own = clone(StoredIntentSchema, stored);
    const parent = idOf(own.intent?.parentFollowupIntentName ?? '');
    if (own.intent !== undefined && parent !== '') {
      own.intent.parentFollowupIntentName = `intents/${content.intents.has(parent) ? intentIds(parent) : parent}`;
    }
    merged.push(intentIds(id));
    draft.restoreIntent(intentIds(id), own);
  }
  // Two chains that are right by themselves may be none together.
  for (const id of merged) {
    const followups = new Followups(draft.intents);
    const stored = draft.intents.get(id);
    if (stored?.intent === undefined || stored.intent.parentFollowupIntentName === '') continue;
    const parent = followups.parentOf(id);
    if (parent !== undefined && parent !== id && !followups.ancestorsOf(parent).includes(id)) continue;
    const alone = clone(StoredIntentSchema, stored);
    if (alone.intent !== undefined) alone.intent.parentFollowupIntentName = '';
    draft.restoreIntent(id, alone);
  }
}

/** What each is called, by id. */
function idsByName<Part>(
  parts: ReadonlyMap<string, Part>,
  nameOf: (part: Part) => string | undefined,
): Map<string, string> {
  return new Map([...parts].map(([id, part]) => [id, nameOf(part) ?? '']));
}

/** Under which id each of what comes is to lie. */
function chooseIds(
  here: ReadonlyMap<string, string>,
  coming: ReadonlyMap<string, string>,
  taken: Set<string>,
  now: number,
): (id: string) => string {
  const idByName = new Map([...here].map(([id, name]) => [name, id]));
  const chosen = new Map<string, string>();
  for (const [id, name] of coming) {
    const own = idByName.get(name) ?? (taken.has(id) ? createUuid(now) : id);
    idByName.set(name, own);
    taken.add(own);
    chosen.set(id, own);
  }
  return (id) => chosen.get(id) ?? id;
}
