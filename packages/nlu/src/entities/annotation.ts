import { isAnnotated, type PhrasePart } from './anchors.ts';
import type { EntitySpan } from './entity-type.ts';

/**
 * A training phrase with the types of its values in their place: "a table on @sys.date". It is what `annotateText()`
 * makes of a text that says the same with other values.
 */
export function phraseTemplate(phrase: readonly PhrasePart[]): string {
  return phrase.map((part) => (isAnnotated(part) ? part.entityType : part.text)).join('');
}

/** A text with the types of what was recognised in its place: "a table on @sys.date" of "a table on Friday". */
export function annotateText(
  text: string,
  spans: readonly Pick<EntitySpan, 'start' | 'end' | 'entityType'>[],
): string {
  let annotated = '';
  let copied = 0;
  for (const { start, end, entityType } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start < copied) continue;
    annotated += text.slice(copied, start) + entityType;
    copied = end;
  }
  return annotated + text.slice(copied);
}
