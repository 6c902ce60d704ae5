import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  ConversationProfiles,
  SuggestionFeature_Type as FeatureType,
  Participant_Role,
  Participants,
} from '@parleykit/proto/v2beta1';
import { createBase, createDocument, faq } from './cases/knowledge-scene.ts';
import { completeConversation, createConversation, ingest } from './cases/scene.ts';
import { launchBrowser } from './driven-browser.ts';
import { type OwnServer, startServer } from './target.ts';
import { GrpcWire } from './wires.ts';

/** Takes docs/page.png: the web page of a server of its own, with a conversation in it. */

const PICTURE = fileURLToPath(new URL('../docs/page.png', import.meta.url));
const BYTES_MAX = 120_000;

const { END_USER, HUMAN_AGENT, AUTOMATED_AGENT } = Participant_Role;

/** Who says what, and how many seconds after the beginning. */
const TALK: readonly [number, Participant_Role, string][] = [
  [0, END_USER, 'Hi, my bike light flickers when it rains.'],
  [4, AUTOMATED_AGENT, 'A colleague takes over from here.'],
  [57, HUMAN_AGENT, 'Hello, this is Noor. Is the rubber seal flat all around?'],
  [128, END_USER, 'No, it is cracked. Can I get a new light?'],
];

/** What is suggested to the last of it, from a list of questions. */
const QUESTIONS = `Can I get a new light?,"Yes: within two years a light that leaks is replaced at no cost."
How long does it take?,It leaves our house on the next weekday.
`;

const OTHERS = ['gift-card-balance', 'lost-helmet-visor'];

async function fill(wire: GrpcWire): Promise<string> {
  const parent = 'projects/demo';
  const { name: base } = await createBase(wire, parent);
  await createDocument(wire, base, faq(QUESTIONS));
  const querySource = { case: 'knowledgeBaseQuerySource' as const, value: { knowledgeBases: [base] } };
  const featureConfigs = [{ suggestionFeature: { type: FeatureType.FAQ }, queryConfig: { querySource } }];
  const conversationProfile = `${parent}/locations/global/conversationProfiles/demo`;
  await wire.call(ConversationProfiles.method.updateConversationProfile, {
    conversationProfile: {
      name: conversationProfile,
      humanAgentAssistantConfig: { humanAgentSuggestionConfig: { featureConfigs } },
    },
    updateMask: { paths: ['human_agent_assistant_config'] },
  });
  const create = (id: string) => createConversation(wire, parent, { conversationProfile }, id);
  for (const [index, id] of OTHERS.entries()) {
    const { name } = await create(id);
    if (index === 1) await completeConversation(wire, name);
  }
  const { name } = await create('flickering-bike-light');
  const users = new Map([
    [END_USER, 'customer-5093'],
    [AUTOMATED_AGENT, ''],
    [HUMAN_AGENT, 'noor'],
  ]);
  const speakers = new Map<Participant_Role, string>();
  for (const [role, obfuscatedExternalUserId] of users) {
    const participant = { role, obfuscatedExternalUserId };
    const made = await wire.call(Participants.method.createParticipant, { parent: name, participant });
    speakers.set(role, made.name);
  }
  const begin = Date.now() - 300_000;
  for (const [seconds, role, content] of TALK) {
    const sendTime = timestampFromMs(begin + seconds * 1000);
    await ingest(wire, name, [{ participant: speakers.get(role) ?? '', content, sendTime }]);
  }
  return name;
}

async function takePicture(server: OwnServer, conversation: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 724 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    const session = await page.createCDPSession();
    await session.send('Emulation.setLocaleOverride', { locale: 'en-GB' });
    await page.goto(`${server.url}/#/${conversation}`);
    await page.waitForFunction(`document.querySelectorAll('.entry').length === ${TALK.length}`);
    await page.waitForFunction(`!document.querySelector('#composer-fields').disabled`);
    await page.waitForFunction(`document.querySelectorAll('#suggestions li').length > 0`);
    await page.waitForFunction(`document.querySelectorAll('.row').length === ${OTHERS.length + 1}`);
    await page.screenshot({ path: PICTURE, optimizeForSpeed: false });
  } finally {
    await browser.close();
  }
}

const data = mkdtempSync(join(tmpdir(), 'parley-'));
const server = await startServer(data, '--demo');
const wire = new GrpcWire(() => server);
try {
  await takePicture(server, await fill(wire));
} finally {
  wire[Symbol.dispose]();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}
const { size } = statSync(PICTURE);
if (size > BYTES_MAX) throw new Error(`docs/page.png has ${size} bytes, more than ${BYTES_MAX}`);
process.stdout.write(`docs/page.png: ${size} bytes\n`);
