import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { useTestEnvironment } from '../environment.test.fixture.ts';
import { ClientOptionsError } from '../errors.ts';
import { createKeyFile, readToken } from './service-account.test.fixture.ts';
import { createTokenSource, ServiceAccount } from './service-account.ts';

const environment = useTestEnvironment();
const keyFile = createKeyFile();
const AUDIENCE = 'https://dialogflow.googleapis.com/';
const NOW_S = 1_800_000_000;

describe('ServiceAccount', () => {
  it('signs a token for an audience', async () => {
    const account = new ServiceAccount(keyFile);
    const token = await account.signToken({ scopes: undefined, audience: AUDIENCE }, NOW_S);
    assert.deepEqual(readToken(token, keyFile), {
      header: { alg: 'RS256', typ: 'JWT', kid: 'key-1' },
      claims: {
        iss: keyFile.client_email,
        sub: keyFile.client_email,
        iat: NOW_S,
        exp: NOW_S + 3600,
        aud: AUDIENCE,
      },
    });
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('signs a token for scopes, which then has no audience', async () => {
    const account = new ServiceAccount(keyFile);
    const token = await account.signToken({ scopes: ['a', 'b'], audience: AUDIENCE }, NOW_S);
    const { claims } = readToken(token, keyFile);
    assert.equal(claims['scope'], 'a b');
    assert.ok(!('aud' in claims));
  });

  it('takes an e-mail and a key alone, as what a program puts together itself', async () => {
    const account = new ServiceAccount({
      client_email: keyFile.client_email,
      private_key: keyFile.private_key,
    });
    const token = await account.signToken({ scopes: undefined, audience: AUDIENCE }, NOW_S);
    assert.deepEqual(readToken(token, keyFile).header, { alg: 'RS256', typ: 'JWT' });
    assert.equal(account.universeDomain, 'googleapis.com');
    assert.equal(account.quotaProjectId, undefined);
  });

  it('shows no key', () => {
    const shown = inspect(new ServiceAccount(keyFile), { showHidden: true, depth: null });
    assert.match(shown, /parley@demo/);
    assert.doesNotMatch(shown, /PRIVATE|MII/);
    assert.doesNotMatch(JSON.stringify(new ServiceAccount(keyFile)), /PRIVATE|MII/);
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const refused: readonly { name: string; info: object; message: string }[] = [
    {
      name: 'the text of a file',
      info: JSON.stringify(keyFile) as unknown as object,
      message: 'the service account info is not an object',
    },
    {
      name: 'nothing',
      info: {},
      message:
        'the service account info was not in the expected format, missing fields client_email, private_key',
    },
    {
      name: 'no e-mail',
      info: { ...keyFile, client_email: undefined },
      message: 'the service account info was not in the expected format, missing fields client_email',
    },
    {
      name: 'an empty key',
      info: { ...keyFile, private_key: '' },
      message: 'the service account info was not in the expected format, missing fields private_key',
    },
    {
      name: 'an e-mail that is a number',
      info: { ...keyFile, client_email: 5 },
      message: 'the client_email in the service account info is not a string',
    },
    {
      name: 'another type',
      info: { ...keyFile, type: 'authorized_user' },
      message: "the service account info is of type 'authorized_user', not 'service_account'",
    },
    {
      name: 'a key that is no PEM',
      info: { ...keyFile, private_key: 'MIIsecret' },
      message: 'the private_key in the service account info is not a private key in PEM',
    },
    {
      name: 'a key that is cut short',
      info: { ...keyFile, private_key: keyFile.private_key.slice(0, 400) },
      message: 'the private_key in the service account info is not a private key in PEM',
    },
    {
      name: 'a key of another kind',
      info: { ...keyFile, private_key: ec.export({ type: 'pkcs8', format: 'pem' }) },
      message: 'the private_key in the service account info is a key for ec, not for RSA',
    },
  ];
  for (const { name, info, message } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => new ServiceAccount(info), isOptionsError(message));
    });
  }
});

describe('ServiceAccount.fromFile()', () => {
  it('reads the file of a key', () => {
    const path = environment.write('key.json', {
      ...keyFile,
      quota_project_id: 'q',
      universe_domain: 'u.example',
    });
    const account = ServiceAccount.fromFile(path);
    assert.equal(account.clientEmail, keyFile.client_email);
    assert.equal(account.quotaProjectId, 'q');
    assert.equal(account.universeDomain, 'u.example');
  });

  for (const { content, message } of [
    { content: '{"private_key": "MIIsecret', message: 'is not JSON' },
    { content: '["MIIsecret"]', message: 'is not an object of JSON' },
    {
      content: '{"client_email": "a@b"}',
      message: 'was not in the expected format, missing fields private_key',
    },
  ]) {
    it(`refuses a file that ${message}, and names it`, () => {
      const path = environment.write('key.json', content);
      assert.throws(() => ServiceAccount.fromFile(path), isOptionsError(`${path} ${message}`));
    });
  }

  it('refuses a file that does not exist', () => {
    const path = join(environment.home, 'missing.json');
    assert.throws(() => ServiceAccount.fromFile(path), isOptionsError(`cannot read ${path}: no such file`));
  });
});

describe('createTokenSource()', () => {
  /** The time that claims name, in seconds after the test began. */
  async function issuedAt(source: () => Promise<string>): Promise<number> {
    return Number(readToken(await source(), keyFile).claims['iat']) - NOW_S;
  }

  function start(t: TestContext): () => Promise<string> {
    t.mock.timers.enable({ apis: ['Date'], now: NOW_S * 1000 });
    const account = new ServiceAccount(keyFile);
    return createTokenSource((nowS) => account.signToken({ scopes: undefined, audience: AUDIENCE }, nowS));
  }

  it('signs once for all who ask at once, and keeps the token', async (t) => {
    const source = start(t);
    const tokens = await Promise.all([source(), source(), source()]);
    assert.equal(new Set(tokens).size, 1);
    t.mock.timers.tick(3_000_000);
    assert.equal(await source(), tokens[0]);
  });

  it('replaces a token some minutes before it ends', async (t) => {
    const source = start(t);
    assert.equal(await issuedAt(source), 0);
    t.mock.timers.tick(3_374_000);
    assert.equal(await issuedAt(source), 0);
    t.mock.timers.tick(1_000);
    assert.equal(await issuedAt(source), 3375);
  });

  it('replaces a token that is from the future, after the clock was set back', async (t) => {
    const source = start(t);
    assert.equal(await issuedAt(source), 0);
    t.mock.timers.setTime((NOW_S - 100) * 1000);
    assert.equal(await issuedAt(source), -100);
  });

  it('does not keep a failure', async () => {
    const answers = [Promise.reject(new Error('no luck')), Promise.resolve('token')];
    const source = createTokenSource(() => answers.shift() ?? Promise.resolve('another'));
    await assert.rejects(source(), /no luck/);
    assert.equal(await source(), 'token');
    assert.equal(await source(), 'token');
  });
});

function isOptionsError(message: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof ClientOptionsError);
    assert.equal(error.message, message);
    assert.doesNotMatch(inspect(error, { showHidden: true, depth: null }), /MII/);
    return true;
  };
}
