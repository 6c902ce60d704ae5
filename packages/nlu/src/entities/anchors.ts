import type { EntityValue } from './entity-type.ts';
import { type Token, tokenize, tokenWords } from './tokens.ts';

/** A piece of a training phrase, its spaces included; one that stands for a parameter names the parameter's type. */
export interface PhrasePart {
  readonly text: string;
  /** With its "@". "@sys.ignore" is plain text. */
  readonly entityType?: string;
  /** The name of the parameter. */
  readonly alias?: string;
}

/** What is compared in the place of a word at the beginning and the end of a text. */
const EDGE = '\n';
/** How many words beside a value say that it is one. */
const CONTEXT_MAX = 3;
/** Spans that are looked at for one text, of all places that begin in it. */
const SPANS_MAX = 256;

interface RecognizedSpan {
  readonly entityType: string;
  readonly start: number;
  readonly end: number;
}

interface Place {
  readonly entityType: string;
  readonly alias: string | undefined;
  /** The words before and after it, the nearest first; "@" and a type stands for another parameter's value. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** A value that only its place tells: where it is, and how much of a phrase's words beside it are there. */
export interface AnchoredSpan {
  readonly entityType: string;
  readonly alias: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly value: EntityValue;
  readonly context: number;
}

/** A text in which what has been recognised is one item, like a word. */
interface Item {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly recognized: boolean;
}

/** Whether a piece of a phrase stands for a value. */
export function isAnnotated(part: PhrasePart): part is PhrasePart & { readonly entityType: string } {
  return part.entityType !== undefined && part.entityType !== '' && part.entityType !== '@sys.ignore';
}

/**
 * The places of parameters in the training phrases of an intent: what stands left and right of their values. They find
 * values that no list has: of `@sys.any`, of names, and of entity types with automated expansion.
 */
export class Anchors {
  readonly #places: readonly Place[];

  constructor(phrases: Iterable<readonly PhrasePart[]>) {
    const places = new Map<string, Place>();
    for (const phrase of phrases) {
      for (const place of placesOf(phrase)) places.set(JSON.stringify(place), place);
    }
    this.#places = [...places.values()];
  }

  /**
   * Recognised spans with the names of the parameters in whose place they stand: in "from Oslo to Rome" the one city is
   * where the phrases have the origin, the other where they have the destination. Each name is given once.
   */
  name<T extends RecognizedSpan>(
    text: string,
    spans: readonly T[],
  ): (T & { readonly alias: string | undefined })[] {
    const items = itemsOf(text, spans);
    const fits: { readonly span: T; readonly alias: string; readonly context: number }[] = [];
    for (const [at, item] of items.entries()) {
      const span = spans.find(({ start }) => item.recognized && start === item.start);
      if (span === undefined) continue;
      for (const { entityType, alias, before, after } of this.#places) {
        if (entityType !== span.entityType || alias === undefined) continue;
        const context =
          agreement(withoutEdge(before), items, { from: at - 1, step: -1 }) +
          agreement(withoutEdge(after), items, { from: at + 1, step: 1 });
        if (context > 0) fits.push({ span, alias, context });
      }
    }
    const named = new Map<T, string>();
    const given = new Set<string>();
    for (const { span, alias } of fits.sort((a, b) => b.context - a.context)) {
      if (named.has(span) || given.has(alias)) continue;
      named.set(span, alias);
      given.add(alias);
    }
    return spans.map((span) => ({ ...span, alias: named.get(span) }));
  }

  /**
   * The values of some entity types in their places, those with the most of a phrase beside them first. They lie
   * between the spans that have been recognised, never across one.
   */
  find(
    text: string,
    recognized: readonly RecognizedSpan[],
    entityTypes: ReadonlySet<string>,
  ): AnchoredSpan[] {
    const items = itemsOf(text, recognized);
    const found: AnchoredSpan[] = [];
    for (const place of this.#places) {
      if (!entityTypes.has(place.entityType)) continue;
      for (let first = 0; first < items.length; first++) {
        const span = spanAt(place, items, first, text);
        if (span !== undefined && found.push(span) === SPANS_MAX) return byContext(found);
      }
    }
    return byContext(found);
  }
}

function byContext(spans: AnchoredSpan[]): AnchoredSpan[] {
  return spans.sort((a, b) => b.context - a.context || a.start - b.start);
}

function placesOf(phrase: readonly PhrasePart[]): Place[] {
  const words: { word: string; part: PhrasePart }[] = [];
  for (const part of phrase) {
    if (isAnnotated(part)) words.push({ word: part.entityType, part });
    else for (const word of tokenWords(part.text)) words.push({ word, part });
  }
  const places: Place[] = [];
  for (const [at, { part }] of words.entries()) {
    if (!isAnnotated(part)) continue;
    const before = words.slice(Math.max(0, at - CONTEXT_MAX), at).map(({ word }) => word);
    const after = words.slice(at + 1, at + 1 + CONTEXT_MAX).map(({ word }) => word);
    if (at < CONTEXT_MAX) before.unshift(EDGE);
    if (at + CONTEXT_MAX >= words.length) after.push(EDGE);
    places.push({ entityType: part.entityType, alias: part.alias, before: before.reverse(), after });
  }
  return places;
}

function itemsOf(text: string, recognized: readonly RecognizedSpan[]): Item[] {
  const outside = (token: Token): boolean =>
    recognized.every(({ start, end }) => token.end <= start || token.start >= end);
  const words: Item[] = tokenize(text)
    .filter(outside)
    .map((token) => ({ ...token, recognized: false }));
  const values: Item[] = recognized.map(({ entityType, start, end }) => ({
    word: entityType,
    start,
    end,
    recognized: true,
  }));
  return [...words, ...values].sort((a, b) => a.start - b.start);
}

/** The value that begins at an item, if the words beside it are those of the place. */
function spanAt(place: Place, items: readonly Item[], first: number, text: string): AnchoredSpan | undefined {
  const before = agreement(place.before, items, { from: first - 1, step: -1 });
  if (before === 0 || items[first]?.recognized !== false) return undefined;
  let last = -1;
  let after = 0;
  let runEnd = first - 1;
  while (items[runEnd + 1]?.recognized === false) runEnd += 1;
  for (let at = first; at <= runEnd; at++) {
    const agreed = agreement(place.after, items, { from: at + 1, step: 1 });
    if (agreed > after) [last, after] = [at, agreed];
  }
  // At the beginning of a text, something has to follow; elsewhere the value may go on to the end, or to another.
  const opens = place.before[0] === EDGE;
  const alone = opens && place.after[0] === EDGE;
  if (after === 0 && !opens) last = runEnd;
  const start = items[first];
  const end = items[last];
  if (start === undefined || end === undefined) return undefined;
  return {
    entityType: place.entityType,
    alias: place.alias,
    start: start.start,
    end: end.end,
    value: text.slice(start.start, end.end),
    // A phrase that is nothing but a value says nothing about its place.
    context: alone ? 0 : before + after,
  };
}

/** That a value begins or ends the text tells it from no other. */
function withoutEdge(words: readonly string[]): readonly string[] {
  return words.filter((word) => word !== EDGE);
}

/** How many of the words of a place are there, from the nearest on. */
function agreement(
  words: readonly string[],
  items: readonly Item[],
  { from, step }: { readonly from: number; readonly step: 1 | -1 },
): number {
  let agreed = 0;
  while (agreed < words.length && words[agreed] === (items[from + step * agreed]?.word ?? EDGE)) agreed += 1;
  return agreed;
}
