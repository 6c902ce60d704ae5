import { type IntentModel, type TrainingMode, type TrainingSet, trainIntentModel } from '@parleykit/nlu';
import type { Confusion } from './answers.ts';
import type { Yardstick } from './yardsticks.ts';

/** What was measured, by name. */
export type Figures = Readonly<Record<string, number>>;

/** Measures one set in one mode, and says what it found. */
export type Benchmark = (data: string, mode: TrainingMode, report: Report) => Promise<void>;

export interface Trained {
  readonly model: IntentModel;
  /** Of the process meanwhile, all threads. */
  readonly cpuSeconds: number;
}

const TRAINING_SEED = 1;

export async function train(set: TrainingSet, mode: TrainingMode): Promise<Trained> {
  const before = process.cpuUsage();
  const model = await trainIntentModel(set, { mode, seed: TRAINING_SEED });
  const { user, system } = process.cpuUsage(before);
  return { model, cpuSeconds: (user + system) / 1e6 };
}

export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

/** Collects figures, and writes what was found as Markdown. */
export class Report {
  readonly collected: Record<string, number> = {};
  readonly #yardsticks: Yardstick[];
  readonly #write: (text: string) => void;
  readonly #showConfusions: boolean;

  constructor(yardsticks: readonly Yardstick[], showConfusions: boolean, write: (text: string) => void) {
    this.#yardsticks = [...yardsticks];
    this.#showConfusions = showConfusions;
    this.#write = write;
  }

  add(prefix: string, figures: Figures): void {
    for (const [name, value] of Object.entries(figures)) this.collected[`${prefix}.${name}`] = value;
  }

  expect(yardstick: Yardstick): void {
    this.#yardsticks.push(yardstick);
  }

  skip(what: string, why: string): void {
    this.line(`${what} is left out: ${why}`);
  }

  title(text: string): void {
    this.#write(`\n### ${text}\n\n`);
  }

  line(text: string): void {
    this.#write(`${text}\n`);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    for (const cells of [head, head.map(() => '---'), ...rows]) this.line(`| ${cells.join(' | ')} |`);
    this.line('');
  }

  figures(figures: Figures): void {
    this.table(
      ['figure', 'value'],
      Object.entries(figures).map(([name, value]) => [name, precise(value)]),
    );
  }

  confusions(confusions: readonly Confusion[]): void {
    if (!this.#showConfusions) return;
    this.table(
      ['intent', 'found', 'taken for'],
      confusions.map(({ intent, found, of, instead }) => [
        intent,
        `${found} of ${of}`,
        instead
          .slice(0, 4)
          .map(([other, count]) => `${other} ${count}`)
          .join(', '),
      ]),
    );
  }

  /** Every figure that has a goal beside it, and whether it is met. */
  summary(): void {
    this.title('Goals');
    const rows = this.#yardsticks.flatMap(({ figure, goal, atMost = false, dialogflow }) => {
      const value = this.collected[figure];
      if (value === undefined) return [];
      const met = atMost ? value <= goal : value >= goal;
      return [
        [
          figure,
          precise(value),
          `${atMost ? '<=' : '>='} ${precise(goal)}`,
          met ? 'yes' : 'no',
          dialogflow === undefined ? '' : precise(dialogflow),
        ],
      ];
    });
    this.table(['figure', 'ours', 'goal', 'met', 'Dialogflow, published'], rows);
  }
}

function precise(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 3 : 1);
}
