import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseFlags, readParent, readTarget, serverFlags, UsageError } from './command-line.ts';

let folder: string;
let keyFile: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-line-'));
  keyFile = join(folder, 'key.json');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = {
    type: 'service_account',
    client_email: 'importer@p.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  await writeFile(keyFile, JSON.stringify(key));
});
after(() => rm(folder, { recursive: true }));

function refused(line: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UsageError && line.test(error.message) && !error.message.includes('\n');
}

describe('readParent()', () => {
  it('names a project, with a location where one is given', () => {
    assert.equal(readParent('p', undefined), 'projects/p');
    assert.equal(readParent('p', 'global'), 'projects/p/locations/global');
  });

  const cases = [
    { project: undefined, line: /--project is missing/ },
    { project: '', line: /--project "" is not/ },
    { project: 'a/b', line: /--project "a\/b" is not/ },
    { project: 'p', location: 'a b', line: /--location "a b" is not/ },
  ];
  for (const { project, location, line } of cases) {
    it(`refuses ${project} and ${location}`, () =>
      assert.throws(() => readParent(project, location), refused(line)));
  }
});

describe('readTarget()', () => {
  const plain = [
    { server: undefined, env: undefined, url: 'http://127.0.0.1:8470' },
    { server: undefined, env: '', url: 'http://127.0.0.1:8470' },
    { server: undefined, env: 'parley:8470', url: 'http://parley:8470' },
    { server: 'localhost:9', env: 'parley:8470', url: 'http://localhost:9' },
    { server: '[::1]:9', url: 'http://[::1]:9' },
    { server: 'parley.example:8470', url: 'http://parley.example:8470' },
    { server: 'http://parley.example:8470/', url: 'http://parley.example:8470' },
    { server: 'https://parley.example', url: 'https://parley.example' },
  ];
  for (const { server, env, url } of plain) {
    it(`takes ${server ?? 'no flag'} with ${env === undefined ? 'no variable' : `"${env}"`} for ${url}`, () => {
      const target = readTarget({ server }, env === undefined ? {} : { DIALOGFLOW_EMULATOR_HOST: env });
      assert.deepEqual([target.url, target.account], [url, undefined]);
    });
  }

  const asAccount = [
    { server: undefined, url: 'http://127.0.0.1:8470' },
    { server: 'localhost:9', url: 'http://localhost:9' },
    { server: '[::1]:9', url: 'http://[::1]:9' },
    { server: 'http://127.0.0.2:9', url: 'http://127.0.0.2:9' },
    { server: 'parley.example:8470', url: 'https://parley.example:8470' },
    { server: 'https://dialogflow.googleapis.com', url: 'https://dialogflow.googleapis.com' },
  ];
  for (const { server, url } of asAccount) {
    it(`takes ${server ?? 'no flag'} with credentials for ${url}`, () => {
      const target = readTarget({ server, credentials: keyFile }, {});
      assert.equal(target.url, url);
      assert.equal(target.account?.clientEmail, 'importer@p.iam.gserviceaccount.com');
    });
  }

  it('sends credentials beyond this machine in no plain text', () => {
    assert.throws(
      () => readTarget({ server: 'http://parley.example:80', credentials: keyFile }, {}),
      refused(/not sent in plain text.* give --server https:\/\/parley\.example:80$/),
    );
    assert.throws(
      () => readTarget({ credentials: keyFile }, { DIALOGFLOW_EMULATOR_HOST: 'parley:8470' }),
      refused(/not sent in plain text, as they would be to parley:8470/),
    );
  });

  const wrong = [
    'localhost',
    ':80',
    'a:0',
    'a:65536',
    'ftp://a:1',
    'https://',
    'http://a:1/path',
    'http://u@a:1',
    'a b:1',
    '',
  ];
  for (const server of wrong) {
    it(`refuses --server "${server}"`, () =>
      assert.throws(() => readTarget({ server }, {}), refused(/^--server ".*" is not HOST:PORT and no URL/)));
  }

  it('refuses a variable that is no HOST:PORT', () => {
    assert.throws(
      () => readTarget({}, { DIALOGFLOW_EMULATOR_HOST: 'http://x:1' }),
      refused(/^DIALOGFLOW_EMULATOR_HOST "http:\/\/x:1" is not HOST:PORT$/),
    );
  });

  it('refuses a key that is none', async () => {
    const wrongFile = join(folder, 'wrong.json');
    await writeFile(wrongFile, '{"type": "service_account"}');
    const files = [wrongFile, join(folder, 'nowhere.json'), folder];
    for (const credentials of files) {
      assert.throws(() => readTarget({ credentials }, {}), refused(/^--credentials: /));
    }
  });
});

describe('parseFlags()', () => {
  it('refuses a flag that it does not know, in one sentence', () => {
    assert.throws(() => parseFlags(['--nope'], serverFlags), refused(/--nope/));
    assert.throws(() => parseFlags(['--project'], serverFlags), refused(/--project/));
    assert.throws(() => parseFlags(['--project', '-p'], serverFlags), refused(/--project/));
  });
});
