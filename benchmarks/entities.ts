/**
 * What the recognition of entities costs: `node --conditions=source benchmarks/entities.ts`.
 *
 * Each row is a process of its own, so that what it loads is loaded by nothing else: the CPU time and the memory of the
 * first text, then the CPU time of a text, over and over the same ones.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Anchors, EntityRecognizer, type EntityTypeDefinition } from '@parleykit/nlu';

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  en: [
    'book a table for 4 people tomorrow at half past seven',
    'I want twenty five euros and 50 cents',
    'remind me to call John Smith in two and a half hours',
    'it was last friday between 3 and 5 pm in San Francisco',
    'my number is +1 (555) 010-9999 and my mail a.b@example.com',
    'hello, can you help me with my order please',
  ],
  fr: [
    'une table pour quatre demain à 19h30',
    'je veux vingt-cinq euros',
    'dans deux heures et demie',
    'bonjour',
  ],
  zh: ['明天晚上七点四个人', '二十五块钱', '三个小时后', '你好'],
};

const ROWS: readonly {
  readonly name: string;
  readonly language: string;
  readonly entityTypes: readonly string[];
}[] = [
  { name: 'numbers', language: 'en', entityTypes: ['@sys.number', '@sys.ordinal'] },
  {
    name: 'amounts',
    language: 'en',
    entityTypes: ['@sys.unit-currency', '@sys.duration', '@sys.unit-length'],
  },
  { name: 'dates', language: 'en', entityTypes: ['@sys.date', '@sys.time', '@sys.date-time'] },
  { name: 'dates', language: 'fr', entityTypes: ['@sys.date', '@sys.time', '@sys.date-time'] },
  { name: 'dates', language: 'zh', entityTypes: ['@sys.date', '@sys.time', '@sys.date-time'] },
  { name: 'contacts', language: 'en', entityTypes: ['@sys.email', '@sys.phone-number', '@sys.url'] },
  { name: 'names', language: 'en', entityTypes: ['@sys.person'] },
  { name: 'places', language: 'en', entityTypes: ['@sys.geo-city', '@sys.location'] },
  { name: 'lists', language: 'en', entityTypes: ['@sys.color', '@sys.language', '@sys.geo-country'] },
  { name: 'a map of 100,000', language: 'en', entityTypes: ['@map'] },
  { name: 'the same, fuzzy', language: 'en', entityTypes: ['@fuzzy'] },
  { name: 'any, 500 phrases', language: 'en', entityTypes: ['@sys.any'] },
];
const ROUNDS = 200;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function definitionsOf(entityType: string): EntityTypeDefinition[] {
  if (entityType !== '@map' && entityType !== '@fuzzy') return [];
  const entries = Array.from({ length: 100_000 }, (_, at) => {
    const value = `${(at * 7_919).toString(36)} ${at.toString(36)}`.replaceAll(
      /\d/gu,
      (digit) => 'uvwxyzabcd'[Number(digit)] ?? '',
    );
    return { value, synonyms: [value] };
  });
  return [{ displayName: entityType.slice(1), kind: 'map', entries, fuzzy: entityType === '@fuzzy' }];
}

async function measure(row: (typeof ROWS)[number]): Promise<string> {
  const texts = TEXTS[row.language] ?? [];
  const phrases = Array.from({ length: 500 }, (_, at) => [
    { text: `remind me to ${at % 25} ` },
    { text: 'call', entityType: '@sys.any', alias: 'task' },
    { text: ` before ${at}` },
  ]);
  const memory = process.memoryUsage().rss;
  const start = cpuMs();
  const recognizer = await EntityRecognizer.compile(definitionsOf(row.entityTypes[0] ?? ''), row.language);
  const anchors = new Anchors(phrases);
  const recognize = (text: string): Promise<unknown> =>
    recognizer.recognize({
      text,
      entityTypes: row.entityTypes,
      anchors,
      nowMs: Date.now(),
      timeZone: 'America/New_York',
    });
  await recognize(texts[0] ?? '');
  const first = cpuMs() - start;
  const megabytes = (process.memoryUsage().rss - memory) / 2 ** 20;
  const again = cpuMs();
  for (let round = 0; round < ROUNDS; round++) for (const text of texts) await recognize(text);
  const each = (cpuMs() - again) / ROUNDS / texts.length;
  return `| ${row.name} | ${row.language} | ${first.toFixed(0)} | ${megabytes.toFixed(0)} | ${each.toFixed(3)} |`;
}

const row = ROWS[Number(process.argv[2])];
if (row !== undefined) process.stdout.write(`${await measure(row)}\n`);
else {
  process.stdout.write(
    '| what | language | compile, load and first text, CPU ms | MiB | a text, CPU ms |\n|---|---|---|---|---|\n',
  );
  for (const at of ROWS.keys()) {
    const args = ['--conditions=source', fileURLToPath(import.meta.url), String(at)];
    process.stdout.write(execFileSync(process.execPath, args));
  }
}
