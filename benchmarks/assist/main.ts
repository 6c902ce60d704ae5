/**
 * How well replies are found that agents gave in conversations which the model has not seen (STAR): among 100, of all
 * turns and of those that agents typed, and among all replies that there are. Every draw is seeded.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { maskPersonalData, namesGiven, ReplyModel, trainReplyModel } from '@parleykit/nlu';
import { Draw } from './draw.ts';
import { measureKnowledge } from './knowledge.ts';
import {
  createBm25,
  createFrequency,
  drawChoices,
  measureRecall,
  type Recall,
  type Scorer,
} from './selection.ts';
import { measureService } from './service.ts';
import { examplesOf, readStar, type StarConversation } from './star.ts';

const { values } = parseArgs({
  options: {
    /**
     * A folder with star/star.jsonl.gz, and star/test.jsonl.gz where there is a test of its own; and with
     * banking77/train.csv, without which nothing is said of knowledge bases.
     */
    data: { type: 'string' },
    /** Where the figures go, as one flat object. */
    json: { type: 'string' },
    /** Trains on so many conversations only. */
    conversations: { type: 'string' },
    /** What the model draws by. */
    seed: { type: 'string', default: '1' },
    /** How long calls are made at a time beside a training in the server. */
    seconds: { type: 'string', default: '5' },
  },
});
if (values.data === undefined) throw new Error('--data DIR is needed: a folder with star/star.jsonl.gz');

/** What draws the test is none of what the model draws by. */
const TEST_SEED = 2026;
const ALL_CHOICES = 2000;
const TYPED_CHOICES = 1000;
const BINS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

const draw = new Draw(TEST_SEED);
const { train: allTrain, test, origin } = readStar(values.data, draw);
const train = values.conversations === undefined ? allTrain : allTrain.slice(0, Number(values.conversations));
const [trainExamples, testExamples] = [examplesOf(train), examplesOf(test)];
const typed = testExamples.filter(({ label }) => label === undefined);
const picked = testExamples.filter(({ label }) => label !== undefined);
print(`test: ${origin}`);
print(`${trainExamples.length} examples to train on, ${testExamples.length} to test (${typed.length} typed)`);

const before = process.cpuUsage();
const model = await trainReplyModel(train, {
  seed: Number(values.seed),
  onProgress: ({ phase, done }) => {
    if (done === 0) process.stderr.write(`${phase}\n`);
  },
});
const trainSeconds = cpuMs(before) / 1000;
const bytes = model.toBytes();
const loaded = ReplyModel.fromBytes(bytes);

const all = drawChoices(testExamples, ALL_CHOICES, testExamples, draw);
const free = drawChoices(typed, TYPED_CHOICES, testExamples, draw);
const score: Scorer = (context, candidates) => loaded.score(context, candidates);
const scoring = process.cpuUsage();
const ours = { all: measureRecall(all, score), free: measureRecall(free, score) };
const scoreMs = cpuMs(scoring) / (all.length + free.length);

const asked = draw.shuffled(picked).slice(0, ALL_CHOICES);
const labels = countLabels(train);
const suggesting = process.cpuUsage();
const suggested = asked.map(({ context }) => loaded.suggest(context, { limit: 3, confidenceMin: 0 }));
const suggestMs = cpuMs(suggesting) / asked.length;
const isRight = (index: number, reply: string): boolean => labels.get(reply) === asked[index]?.label;
type Suggested = readonly (readonly { readonly reply: string }[])[];
const hitPart = (all: Suggested, limit: number): number =>
  all.filter((suggestions, index) => suggestions.slice(0, limit).some(({ reply }) => isRight(index, reply)))
    .length / asked.length;
const hits = { hit1: hitPart(suggested, 1), hit3: hitPart(suggested, 3) };

print('');
print('| 1 of 100 | all turns: R@1 / R@3 / R@10 | typed turns: R@1 / R@3 / R@10 |');
print('|---|---|---|');
const rivals: readonly (readonly [string, Scorer])[] = [
  ['how often a reply was given', createFrequency(trainExamples)],
  ['BM25 of the last message', createBm25(trainExamples)],
];
for (const [name, rival] of rivals) printRecall(name, measureRecall(all, rival), measureRecall(free, rival));
printRecall(`**ours** (${loaded.method})`, ours.all, ours.free);
printRecall('goal', { r1: 61, r3: 84, r10: Number.NaN }, { r1: 26, r3: 56, r10: Number.NaN });
print('');
print(`| of ${loaded.catalog.texts.length} replies, the label of the picked one | hit@1 | hit@3 |`);
print('|---|---|---|');
print(`| **ours** | ${hits.hit1.toFixed(3)} | ${hits.hit3.toFixed(3)} |`);
print('| goal | .54 | .80 |');
print('');
print('| confidence | suggestions | right label |');
print('|---|---|---|');
for (const bin of BINS) {
  const inBin = suggested.flatMap((suggestions, index) =>
    suggestions
      .filter(({ confidence }) => confidence >= bin && (confidence < bin + 0.1 || bin === BINS.at(-1)))
      .map(({ reply }) => isRight(index, reply)),
  );
  if (inBin.length === 0) continue;
  const right = inBin.filter(Boolean).length / inBin.length;
  print(`| ${bin.toFixed(1)} to ${(bin + 0.1).toFixed(1)} | ${inBin.length} | ${right.toFixed(2)} |`);
}
print('');
print(`training ${trainSeconds.toFixed(1)} CPU s, model ${(bytes.byteLength / 1e6).toFixed(1)} MB`);
print(`100 candidates ${scoreMs.toFixed(2)} CPU ms, suggestions ${suggestMs.toFixed(2)} CPU ms`);
print(`resident at most ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);

const service = await measureService({
  train,
  all: [...train, ...test],
  choices: { all, free },
  asked: asked.map(({ context }) => context),
  seconds: Number(values.seconds),
});
const serviceHits = { hit1: hitPart(service.suggested, 1), hit3: hitPart(service.suggested, 3) };
print('');
print(
  '| as the server suggests, 1 of 100 allowed | all turns: R@1 / R@3 / R@10 | typed turns: R@1 / R@3 / R@10 |',
);
print('|---|---|---|');
printRecall('**server**', service.all, service.free);
print('');
print('| as the server suggests, the label of the picked one | hit@1 | hit@3 |');
print('|---|---|---|');
print(`| **server** | ${serviceHits.hit1.toFixed(3)} | ${serviceHits.hit3.toFixed(3)} |`);
print('');
print(
  '| beside a training in the server, p99 against quiet, median of five rounds | training | a program that does nothing but work |',
);
print('|---|---|---|');
for (const [kind, name] of [
  ['grpc', 'GetConversation over gRPC'],
  ['rest', 'GetConversation over REST'],
  ['writes', 'BatchCreateMessages over REST'],
] as const) {
  const { train: training, floor } = service.ratios[kind];
  print(`| ${name} | ${training.toFixed(2)} | ${floor.toFixed(2)} |`);
}
print('');
print(
  `the server learns ${service.examples} examples of ${service.messages} messages in ` +
    `${service.trainSeconds.toFixed(1)} CPU s; resident ${service.idleMib.toFixed(0)} MiB before, ` +
    `${service.trainMib.toFixed(0)} MiB at most (looked at every ${service.lookedMs} ms)`,
);
print(`a suggestion ${service.suggestMs.toFixed(2)} CPU ms`);
const hasQuestions = existsSync(join(values.data, 'banking77/train.csv'));
if (hasQuestions) print('');
const ofKnowledge = hasQuestions ? await measureKnowledge(values.data, print) : {};

if (values.json !== undefined) {
  const figures = {
    'star.r1': ours.all.r1,
    'star.r3': ours.all.r3,
    'star.free.r1': ours.free.r1,
    'star.free.r3': ours.free.r3,
    'star.label.hit1': hits.hit1,
    'star.label.hit3': hits.hit3,
    'star.train_cpu_s': trainSeconds,
    'star.model_mb': bytes.byteLength / 1e6,
    ...ofKnowledge,
    'star.service.r1': service.all.r1,
    'star.service.r3': service.all.r3,
    'star.service.free.r1': service.free.r1,
    'star.service.free.r3': service.free.r3,
    'star.service.label.hit1': serviceHits.hit1,
    'star.service.label.hit3': serviceHits.hit3,
    'star.service.train_cpu_s': service.trainSeconds,
    'star.service.train_mib': service.trainMib - service.idleMib,
    'star.service.suggest_cpu_ms': service.suggestMs,
    ...Object.fromEntries(
      Object.entries(service.ratios).map(([kind, { train }]) => [`star.service.p99_ratio.${kind}`, train]),
    ),
  };
  writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
}

/** The label that a reply was given under most often, by the reply as the model has it. */
function countLabels(conversations: readonly StarConversation[]): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const { turns } of conversations) {
    const names = namesGiven(turns);
    for (const { text, label } of turns) {
      if (label === undefined) continue;
      const masked = maskPersonalData(text, names);
      const ofReply = counts.get(masked) ?? new Map<string, number>();
      counts.set(masked, ofReply.set(label, (ofReply.get(label) ?? 0) + 1));
    }
  }
  const mostOften = (ofReply: ReadonlyMap<string, number>) =>
    [...ofReply].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
  return new Map([...counts].map(([reply, ofReply]) => [reply, mostOften(ofReply)]));
}

function printRecall(name: string, ...recalls: readonly Recall[]): void {
  const cells = recalls.map(({ r1, r3, r10 }) =>
    [r1, r3, r10]
      .filter((value) => !Number.isNaN(value))
      .map((value) => value.toFixed(1))
      .join(' / '),
  );
  print(`| ${name} | ${cells.join(' | ')} |`);
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
