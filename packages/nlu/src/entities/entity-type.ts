/** What an entry says: the value that is answered, and the ways in which people say it. */
export interface EntityEntry {
  readonly value: string;
  readonly synonyms: readonly string[];
}

/**
 * How entries are read. `map`: each synonym stands for the value; the value itself counts only where it is among the
 * synonyms. `list`: the value stands for itself, or is a composition like "@colour:colour @sys.number:size".
 * `regexp`: value and synonyms are RE2 expressions, and what they match is the value.
 * https://cloud.google.com/dialogflow/es/docs/entities-options
 */
export type EntityKind = 'map' | 'list' | 'regexp';

/** An entity type as an agent defines it, in one language. `displayName` is without the "@" that refers to it. */
export interface EntityTypeDefinition {
  readonly displayName: string;
  readonly kind: EntityKind;
  readonly entries: readonly EntityEntry[];
  /** Also takes values that are not listed, where the phrases of an intent show the place of one. */
  readonly autoExpansion?: boolean;
  /** Also takes misspelt values, and values of several words in any order or with one word left out. */
  readonly fuzzy?: boolean;
}

/** What a span means, in the form that Dialogflow ES answers: a string, a JSON number, or fields by name. */
export type EntityValue = string | number | { readonly [field: string]: EntityValue };

/** A piece of a text and what it means. `start` and `end` are UTF-16 offsets of the text that was given. */
export interface EntitySpan {
  /** With its "@": "@city", "@sys.number". */
  readonly entityType: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly value: EntityValue;
  /** The parameter whose place in a training phrase this is; only where the place decided. */
  readonly alias?: string;
}

/** A span that its finder knows without the name of the type and the text. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly value: EntityValue;
}

/**
 * Why an entry, or a whole entity type, cannot be used: an expression that RE2 does not read, one that is too large,
 * a reference to an entity type that is not there, a composition that contains itself.
 */
export type EntityTypeFault =
  | 'expression-invalid'
  | 'expression-too-large'
  | 'reference-unknown'
  | 'composition-cyclic';

/** One thing that is wrong with an agent's entity types. What is wrong is left out; everything else works. */
export class EntityTypeError extends Error {
  override readonly name = 'EntityTypeError';
  readonly fault: EntityTypeFault;
  readonly displayName: string;
  /** The value or synonym to blame, as it was given. */
  readonly entry: string;

  constructor(blamed: { fault: EntityTypeFault; displayName: string; entry: string }, detail: string) {
    const excerpt = blamed.entry.length > 60 ? `${blamed.entry.slice(0, 60)}…` : blamed.entry;
    super(`entity type ${JSON.stringify(blamed.displayName)}, entry ${JSON.stringify(excerpt)}: ${detail}`);
    this.fault = blamed.fault;
    this.displayName = blamed.displayName;
    this.entry = blamed.entry;
  }
}

/** The longest spans that do not overlap, in order. Of two equally long ones the earlier in the list stays. */
export function withoutOverlaps<T extends { readonly start: number; readonly end: number }>(
  spans: readonly T[],
): T[] {
  const kept: T[] = [];
  const byLength = spans.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  for (const span of byLength) {
    if (kept.every((other) => span.end <= other.start || span.start >= other.end)) kept.push(span);
  }
  return kept.sort((a, b) => a.start - b.start);
}
