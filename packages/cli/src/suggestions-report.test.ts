import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { clientsOf, openFolder, runCommand, startTestServer } from './server.test.fixture.ts';
import { suggestions } from './suggestions.ts';
import { widthOf } from './terminal-text.ts';

const stack = new AsyncDisposableStack();
let address: string;
before(async () => {
  const folder = await openFolder(stack);
  const server = await startTestServer(join(folder, 'data'));
  stack.defer(() => server.close());
  address = `127.0.0.1:${server.port}`;
});
after(() => stack.disposeAsync());

const report = (...args: string[]) =>
  runCommand(suggestions, ['report', '--project', 'shop', '--server', address, ...args]);

/** The same on a terminal of so many columns. */
async function reportOn(columns: number): Promise<string[]> {
  const screen = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns });
  const args = ['report', '--project', 'shop', '--server', address];
  await runCommand(suggestions, args, { stdout: screen as unknown as NodeJS.WriteStream });
  return String(screen.read()).trimEnd().split('\n');
}

async function ask(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://${address}/v2beta1/${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Record<string, unknown>;
}

/** Has a conversation of the location summarized, and answers the name of the summary's record. */
async function summarize(parent: string): Promise<string> {
  await using clients = clientsOf(address);
  const { name: conversationProfile } = await clients.profiles.createConversationProfile({
    parent,
    conversationProfile: { displayName: 'p' },
  });
  const conversation = { conversationProfile };
  const { name } = await clients.conversations.createConversation({ parent, conversation });
  const participant = { role: 'END_USER' } as const;
  const customer = await clients.participants.createParticipant({ parent: name, participant });
  const textInput = { text: 'My lamp is broken.', languageCode: 'en' };
  await ask('POST', `${customer.name}:analyzeContent`, { textInput });
  const { summary } = await ask('POST', `${name}/suggestions:suggestConversationSummary`, {});
  return String((summary as Record<string, unknown>)['answerRecord']);
}

function tell(record: string, answerFeedback: object): Promise<unknown> {
  return ask('PATCH', `${record}?updateMask=answerFeedback`, { answerFeedback });
}

describe('parley suggestions report', () => {
  it('says where nothing was suggested', async () => {
    assert.deepEqual(await report(), {
      code: 0,
      stdout: 'nothing was suggested in projects/shop\n',
      stderr: '',
    });
  });

  it('counts by feature what was shown, clicked and correct', async () => {
    const records = [];
    for (let time = 0; time < 3; time++) records.push(await summarize('projects/shop'));
    await tell(records[0] ?? '', { displayed: true, clicked: true, correctnessLevel: 'FULLY_CORRECT' });
    await tell(records[1] ?? '', { displayed: true, correctnessLevel: 'NOT_CORRECT' });
    const { code, stdout, stderr } = await report();
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout,
      [
        'feature                     suggested  displayed  clicked  fully correct  partially correct  not correct',
        'CONVERSATION_SUMMARIZATION          3          2        1              1                  0            1',
        'total                               3          2        1              1                  0            1',
        '',
      ].join('\n'),
    );
  });

  it('is one object with --json', async () => {
    const counts = {
      suggested: 3,
      displayed: 2,
      clicked: 1,
      fullyCorrect: 1,
      partiallyCorrect: 0,
      notCorrect: 1,
    };
    const { stdout } = await report('--json');
    assert.match(stdout, /^[^\n]+\n$/u);
    assert.deepEqual(JSON.parse(stdout), {
      parent: 'projects/shop',
      features: [{ feature: 'CONVERSATION_SUMMARIZATION', ...counts }],
      total: counts,
    });
    const nothing = JSON.parse((await report('--json', '--since', '0s')).stdout) as Record<string, unknown>;
    assert.deepEqual([nothing['features'], Object.keys(nothing).includes('startTime')], [[], true]);
  });

  it('counts what was suggested lately, and in a location', async () => {
    assert.match((await report('--since', '1h')).stdout, /^total +3 /mu);
    assert.match(
      (await report('--since', '0s')).stdout,
      /^nothing was suggested in projects\/shop since \d{4}-\S+Z\n$/u,
    );
    await summarize('projects/shop/locations/europe-west1');
    assert.match((await report('--location', 'europe-west1')).stdout, /^total +1 /mu);
    assert.match((await report()).stdout, /^total +3 /mu);
  });

  it('fits a terminal', async () => {
    assert.equal((await reportOn(120)).length, 3);
    for (const columns of [20, 21, 40, 79, 103, 104]) {
      const lines = await reportOn(columns);
      assert.ok(lines.length > 3, String(columns));
      for (const line of lines) assert.ok(widthOf(line) < columns, `${columns}: ${line}`);
    }
    assert.deepEqual((await reportOn(20)).slice(0, 7), [
      'CONVERSATION_SUMMAR',
      'IZATION',
      '  suggested 3',
      '  displayed 2',
      '  clicked 1',
      '  fully correct 1',
      '  partially correct',
    ]);
    assert.deepEqual(await reportOn(1), await reportOn(20));
  });

  it('asks for a project whatever its name is made of', async () => {
    const { stdout } = await report('--project', 'a?b#c');
    assert.equal(stdout, 'nothing was suggested in projects/a?b#c\n');
  });

  it('says so where nobody answers', async () => {
    assert.deepEqual(await report('--server', '127.0.0.1:1'), {
      code: 1,
      stdout: '',
      stderr: 'parley suggestions: cannot reach a server at 127.0.0.1:1: start one with `parley serve`\n',
    });
  });

  const foreign = 'is not a server of this API: it answered HTTP';
  const older = { error: { code: 501, status: 'UNIMPLEMENTED', message: 'not\u001b[2J built' } };
  for (const [name, status, text, line] of [
    ['is none of this API', 200, 'hello', `STRANGER ${foreign} 200`],
    ['has another form of JSON', 200, '["hello"]', `STRANGER ${foreign} 200`],
    ['knows no such path', 404, '<html>', `STRANGER ${foreign} 404`],
    ['has no such method', 501, JSON.stringify(older), 'not [2J built (UNIMPLEMENTED)'],
  ] as const) {
    it(`says so where the server ${name}`, async () => {
      const other = createServer((_request, response) => response.writeHead(status).end(text));
      other.listen(0, '127.0.0.1');
      await once(other, 'listening');
      const stranger = `127.0.0.1:${(other.address() as AddressInfo).port}`;
      const answered = await report('--server', stranger);
      other.close();
      assert.deepEqual(answered, {
        code: 1,
        stdout: '',
        stderr: `parley suggestions: ${line.replace('STRANGER', stranger)}\n`,
      });
    });
  }
});
