import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

type Pair = [text: string, intent: string];

const THINGS = ['table', 'room', 'car', 'boat', 'ticket', 'bike'];

/** Queries of three intents, told apart by their verbs, of which `from` to `to` are the parts of a set. */
function pairs(from: number, to: number): Pair[] {
  return ['book', 'cancel', 'repair'].flatMap((verb) =>
    THINGS.slice(from, to).flatMap((thing): Pair[] => [
      [`${verb} a ${thing}`, verb],
      [`please ${verb} my ${thing}`, verb],
    ]),
  );
}

const strangers: Pair[] = ['what is love', 'who won', 'sing it'].map((text) => [text, 'oos']);
const csv = (head: string, rows: Pair[]) => [head, ...rows.map((row) => row.join(','))].join('\n');

const TRAINING = {
  'clinc150/train_val.json': JSON.stringify({
    train: pairs(0, 4),
    val: pairs(4, 6),
    oos_train: strangers,
    oos_val: [...strangers, ['how are you', 'oos']],
  }),
  'banking77/train.csv': csv('text,category', [...pairs(0, 6), ['"book, quickly"', 'book']]),
  'hint3/robot_train.csv': csv('sentence,label', pairs(0, 4)),
  'hint3/robot_test.csv': csv('sentence,label', [...pairs(4, 6), ['what is love', 'NO_NODES_DETECTED']]),
  'hint3/dialogflow_robot.csv': [
    'sentence,label,predicted_node,predicted_node_score',
    'book a car,book,book,0.9',
    'cancel a car,cancel,book,0.4',
    'what is love,NO_NODES_DETECTED,NO_NODES_DETECTED,0.0',
  ].join('\n'),
};

const TEST = {
  'clinc150/test.json': JSON.stringify({ test: pairs(3, 5), oos_test: strangers }),
  'banking77/test.csv': csv('text,category', pairs(3, 5)),
  'hwu64/hwu_large_train.csv': csv('Sentence,Label', pairs(0, 4)).replaceAll(',', ';'),
  'hwu64/hwu_large_test.csv': csv('text,intent', pairs(4, 6)),
};

async function runOn(files: Readonly<Record<string, string>>, ...options: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'nlu-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    const json = join(folder, 'figures.json');
    const args = ['--conditions=source', MAIN, '--data', folder, '--json', json, ...options];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return { out: stdout, figures: JSON.parse(await readFile(json, 'utf8')) as Record<string, number> };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const FIGURES = [
  'clinc150.oos_train.in_scope',
  'clinc150.oos_train.oos_recall',
  'clinc150.oos_threshold.in_scope',
  'clinc150.oos_threshold.oos_recall',
  'clinc150.typo.in_scope',
  'banking77.accuracy',
  'hint3.robot.in_scope_at_dialogflow_rejection',
];

describe('bench:nlu', () => {
  it('measures on splits of its own where there are no test parts, and says so', async () => {
    const { out, figures } = await runOn(TRAINING, '--confusions');
    for (const name of FIGURES) {
      for (const mode of ['default', 'accuracy']) assert.ok(`${mode}.${name}` in figures, `${mode}.${name}`);
    }
    assert.equal(figures['dialogflow.hint3.robot.in_scope_at_dialogflow_rejection'], 0.5);
    assert.match(out, /CLINC150, default mode, measured on the validation split/);
    assert.match(out, /BANKING77, default mode, measured on a validation split/);
    assert.match(out, /HWU64 is left out/);
    assert.match(out, /\| intent \| found \| taken for \|/);
  });

  it('measures on the test parts where there are some', async () => {
    const { out, figures } = await runOn({ ...TRAINING, ...TEST }, '--mode', 'default');
    for (const name of [...FIGURES, 'hwu64_30.accuracy']) assert.ok(`default.${name}` in figures, name);
    assert.equal(figures['default.clinc150.no_threshold.in_scope'], 100);
    assert.equal(figures['default.banking77.accuracy'], 100);
    assert.equal(figures['default.hwu64_30.accuracy'], 1);
    assert.doesNotMatch(out, /validation split/);
    assert.ok(!Object.keys(figures).some((name) => name.startsWith('accuracy.')));
  });

  it('says which columns it does not find', async () => {
    const files = { ...TRAINING, ...TEST, 'hwu64/hwu_large_test.csv': 'text,meaning\nhello,greeting' };
    await assert.rejects(
      runOn(files, '--only', 'hwu64'),
      /hwu64\/hwu_large_test\.csv has no column of intents.*It has: text, meaning/,
    );
  });

  it('says what it needs', async () => {
    const run = promisify(execFile)(process.execPath, ['--conditions=source', MAIN]);
    await assert.rejects(run, /--data DIR is needed/);
  });
});
