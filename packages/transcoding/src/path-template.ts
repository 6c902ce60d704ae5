/** One segment of a path template: fixed text (percent-decoded), `*` (one segment) or `**` (all that remain). */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'single' }
  | { readonly kind: 'rest' };

/** A variable of a template and the segments of it that it captures. */
export interface TemplateVariable {
  readonly fieldPath: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Whether it ends in `**`, and so captures whatever the path has from `start` on. */
  readonly toEnd: boolean;
  /** Whether it may capture several segments (`{+var}` in discovery documents), which keeps `%2F` encoded. */
  readonly multiSegment: boolean;
}

/** A parsed path template: its segments, the verb behind the colon, and which segments belong to which variable. */
export interface PathTemplate {
  readonly segments: readonly Segment[];
  readonly verb: string | undefined;
  readonly variables: readonly TemplateVariable[];
}

const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
/** RFC 3986 `pchar` without `:` and `*`, which mean something else here. */
const literal = /(?:[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2})+/y;

class Parser {
  readonly #text: string;
  readonly #segments: Segment[] = [];
  readonly #variables: TemplateVariable[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): PathTemplate {
    this.#expect('/');
    this.#parseSegments('template');
    let verb: string | undefined;
    if (this.#accept(':')) verb = this.#parseLiteral('expected a verb');
    if (this.#at < this.#text.length) {
      this.#fail(verb === undefined ? 'expected "/", ":" or the end' : 'expected the end');
    }
    return { segments: this.#segments, verb, variables: this.#variables };
  }

  #parseSegments(inside: 'template' | 'variable'): void {
    do {
      if (this.#segments.at(-1)?.kind === 'rest') this.#fail('nothing may follow "**" but a verb');
      this.#parseSegment(inside);
    } while (this.#accept('/'));
  }

  #parseSegment(inside: 'template' | 'variable'): void {
    if (this.#accept('**')) {
      this.#segments.push({ kind: 'rest' });
    } else if (this.#accept('*')) {
      this.#segments.push({ kind: 'single' });
    } else if (this.#text[this.#at] === '{') {
      if (inside === 'variable') this.#fail('a variable may not contain a variable');
      this.#parseVariable();
    } else {
      this.#segments.push({ kind: 'literal', text: this.#parseLiteral('expected a segment') });
    }
  }

  #parseVariable(): void {
    this.#expect('{');
    const start = this.#segments.length;
    const column = this.#at;
    const fieldPath = this.#parseFieldPath();
    if (this.#variables.some((variable) => variable.fieldPath === fieldPath)) {
      this.#at = column;
      this.#fail(`"${fieldPath}" is bound already`);
    }
    if (this.#accept('=')) this.#parseSegments('variable');
    else this.#segments.push({ kind: 'single' });
    this.#expect('}');
    const end = this.#segments.length;
    const toEnd = this.#segments.at(-1)?.kind === 'rest';
    this.#variables.push({ fieldPath, start, end, toEnd, multiSegment: toEnd || end - start > 1 });
  }

  #parseFieldPath(): string {
    const names: string[] = [];
    do {
      names.push(this.#read(identifier) ?? this.#fail('expected identifier'));
    } while (this.#accept('.'));
    return names.join('.');
  }

  #parseLiteral(expectation: string): string {
    const start = this.#at;
    const encoded = this.#read(literal) ?? this.#fail(expectation);
    try {
      return decodeURIComponent(encoded);
    } catch {
      this.#at = start;
      return this.#fail('percent-encoded bytes are not UTF-8');
    }
  }

  #read(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #accept(token: string): boolean {
    const found = this.#text.startsWith(token, this.#at);
    if (found) this.#at += token.length;
    return found;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail(`expected "${token}"`);
  }

  #fail(message: string): never {
    throw new SyntaxError(`syntax error at column ${this.#at + 1}: ${message}`);
  }
}

/**
 * Parses a path template such as `/v1/{name=projects/*}:close` by the grammar of http.proto. Throws a
 * SyntaxError that names the column: a template is the author's, not a caller's, and is read at start-up.
 * https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export function parsePathTemplate(text: string): PathTemplate {
  return new Parser(text).parse();
}
