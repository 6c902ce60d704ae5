import { type TrainingMode, trainIntentModel } from '@parleykit/nlu';
import { Draw } from '../assist/draw.ts';
import { firstOf, type Meant, readClinc, trainingSetOf } from './queries.ts';
import type { Benchmark, Report } from './report.ts';

const SEED = 5;
const SIZES = [100, 1000, 10_000, 100_000];
/** So many phrases an intent, or more where there are no more intents. */
const PHRASES = 20;

/**
 * What training costs as there are ever more phrases: those of CLINC150, and after those the same with a word changed
 * for one of another phrase. Sizes rise, so that the most memory that the process has had is that of the last.
 */
export const scaling: Benchmark = async (data, mode, report) => {
  const file = firstOf(data, 'clinc150/train_val.json');
  if (file === undefined) return report.skip('Scaling', 'clinc150/train_val.json is not there');
  const queries = readClinc(file, 'train');
  const rows: string[][] = [];
  for (const size of SIZES) rows.push(await rowOf(phrasesOf(queries, size), mode));
  describe(report, mode, rows);
};

function describe(report: Report, mode: TrainingMode, rows: string[][]): void {
  report.title(`Time and memory, ${mode} mode`);
  const head = ['phrases', 'intents', 'training, CPU s', 'most memory, MB', 'model, MB', 'answer, CPU ms'];
  report.table(head, rows);
}

async function rowOf(queries: readonly Meant[], mode: TrainingMode): Promise<string[]> {
  const before = process.cpuUsage();
  const model = await trainIntentModel(trainingSetOf(queries), { mode });
  const training = process.cpuUsage(before);
  const asked = queries.slice(0, 2000);
  const between = process.cpuUsage();
  for (const { text } of asked) model.classify(text, { limit: 1 });
  const answering = process.cpuUsage(between);
  return [
    queries.length.toLocaleString('en'),
    String(model.intents.length),
    ((training.user + training.system) / 1e6).toFixed(2),
    (process.resourceUsage().maxRSS / 1024).toFixed(0),
    (model.toBytes().length / 1e6).toFixed(2),
    ((answering.user + answering.system) / 1000 / asked.length).toFixed(3),
  ];
}

function phrasesOf(queries: readonly Meant[], size: number): Meant[] {
  const draw = new Draw(SEED);
  const intents = [...new Set(queries.map(({ intent }) => intent))].slice(0, Math.ceil(size / PHRASES));
  const own = draw.shuffled(queries.filter(({ intent }) => intents.includes(intent)));
  const words = own.flatMap(({ text }) => text.split(' '));
  return Array.from({ length: size }, (_, index) => {
    const { text, intent } = own[index % own.length] as Meant;
    if (index < own.length) return { text, intent };
    const changed = text.split(' ');
    changed[draw.below(changed.length)] = words[draw.below(words.length)] ?? '';
    return { text: changed.join(' '), intent };
  });
}
