import { type DescField, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import { registry } from '@parleykit/proto';
import { resource, resource_definition, resource_reference } from '@parleykit/proto/api';
import { files } from '@parleykit/proto/files';
import { resourcePatternOverrides } from '../field-overrides.ts';
import { readResourceName } from '../resource-names.ts';

/** What the names of a type of resource look like. */
export interface ResourcePattern {
  readonly patterns: readonly string[];
  readonly matches: (name: string) => boolean;
}

const patternsByType = new Map<string, ResourcePattern>();

for (const type of registry) {
  if (type.kind === 'message' && hasOption(type, resource)) addType(getOption(type, resource));
}
for (const file of files) {
  if (hasOption(file, resource_definition)) getOption(file, resource_definition).forEach(addType);
}

function addType({ type, pattern }: { readonly type: string; readonly pattern: readonly string[] }): void {
  const patterns = resourcePatternOverrides[type] ?? pattern;
  const matchers = patterns.map((each) => new RegExp(`^${each.replaceAll(/\{\w+\}/gu, '[^/]+')}$`, 'su'));
  patternsByType.set(type, {
    patterns,
    matches: (name) => matchers.some((matcher) => matcher.test(name)) && readResourceName(name) !== undefined,
  });
}

/**
 * The pattern of the resources that a field refers to: https://google.aip.dev/4231. Undefined for fields that hold no
 * names, or names of any type.
 */
export function referencePattern(field: DescField): ResourcePattern | undefined {
  const isText =
    (field.fieldKind === 'scalar' || (field.fieldKind === 'list' && field.listKind === 'scalar')) &&
    field.scalar === ScalarType.STRING;
  if (!isText || !hasOption(field, resource_reference)) return undefined;
  return patternsByType.get(getOption(field, resource_reference).type);
}
