/**
 * What a human agent would have been shown: `npm run show:suggestions -- --data DIR [--conversation ID]`. A server learns from
 * all conversations of STAR but one, and that one is held once more, turn by turn.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  ConversationProfilesClient,
  ConversationsClient,
  GrpcTransport,
  ParticipantsClient,
  type SmartReplyAnswer,
} from '@parleykit/client';
import { startServer } from '../../conformance/target.ts';
import { readStar, type Sample } from '../import/transcripts.ts';

const USAGE = `show:suggestions: a real conversation, with what would have been suggested to its human agent

  --data DIR          a folder with star/star.jsonl.gz in it
  --conversation ID   which conversation is held back and shown, such as star-1; the first if left out
`;

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const PROJECT = 'star';
const PARENT = `projects/${PROJECT}`;
const SHOWN = 3;
const INDENT = ' '.repeat(10);

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      conversation: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true || values.data === undefined) {
    process.stdout.write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const samples = readStar(values.data);
  const { conversation = samples[0]?.id } = values;
  const held = samples.find(({ id }) => id === conversation);
  if (held === undefined) {
    process.stdout.write(`there is no conversation ${conversation}\n`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'parley-show-'));
  try {
    const others = join(folder, 'others.jsonl');
    writeFileSync(others, samples.flatMap((each) => (each === held ? [] : [`${each.line}\n`])).join(''));
    await using server = await startServer(join(folder, 'data'));
    for (const command of [
      ['import', others, '--complete'],
      ['suggestions', 'train'],
    ]) {
      await runParley([...command, '--project', PROJECT, '--server', server.url]);
    }
    await replay(held, server.url);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a command, which tells by itself what it does. Throws where it fails. */
async function runParley(args: readonly string[]): Promise<void> {
  process.stdout.write(`$ parley ${args.join(' ')}\n`);
  const child = spawn(process.execPath, ['--conditions=source', MAIN, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`parley ${args[0]} ended with ${code}`);
}

/** Holds a conversation as its people did, and tells before each turn of the agent what is suggested for it. */
async function replay({ id, said }: Sample, host: string): Promise<void> {
  const transport = new GrpcTransport({ host });
  await using profiles = new ConversationProfilesClient({ transport });
  await using conversations = new ConversationsClient({ transport });
  await using participants = new ParticipantsClient({ transport });
  const { name: conversationProfile } = await profiles.createConversationProfile({
    parent: PARENT,
    conversationProfile: {
      displayName: 'smart replies',
      humanAgentAssistantConfig: {
        humanAgentSuggestionConfig: {
          featureConfigs: [
            { suggestionFeature: { type: 'SMART_REPLY' }, queryConfig: { maxResults: SHOWN } },
          ],
        },
      },
    },
  });
  const { name: conversation } = await conversations.createConversation({
    parent: PARENT,
    conversation: { conversationProfile },
  });
  const join = async (role: 'END_USER' | 'HUMAN_AGENT') =>
    (await participants.createParticipant({ parent: conversation, participant: { role } })).name;
  const [customer, agent] = [await join('END_USER'), await join('HUMAN_AGENT')];

  process.stdout.write(`\n${id}; what the agent said as it was suggested is marked with =\n\n`);
  const hits = { turns: 0, first: 0, shown: 0 };
  let suggested: readonly SmartReplyAnswer[] = [];
  for (const { role, text } of said) {
    const isAgent = role !== 'CUSTOMER';
    process.stdout.write(`${(isAgent ? 'agent' : 'customer').padEnd(INDENT.length)}${oneLine(text)}\n`);
    if (isAgent) {
      const matches = suggested.map(({ reply }) => plain(reply) === plain(text));
      for (const [index, { reply, confidence }] of suggested.entries()) {
        const mark = matches[index] ? '=' : ' ';
        process.stdout.write(`${INDENT}${mark} ${confidence.toFixed(2)}  ${oneLine(reply)}\n`);
      }
      hits.turns += 1;
      hits.first += Number(matches[0] ?? false);
      hits.shown += Number(matches.includes(true));
    }
    const { humanAgentSuggestionResults: results } = await participants.analyzeContent({
      participant: isAgent ? agent : customer,
      textInput: { text, languageCode: 'en-US' },
    });
    const [{ error, suggestSmartRepliesResponse } = {}] = results;
    if (error !== undefined) throw new Error(error.message);
    suggested = suggestSmartRepliesResponse?.smartReplyAnswers ?? [];
  }
  const { summary } = await conversations.suggestConversationSummary({ conversation });
  process.stdout.write(`\nsummary (${summary?.baselineModelVersion})\n`);
  for (const { section, summary: text } of summary?.sortedTextSections ?? []) {
    process.stdout.write(`  ${section}: ${oneLine(text)}\n`);
  }
  process.stdout.write(
    `\n${hits.turns} turns of the agent; word for word the first suggestion ${hits.first} times, ` +
      `one of ${SHOWN} ${hits.shown} times\n`,
  );
}

/** A text without case, marks and spaces that make no other reply of it. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\p{P}\s]+/gu, ' ')
    .trim();
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ');
}
