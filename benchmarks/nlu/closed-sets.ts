import { Draw } from '../assist/draw.ts';
import { answerAll, inScope, worstIntents } from './answers.ts';
import { firstOf, readMeant, splitByIntent, trainingSetOf } from './queries.ts';
import { type Benchmark, percent, train } from './report.ts';
import { HWU_PUBLISHED } from './yardsticks.ts';

const SEED = 77;
/** What is held out of the training part where there is no test part. */
const HELD_OUT = 0.2;

/** BANKING77, all of it: every query means an intent. */
export const banking: Benchmark = async (data, mode, report) => {
  const trainFile = firstOf(data, 'banking77/train.csv');
  if (trainFile === undefined) return report.skip('BANKING77', 'banking77/train.csv is not there');
  const testFile = firstOf(data, 'banking77/test.csv');
  const all = readMeant(trainFile);
  const [rest, measured] =
    testFile === undefined ? splitByIntent(all, HELD_OUT, new Draw(SEED)) : [all, readMeant(testFile)];
  const { model, cpuSeconds } = await train(trainingSetOf(rest), mode);
  const answers = answerAll(model, measured);
  const figures = { accuracy: 100 * inScope(answers), train_cpu_seconds: cpuSeconds };
  report.add(`${mode}.banking77`, figures);
  const part = 'a validation split of the training part, a fifth (there is no banking77/test.csv)';
  report.title(`BANKING77, ${mode} mode, measured on ${testFile === undefined ? part : 'the test part'}`);
  report.figures(figures);
  report.confusions(worstIntents(answers, 10));
};

/** HWU64, 30 phrases an intent. */
export const hwu: Benchmark = async (data, mode, report) => {
  const [trainFile, testFile] = ['train', 'test'].map((part) => firstOf(data, `hwu64/hwu_large_${part}.csv`));
  if (trainFile === undefined || testFile === undefined) {
    return report.skip('HWU64', 'hwu64/hwu_large_train.csv and hwu64/hwu_large_test.csv are not both there');
  }
  const { model } = await train(trainingSetOf(readMeant(trainFile)), mode);
  const answers = answerAll(model, readMeant(testFile));
  report.add(`${mode}.hwu64_30`, { accuracy: inScope(answers) });
  report.title(`HWU64, 30 phrases an intent, ${mode} mode, measured on the test part`);
  report.table(
    ['system', 'accuracy'],
    [
      ['ours', percent(inScope(answers))],
      ...HWU_PUBLISHED.map(([system, share]) => [system, percent(share)]),
    ],
  );
  report.confusions(worstIntents(answers, 10));
};
