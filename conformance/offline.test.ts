import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** A conversation over REST, lists included, by a command whose own calls go to the server alone. */
const CONVERSE = `
const api = 'http://' + process.env.DIALOGFLOW_EMULATOR_HOST + '/v2beta1/projects/demo';
const headers = { 'content-type': 'application/json' };
const post = (path, body) => fetch(api + path, { method: 'POST', headers, body: JSON.stringify(body) });
await post('/conversations?conversationId=quiet', {
  conversationProfile: 'projects/demo/locations/global/conversationProfiles/demo',
});
const { name } = await (await post('/conversations/quiet/participants', { role: 'END_USER' })).json();
const message = { content: 'Where is my order?', participant: name, sendTime: new Date() };
await post('/conversations/quiet/messages:batchCreate', { requests: [{ message }] });
await fetch(api + '/conversations');
console.log((await (await post('/conversations/quiet:complete', {})).json()).lifecycleState);
`;

describe('a server, from its start through a conversation to its end', {
  skip: !hasStrace && 'strace is not here',
}, () => {
  it('connects to nothing beyond this machine, and asks for no name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-offline-'));
    try {
      const trace = join(folder, 'trace');
      const calls = [
        '-f',
        '-qq',
        '-e',
        'trace=connect,sendto,sendmsg,sendmmsg',
        '-e',
        'signal=none',
        '-o',
        trace,
      ];
      const exec = [process.execPath, '--conditions=source', MAIN, 'exec', '--'];
      const command = [process.execPath, '--input-type=module', '--eval', CONVERSE];
      const { stdout } = await promisify(execFile)('strace', [...calls, ...exec, ...command]);
      assert.equal(stdout, 'COMPLETED\n');
      const addresses = readFileSync(trace, 'utf8')
        .split('\n')
        .filter((line) => /AF_INET6?\b/u.test(line));
      assert.ok(addresses.length > 0, 'the command reached the server');
      assert.deepEqual(
        addresses.filter((line) => !line.includes('inet_addr("127.0.0.1")')),
        [],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
