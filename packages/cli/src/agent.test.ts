import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agent } from './agent.ts';
import type { TalkSurroundings } from './agent-talk.ts';
import { clientsOf, openFolder, runCommand, startTestServer } from './server.test.fixture.ts';

const LAMP_SHOP = fileURLToPath(new URL('../../../examples/agent', import.meta.url));

const stack = new AsyncDisposableStack();
let folder: string;
let address: string;
let projects = 0;
let project: string;
before(async () => {
  folder = await openFolder(stack);
  const server = await startTestServer(join(folder, 'data'));
  stack.defer(() => server.close());
  address = `127.0.0.1:${server.port}`;
});
after(() => stack.disposeAsync());
beforeEach(() => {
  project = `p${++projects}`;
});

const run = (args: string[], more: Partial<TalkSurroundings> = {}) =>
  runCommand<TalkSurroundings>(agent, [...args, '--project', project, '--server', address], more);

describe('parley agent import', () => {
  it('ends when the agent answers, and says what it was', async () => {
    const { code, stdout, stderr } = await run(['import', LAMP_SHOP]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout,
      `projects/${project}/agent: 10 intents, 66 training phrases, 10 messages, 4 parameters, 1 entity types, ` +
        '3 entities, in en\ntrained: it answers, after T s\n',
    );
    const said = await run(['talk', '--say', 'how much is delivery', '--json']);
    assert.equal(JSON.parse(said.stdout).intent, 'Delivery');
  });

  it('says what is dropped, rests and does not fit together', async () => {
    const settings = JSON.parse(await readFile(join(LAMP_SHOP, 'agent.json'), 'utf8'));
    const file = join(folder, 'agent.json');
    await writeFile(file, JSON.stringify({ ...settings, secondaryKey: 'abc', enableSpellCorrection: true }));
    const alone = await openFolder(stack);
    await writeFile(join(alone, 'agent.json'), await readFile(file));
    const { code, stdout } = await run(['import', alone, '--no-wait', '--restore']);
    assert.equal(code, 0);
    assert.match(stdout, /^stored and not acted on: spelling correction \(1\)$/mu);
    assert.match(stdout, /^dropped: agent\.json: secondaryKey$/mu);
    assert.doesNotMatch(stdout, /abc/u);
    assert.match(stdout, /^stored; what was there before answers until it is trained$/mu);
  });

  it('refuses what is no export, in one line, and stores nothing', async () => {
    const file = join(folder, 'other.zip');
    await writeFile(file, 'hello');
    const { code, stdout, stderr } = await run(['import', file]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, 'parley agent: this is no zip, nor a folder\n');
    assert.equal((await run(['export', '-o', join(folder, 'none.zip')])).code, 1);
    assert.ok(!(await readdir(folder)).includes('none.zip'));
  });
});

describe('parley agent export', () => {
  it('writes what was imported, and takes the place of what was there', async () => {
    const file = join(folder, 'shop.zip');
    await writeFile(file, 'old');
    await run(['import', LAMP_SHOP, '--no-wait']);
    const { code, stdout } = await run(['export', '-o', file]);
    assert.equal(code, 0);
    assert.match(stdout, /^projects\/p\d+\/agent: \d+ bytes\n$/u);
    const once = await readFile(file);
    await run(['import', file, '--no-wait', '--restore']);
    await run(['export', '-o', file]);
    assert.deepEqual(await readFile(file), once);
  });
});

describe('parley agent talk', () => {
  before(async () => {
    project = 'talk';
    assert.equal((await run(['import', LAMP_SHOP])).code, 0);
  });
  beforeEach(() => {
    project = 'talk';
  });

  it('writes a line of JSON for each turn, and nothing else', async () => {
    const { code, stdout, stderr } = await run([
      'talk',
      '--json',
      ...['Where is my order?', '30817', 'a human please', 'hello?'].flatMap((text) => ['--say', text]),
    ]);
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ said, intent, stage }) => [said, intent, stage]),
      [
        ['Where is my order?', 'Order status', 'VIRTUAL_AGENT_STAGE'],
        ['30817', 'Order status', 'VIRTUAL_AGENT_STAGE'],
        ['a human please', 'Talk to a person', 'HUMAN_ASSIST_STAGE'],
        ['hello?', null, 'HUMAN_ASSIST_STAGE'],
      ],
    );
    for (const line of lines) {
      assert.deepEqual(Object.keys(JSON.parse(line)), ['said', 'intent', 'confidence', 'text', 'stage']);
    }
  });

  it('says what comes from standard input, until the agent hands over', async () => {
    const stdin = new PassThrough();
    stdin.end('hello\n\nI want a human\nanybody?\n');
    const { code, stdout, stderr } = await run(['talk'], { stdin });
    assert.equal(code, 0);
    assert.deepEqual(stdout.match(/^> .*$/gmu), ['> hello', '> I want a human']);
    assert.match(stderr, /handed over to a human/u);
  });

  it('begins a new conversation each time, with one profile, and completes it', async () => {
    await run(['talk', '--say', 'can you repair a desk lamp on Monday at 3 pm']);
    const again = await run(['talk', '--json', '--say', 'yes please']);
    assert.equal(JSON.parse(again.stdout).intent, 'Default Fallback Intent');
    await using clients = clientsOf(address);
    const profiles: string[] = [];
    for await (const { displayName } of clients.profiles.listConversationProfiles({
      parent: 'projects/talk',
    })) {
      profiles.push(displayName);
    }
    assert.deepEqual(profiles, ['parley talk']);
    for await (const conversation of clients.conversations.listConversations({ parent: 'projects/talk' })) {
      assert.equal(conversation.lifecycleState, 'COMPLETED');
    }
  });

  it('says in one line that there is no agent, or no server', async () => {
    project = 'nobody';
    const { code, stdout, stderr } = await run(['talk', '--json', '--say', 'hello']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, 'parley agent: projects/nobody has no agent: `parley agent import` stores one\n');
    const away = await runCommand<TalkSurroundings>(agent, [
      ...['talk', '--project', 'p', '--server', '127.0.0.1:1', '--say', 'hello'],
    ]);
    assert.equal(away.code, 1);
    assert.match(away.stderr, /^parley agent: cannot reach a server at 127\.0\.0\.1:1: start one[^\n]*\n$/u);
  });
});

describe('parley agent', () => {
  for (const [args, said] of [
    [[], /import, export, train or talk is missing/u],
    [['dance'], /there is no parley agent "dance"/u],
    [['import'], /no FILE or DIR is named/u],
    [['import', 'a', 'b'], /"b" is not expected/u],
    [['import', '/nowhere/at/all'], /no such file or folder/u],
    [['export'], /-o FILE is missing/u],
    [['export', '-o', '/nowhere/x.zip'], /there is no folder/u],
    [['train', '--json'], /--json is not for parley agent train/u],
    [['talk', '--no-wait'], /--no-wait is not for parley agent talk/u],
  ] as const) {
    it(`refuses a command line that is wrong: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run([...args]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, said);
      assert.match(stderr, /^[^\n]+ \(see parley agent --help\)\n$/u);
    });
  }

  it('waits for training by itself', async () => {
    await run(['import', LAMP_SHOP, '--no-wait']);
    const { code, stdout } = await run(['train']);
    assert.deepEqual([code, stdout], [0, 'trained: it answers, after T s\n']);
    project = 'nobody';
    assert.equal((await run(['train'])).code, 1);
  });

  it('explains itself', async () => {
    const { code, stdout } = await run(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: parley agent import/u);
  });
});
