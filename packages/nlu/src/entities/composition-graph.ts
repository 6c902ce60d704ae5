import type { CompiledType } from './compiled-type.ts';
import { EntityTypeError } from './entity-type.ts';
import { systemEntitySupport } from './system/system-entities.ts';

/** The entity types that some need, themselves and those within their compositions. */
export function referencedTypes(
  entityTypes: Iterable<string>,
  types: ReadonlyMap<string, readonly CompiledType[]>,
): ReadonlySet<string> {
  const needed = new Set(entityTypes);
  // A set goes on with what is added while it is gone through.
  for (const entityType of needed) {
    for (const { references } of types.get(entityType) ?? []) {
      for (const reference of references) needed.add(reference);
    }
  }
  return needed;
}

/** The references of compositions that lead nowhere, or back to where they are. */
export function checkReferences(compiled: readonly CompiledType[]): EntityTypeError[] {
  const types = new Map<string, CompiledType[]>();
  for (const type of compiled) {
    const name = `@${type.definition.displayName}`;
    types.set(name, [...(types.get(name) ?? []), type]);
  }
  const reached = new Map<string, ReadonlySet<string>>();
  const reachedFrom = (entityType: string): ReadonlySet<string> => {
    const known = reached.get(entityType) ?? referencedTypes([entityType], types);
    reached.set(entityType, known);
    return known;
  };
  const problems: EntityTypeError[] = [];
  for (const { definition, compositions } of compiled) {
    const { displayName } = definition;
    for (const { entry, parts } of compositions) {
      for (const part of parts) {
        if (!('entityType' in part)) continue;
        const blamed = { displayName, entry };
        const isSystem = systemEntitySupport(part.entityType, 'en') !== 'none';
        if (!types.has(part.entityType) && !isSystem) {
          const detail = `there is no entity type ${JSON.stringify(part.entityType)}`;
          problems.push(new EntityTypeError({ fault: 'reference-unknown', ...blamed }, detail));
        } else if (reachedFrom(part.entityType).has(`@${displayName}`)) {
          const detail = `${JSON.stringify(part.entityType)} leads back to the entity type itself`;
          problems.push(new EntityTypeError({ fault: 'composition-cyclic', ...blamed }, detail));
        }
      }
    }
  }
  return problems;
}
