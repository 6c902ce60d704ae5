/**
 * Which full text finds questions and passages best: ours, minisearch, or SQLite's FTS5, each with the words as we split
 * them. Right is a hit of the query's label. Then what each costs for all messages of STAR.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { normalizeText, PassageIndex, queryWords, splitWords } from '@parleykit/nlu';
import { parse } from 'csv-parse/sync';
import MiniSearch, { type SearchOptions } from 'minisearch';
import { Draw } from './draw.ts';
import { readStar } from './star.ts';

const { values } = parseArgs({
  options: {
    /** A folder with hint3/, banking77/train.csv and star/star.jsonl.gz. */
    data: { type: 'string' },
  },
});
if (values.data === undefined) throw new Error('--data DIR is needed');
const folder = values.data;

interface Labelled {
  readonly text: string;
  readonly label: string;
}

interface Task {
  readonly name: string;
  readonly passages: readonly Labelled[];
  readonly queries: readonly Labelled[];
}

/** Finds the three best of the texts that it was made of, by their places. */
type Finder = (query: string) => Promise<readonly number[]>;
type Engine = (texts: readonly string[]) => Finder;

const HITS = 3;
const QUERIES_MAX = 400;
const COST_QUERIES = 30;
const SEED = 2026;
const draw = new Draw(SEED);

/** BM25 without the floor that BM25+ gives every word. */
const PLAIN_BM25 = { bm25: { k: 1.2, b: 0.7, d: 0 } };
/** A fifth of the letters of longer words may be wrong. */
const fuzzy = (word: string): number | false => word.length >= 4 && 0.2;

const engines: Readonly<Record<string, Engine>> = {
  minisearch: (texts) => miniSearch(texts, {}),
  'minisearch, fuzzy': (texts) => miniSearch(texts, { fuzzy }),
  'minisearch, fuzzy, plain BM25': (texts) => miniSearch(texts, { fuzzy, ...PLAIN_BM25 }),
  'FTS5, unicode61': (texts) => fts5(texts, 'unicode61', queryWords),
  'FTS5, porter': (texts) => fts5(texts, 'porter unicode61', queryWords),
  'FTS5, trigram': (texts) => fts5(texts, 'trigram', trigrams),
  '**ours**': (texts) => {
    const index = new PassageIndex();
    for (const [id, text] of texts.entries()) index.put({ id: String(id), text });
    return async (text) => (await index.search({ text, limit: HITS })).map(({ id }) => Number(id));
  },
};

const tasks = readTasks();
process.stdout.write(`| hit@1 / hit@3, % | ${tasks.map(({ name }) => name).join(' | ')} |\n`);
process.stdout.write(`|---|${'---|'.repeat(tasks.length)}\n`);
for (const [name, engine] of Object.entries(engines)) {
  const cells: string[] = [];
  for (const { passages, queries } of tasks) {
    const find = engine(passages.map(({ text }) => text));
    let [first, any] = [0, 0];
    for (const { text, label } of queries) {
      const labels = (await find(text)).map((place) => passages[place]?.label);
      if (labels[0] === label) first++;
      if (labels.includes(label)) any++;
    }
    cells.push([first, any].map((count) => ((100 * count) / queries.length).toFixed(1)).join(' / '));
  }
  process.stdout.write(`| ${name} | ${cells.join(' | ')} |\n`);
}

const { train, test } = readStar(folder, draw);
const messages = [...train, ...test].flatMap(({ turns }) => turns.map(({ text }) => text));
const questions = draw.shuffled(messages).slice(0, COST_QUERIES);
process.stdout.write(`\n| ${messages.length} messages | CPU s to index | CPU ms a query |\n|---|---|---|\n`);
for (const [name, engine] of Object.entries(engines)) {
  const start = process.cpuUsage();
  const find = engine(messages);
  const indexMs = cpuMs(start);
  const searching = process.cpuUsage();
  for (const question of questions) await find(question);
  const queryMs = cpuMs(searching) / questions.length;
  process.stdout.write(`| ${name} | ${(indexMs / 1000).toFixed(1)} | ${queryMs.toFixed(1)} |\n`);
}

function miniSearch(texts: readonly string[], searchOptions: SearchOptions): Finder {
  const options = {
    fields: ['text'],
    tokenize: words,
    processTerm: (word: string) => word,
    searchOptions,
  };
  const index = new MiniSearch<{ id: number; text: string }>(options);
  index.addAll(texts.map((text, id) => ({ id, text })));
  return async (query) =>
    index
      .search(query)
      .slice(0, HITS)
      .map(({ id }) => id as number);
}

function fts5(
  texts: readonly string[],
  tokenizer: string,
  split: (text: string) => readonly string[],
): Finder {
  const database = new DatabaseSync(':memory:');
  database.exec(`CREATE VIRTUAL TABLE passages USING fts5(text, content = '', tokenize = '${tokenizer}')`);
  const insert = database.prepare('INSERT INTO passages (rowid, text) VALUES (?, ?)');
  database.exec('BEGIN');
  for (const [place, text] of texts.entries()) insert.run(place + 1, words(text).join(' '));
  database.exec('COMMIT');
  const select = database.prepare(
    `SELECT rowid FROM passages WHERE text MATCH ? ORDER BY rank LIMIT ${HITS}`,
  );
  return async (query) => {
    const terms = split(query);
    if (terms.length === 0) return [];
    const rows = select.all(terms.map((term) => `"${term}"`).join(' OR ')) as { rowid: number }[];
    return rows.map(({ rowid }) => rowid - 1);
  };
}

function words(text: string): string[] {
  return splitWords(normalizeText(text));
}

function trigrams(text: string): string[] {
  const plain = words(text).join(' ');
  return [
    ...new Set(Array.from({ length: Math.max(0, plain.length - 2) }, (_, at) => plain.slice(at, at + 3))),
  ];
}

function readTasks(): Task[] {
  const exact: Task[] = ['curekart', 'powerplay11'].map((bot) => {
    const passages = readCsv(join(folder, 'hint3', `${bot}_train.csv`));
    const labels = new Set(passages.map(({ label }) => label));
    const queries = readCsv(join(folder, 'hint3', `${bot}_test.csv`)).filter(({ label }) =>
      labels.has(label),
    );
    return { name: bot, passages, queries: draw.shuffled(queries).slice(0, QUERIES_MAX) };
  });
  const rows = draw.shuffled(readCsv(join(folder, 'banking77', 'train.csv')));
  const [queries, rest] = [rows.slice(0, QUERIES_MAX), rows.slice(QUERIES_MAX)];
  // Twenty questions about the same make a passage.
  const passages = [...Map.groupBy(rest, ({ label }) => label)].map(([label, all]) => ({
    label,
    text: all
      .slice(0, 20)
      .map(({ text }) => text)
      .join(' '),
  }));
  exact.push({ name: 'banking, questions', passages: rest, queries });
  exact.push({ name: 'banking, passages', passages, queries });
  const misspelt = exact.map(({ name, passages, queries }) => ({
    name: `${name}, a typo`,
    passages,
    queries: queries.map(({ text, label }) => ({ text: misspell(text), label })),
  }));
  return [...exact, ...misspelt];
}

/** A text with one letter left out, doubled with another, or exchanged. */
function misspell(text: string): string {
  const place = draw.below(text.length);
  const letter = String.fromCharCode(97 + draw.below(26));
  const [head, tail] = [text.slice(0, place), text.slice(place + 1)];
  return [head + tail, head + letter + text.slice(place), head + letter + tail][draw.below(3)] as string;
}

/** Rows of a text and its label, without the head. */
function readCsv(file: string): Labelled[] {
  const rows: string[][] = parse(readFileSync(file), { from_line: 2 });
  return rows.map(([text = '', label = '']) => ({ text: text.trim(), label }));
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
