/**
 * What suggestions cost the server that makes them: `npm run bench:suggestions -- --data DIR`. A conversation of 50 messages,
 * a knowledge base of 10,000 documents, and a message more: with the features in its profile and without them, in turns. What
 * is said, and written, is STAR's. CPU is that of the server's process, as the operating system counts it.
 */
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { call, type Json, run } from '../rest.ts';
import { type Subject, startSubject } from '../subject.ts';
import { openFolder } from '../subjects.ts';
import { Draw } from './draw.ts';
import { readStar } from './star.ts';

const { values } = parseArgs({
  options: {
    /** A folder with star/star.jsonl.gz. */
    data: { type: 'string' },
    documents: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '5' },
  },
});
if (values.data === undefined) throw new Error('--data DIR is needed: a folder with star/star.jsonl.gz');
const documents = Number(values.documents);
const messages = Number(values.messages);
const rounds = Number(values.rounds);

const CLI = '../packages/cli/src/main.ts';
const SEED = 2026;
const CREATED_AT_ONCE = 32;
const LOOK_MS = 10;
/** What a conversation holds when it is helped with. */
const BEFORE = 50;
/** What an article holds, in characters. */
const ARTICLE_LENGTH = 1400;

const draw = new Draw(SEED);
const { train } = readStar(values.data, draw);
const said = train.flatMap(({ turns }) => turns);
const saidBy = (speaker: string): readonly string[] =>
  said.filter((turn) => turn.speaker === speaker).map(({ text }) => text);
const [customers, agents] = [saidBy('customer'), saidBy('agent')];
const drawn = (texts: readonly string[]): string => texts[draw.below(texts.length)] ?? '';

function article(): string {
  let text = '';
  while (text.length < ARTICLE_LENGTH) text += `${drawn(agents)} ${drawn(customers)}\n`;
  return text;
}

/** A text as a field of CSV. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

async function createDocument(server: Subject, base: string, index: number): Promise<void> {
  const isFaq = index % 2 === 0;
  // Alike ones would be one answer.
  const answer = `${drawn(agents)} (${index})`;
  const text = isFaq ? `question,answer\n${quoted(drawn(customers))},${quoted(answer)}\n` : article();
  const document = {
    displayName: `document ${index}`,
    mimeType: isFaq ? 'text/csv' : 'text/plain',
    knowledgeTypes: [isFaq ? 'FAQ' : 'ARTICLE_SUGGESTION'],
    rawContent: Buffer.from(text).toString('base64'),
  };
  await run(server, `${base}/documents`, document, LOOK_MS);
}

interface Desk {
  readonly customer: string;
}

async function openDesk(server: Subject, featureConfigs: Json[]): Promise<Desk> {
  const profile = await call(server, 'POST', 'projects/bench/conversationProfiles', {
    displayName: 'bench',
    humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs } },
  });
  const conversation = await call(server, 'POST', 'projects/bench/conversations', {
    conversationProfile: profile['name'],
  });
  const join = async (role: string): Promise<string> =>
    String((await call(server, 'POST', `${conversation['name']}/participants`, { role }))['name']);
  const customer = await join('END_USER');
  await join('HUMAN_AGENT');
  const requests = Array.from({ length: BEFORE }, (_, index) => ({
    message: {
      participant: customer,
      content: drawn(customers),
      sendTime: new Date(1_700_000_000_000 + index).toISOString(),
    },
  }));
  await call(server, 'POST', `${conversation['name']}/messages:batchCreate`, { requests });
  return { customer };
}

/** The times, in ms, of some messages one after another; and the CPU of one, in ms. */
async function talk(server: Subject, { customer }: Desk, texts: readonly string[]) {
  const times: number[] = [];
  const before = server.cpuSeconds();
  for (const text of texts) {
    const started = performance.now();
    await call(server, 'POST', `${customer}:analyzeContent`, { textInput: { text, languageCode: 'en' } });
    times.push(performance.now() - started);
  }
  return { times, cpuMs: ((server.cpuSeconds() - before) * 1000) / texts.length };
}

await using stack = new AsyncDisposableStack();
await using server = await startSubject('parley', CLI, 'serve', '--port', '0', '--data', openFolder(stack));
const base = String(
  (await call(server, 'POST', 'projects/bench/knowledgeBases', { displayName: 'bench' }))['name'],
);
const started = performance.now();
for (let index = 0; index < documents; index += CREATED_AT_ONCE) {
  const some = Array.from(
    { length: Math.min(CREATED_AT_ONCE, documents - index) },
    (_, each) => index + each,
  );
  await Promise.all(some.map((each) => createDocument(server, base, each)));
}
process.stdout.write(`${documents} documents in ${((performance.now() - started) / 1000).toFixed(0)} s\n`);

const queryConfig = { knowledgeBaseQuerySource: { knowledgeBases: [base] }, maxResults: 3 };
const features = ['FAQ', 'ARTICLE_SUGGESTION'].map((type) => ({ suggestionFeature: { type }, queryConfig }));
const sayings = Array.from({ length: messages }, () => drawn(customers));
const times: number[] = [];
const costs: { helped: number[]; plain: number[] } = { helped: [], plain: [] };
for (let round = 0; round <= rounds; round++) {
  for (const kind of ['helped', 'plain'] as const) {
    const desk = await openDesk(server, kind === 'helped' ? features : []);
    const result = await talk(server, desk, sayings);
    // The first round fills the indexes.
    if (round === 0) continue;
    costs[kind].push(result.cpuMs);
    if (kind === 'helped') times.push(...result.times);
  }
}
times.sort((one, other) => one - other);
const at = (part: number): string => (times[Math.floor(times.length * part)] ?? Number.NaN).toFixed(1);
const [helped, plain] = [median(costs.helped), median(costs.plain)];
process.stdout.write(
  [
    `FAQ and articles, ${documents} documents, conversation of ${BEFORE} messages and more, ${times.length} messages`,
    '',
    '| what | got | goal |',
    '|---|---|---|',
    `| time of AnalyzeContent, p50 / p99, ms | ${at(0.5)} / ${at(0.99)} | - / 50 |`,
    `| CPU of a message, with / without features, ms | ${helped.toFixed(2)} / ${plain.toFixed(2)} | |`,
    `| CPU of its suggestions, ms | ${(helped - plain).toFixed(2)} | 5 |`,
    '',
  ].join('\n'),
);
