import type { StoredEntityType, StoredIntent } from '@parleykit/proto/stored';
import { EntityType_Kind as Kind, Intent_WebhookState as WebhookState } from '@parleykit/proto/v2beta1';
import type { Findings } from './findings.ts';
import type { Languages } from './intents.ts';
import { toPlainText } from './plain-text.ts';

/** Text that is to be ignored, though it looks like a value. */
const IGNORED = '@sys.ignore';

/** A reference to another entity type in the entry of a list, with the name that its value gets. */
const REFERENCE = /@([\w.-]+)(?::[\w.-]+)?/gu;

/** How many entity types of circles are named. */
const NAMED_TYPES = 20;

/** The part of a value that is a parameter of the same intent: `$name`, `$name.original`. */
const PARAMETER = /^\$([\p{L}\p{N}_-]+)/u;

/** Warns of what intents and entity types refer to and is not there. */
export function checkReferences(
  intents: readonly StoredIntent[],
  entityTypes: readonly StoredEntityType[],
  languages: Languages,
  findings: Findings,
): void {
  const known = new Set(entityTypes.map(({ entityType }) => entityType?.displayName ?? ''));
  const isKnown = (reference: string): boolean =>
    reference.startsWith('@sys.') || known.has(reference.replace(/^@/u, ''));
  for (const intent of intents) checkIntent(intent, isKnown, findings);
  for (const entityType of entityTypes) checkEntries(entityType, isKnown, findings);
  checkCircles(entityTypes, findings);
  checkLanguages([...intents, ...entityTypes], languages, findings);
}

function checkIntent(
  { intent, languages }: StoredIntent,
  isKnown: (type: string) => boolean,
  findings: Findings,
): void {
  if (intent === undefined) return;
  const who = `intent "${toPlainText(intent.displayName)}"`;
  const parameters = new Set(intent.parameters.map(({ displayName }) => displayName));
  for (const parameter of intent.parameters) {
    const { displayName, entityTypeDisplayName: type, value, defaultValue } = parameter;
    const what = `${who}: parameter "${toPlainText(displayName)}"`;
    if (type.startsWith('@') && !isKnown(type)) {
      findings.warn(`${what} is of the entity type ${toPlainText(type)}, which is missing`);
    }
    for (const each of [value, defaultValue]) {
      const [, name] = PARAMETER.exec(each) ?? [];
      if (name !== undefined && !parameters.has(name)) {
        findings.warn(`${what} takes ${toPlainText(each)}, and there is no such parameter`);
      }
    }
    const asked = Object.values(languages).some(({ prompts }) => prompts[parameter.name] !== undefined);
    if (parameter.mandatory && !asked && intent.webhookState !== WebhookState.ENABLED_FOR_SLOT_FILLING) {
      findings.warn(`${what} is required, and nothing asks for it`);
    }
  }
  const phrases = Object.values(languages).flatMap(({ trainingPhrases }) => trainingPhrases);
  const parts = phrases.flatMap((phrase) => phrase.parts);
  const missing = new Set(
    parts.map(({ entityType }) => entityType).filter((type) => type !== '' && !isKnown(type)),
  );
  for (const type of missing) {
    findings.warn(`${who}: phrases have values of the entity type ${toPlainText(type)}, which is missing`);
  }
  const unnamed = parts.filter(
    ({ entityType, alias }) => entityType !== '' && entityType !== IGNORED && alias === '',
  );
  const untyped = parts.filter(({ entityType, alias }) => entityType === '' && alias !== '');
  const strange = new Set(
    parts
      .filter(({ entityType, alias }) => entityType !== '' && alias !== '' && !parameters.has(alias))
      .map(({ alias }) => alias),
  );
  if (unnamed.length > 0)
    findings.warn(`${who}: ${count(unnamed, 'value')} in phrases without the name of a parameter`);
  if (untyped.length > 0)
    findings.warn(`${who}: ${count(untyped, 'value')} in phrases without an entity type`);
  for (const alias of strange) {
    findings.warn(`${who}: phrases have values of the parameter "${toPlainText(alias)}", which is missing`);
  }
}

function checkEntries(
  { entityType, languages }: StoredEntityType,
  isKnown: (type: string) => boolean,
  findings: Findings,
): void {
  const who = `entity type "${toPlainText(entityType?.displayName ?? '')}"`;
  const missing = new Set(referencesIn({ entityType, languages }).filter((name) => !isKnown(`@${name}`)));
  for (const name of missing) findings.warn(`${who} refers to @${toPlainText(name)}, which is missing`);
  if (Object.values(languages).every(({ entities }) => entities.length === 0)) {
    findings.warn(`${who} has no entries`);
  }
}

/** Warns of entity types that consist of each other: nothing that is said is ever one of them. */
function checkCircles(entityTypes: readonly StoredEntityType[], findings: Findings): void {
  const all = new Map(
    entityTypes.map((stored) => [stored.entityType?.displayName ?? '', new Set(referencesIn(stored))]),
  );
  // What refers to no circle is taken away, then what no circle refers to.
  const left = withoutEnds(reversed(withoutEnds(reversed(all))));
  const circle: string[] = [];
  for (const name of all.keys()) {
    if (circle.length === NAMED_TYPES) break;
    if (left.has(name) && isReached(left, name)) circle.push(name);
  }
  if (circle.length > 0) {
    const names = circle.map((name) => `@${toPlainText(name)}`).join(', ');
    findings.warn(`entity types that consist of each other: ${names}`);
  }
}

type References = ReadonlyMap<string, ReadonlySet<string>>;

/** Who is referred to by whom, of those that are there. */
function reversed(references: References): References {
  const back = new Map([...references.keys()].map((name) => [name, new Set<string>()]));
  for (const [name, others] of references) for (const other of others) back.get(other)?.add(name);
  return back;
}

/** Takes away those that nothing leads to, until something leads to each. */
function withoutEnds(references: References): References {
  const left = new Map(references);
  const back = reversed(references);
  const counts = new Map([...back].map(([name, others]) => [name, others.size]));
  const ends = [...counts].flatMap(([name, count]) => (count === 0 ? [name] : []));
  for (let name = ends.pop(); name !== undefined; name = ends.pop()) {
    left.delete(name);
    for (const other of references.get(name) ?? []) {
      const count = (counts.get(other) ?? 0) - 1;
      counts.set(other, count);
      if (count === 0) ends.push(other);
    }
  }
  return left;
}

/** Whether a name leads back to itself. */
function isReached(references: References, name: string): boolean {
  const seen = new Set<string>();
  const next = [...(references.get(name) ?? [])];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    if (at === name) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const other of references.get(at) ?? []) next.push(other);
  }
  return false;
}

/** The entity types that the entries of a list refer to. */
function referencesIn({
  entityType,
  languages,
}: Pick<StoredEntityType, 'entityType' | 'languages'>): string[] {
  if (entityType?.kind !== Kind.LIST) return [];
  return Object.values(languages).flatMap(({ entities }) =>
    entities.flatMap(({ value }) => [...value.matchAll(REFERENCE)].map(([, name = '']) => name)),
  );
}

function checkLanguages(
  stored: readonly { readonly languages: Readonly<Record<string, unknown>> }[],
  languages: Languages,
  findings: Findings,
): void {
  const spoken = new Set(stored.flatMap((each) => Object.keys(each.languages)));
  for (const tag of [...spoken].sort()) {
    if (!languages.includes(tag))
      findings.warn(`the agent does not speak ${toPlainText(tag)}, and parts of it do`);
  }
}

function count(things: readonly unknown[], what: string): string {
  return things.length === 1 ? `1 ${what}` : `${things.length} ${what}s`;
}
