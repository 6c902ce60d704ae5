import {
  annotateText,
  type EntitySpan,
  normalizeText,
  type PhrasePart,
  phraseTemplate,
  splitWords,
} from '@parleykit/nlu';

/** A phrase with the types of its values in their place. */
interface Template {
  /** The intent's place among the agent's. */
  readonly intent: number;
  readonly key: string;
  /** What stands beside the values. */
  readonly words: readonly string[];
  readonly entityTypes: ReadonlySet<string>;
}

/** A template whose words a text has. */
export type TemplateCandidate = Template;

/** What is annotated in a phrase: "@sys.ignore" is plain text. */
export function isAnnotated({ entityType = '' }: PhrasePart): boolean {
  return entityType !== '' && entityType !== '@sys.ignore';
}

/** An agent's phrases, to find those that a text is, word by word or with other values in it. */
export class PhraseIndex {
  readonly #exact = new Map<string, number[]>();
  readonly #negatives = new Set<string>();
  /** By the longest of their words; those that are nothing but values by none. */
  readonly #templates = new Map<string, Template[]>();
  readonly #words = new Set<string>();

  /** Adds a phrase of an intent. */
  add(intent: number, phrase: readonly PhrasePart[]): void {
    const words = wordsOf(phrase.map(({ text }) => text).join(''));
    if (words.length === 0) return;
    for (const word of words) this.#words.add(word);
    const key = words.join(' ');
    const known = this.#exact.get(key);
    if (known === undefined) this.#exact.set(key, [intent]);
    else if (!known.includes(intent)) known.push(intent);
    if (phrase.some(isAnnotated)) this.#addTemplate(intent, phrase);
  }

  /** Adds what none of the intents is for. */
  addNegative(text: string): void {
    const words = wordsOf(text);
    if (words.length > 0) this.#negatives.add(words.join(' '));
  }

  /** The intents that have the text of these words among their phrases. */
  exact(words: readonly string[]): readonly number[] {
    return this.#exact.get(words.join(' ')) ?? [];
  }

  isNegative(words: readonly string[]): boolean {
    return this.#negatives.has(words.join(' '));
  }

  /** Whether any of the words is one of the phrases'. */
  knows(words: readonly string[]): boolean {
    return words.some((word) => this.#words.has(word));
  }

  /** The templates of which all words are among these, those with the most of them first. */
  templates(text: readonly string[]): TemplateCandidate[] {
    const words = new Set(text);
    const found = [...words, '']
      .flatMap((word) => this.#templates.get(word) ?? [])
      .filter((template) => template.words.every((word) => words.has(word)));
    return found.sort((one, other) => other.words.length - one.words.length || one.intent - other.intent);
  }

  /** Whether a text with these values in it is what a template says. */
  fits(template: TemplateCandidate, text: string, spans: readonly EntitySpan[]): boolean {
    const own = spans.filter(({ entityType }) => template.entityTypes.has(entityType));
    return own.length > 0 && templateKey(annotateText(text, own)) === template.key;
  }

  #addTemplate(intent: number, phrase: readonly PhrasePart[]): void {
    const words = phrase.filter((part) => !isAnnotated(part)).flatMap(({ text }) => wordsOf(text));
    const entityTypes = phrase.filter(isAnnotated).map(({ entityType = '' }) => entityType);
    const template = {
      intent,
      key: templateKey(phraseTemplate(phrase)),
      words: [...new Set(words)],
      entityTypes: new Set(entityTypes),
    };
    const [longest = ''] = words.toSorted((one, other) => other.length - one.length);
    const known = this.#templates.get(longest);
    if (known === undefined) this.#templates.set(longest, [template]);
    else if (!known.some((other) => other.intent === intent && other.key === template.key))
      known.push(template);
  }
}

/** The words of a text as phrases are compared. */
export function wordsOf(text: string): string[] {
  return splitWords(normalizeText(text));
}

function templateKey(annotated: string): string {
  return wordsOf(annotated).join(' ');
}
