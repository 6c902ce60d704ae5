/**
 * What is found in knowledge bases, through the very search of the server: answers to questions that were put in other words
 * (BANKING77: questions of its training part are the lists, held-out ones are asked), against plain BM25; and what a search
 * costs in ten thousand documents, made of what is said in STAR.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { normalizeText, splitWords } from '@parleykit/nlu';
import {
  type DocumentPassages_Passage as Passage,
  DocumentPassages_Passage_Kind as PassageKind,
  DocumentPassages_PassageSchema as PassageSchema,
} from '@parleykit/proto/stored';
import { DocumentSchema, Document_KnowledgeType as KnowledgeType } from '@parleykit/proto/v2beta1';
import { SystemClock } from '@parleykit/server';
import {
  encodePassages,
  Knowledge,
  KnowledgeContents,
  parseResourceName,
  readDocument,
} from '@parleykit/server/knowledge';
import { openSqliteStore } from '@parleykit/server/storage';
import { parse } from 'csv-parse/sync';
import { Draw } from './draw.ts';
import { readStar } from './star.ts';

const SEED = 2026;
/** Of 10,003 questions. */
const HELD_OUT = 2000;
/** How many questions an answer has: all, and as few as lists that somebody writes by hand have. */
const QUESTIONS = [Number.POSITIVE_INFINITY, 30, 5, 1];
const DOCUMENTS = 10_000;
const PARTS = 3;
const PART_LENGTH = 700;
const SEARCHES = 300;
const AT_ONCE = 100;
const HITS = 3;

interface Question {
  readonly text: string;
  readonly label: string;
}

/** Finds the labels of the best answers. */
type Finder = (query: string) => Promise<readonly string[]>;

/** How often the right one is first, or among three; of a hundred. */
interface Recall {
  readonly r1: number;
  readonly r3: number;
}

/** A knowledge base on a disk, with nothing in it yet. */
class Shelf implements AsyncDisposable {
  readonly base = parseResourceName('base', 'projects/p/knowledgeBases/b', 'knowledgeBases/*');
  readonly knowledge: Knowledge;
  readonly #contents: KnowledgeContents;
  readonly #close: () => Promise<void>;
  #count = 0;

  constructor(contents: KnowledgeContents, close: () => Promise<void>) {
    this.knowledge = new Knowledge(contents);
    this.#contents = contents;
    this.#close = close;
  }

  static async open(): Promise<Shelf> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-shelf-'));
    const store = await openSqliteStore(folder, new SystemClock());
    const shelf = new Shelf(new KnowledgeContents(store), async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });
    const { key, scope } = shelf.base;
    await store.commit({ partition: scope, put: [{ name: key, body: new Uint8Array() }] });
    return shelf;
  }

  async put(type: KnowledgeType, passages: readonly Passage[]): Promise<void> {
    const name = this.base.child('documents', `d${this.#count++}`);
    const document = create(DocumentSchema, { displayName: 'a document', knowledgeTypes: [type] });
    await this.#contents.commit(name, this.#contents.create(name, document, new Uint8Array()));
    const found = await this.#contents.load(name);
    await this.#contents.commit(
      name,
      await this.#contents.activate(found, document, encodePassages(passages)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** Prints its tables, and answers its figures. */
export async function measureKnowledge(
  data: string,
  print: (line: string) => void,
  documents = DOCUMENTS,
): Promise<Record<string, number>> {
  const figures = await measureAnswers(data, print);
  print('');
  return { ...figures, ...(await measureSearch(data, print, documents)) };
}

async function measureAnswers(data: string, print: (line: string) => void): Promise<Record<string, number>> {
  const draw = new Draw(SEED);
  const shuffled = draw.shuffled(readQuestions(join(data, 'banking77/train.csv')));
  const heldOut = Math.min(HELD_OUT, Math.floor(shuffled.length / 5));
  const [asked, known] = [shuffled.slice(0, heldOut), shuffled.slice(heldOut)];
  print(
    `${asked.length} questions asked, of lists of ${new Set(known.map(({ label }) => label)).size} answers`,
  );
  print('');
  print('| questions an answer | plain BM25: R@1 / R@3 | of whole answers | **ours** | CPU ms a question |');
  print('|---|---|---|---|---|');
  const figures: Record<string, number> = {};
  for (const most of QUESTIONS) {
    const list = take(known, most);
    const single = await recallOf(asked, plainBm25(list));
    const whole = await recallOf(asked, plainBm25(wholeAnswers(list)));
    await using shelf = await Shelf.open();
    await shelf.put(KnowledgeType.FAQ, await readList(list));
    const find: Finder = async (text) => {
      const query = { sources: [shelf.base.key], type: 'FAQ', text, limit: HITS } as const;
      return (await shelf.knowledge.search(query)).map(({ answer }) => answer);
    };
    await find('hello');
    const before = process.cpuUsage();
    const ours = await recallOf(asked, find);
    const ms = cpuMs(before) / asked.length;
    const name = most === Number.POSITIVE_INFINITY ? `all (${list.length})` : `${most}`;
    print(`| ${name} | ${format(single)} | ${format(whole)} | ${format(ours)} | ${ms.toFixed(2)} |`);
    const prefix = most === Number.POSITIVE_INFINITY ? 'faq' : `faq${most}`;
    figures[`${prefix}.r1`] = ours.r1;
    figures[`${prefix}.r3`] = ours.r3;
    figures[`${prefix}.bm25.r1`] = Math.max(single.r1, whole.r1);
    figures[`${prefix}.bm25.r3`] = Math.max(single.r3, whole.r3);
  }
  return figures;
}

async function measureSearch(
  data: string,
  print: (line: string) => void,
  documents: number,
): Promise<Record<string, number>> {
  const draw = new Draw(SEED);
  const { train, test } = readStar(data, draw);
  const said = train.flatMap(({ turns }) => turns.map(({ text }) => text));
  const queries = draw
    .shuffled(test.flatMap(({ turns }) => turns.map(({ text }) => text)))
    .slice(0, SEARCHES);
  await using shelf = await Shelf.open();
  const part = (): Passage => {
    let text = '';
    while (text.length < PART_LENGTH) text += `${said[draw.below(said.length)]} `;
    return create(PassageSchema, { kind: PassageKind.TEXT, text });
  };
  for (let count = 0; count < documents; count += AT_ONCE) {
    const together = Math.min(AT_ONCE, documents - count);
    const contents = Array.from({ length: together }, () => Array.from({ length: PARTS }, part));
    await Promise.all(contents.map((parts) => shelf.put(KnowledgeType.ARTICLE_SUGGESTION, parts)));
  }
  const search = async (text: string): Promise<number> => {
    const start = performance.now();
    const query = { sources: [shelf.base.key], type: 'ARTICLE_SUGGESTION', text, limit: HITS } as const;
    await shelf.knowledge.search(query);
    return performance.now() - start;
  };
  const filling = process.cpuUsage();
  await search('hello');
  const fill = cpuMs(filling) / 1000;
  for (const text of queries.slice(0, 50)) await search(text);
  const before = process.cpuUsage();
  const times: number[] = [];
  for (const text of queries) times.push(await search(text));
  const cpu = cpuMs(before) / queries.length;
  const p99 = times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.99)] ?? 0;
  print(`${documents} documents of ${PARTS} parts of ${PART_LENGTH} characters:`);
  print(
    `a search ${cpu.toFixed(2)} CPU ms, p99 ${p99.toFixed(1)} ms; filling the index ${fill.toFixed(1)} CPU s`,
  );
  return { 'knowledge.search_cpu_ms': cpu, 'knowledge.search_p99_ms': p99, 'knowledge.fill_cpu_s': fill };
}

function readQuestions(file: string): Question[] {
  const rows = parse(readFileSync(file), { columns: true }) as {
    readonly text: string;
    readonly category: string;
  }[];
  return rows.map(({ text, category }) => ({ text, label: category }));
}

/** No more than so many questions of each answer. */
function take(questions: readonly Question[], most: number): Question[] {
  const counts = new Map<string, number>();
  return questions.filter(({ label }) => {
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    return count <= most;
  });
}

/** The list as somebody would send it. Answers say nothing that questions could be found by. */
async function readList(list: readonly Question[]): Promise<readonly Passage[]> {
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const csv = list.map(({ text, label }) => `${cell(text)},${cell(label)}\n`).join('');
  return readDocument({ bytes: Buffer.from(csv), mimeType: 'text/csv', kinds: [PassageKind.FAQ] });
}

function wholeAnswers(list: readonly Question[]): Question[] {
  const byLabel = Map.groupBy(list, ({ label }) => label);
  return [...byLabel].map(([label, questions]) => ({
    label,
    text: questions.map(({ text }) => text).join('\n'),
  }));
}

/** BM25 over words, by its formula: each text stands for itself, and an answer for the best of its texts. */
function plainBm25(texts: readonly Question[]): Finder {
  const [k1, b] = [1.2, 0.75];
  const lengths: number[] = [];
  const postings = new Map<string, Map<number, number>>();
  for (const [place, { text }] of texts.entries()) {
    const words = splitWords(normalizeText(text));
    lengths.push(words.length);
    for (const word of words) {
      const counts = postings.get(word) ?? new Map<number, number>();
      postings.set(word, counts.set(place, (counts.get(place) ?? 0) + 1));
    }
  }
  const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  return async (query) => {
    const scores = new Map<number, number>();
    for (const word of new Set(splitWords(normalizeText(query)))) {
      const counts = postings.get(word) ?? new Map<number, number>();
      const rarity = Math.log(1 + (texts.length - counts.size + 0.5) / (counts.size + 0.5));
      for (const [place, count] of counts) {
        const restraint = k1 * (1 - b + (b * (lengths[place] ?? 0)) / average);
        scores.set(place, (scores.get(place) ?? 0) + (rarity * count * (k1 + 1)) / (count + restraint));
      }
    }
    const ranked = [...scores].sort(([, left], [, right]) => right - left);
    return [...new Set(ranked.map(([place]) => texts[place]?.label ?? ''))].slice(0, HITS);
  };
}

async function recallOf(asked: readonly Question[], find: Finder): Promise<Recall> {
  let [first, among] = [0, 0];
  for (const { text, label } of asked) {
    const labels = await find(text);
    if (labels[0] === label) first++;
    if (labels.includes(label)) among++;
  }
  return { r1: (100 * first) / asked.length, r3: (100 * among) / asked.length };
}

function format({ r1, r3 }: Recall): string {
  return `${r1.toFixed(1)} / ${r3.toFixed(1)}`;
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { data: { type: 'string' } } });
  if (values.data === undefined) throw new Error('--data DIR is needed, with banking77/ and star/ in it');
  await measureKnowledge(values.data, (line) => process.stdout.write(`${line}\n`));
}
