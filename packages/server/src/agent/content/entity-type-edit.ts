import { clone, create } from '@bufbuild/protobuf';
import type { FieldMask } from '@bufbuild/protobuf/wkt';
import {
  EntityTypeLanguageSchema,
  type StoredEntityType,
  StoredEntityTypeSchema,
} from '@parleykit/proto/stored';
import {
  type EntityType_Entity as Entity,
  type EntityType,
  EntityTypeSchema,
  EntityType_AutoExpansionMode as ExpansionMode,
  EntityType_Kind as Kind,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid, fieldsRequired } from '../../errors.ts';
import { applyFieldMask } from '../../field-mask.ts';
import { ENTITIES_MAX, SYNONYMS_MAX } from '../../limits.ts';
import type { ResourceName } from '../../resource-names.ts';
import { checkCount, checkDisplayName, checkEnum } from './intent-edit.ts';

/** What an entity type is written for, or answered to. */
export interface EntityTypePlace {
  /** The agent's name, in the form of the caller. */
  readonly agent: ResourceName;
  /** A tag as the agent writes it. */
  readonly language: string;
}

/** An entity type as the API answers it, in one language. */
export function viewEntityType(
  id: string,
  stored: StoredEntityType,
  { agent, language }: EntityTypePlace,
): EntityType {
  const entityType =
    stored.entityType === undefined ? create(EntityTypeSchema) : clone(EntityTypeSchema, stored.entityType);
  entityType.name = agent.child('entityTypes', id).toString();
  entityType.entities = [...(stored.languages[language]?.entities ?? [])];
  return entityType;
}

/** What is stored of a new entity type. Throws INVALID_ARGUMENT; `field` is where it stands in the request. */
export function newEntityType(entityType: EntityType, language: string, field: string): StoredEntityType {
  checkEntityType(entityType, field);
  return splitEntityType(entityType, create(StoredEntityTypeSchema), language);
}

/**
 * What is stored of an entity type after an update of what the mask names. What stands for its values in other languages
 * stays. Throws as `newEntityType`.
 */
export function updatedEntityType(
  id: string,
  before: StoredEntityType,
  { entityType: from, mask }: { readonly entityType: EntityType; readonly mask: FieldMask },
  place: EntityTypePlace & { readonly field: string },
): StoredEntityType {
  const entityType = viewEntityType(id, before, place);
  applyFieldMask(EntityTypeSchema, mask, from, entityType);
  checkEntityType(entityType, place.field);
  return splitEntityType(entityType, before, place.language);
}

/** What is stored of an entity type with other entities in one language. Throws where they break its rules. */
export function withEntities(
  before: StoredEntityType,
  entities: readonly Entity[],
  language: string,
): StoredEntityType {
  const kind = before.entityType?.kind ?? Kind.MAP;
  checkEntities(entities, kind, 'entities');
  const stored = clone(StoredEntityTypeSchema, before);
  const said = stored.languages[language] ?? create(EntityTypeLanguageSchema);
  said.entities = [...entities];
  stored.languages[language] = said;
  return stored;
}

/** Throws where entities break the rules of a kind of entity type. */
export function checkEntities(entities: readonly Entity[], kind: Kind, field: string): void {
  checkCount(field, entities, ENTITIES_MAX);
  const values = new Set<string>();
  for (const [index, entity] of entities.entries()) {
    const at = `${field}[${index}]`;
    if (entity.value.trim() === '') throw fieldsRequired([`${at}.value`]);
    if (values.has(entity.value)) throw fieldInvalid(`${at}.value`, 'is that of another entity too');
    values.add(entity.value);
    checkSynonyms(entity, kind, at);
  }
}

function checkSynonyms({ value, synonyms }: Entity, kind: Kind, field: string): void {
  const at = `${field}.synonyms`;
  checkCount(at, synonyms, SYNONYMS_MAX);
  const empty = synonyms.findIndex((synonym) => synonym.trim() === '');
  if (empty !== -1) throw fieldInvalid(`${at}[${empty}]`, 'must not be empty');
  const isValueAlone = synonyms.length === 1 && synonyms[0] === value;
  if (kind === Kind.MAP && synonyms.length === 0) throw fieldsRequired([at]);
  if (kind === Kind.LIST && !isValueAlone) {
    throw fieldInvalid(at, 'must be the value alone in an entity type of KIND_LIST');
  }
  if (kind === Kind.REGEXP) {
    if (synonyms.length > 0 && !isValueAlone) {
      throw fieldInvalid(at, 'must be empty or the value alone in an entity type of KIND_REGEXP');
    }
    if (!isExpression(value)) throw fieldInvalid(`${field}.value`, 'is not a regular expression');
  }
}

/**
 * Whether a text can be a regular expression. They are those of RE2, some of which are written otherwise than here: only
 * what is one in neither way is told from all others.
 */
export function isExpression(text: string): boolean {
  const here = text
    .replaceAll(/\(\?[imsU]+(?=[:)])/gu, '(?')
    .replaceAll('(?)', '')
    .replaceAll('(?P<', '(?<');
  try {
    new RegExp(here);
    return true;
  } catch {
    return /\\[pPQEAzC]|\[\[:/u.test(text);
  }
}

function splitEntityType(from: EntityType, before: StoredEntityType, language: string): StoredEntityType {
  const stored = clone(StoredEntityTypeSchema, before);
  const said = stored.languages[language] ?? create(EntityTypeLanguageSchema);
  const entityType = clone(EntityTypeSchema, from);
  said.entities = entityType.entities;
  stored.languages[language] = said;
  entityType.name = '';
  entityType.entities = [];
  stored.entityType = entityType;
  return stored;
}

function checkEntityType(entityType: EntityType, field: string): void {
  const { displayName, kind, autoExpansionMode, entities } = entityType;
  checkDisplayName(`${field}.display_name`, displayName);
  // It stands behind an '@' in the middle of texts: https://cloud.google.com/dialogflow/es/docs/entities-custom
  if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(displayName)) {
    throw fieldInvalid(`${field}.display_name`, `is not letters, digits, '_' and '-', a letter first`);
  }
  if (Kind[kind] === undefined || kind === Kind.UNSPECIFIED) {
    throw fieldInvalid(`${field}.kind`, 'must be KIND_MAP, KIND_LIST or KIND_REGEXP');
  }
  checkEnum(`${field}.auto_expansion_mode`, ExpansionMode[autoExpansionMode]);
  checkEntities(entities, kind, `${field}.entities`);
}
