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
/** A word beside a value says more than the edge of the text, and than how many phrases have the context. */
const WORD_SCORE = 4;
const SUPPORT_SCORE_MAX = 3;
/** Contexts of a parameter that are compared: of more, the most frequent. */
const CONTEXTS_MAX = 1_000;

/** A piece of a text that has been recognised. */
interface RecognizedSpan {
  readonly entityType: string;
  readonly start: number;
  readonly end: number;
}

/** Words on one side of a parameter's values, the nearest first, and how many phrases have them. */
interface Context {
  readonly words: readonly string[];
  support: number;
}

/** A parameter with what stands before and after its values; "@" and a type stand for another parameter's value. */
interface Parameter {
  readonly entityType: string;
  readonly alias: string | undefined;
  readonly before: Map<string, Context>;
  readonly after: Map<string, Context>;
  /** Whether a phrase is nothing but a value. */
  standsAlone: boolean;
}

/** A value that only its place tells. The higher its score, the more of the phrases' words are beside it. */
export interface AnchoredSpan {
  readonly entityType: string;
  readonly alias: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly value: EntityValue;
  readonly score: number;
}

/** A text in which what has been recognised is one item, like a word. */
interface Item {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly recognized: boolean;
}

/** How well a place agrees with a parameter's contexts. */
interface Agreement {
  readonly words: number;
  readonly score: number;
}

const NO_AGREEMENT: Agreement = { words: 0, score: 0 };

/** Whether a piece of a phrase stands for a value. */
export function isAnnotated(part: PhrasePart): part is PhrasePart & { readonly entityType: string } {
  return part.entityType !== undefined && part.entityType !== '' && part.entityType !== '@sys.ignore';
}

/**
 * The places of parameters in the training phrases of an intent: what stands left and right of their values. They find
 * values that no list has: of `@sys.any`, of names, and of entity types with automated expansion.
 */
export class Anchors {
  readonly #parameters: readonly Parameter[];

  constructor(phrases: Iterable<readonly PhrasePart[]>) {
    const parameters = new Map<string, Parameter>();
    for (const phrase of phrases) addPlaces(phrase, parameters);
    this.#parameters = [...parameters.values()].map(({ before, after, ...parameter }) => ({
      ...parameter,
      before: mostFrequent(before),
      after: mostFrequent(after),
    }));
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
    const fits: { readonly span: T; readonly alias: string; readonly score: number }[] = [];
    for (const [at, item] of items.entries()) {
      const span = spans.find(({ start }) => item.recognized && start === item.start);
      if (span === undefined) continue;
      for (const { entityType, alias, before, after } of this.#parameters) {
        if (entityType !== span.entityType || alias === undefined) continue;
        const left = bestAgreement(before, items, { from: at - 1, step: -1 });
        const right = bestAgreement(after, items, { from: at + 1, step: 1 });
        // That a value begins or ends the text tells it from no other.
        if (left.words + right.words > 0) fits.push({ span, alias, score: left.score + right.score });
      }
    }
    const named = new Map<T, string>();
    const given = new Set<string>();
    for (const { span, alias } of fits.sort((a, b) => b.score - a.score)) {
      if (named.has(span) || given.has(alias)) continue;
      named.set(span, alias);
      given.add(alias);
    }
    return spans.map((span) => ({ ...span, alias: named.get(span) }));
  }

  /**
   * The values of some entity types in their places, those that agree best with the phrases first. They lie between the
   * spans that have been recognised, never across one.
   */
  find(
    text: string,
    recognized: readonly RecognizedSpan[],
    entityTypes: ReadonlySet<string>,
  ): AnchoredSpan[] {
    const wanted = this.#parameters.filter(({ entityType }) => entityTypes.has(entityType));
    if (wanted.length === 0) return [];
    const items = itemsOf(text, recognized);
    return wanted
      .flatMap((parameter) => runsOf(items).flatMap((run) => valueIn(parameter, items, run, text) ?? []))
      .sort((a, b) => b.score - a.score || a.start - b.start);
  }
}

function addPlaces(phrase: readonly PhrasePart[], parameters: Map<string, Parameter>): void {
  const words: { readonly word: string; readonly part: PhrasePart }[] = [];
  for (const part of phrase) {
    if (isAnnotated(part)) words.push({ word: part.entityType, part });
    else for (const word of tokenWords(part.text)) words.push({ word, part });
  }
  for (const [at, { part }] of words.entries()) {
    if (!isAnnotated(part)) continue;
    const key = JSON.stringify([part.entityType, part.alias]);
    const parameter = parameters.get(key) ?? {
      entityType: part.entityType,
      alias: part.alias,
      before: new Map(),
      after: new Map(),
      standsAlone: false,
    };
    parameters.set(key, parameter);
    const before = words.slice(Math.max(0, at - CONTEXT_MAX), at).map(({ word }) => word);
    const after = words.slice(at + 1, at + 1 + CONTEXT_MAX).map(({ word }) => word);
    if (at < CONTEXT_MAX) before.unshift(EDGE);
    if (at + CONTEXT_MAX >= words.length) after.push(EDGE);
    addContext(parameter.before, before.reverse());
    addContext(parameter.after, after);
    if (words.length === 1) parameter.standsAlone = true;
  }
}

function addContext(contexts: Map<string, Context>, words: readonly string[]): void {
  const key = words.join(' ');
  const context = contexts.get(key);
  if (context === undefined) contexts.set(key, { words, support: 1 });
  else context.support += 1;
}

function mostFrequent(contexts: Map<string, Context>): Map<string, Context> {
  if (contexts.size <= CONTEXTS_MAX) return contexts;
  return new Map([...contexts].sort(([, a], [, b]) => b.support - a.support).slice(0, CONTEXTS_MAX));
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

/** The first and last items of what stands between recognised ones. */
function runsOf(items: readonly Item[]): { readonly first: number; readonly last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const [at, { recognized }] of items.entries()) {
    if (recognized) continue;
    const run = runs.at(-1);
    if (run?.last === at - 1) run.last = at;
    else runs.push({ first: at, last: at });
  }
  return runs;
}

/** The most likely value of a parameter within a run. Left and right need not be of one phrase. */
function valueIn(
  { entityType, alias, before, after, standsAlone }: Parameter,
  items: readonly Item[],
  run: { readonly first: number; readonly last: number },
  text: string,
): AnchoredSpan | undefined {
  let best: { first: number; last: number; score: number } | undefined;
  const ends = endsOf(after, items, run);
  for (let first = run.first; first <= run.last; first++) {
    const left = bestAgreement(before, items, { from: first - 1, step: -1 });
    if (left.words === 0 && first > run.first) continue;
    const end = ends.get(first);
    if (end === undefined) continue;
    // A word on the right alone may be anywhere: it takes two, or the beginning of a phrase.
    const { words } = end.agreement;
    const told = left.words > 0 || words > 1 || (words === 1 && left.score > 0);
    const isAll = first === 0 && run.last === items.length - 1;
    if (!told && !(isAll && standsAlone)) continue;
    const { last, score } = told
      ? { last: end.last, score: left.score + end.agreement.score }
      : { last: run.last, score: 0 };
    if (best === undefined || score > best.score) best = { first, last, score };
  }
  const start = items[best?.first ?? -1]?.start;
  const end = items[best?.last ?? -1]?.end;
  if (best === undefined || start === undefined || end === undefined) return undefined;
  return { entityType, alias, start, end, value: text.slice(start, end), score: best.score };
}

interface End {
  readonly last: number;
  readonly agreement: Agreement;
}

/** Where a value that begins at each item of a run ends best: before words of a context, or else at the run's end. */
function endsOf(
  after: ReadonlyMap<string, Context>,
  items: readonly Item[],
  run: { readonly first: number; readonly last: number },
): ReadonlyMap<number, End> {
  const ends = new Map<number, End>();
  let best: End | undefined;
  for (let last = run.last; last >= run.first; last--) {
    const agreement = bestAgreement(after, items, { from: last + 1, step: 1 });
    const isBetter = best === undefined || (agreement.words > 0 && agreement.score >= best.agreement.score);
    if (isBetter) best = { last, agreement };
    if (best !== undefined) ends.set(last, best);
  }
  return ends;
}

/** How much of the contexts is beside a place: the words in a row from the nearest on. */
function bestAgreement(
  contexts: ReadonlyMap<string, Context>,
  items: readonly Item[],
  { from, step }: { readonly from: number; readonly step: 1 | -1 },
): Agreement {
  let best = NO_AGREEMENT;
  for (const { words, support } of contexts.values()) {
    let agreed = 0;
    while (agreed < words.length && words[agreed] === (items[from + step * agreed]?.word ?? EDGE))
      agreed += 1;
    if (agreed === 0) continue;
    const edges = words[agreed - 1] === EDGE ? 1 : 0;
    const score = WORD_SCORE * (agreed - edges) + edges + Math.min(SUPPORT_SCORE_MAX, Math.log2(support));
    if (score > best.score) best = { words: agreed - edges, score };
  }
  return best;
}
