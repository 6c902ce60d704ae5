import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import {
  EntityTypeLanguageSchema,
  type StoredEntityType,
  StoredEntityTypeSchema,
} from '@parleykit/proto/stored';
import {
  type EntityType_Entity,
  EntityType_EntitySchema,
  EntityTypeSchema,
  EntityType_AutoExpansionMode as Expansion,
  EntityType_Kind as Kind,
} from '@parleykit/proto/v2beta1';
import { fileNameOf } from './file-names.ts';
import { LANGUAGES_MAX, type Languages, languagesIn } from './intents.ts';
import type { JsonNode } from './json-node.ts';
import { leftoverOf, withLeftover } from './leftover.ts';
import { idIn, idOf } from './resource-ids.ts';

/** The files of one entity type in an export. */
export interface EntityTypeFiles {
  /** What they are called after. */
  readonly base: string;
  readonly main: JsonNode;
  /** Entries by language. */
  readonly entries: ReadonlyMap<string, JsonNode>;
}

export function readEntityType(
  { base, main, entries }: EntityTypeFiles,
  [byDefault]: Languages,
): StoredEntityType {
  const name = main.at('name').text();
  if (name === '') main.refuse('has no name');
  const kind = main.at('isRegexp').flag() ? Kind.REGEXP : main.at('isEnum').flag() ? Kind.LIST : Kind.MAP;
  const entityType = create(EntityTypeSchema, {
    name: `entityTypes/${idOf(main, 'entity type', name)}`,
    displayName: name,
    kind,
    autoExpansionMode: main.at('automatedExpansion').flag() ? Expansion.DEFAULT : Expansion.UNSPECIFIED,
    enableFuzzyExtraction: main.at('allowFuzzyExtraction').flag(),
  });
  const stored = create(StoredEntityTypeSchema, {
    entityType,
    fileName: base === fileNameOf(name) ? '' : base,
  });
  // As of old, entries lie in the entity type's own file.
  const lists = main.at('entries').present ? new Map([[byDefault, main.at('entries')], ...entries]) : entries;
  if (lists.size > LANGUAGES_MAX) main.refuse(`has entries in more than ${LANGUAGES_MAX} languages`);
  for (const [tag, list] of lists) {
    const items = list.items();
    const language = create(EntityTypeLanguageSchema, {
      entities: items.map((item) => readEntry(item, kind)),
    });
    const found = items.map(({ value }) => value ?? null);
    const leftover = leftoverOf(language.entities.map(writeEntry), found);
    if (leftover !== undefined) language.leftover = leftover;
    stored.languages[tag] = language;
  }
  const { entries: _entries, ...rest } = main.object() ?? {};
  const leftover = leftoverOf(writeMain(stored), rest);
  if (leftover !== undefined) stored.leftover = leftover;
  return stored;
}

/** What an entity type is in an export: its own file, and its entries by language. */
export function writeEntityType(
  stored: StoredEntityType,
  languages: Languages,
): { main: JsonObject; entries: Map<string, JsonValue[]> } {
  const entries = new Map<string, JsonValue[]>();
  for (const tag of languagesIn(stored, languages)) {
    const { entities = [], leftover } = stored.languages[tag] ?? {};
    entries.set(tag, withLeftover<JsonValue[]>(entities.map(writeEntry), leftover));
  }
  return { main: withLeftover(writeMain(stored), stored.leftover), entries };
}

function readEntry(item: JsonNode, kind: Kind): EntityType_Entity {
  const value = item.at('value').text();
  const synonyms = item.at('synonyms').texts();
  // The API has a list's value as its only synonym; exports leave it out at times.
  const only = kind === Kind.LIST && synonyms.length === 0;
  return create(EntityType_EntitySchema, { value, synonyms: only ? [value] : synonyms });
}

function writeEntry({ value, synonyms }: EntityType_Entity): JsonObject {
  return { value, synonyms };
}

function writeMain({ entityType }: StoredEntityType): JsonObject {
  const { name, displayName, kind, autoExpansionMode, enableFuzzyExtraction } =
    entityType ?? create(EntityTypeSchema);
  return {
    id: idIn('entityTypes', name),
    name: displayName,
    isOverridable: true,
    isEnum: kind === Kind.LIST,
    isRegexp: kind === Kind.REGEXP,
    automatedExpansion: autoExpansionMode === Expansion.DEFAULT,
    allowFuzzyExtraction: enableFuzzyExtraction,
  };
}
