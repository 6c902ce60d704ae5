import type { IntentModel } from '@parleykit/nlu';
import { Draw } from '../assist/draw.ts';
import {
  type Answer,
  answerAll,
  eligibleOf,
  inScope,
  outOfScope,
  thresholdWithin,
  worstIntents,
} from './answers.ts';
import { firstOf, type Meant, type Query, readClinc, trainingSetOf } from './queries.ts';
import { type Benchmark, type Figures, percent, type Trained, train } from './report.ts';
import { withTypo } from './typos.ts';
import { CLINC_PUBLISHED } from './yardsticks.ts';

/** How much in-scope accuracy the threshold may cost. */
const BUDGET = 0.005;
/** An agent's own threshold, unless it says another. */
const USUAL_THRESHOLD = 0.3;
const SEED = 150;

interface Parts {
  readonly train: Meant[];
  readonly negatives: Query[];
  /** What thresholds are chosen on, and what they are then measured on: never the same queries. */
  readonly rounds: readonly { readonly tune: Query[]; readonly measure: Query[] }[];
  readonly measured: string;
}

/** CLINC150, all of it, by both protocols of its authors, with typos, and with few eligible intents. */
export const clinc: Benchmark = async (data, mode, report) => {
  const parts = readParts(data);
  if (parts === undefined) return report.skip('CLINC150', 'clinc150/train_val.json is not there');
  const { rounds, measured } = parts;
  const queries = rounds.flatMap(({ measure }) => measure);
  const withNegatives = await train(trainingSetOf(parts.train, parts.negatives), mode);
  const trained = await train(trainingSetOf(parts.train), mode);
  const { model } = trained;

  const byClass = answerAll(withNegatives.model, queries);
  const byThreshold = rounds.map(({ tune, measure }) => {
    const threshold = thresholdWithin(answerAll(model, tune), BUDGET);
    return { threshold, answers: answerAll(model, measure) };
  });
  const mean = (share: (answers: Answer[], threshold: number) => number) =>
    byThreshold.reduce((sum, { answers, threshold }) => sum + share(answers, threshold), 0) /
    byThreshold.length;
  const figures: Figures = {
    'oos_train.in_scope': 100 * inScope(byClass),
    'oos_train.oos_recall': 100 * outOfScope(byClass),
    'oos_threshold.in_scope': 100 * mean(inScope),
    'oos_threshold.oos_recall': 100 * mean(outOfScope),
    'no_threshold.in_scope': 100 * inScope(answerAll(model, queries)),
    'typo.in_scope': 100 * inScope(answerAll(model, misspelt(queries))),
    ...eligibleFigures(model, queries),
    ...costFigures(trained, queries),
  };
  report.add(`${mode}.clinc150`, figures);
  report.title(`CLINC150, ${mode} mode, measured on ${measured}`);
  report.table(
    ['system', 'oos-train: in scope / out-of-scope recall', 'oos-threshold: in scope / out-of-scope recall'],
    [
      [
        'ours',
        `${percent(inScope(byClass))} / ${percent(outOfScope(byClass))}`,
        `${percent(mean(inScope))} / ${percent(mean(outOfScope))}`,
      ],
      ...CLINC_PUBLISHED,
    ],
  );
  report.line(`thresholds: ${byThreshold.map(({ threshold }) => threshold.toFixed(3)).join(', ')}`);
  report.figures(figures);
  report.confusions(worstIntents(answerAll(model, queries), 10));
};

function readParts(data: string): Parts | undefined {
  const file = firstOf(data, 'clinc150/train_val.json');
  if (file === undefined) return undefined;
  const meantNothing = (queries: Meant[]): Query[] =>
    queries.map(({ text }) => ({ text, intent: undefined }));
  const train = readClinc(file, 'train');
  const negatives = meantNothing(readClinc(file, 'oos_train'));
  const validation = [...readClinc(file, 'val'), ...meantNothing(readClinc(file, 'oos_val'))];
  const testFile = firstOf(data, 'clinc150/test.json');
  if (testFile !== undefined) {
    const measure = [...readClinc(testFile, 'test'), ...meantNothing(readClinc(testFile, 'oos_test'))];
    return { train, negatives, rounds: [{ tune: validation, measure }], measured: 'the test part' };
  }
  const halves = halve(validation);
  return {
    train,
    negatives,
    rounds: [
      { tune: halves[0], measure: halves[1] },
      { tune: halves[1], measure: halves[0] },
    ],
    measured:
      'the validation split, thresholds chosen on one half of it for the other (there is no clinc150/test.json)',
  };
}

/** Two halves of the queries, each with half of those of every intent. */
function halve(queries: readonly Query[]): [Query[], Query[]] {
  const halves: [Query[], Query[]] = [[], []];
  let place = 0;
  for (const group of Map.groupBy(new Draw(SEED).shuffled(queries), ({ intent }) => intent).values()) {
    for (const query of group) halves[place++ % 2 === 0 ? 0 : 1].push(query);
  }
  return halves;
}

function misspelt(queries: readonly Query[]): Query[] {
  const draw = new Draw(SEED);
  return queries.map(({ text, intent }) => ({ text: withTypo(text, draw), intent }));
}

/** Which share is kept where the intent is among so many eligible ones, and which is rejected where it is not. */
function eligibleFigures(model: IntentModel, queries: readonly Query[]): Figures {
  const figures: Record<string, number> = {};
  for (const count of [2, 5, 20, model.intents.length]) {
    const draw = new Draw(SEED + count);
    const asked = (withMeant: boolean) =>
      answerAll(model, queries, eligibleOf(model.intents, count, withMeant, draw));
    figures[`eligible_${count}.kept`] = inScope(asked(true), USUAL_THRESHOLD);
    if (count === model.intents.length) {
      figures[`eligible_${count}.rejected`] = outOfScope(asked(true), USUAL_THRESHOLD);
      continue;
    }
    const strangers = asked(false).map((answer) => ({
      ...answer,
      query: { ...answer.query, intent: undefined },
    }));
    figures[`eligible_${count}.rejected`] = outOfScope(strangers, USUAL_THRESHOLD);
  }
  return figures;
}

function costFigures({ model, cpuSeconds }: Trained, queries: readonly Query[]): Figures {
  const before = process.cpuUsage();
  for (const { text } of queries) model.classify(text, { limit: 1 });
  const { user, system } = process.cpuUsage(before);
  return {
    train_cpu_seconds: cpuSeconds,
    answer_ms: (user + system) / 1000 / queries.length,
    model_mb: model.toBytes().length / 1e6,
  };
}
