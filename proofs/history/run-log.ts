import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { PlanOptions } from './plan.ts';
import type { Summary } from './summary.ts';

/** What became of the run of one seed. */
export interface RunResult {
  readonly seed: number;
  readonly breaches: number;
  readonly seconds: number;
  readonly summary: Summary;
}

type Size = Pick<PlanOptions, 'clients' | 'operations'>;

/**
 * Which runs are done, in memory and, where a file is named, there as well: one line for the size of the runs, then
 * one for each run. A run is added when it is over, so that one that was broken off is done again.
 */
export class RunLog {
  readonly #file: string | undefined;
  readonly #results = new Map<number, RunResult>();

  constructor(file: string | undefined, { clients, operations }: Size) {
    this.#file = file;
    if (file === undefined) return;
    if (!existsSync(file)) {
      appendFileSync(file, `${JSON.stringify({ clients, operations })}\n`);
      return;
    }
    const [first = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    const size = JSON.parse(first) as Size;
    if (size.clients !== clients || size.operations !== operations) {
      throw new Error(
        `${file} is of runs of ${size.clients} clients with ${size.operations} operations each`,
      );
    }
    for (const line of lines) {
      const result = JSON.parse(line) as RunResult;
      this.#results.set(result.seed, result);
    }
  }

  get(seed: number): RunResult | undefined {
    return this.#results.get(seed);
  }

  add(result: RunResult): void {
    this.#results.set(result.seed, result);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(result)}\n`);
  }
}
