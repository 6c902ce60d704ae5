import { filterInvalid } from './errors.ts';
import { FILTER_DEPTH_MAX, FILTER_LENGTH_MAX } from './limits.ts';

/**
 * The filter language of the list methods, https://google.aip.dev/160, as far as it speaks of fields:
 *
 *   expression  = sequence { "AND" sequence }
 *   sequence    = factor { factor }                  a space is AND, too
 *   factor      = term { "OR" term }                 so OR binds tighter than AND
 *   term        = [ "NOT" | "-" ] ( restriction | "(" expression ")" )
 *   restriction = field comparator value
 *   comparator  = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
 *   value       = quoted string | text without spaces, quotes, brackets, commas and comparators but ":"
 *
 * A term without a comparator, which would search in all fields, and functions are refused.
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Filter[] }
  | { readonly kind: 'not'; readonly operand: Filter }
  | Restriction;

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':';

export interface Restriction {
  readonly kind: 'restriction';
  /** As written, such as `lifecycle_state` or `message.role`. */
  readonly field: string;
  readonly comparator: Comparator;
  readonly value: string;
  /** Where the field and the value begin, counted from 1. */
  readonly column: number;
  readonly valueColumn: number;
}

/** Parses a filter that is not empty. Throws INVALID_ARGUMENT that points at the column. */
export function parseFilter(text: string): Filter {
  if (text.length > FILTER_LENGTH_MAX) {
    throw filterInvalid(`is longer than ${FILTER_LENGTH_MAX} characters`);
  }
  return new Parser(text).parse();
}

/** Whether a text is only blanks: no filtering. */
export function isEmptyFilter(text: string): boolean {
  return /^\s*$/u.test(text);
}

const FIELD = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/uy;
const COMPARATOR = /<=|>=|!=|[=<>:]/uy;
const BARE_VALUE = /[^\s()"',=<>!]+/uy;
const BLANKS = /\s*/uy;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#at < this.#text.length) throw this.#expected('a restriction, AND, OR or the end');
    return filter;
  }

  #expression(): Filter {
    const operands = [this.#sequence()];
    while (this.#keyword('AND')) operands.push(this.#sequence());
    return join('and', operands);
  }

  #sequence(): Filter {
    const operands = [this.#factor()];
    while (this.#startsTerm()) operands.push(this.#factor());
    return join('and', operands);
  }

  #factor(): Filter {
    const operands = [this.#term()];
    while (this.#keyword('OR')) operands.push(this.#term());
    return join('or', operands);
  }

  #term(): Filter {
    if (this.#keyword('NOT') || this.#symbol('-')) return { kind: 'not', operand: this.#simple() };
    return this.#simple();
  }

  #simple(): Filter {
    if (!this.#symbol('(')) return this.#restriction();
    if (++this.#depth > FILTER_DEPTH_MAX)
      throw filterInvalid(`nests deeper than ${FILTER_DEPTH_MAX} brackets`);
    const inner = this.#expression();
    if (!this.#symbol(')')) throw this.#expected("')'");
    this.#depth--;
    return inner;
  }

  #restriction(): Restriction {
    this.#blanks();
    const column = this.#at + 1;
    const keyword = this.#peekKeyword();
    const field = keyword === undefined ? this.#match(FIELD) : undefined;
    if (field === undefined) throw this.#expected('a field');
    this.#blanks();
    const comparator = this.#match(COMPARATOR);
    if (comparator === undefined) throw this.#expected('a comparator');
    this.#blanks();
    const valueColumn = this.#at + 1;
    const value = this.#value();
    return { kind: 'restriction', field, comparator: comparator as Comparator, value, column, valueColumn };
  }

  #value(): string {
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") return this.#quoted(quote);
    const value = this.#match(BARE_VALUE);
    if (value === undefined) throw this.#expected('a value');
    return value;
  }

  #quoted(quote: string): string {
    const start = this.#at++;
    let value = '';
    for (;;) {
      const character = this.#text[this.#at++];
      if (character === undefined) {
        this.#at = start;
        throw this.#expected('a quote at the end of the text');
      }
      if (character === quote) return value;
      value += character === '\\' ? (this.#text[this.#at++] ?? '') : character;
    }
  }

  #startsTerm(): boolean {
    this.#blanks();
    const next = this.#text[this.#at];
    if (next === undefined || next === ')') return false;
    const keyword = this.#peekKeyword();
    return keyword !== 'AND' && keyword !== 'OR';
  }

  /** A word counts as a keyword only where it stands alone: `AND = 1` is none, and neither is `ANDROID`. */
  #peekKeyword(): 'AND' | 'OR' | 'NOT' | undefined {
    const match = /^(AND|OR|NOT)(?=[\s(]|$)/u.exec(this.#text.slice(this.#at, this.#at + 5));
    return match?.[1] as 'AND' | 'OR' | 'NOT' | undefined;
  }

  #keyword(word: 'AND' | 'OR' | 'NOT'): boolean {
    this.#blanks();
    if (this.#peekKeyword() !== word) return false;
    this.#at += word.length;
    return true;
  }

  #symbol(symbol: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== symbol) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    this.#match(BLANKS);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #expected(what: string): Error {
    return filterInvalid(`syntax error at column ${this.#at + 1}: expected ${what}`);
  }
}

function join(kind: 'and' | 'or', operands: readonly Filter[]): Filter {
  const [first, ...more] = operands;
  return first !== undefined && more.length === 0 ? first : { kind, operands };
}
