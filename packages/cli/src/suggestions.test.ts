import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { clientsOf, openFolder, runCommand, startTestServer } from './server.test.fixture.ts';
import { suggestions } from './suggestions.ts';

const stack = new AsyncDisposableStack();
let address: string;
let projects = 0;
let project: string;
before(async () => {
  const folder = await openFolder(stack);
  const server = await startTestServer(join(folder, 'data'));
  stack.defer(() => server.close());
  address = `127.0.0.1:${server.port}`;
});
after(() => stack.disposeAsync());
beforeEach(() => {
  project = `p${++projects}`;
});

const run = (...args: string[]) =>
  runCommand(suggestions, [...args, '--project', project, '--server', address]);

/** Conversations of two replies each. */
async function holdTalks(count: number, isCompleted = true): Promise<void> {
  await using clients = clientsOf(address);
  const parent = `projects/${project}`;
  const { name: conversationProfile } = await clients.profiles.createConversationProfile({
    parent,
    conversationProfile: { displayName: 'p' },
  });
  for (let talk = 0; talk < count; talk++) {
    const { name } = await clients.conversations.createConversation({
      parent,
      conversation: { conversationProfile },
    });
    const [customer, agent] = [
      await clients.participants.createParticipant({ parent: name, participant: { role: 'END_USER' } }),
      await clients.participants.createParticipant({ parent: name, participant: { role: 'HUMAN_AGENT' } }),
    ];
    const said = ['where is my parcel', 'Which one?', 'the red one', 'It comes tomorrow.'];
    const requests = said.map((content, index) => ({
      parent: name,
      message: {
        participant: (index % 2 === 0 ? customer : agent).name,
        content,
        sendTime: new Date(1_700_000_000_000 + index).toISOString(),
      },
    }));
    await clients.conversations.batchCreateMessages({ parent: name, requests });
    if (isCompleted) await clients.conversations.completeConversation({ name });
  }
}

describe('parley suggestions train', () => {
  it('waits until it is suggested, and says from what', async () => {
    await holdTalks(6);
    const { code, stdout, stderr } = await run('train');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^learned 2 different replies of 12 in 6 conversations of 24 messages, by near contexts, 0\.\d MB\ntrained: it is suggested, after T s\n$/u,
    );
    for (const line of stderr.trim().split('\n')) {
      assert.match(line, /^(?:waiting|reading|learning|calibrating|storing)$/u);
    }
  });

  it('learns from conversations in progress with --all alone, and says what is too little', async () => {
    await holdTalks(6, false);
    const { code, stdout, stderr } = await run('train', '--wait');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^parley suggestions: there is too little to train .*: 0 replies of human agents in 0 conv[^\n]*\n$/mu,
    );
    assert.match((await run('train', '--all')).stdout, /^learned 2 different replies of 12 /u);
  });

  it('does not wait where it need not', async () => {
    await holdTalks(6);
    const { code, stdout, stderr } = await run('train', '--no-wait');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      /^projects\/p\d+\/operations\/\w+: training; parley suggestions status says how far/u,
    );
  });
});

describe('parley suggestions status', () => {
  it('says what was learned, or that nothing was', async () => {
    assert.equal((await run('status')).stdout, 'untrained: nothing is suggested\n');
    await holdTalks(5);
    await run('train');
    const { code, stdout } = await run('status');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^trained \d{4}-\S+Z: 2 different replies of 10 in 5 conversations of 20 messages, by near contexts, 0\.\d MB\n$/u,
    );
  });

  it('says how many replies may be suggested, and what trains', async () => {
    const replyModel = { allowedReplies: ['Hello!', 'Bye!'] };
    await fetch(`http://${address}/admin/v1/projects/${project}/replyModel`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(replyModel),
    });
    await holdTalks(12);
    await run('train', '--no-wait');
    const { stdout } = await run('status');
    assert.match(stdout, /^of replies, 2 may be suggested$/mu);
    // It may be over already.
    if (stdout.startsWith('untrained')) assert.match(stdout, /^projects\/\S+: [a-z]+, .*conversations?$/mu);
  });
});

describe('parley suggestions', () => {
  for (const [args, said] of [
    [[], /train, status or report is missing/u],
    [['dance'], /there is no parley suggestions "dance"/u],
    [['train', 'x'], /"x" is not expected/u],
    [['train', '--wait', '--no-wait'], /--wait and --no-wait exclude each other/u],
    [['status', '--all'], /--all is not for parley suggestions status/u],
    [['status', '--nonsense'], /Unknown option/u],
    [['report', 'x'], /"x" is not expected/u],
    [['report', '--all'], /--all is not for parley suggestions report/u],
    [['status', '--json'], /--json is not for parley suggestions status/u],
    [['report', '--since', '1w'], /"1w" is not a duration, such as 90s/u],
    [['report', '--since', '900000d'], /--since 900000d is too long ago/u],
    [['report', '--since', '99999999999d'], /--since 99999999999d is too long ago/u],
  ] as const) {
    it(`refuses a command line that is wrong: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, said);
      assert.match(stderr, /^[^\n]+ \(see parley suggestions --help\)\n$/u);
    });
  }

  it('says in one line that there is no server', async () => {
    const away = await runCommand(suggestions, ['status', '--project', 'p', '--server', '127.0.0.1:1']);
    assert.equal(away.code, 1);
    assert.match(
      away.stderr,
      /^parley suggestions: cannot reach a server at 127\.0\.0\.1:1: start one[^\n]*\n$/u,
    );
  });

  it('explains itself', async () => {
    const { code, stdout } = await runCommand(suggestions, ['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: parley suggestions train/u);
  });
});
