import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export type Row = readonly (string | number | bigint | Uint8Array | null)[];

/** A prepared statement. Rows are arrays in the order of the selected columns: half the cost of objects. */
export class Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    statement.setReturnArrays(true);
    this.#statement = statement;
  }

  /** Executes it and answers how many rows it changed. */
  run(...values: SQLInputValue[]): number {
    return Number(this.#statement.run(...values).changes);
  }

  get(...values: SQLInputValue[]): Row | undefined {
    return this.#statement.get(...values) as Row | undefined;
  }

  /** Row by row; the caller reads to the end, or stops, before it yields to anything else. */
  iterate(...values: SQLInputValue[]): Iterable<Row> {
    return this.#statement.iterate(...values) as unknown as Iterable<Row>;
  }
}

/** What SQLite says so briefly that nobody can act on it. */
const EXPLANATIONS: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/^disk I\/O error$/u, 'the disk is full or fails'],
  [/^database or disk is full$/u, 'the disk is full'],
  [/^unable to open database file$/u, 'this user may not write there'],
  [/^attempt to write a readonly database$/u, 'this user may not write to it'],
];

/** Why data cannot be opened, in words for people and in SQLite's own. */
export function explainFailure(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const [, meaning] = EXPLANATIONS.find(([pattern]) => pattern.test(said)) ?? [];
  return meaning === undefined ? said : `${meaning} (${said})`;
}

/**
 * The few things that the store asks of a database. SQL is written with PostgreSQL's `$1`, so that one text
 * serves both drivers; SQLite calls the same thing `?1`.
 */
export class SqliteConnection {
  readonly #database: DatabaseSync;

  constructor(file: string, options: { readOnly?: boolean; timeoutMs?: number } = {}) {
    this.#database = new DatabaseSync(file, {
      readOnly: options.readOnly ?? false,
      timeout: options.timeoutMs ?? 5_000,
    });
  }

  /** SQLite prepares a statement anew whenever a parameter that stands alone as its LIMIT is bound: write `+$1`. */
  prepare(sql: string): Statement {
    return new Statement(this.#database.prepare(sql.replaceAll(/\$(\d+)/gu, '?$1')));
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    this.#database.close();
  }
}
