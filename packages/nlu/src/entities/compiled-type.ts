import { type CompositePart, CompositionFinder, parseComposition } from './composite.ts';
import {
  type EntityTypeDefinition,
  type EntityTypeError,
  type EntityValue,
  type Match,
  withoutOverlaps,
} from './entity-type.ts';
import { FuzzyPhrases } from './fuzzy.ts';
import { PhraseTrie } from './phrase-trie.ts';
import { compileExpressions, Expressions } from './regexp.ts';
import { type Token, tokenWords } from './tokens.ts';

/** An entry of a list that is made of other entity types' values. */
export interface Composition {
  /** As it was given, to name it. */
  readonly entry: string;
  readonly parts: readonly CompositePart[];
}

/** An entity type in the form that finds its values in a text. */
export class CompiledType {
  readonly definition: EntityTypeDefinition;
  readonly problems: readonly EntityTypeError[];
  readonly compositions: readonly Composition[];
  /** The entity types within the compositions. */
  readonly references: ReadonlySet<string>;
  readonly #phrases: PhraseTrie<EntityValue>;
  readonly #fuzzy: FuzzyPhrases | undefined;
  readonly #expressions: Expressions;

  private constructor(compiled: {
    readonly definition: EntityTypeDefinition;
    readonly problems: readonly EntityTypeError[];
    readonly compositions: readonly Composition[];
    readonly phrases: PhraseTrie<EntityValue>;
    readonly fuzzy: FuzzyPhrases | undefined;
    readonly expressions: Expressions;
  }) {
    this.definition = compiled.definition;
    this.problems = compiled.problems;
    this.compositions = compiled.compositions;
    this.references = new Set(
      compiled.compositions.flatMap(({ parts }) =>
        parts.flatMap((part) => ('entityType' in part ? [part.entityType] : [])),
      ),
    );
    this.#phrases = compiled.phrases;
    this.#fuzzy = compiled.fuzzy;
    this.#expressions = compiled.expressions;
  }

  /** Compiles a definition; what is wrong with its entries is in `problems`, and everything else works. */
  static async compile(definition: EntityTypeDefinition): Promise<CompiledType> {
    const phrases = new PhraseTrie<EntityValue>();
    const compositions: Composition[] = [];
    if (definition.kind === 'regexp') {
      const { expressions, problems } = await compileExpressions(definition);
      return new CompiledType({ definition, problems, compositions, phrases, fuzzy: undefined, expressions });
    }
    const said: { words: string[]; value: string }[] = [];
    for (const { value, synonyms } of definition.entries) {
      const parts = definition.kind === 'list' ? parseComposition(value) : undefined;
      if (parts !== undefined) compositions.push({ entry: value, parts });
      else
        for (const form of definition.kind === 'list' ? [value] : synonyms)
          said.push({ words: tokenWords(form), value });
    }
    for (const { words, value } of said) phrases.add(words, value);
    const fuzzy = definition.fuzzy === true ? new FuzzyPhrases(said) : undefined;
    return new CompiledType({
      definition,
      problems: [],
      compositions,
      phrases,
      fuzzy,
      expressions: new Expressions([]),
    });
  }

  /** The values in a text, none overlapping: the longest, and of equally long ones those found exactly. */
  find(text: string, tokens: readonly Token[], matchesOf: (entityType: string) => readonly Match[]): Match[] {
    const compositions = new CompositionFinder(tokens, matchesOf);
    return withoutOverlaps([
      ...this.#phrases.find(tokens),
      ...this.#expressions.find(text),
      ...this.compositions.flatMap(({ parts }) => compositions.find(parts)),
      ...(this.#fuzzy?.find(tokens) ?? []),
    ]);
  }
}
