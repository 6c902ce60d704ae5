import type { RE2JS } from 're2js';
import { type EntityTypeDefinition, EntityTypeError, type Match } from './entity-type.ts';
import { splitsWord } from './tokens.ts';

/** https://cloud.google.com/dialogflow/es/docs/entities-regexp: all expressions of a type together. */
const EXPRESSION_CHARACTERS_MAX = 2_000;
/** Steps of the compiled expressions of a type. The time for a text grows with them and with the text, with nothing else. */
const STEPS_MAX = 10_000;
/** What is found in one text by one expression: a search goes on after each find, and each may look at the whole rest. */
const FINDS_MAX = 32;

/** The expressions of an entity type, in their order: where one finds something, those after it do not look. */
export class Expressions {
  readonly #expressions: readonly RE2JS[];

  constructor(expressions: readonly RE2JS[]) {
    this.#expressions = expressions;
  }

  find(text: string): Match[] {
    const matches: Match[] = [];
    for (const expression of this.#expressions) {
      const matcher = expression.matcher(text);
      for (let finds = 0; finds < FINDS_MAX && matcher.find(); finds++) {
        const start = matcher.start();
        const end = matcher.end();
        const taken = matches.some((match) => start < match.end && match.start < end);
        // An expression for three digits finds none within four.
        if (start === end || taken || splitsWord(text, start) || splitsWord(text, end)) continue;
        matches.push({ start, end, value: text.slice(start, end) });
      }
    }
    return matches;
  }
}

/**
 * Compiles what matches in a time that is linear in the text, whatever the expression. Capital and small letters are
 * the same, unless the expression says otherwise: (?-i). What cannot be used is left out and told.
 */
export async function compileExpressions(
  definition: EntityTypeDefinition,
): Promise<{ expressions: Expressions; problems: EntityTypeError[] }> {
  const { RE2JS, RE2JSException, RE2JSSyntaxException } = await import('re2js');
  const { displayName } = definition;
  const compiled: RE2JS[] = [];
  const problems: EntityTypeError[] = [];
  let characters = 0;
  let steps = 0;
  for (const entry of new Set(definition.entries.flatMap(({ value, synonyms }) => [value, ...synonyms]))) {
    characters += entry.length;
    if (characters > EXPRESSION_CHARACTERS_MAX) {
      const detail = `the expressions of an entity type have at most ${EXPRESSION_CHARACTERS_MAX} characters`;
      problems.push(new EntityTypeError({ fault: 'expression-too-large', displayName, entry }, detail));
      continue;
    }
    try {
      const expression = RE2JS.compile(withoutAnchors(entry), RE2JS.CASE_INSENSITIVE);
      steps += expression.programSize();
      if (steps <= STEPS_MAX) compiled.push(expression);
      else {
        const detail = `the expressions of an entity type have at most ${STEPS_MAX} steps, counted repetitions unrolled`;
        problems.push(new EntityTypeError({ fault: 'expression-too-large', displayName, entry }, detail));
      }
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      const detail = error instanceof RE2JSSyntaxException ? error.error : error.message;
      problems.push(new EntityTypeError({ fault: 'expression-invalid', displayName, entry }, detail));
    }
  }
  return { expressions: new Expressions(compiled), problems };
}

/**
 * "^" and "$" stand for the ends of the value, not of what the person says: words are never split, so they add nothing.
 * DEVIATION: how Dialogflow reads them within a sentence is not documented; its own examples have them.
 */
function withoutAnchors(expression: string): string {
  return expression.replace(/\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|[\^$]/gsu, (part) =>
    part === '^' || part === '$' ? '(?:)' : part,
  );
}
