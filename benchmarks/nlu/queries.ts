import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TrainingSet } from '@parleykit/nlu';
import { parse } from 'csv-parse/sync';
import type { Draw } from '../assist/draw.ts';

/** What somebody says, and the intent that it means. Undefined: none of the intents. */
export interface Query {
  readonly text: string;
  readonly intent: string | undefined;
}

export type Meant = Query & { readonly intent: string };

/** The training set of queries. */
export function trainingSetOf(queries: readonly Meant[], negatives: readonly Query[] = []): TrainingSet {
  const intents = Map.groupBy(queries, ({ intent }) => intent);
  return {
    intents: [...intents].map(([name, group]) => ({ name, phrases: group.map(({ text }) => text) })),
    negatives: negatives.map(({ text }) => text),
  };
}

/** Takes `share` of the queries of every intent out, at random: the rest, and what was taken. */
export function splitByIntent<Q extends Query>(
  queries: readonly Q[],
  share: number,
  draw: Draw,
): [rest: Q[], taken: Q[]] {
  const rest: Q[] = [];
  const taken: Q[] = [];
  for (const group of Map.groupBy(queries, ({ intent }) => intent).values()) {
    const count = Math.round(group.length * share);
    const order = draw.shuffled(group);
    taken.push(...order.slice(0, count));
    rest.push(...order.slice(count));
  }
  return [rest, taken];
}

type Pairs = readonly (readonly [text: string, intent: string])[];

/** A part of CLINC150: `arrays` of a file that name queries with their intents. */
export function readClinc(file: string, name: string): Meant[] {
  const arrays = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Pairs>>;
  const pairs = arrays[name];
  if (pairs === undefined)
    throw new Error(`${nameOf(file)} has no array "${name}", only ${Object.keys(arrays)}`);
  return pairs.map(([text, intent]) => ({ text, intent }));
}

const TEXT_HEADS = ['text', 'sentence', 'utterance', 'query', 'question', 'phrase'];
const INTENT_HEADS = ['intent', 'label', 'category', 'class', 'answer_id'];

/** The rows of a CSV file with a header, whatever it is separated by. */
export function readRows(file: string): Record<string, string>[] {
  const content = readFileSync(file, 'utf8');
  const head = content.slice(0, content.indexOf('\n'));
  const [delimiter = ','] = [',', ';', '\t'].toSorted((a, b) => head.split(b).length - head.split(a).length);
  return parse(content, {
    columns: true,
    bom: true,
    delimiter,
    relaxColumnCount: true,
    relaxQuotes: true,
    skipEmptyLines: true,
  });
}

/** Queries of a CSV file with a header that names a column of texts and one of intents. */
export function readCsv(file: string, none?: string): Query[] {
  const rows = readRows(file);
  const heads = Object.keys(rows[0] ?? {});
  const find = (what: string, names: readonly string[]): string => {
    const found = heads.find((head) => names.includes(head.trim().toLowerCase()));
    if (found !== undefined) return found;
    throw new Error(
      `${nameOf(file)} has no column of ${what}: one of ${names.join(', ')}. It has: ${heads.join(', ')}`,
    );
  };
  const [textHead, intentHead] = [find('texts', TEXT_HEADS), find('intents', INTENT_HEADS)];
  return rows.map((row) => {
    const intent = row[intentHead] ?? '';
    return { text: row[textHead] ?? '', intent: intent === none ? undefined : intent };
  });
}

/** Queries all of which mean an intent. */
export function readMeant(file: string): Meant[] {
  return readCsv(file).filter((query): query is Meant => query.intent !== undefined);
}

/** The first of the files that is there. */
export function firstOf(folder: string, ...names: readonly string[]): string | undefined {
  return names.map((name) => join(folder, name)).find((file) => existsSync(file));
}

function nameOf(file: string): string {
  return join(basename(dirname(file)), basename(file));
}
