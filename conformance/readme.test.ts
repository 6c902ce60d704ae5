import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packAll } from './installation.ts';
import { freePort } from './programs.ts';
import { giveUp, PYTHON, preparePython } from './python-environment.ts';
import { ReadmeRun, readReadme } from './readme.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const exported = join(root, 'conversations.jsonl');
const agent = join(root, 'shop.zip');

/** What the blocks under a heading print, in their order. */
const PRINTED: Readonly<Record<string, readonly RegExp[]>> = {
  'Two commands': [/^parley ready on http:/mu],
  'A first conversation': [
    new RegExp(
      '"conversationStage":"VIRTUAL_AGENT_STAGE".*"replyText":"What is the number.*"replyText":"Order 30817.*' +
        '"liveAgentHandoff".*"conversationStage":"HUMAN_ASSIST_STAGE".*"content":"Where is my order\\?".*' +
        '"lifecycleState":"COMPLETED"',
      'su',
    ),
  ],
  "With Google's clients": [
    /^projects\/demo\/conversations\/first COMPLETED$/mu,
    /^projects\/demo\/conversations\/first COMPLETED$/mu,
  ],
  "With Parley's client": [/^2\S+Z END_USER Where is my order\?$/mu],
  'In tests': [/pass [1-9].*END_USER: Where is my order\?.*COMPLETED/su],
  'Fill it, follow it, take it out': [/1 conversations \(1 new\).*It is 30817\./su],
  'Automated agents': [/10 intents.*Order 30817 left.*We are open from Tuesday.*bytes/su],
  Suggestions: [
    /4 conversations \(4 new\).*learned 7 different replies.*FAQ: The link.*SMART_REPLY: I am sorry.*\ntotal +2 /su,
  ],
  'Time, for tests': [/1d 1h ahead of the system.*begun.*32d 1h ahead of the system.*begun/su],
  'Stop and remove': [/^$/u],
};

describe('the README', { timeout: 300_000 }, () => {
  const blocks = readReadme(root);
  let data: string;
  let folder: string;
  let run: ReadmeRun;
  let withoutPython: string | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-readme-'));
    data = join(folder, 'parley-data');
    mkdirSync(data);
    packAll();
    withoutPython = await preparePython();
    run = new ReadmeRun({ root, port: await freePort(), data, python: PYTHON, done: ['npm ci'] });
  });
  after(async () => {
    await run[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    rmSync(exported, { force: true });
    rmSync(agent, { force: true });
  });

  const pasted = blocks.filter(({ text }) => text !== 'npm test\n');

  it('has been looked at as a whole', () => {
    // These tests are what its last block runs.
    assert.equal(pasted.length, blocks.length - 1);
    assert.deepEqual([...new Set(pasted.map(({ heading }) => heading))], Object.keys(PRINTED));
  });

  for (const [heading, expected] of Object.entries(PRINTED)) {
    for (const [index, printed] of expected.entries()) {
      const block = pasted.filter((each) => each.heading === heading)[index];
      it(`prints what it should: ${heading}, ${block?.language} ${index + 1}`, async (test) => {
        assert.ok(block, 'there is such a block');
        if (block.language === 'python' && withoutPython !== undefined) return giveUp(test, withoutPython);
        const { code, stdout, stderr } = await run.run(block);
        assert.equal(code, 0, `${stdout}${stderr}`);
        assert.match(stdout, printed);
      });
    }
  }

  it('has exported what was said, and removed what it stored', () => {
    const lines = readFileSync(exported, 'utf8').trim().split('\n');
    const ids = lines.map((line) => (JSON.parse(line) as { conversation_id: string }).conversation_id);
    assert.deepEqual(ids, ['first', 'lamp-1']);
    assert.equal(existsSync(data), false);
  });
});
