/** Lines of one kind that are kept; of what comes after only the number is told. */
const LINES_MAX = 100;

/** An export that is not read, or an agent that cannot be written. The message is one readable line. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  /** All that is wrong, a line each: the file, then what is wrong with it. Never empty. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    const [first = 'the agent cannot be read'] = problems;
    super(problems.length > 1 ? `${first} (and ${problems.length - 1} more)` : first, options);
    this.problems = problems;
  }
}

/** What an agent of an export consists of. */
export interface ArchiveCounts {
  intents: number;
  /** Phrases that intents are learned from. */
  trainingPhrases: number;
  /** Phrases of fallback intents: what is none of the other intents. */
  negativeExamples: number;
  messages: number;
  parameters: number;
  entityTypes: number;
  entities: number;
  languages: string[];
}

/** What came of reading an export: nothing that was in it is passed over without a word here. */
export interface ArchiveReport {
  readonly read: Readonly<ArchiveCounts>;
  /** What is stored and exported again, but changes nothing in how the agent answers; with how often it occurs. */
  readonly idle: readonly { readonly feature: string; readonly count: number }[];
  /** What is not stored: credentials, and files that are no part of an agent. */
  readonly dropped: readonly string[];
  /** What the agent refers to and has not, and what will not do what it seems to. */
  readonly warnings: readonly string[];
}

/** Gathers what is found while an export is read. */
export class Findings {
  readonly read: ArchiveCounts = {
    intents: 0,
    trainingPhrases: 0,
    negativeExamples: 0,
    messages: 0,
    parameters: 0,
    entityTypes: 0,
    entities: 0,
    languages: [],
  };
  readonly #idle = new Map<string, number>();
  readonly #dropped: string[] = [];
  readonly #warnings = new Lines();
  readonly #problems = new Lines();

  /** Something for which the export as a whole is refused. */
  refuse(line: string): void {
    this.#problems.add(line);
  }

  warn(line: string): void {
    this.#warnings.add(line);
  }

  drop(line: string): void {
    this.#dropped.push(line);
  }

  /** Something that is stored and not acted on. */
  rest(feature: string, count = 1): void {
    if (count > 0) this.#idle.set(feature, (this.#idle.get(feature) ?? 0) + count);
  }

  /** Throws an ArchiveError where something was refused. */
  settle(): void {
    if (this.#problems.length > 0) throw new ArchiveError(this.#problems.told());
  }

  report(): ArchiveReport {
    const idle = [...this.#idle].map(([feature, count]) => ({ feature, count }));
    idle.sort((one, other) => (one.feature < other.feature ? -1 : 1));
    return { read: this.read, idle, dropped: this.#dropped, warnings: this.#warnings.told() };
  }
}

class Lines {
  readonly #lines: string[] = [];
  length = 0;

  /** The same line again says nothing new. */
  add(line: string): void {
    if (this.#lines.includes(line)) return;
    this.length += 1;
    if (this.#lines.length < LINES_MAX) this.#lines.push(line);
  }

  told(): string[] {
    const more = this.length - this.#lines.length;
    return more === 0 ? this.#lines : [...this.#lines, `... and ${more} more like these`];
  }
}
