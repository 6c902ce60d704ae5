import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { GoogleAuth, JWT, OAuth2Client } from 'google-auth-library';
import { useTestEnvironment } from '../environment.test.fixture.ts';
import { ClientOptionsError, UnauthenticatedError } from '../errors.ts';
import { type GoogleAuthLibrary, loadGoogleAuthLibrary } from './application-default.ts';
import { type CredentialsOptions, createHeaderSource } from './credentials.ts';
import type { AuthClient, Credentials, HeaderSource } from './header-source.ts';
import { createKeyFile, readToken } from './service-account.test.fixture.ts';
import { ServiceAccount } from './service-account.ts';

const environment = useTestEnvironment();
const keyFile = createKeyFile();
const AUDIENCE = 'https://dialogflow.googleapis.com/';
const DEFAULT_SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/** Stands where google-auth-library must not be needed. */
function noLibrary(): Promise<never> {
  return Promise.reject(new Error('the library was loaded'));
}

function options(more: Partial<CredentialsOptions>): CredentialsOptions {
  return { audience: AUDIENCE, defaultScopes: DEFAULT_SCOPES, universeDomain: 'googleapis.com', ...more };
}

/** Who signs with these options; loads no library. */
function source(
  more: Partial<CredentialsOptions>,
  load: () => Promise<GoogleAuthLibrary> = noLibrary,
): HeaderSource {
  const created = createHeaderSource(options(more), load);
  assert.ok(created);
  return created;
}

function headers(more: Partial<CredentialsOptions>): Promise<Readonly<Record<string, string>>> {
  return source(more)();
}

function claimsOf(answered: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return readToken((answered['authorization'] ?? '').replace('Bearer ', ''), keyFile).claims;
}

describe('createHeaderSource()', () => {
  it('sends nothing for nobody, but the project that pays', async () => {
    assert.equal(createHeaderSource(options({ credentials: 'none' })), undefined);
    assert.deepEqual(await headers({ credentials: 'none', quotaProjectId: 'q' }), {
      'x-goog-user-project': 'q',
    });
  });

  it('sends an API key', async () => {
    assert.deepEqual(await headers({ apiKey: 'k', quotaProjectId: 'q' }), {
      'x-goog-api-key': 'k',
      'x-goog-user-project': 'q',
    });
  });

  it('sends what a function answers, asked anew each time', async () => {
    const tokens = ['one', Promise.resolve('two')];
    const signer = source({ credentials: () => tokens.shift() ?? '', quotaProjectId: 'q' });
    assert.deepEqual(await signer(), { authorization: 'Bearer one', 'x-goog-user-project': 'q' });
    assert.deepEqual(await signer(), { authorization: 'Bearer two', 'x-goog-user-project': 'q' });
    await assert.rejects(signer(), isUnauthenticated(/: the function answered no token$/));
  });

  it('sends the headers of an auth client, in an object or as Headers, and tells it the audience', async () => {
    for (const answer of [
      { Authorization: 'Bearer t', 'X-Goog-User-Project': 'own' },
      new Headers({ authorization: 'Bearer t', 'x-goog-user-project': 'own' }),
    ]) {
      const urls: unknown[] = [];
      const credentials: AuthClient = {
        getRequestHeaders: async (url) => {
          urls.push(url);
          return answer;
        },
      };
      const own = { authorization: 'Bearer t', 'x-goog-user-project': 'own' };
      assert.deepEqual(await headers({ credentials }), own);
      assert.deepEqual(await headers({ credentials, quotaProjectId: 'q' }), {
        ...own,
        'x-goog-user-project': 'q',
      });
      assert.deepEqual(urls, [AUDIENCE, AUDIENCE]);
    }
  });

  it('takes the clients of google-auth-library', async () => {
    const user = new OAuth2Client();
    user.setCredentials({ access_token: 't', expiry_date: Date.now() + 3_600_000 });
    assert.deepEqual(await headers({ credentials: user }), { authorization: 'Bearer t' });
    const robot = new JWT({ email: keyFile.client_email, key: keyFile.private_key });
    assert.equal(claimsOf(await headers({ credentials: robot }))['aud'], AUDIENCE);
    const auth = new GoogleAuth({ authClient: user });
    assert.deepEqual(await headers({ credentials: auth }), { authorization: 'Bearer t' });
  });

  it('lets a service account sign for the audience, or for the scopes that were asked for', async () => {
    const credentials = new ServiceAccount({ ...keyFile, quota_project_id: 'own' });
    const answered = await headers({ credentials });
    assert.equal(claimsOf(answered)['aud'], AUDIENCE);
    assert.equal(answered['x-goog-user-project'], 'own');
    const scoped = await headers({ credentials, scopes: ['a', 'b'], quotaProjectId: 'q' });
    assert.equal(claimsOf(scoped)['scope'], 'a b');
    assert.equal(scoped['x-goog-user-project'], 'q');
    assert.equal(claimsOf(await headers({ credentials, alwaysUseJwtAccess: false }))['aud'], AUDIENCE);
  });

  it('answers the same headers as long as the token is good', async () => {
    const signer = source({ credentials: new ServiceAccount(keyFile) });
    assert.equal(await signer(), await signer());
  });

  it('reads the key of a service account from a file', async () => {
    const credentialsFile = environment.write('key.json', keyFile);
    assert.equal(claimsOf(await headers({ credentialsFile }))['aud'], AUDIENCE);
  });

  for (const [name, place] of [
    ['GOOGLE_APPLICATION_CREDENTIALS', 'key.json'],
    ['the file of gcloud', '.config/gcloud/application_default_credentials.json'],
    ['CLOUDSDK_CONFIG', 'sdk/application_default_credentials.json'],
  ] as const) {
    it(`finds the key of a service account by ${name}`, async () => {
      const path = environment.write(place, keyFile);
      if (name === 'GOOGLE_APPLICATION_CREDENTIALS') environment.set(name, path);
      if (name === 'CLOUDSDK_CONFIG') environment.set(name, join(environment.home, 'sdk'));
      environment.set('GOOGLE_CLOUD_QUOTA_PROJECT', 'env');
      const answered = await headers({});
      assert.equal(claimsOf(answered)['iss'], keyFile.client_email);
      assert.equal(answered['x-goog-user-project'], 'env');
      assert.equal((await headers({ quotaProjectId: 'q' }))['x-goog-user-project'], 'q');
    });
  }

  it('looks for default credentials again after it found none', async () => {
    const path = join(environment.home, 'key.json');
    environment.set('GOOGLE_APPLICATION_CREDENTIALS', path);
    const signer = source({}, noLibrary);
    await assert.rejects(signer(), isUnauthenticated(/^File .*key\.json was not found\.$/));
    environment.write('key.json', keyFile);
    assert.equal(claimsOf(await signer())['aud'], AUDIENCE);
  });

  for (const { content, message } of [
    { content: '{"private_key": "MIIsecret', message: /key\.json is not JSON$/ },
    { content: { ...keyFile, private_key: undefined }, message: /missing fields private_key$/ },
    {
      content: { ...keyFile, universe_domain: 'foo.com' },
      message: /the credentials belong to the universe foo\.com, the client calls googleapis\.com/,
    },
  ]) {
    it(`refuses a call with default credentials: ${message.source}`, async () => {
      environment.set('GOOGLE_APPLICATION_CREDENTIALS', environment.write('key.json', content));
      await assert.rejects(headers({}), isUnauthenticated(message));
    });
  }

  it('names the package that is missing, and what would do without it', async () => {
    const load = () => import('google-auth-library-that-is-not-installed' as string);
    const credentialsFile = environment.write('user.json', { type: 'authorized_user' });
    await assert.rejects(
      source({}, load)(),
      isUnauthenticated(/^default credentials need the package google-auth-library, which cannot be loaded/),
    );
    await assert.rejects(
      source({ credentialsFile }, load)(),
      isUnauthenticated(/^the credentials in .*user\.json need the package google-auth-library/),
    );
  });

  for (const type of ['gdch_service_account', undefined]) {
    it(`refuses a file of type ${type}, and says which there are`, () => {
      const credentialsFile = environment.write('key.json', { ...keyFile, type });
      const types =
        'service_account, authorized_user, external_account, external_account_authorized_user, impersonated_service_account';
      const message = `the credentials in ${credentialsFile} are of type '${type}', not one of ${types}`;
      assert.throws(() => source({ credentialsFile }), new ClientOptionsError(message));
    });
  }

  const none = 'none' as const;
  const foreign = new ServiceAccount({ ...keyFile, universe_domain: 'foo.com' });
  const refused: readonly { name: string; more: Partial<CredentialsOptions>; message: RegExp }[] = [
    {
      name: 'apiKey and credentials',
      more: { apiKey: 'k', credentials: none },
      message: /^apiKey and credentials are mutually exclusive$/,
    },
    {
      name: 'apiKey and credentialsFile',
      more: { apiKey: 'k', credentialsFile: '/f' },
      message: /^apiKey and credentialsFile are mutually exclusive$/,
    },
    {
      name: 'credentialsFile and credentials',
      more: { credentials: none, credentialsFile: '/f' },
      message: /^'credentialsFile' and 'credentials' are mutually exclusive$/,
    },
    {
      name: 'a file that is missing',
      more: { credentialsFile: '/no/file' },
      message: /^cannot read \/no\/file: no such file$/,
    },
    {
      name: 'credentials that are none',
      more: { credentials: {} as Credentials },
      message: /^credentials must be an auth client/,
    },
    {
      name: 'credentials that are a token',
      more: { credentials: 'ya29.secret' as Credentials },
      message: /^credentials must be an auth client/,
    },
    {
      name: 'a service account of another universe',
      more: { credentials: foreign },
      message: /^the credentials belong to the universe foo\.com, the client calls googleapis\.com/,
    },
    {
      name: 'an auth client of another universe',
      more: { credentials: new OAuth2Client(), universeDomain: 'foo.com' },
      message: /^the credentials belong to the universe googleapis\.com, the client calls foo\.com/,
    },
    {
      name: 'exchanged tokens of a service account',
      more: { credentials: new ServiceAccount(keyFile), scopes: ['a'], alwaysUseJwtAccess: false },
      message: /^scopes without alwaysUseJwtAccess ask for tokens that another server gives/,
    },
    {
      name: 'an API key that no header can have',
      more: { apiKey: 'secret\n' },
      message: /^the header x-goog-api-key has characters that no header may have$/,
    },
    {
      name: 'a project that no header can have',
      more: { credentials: none, quotaProjectId: 'prøject' },
      message: /^the header x-goog-user-project has characters that no header may have$/,
    },
  ];
  for (const { name, more, message } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => createHeaderSource(options(more)),
        (error) => {
          assert.ok(error instanceof ClientOptionsError);
          assert.match(error.message, message);
          assert.doesNotMatch(inspect(error, { showHidden: true, depth: null }), /secret/);
          return true;
        },
      );
    });
  }
});

describe('a credential source that does not do its duty', () => {
  const faults: readonly { name: string; credentials: Credentials; message: RegExp }[] = [
    {
      name: 'throws',
      credentials: () => {
        throw new Error('no luck');
      },
      message: /^no credentials for the call: no luck$/,
    },
    {
      name: 'rejects with what is no error',
      credentials: () => Promise.reject('no luck'),
      message: /^no credentials for the call: no luck$/,
    },
    {
      name: 'answers an object for a token',
      credentials: (() => ({ token: 'secret' })) as unknown as Credentials,
      message: /: the function answered no token$/,
    },
    {
      name: 'answers a token that no header can have',
      credentials: () => 'secret\r\nx: y',
      message: /: the header authorization has characters that no header may have$/,
    },
    {
      name: 'answers no headers',
      credentials: { getRequestHeaders: async () => 'secret' } as unknown as Credentials,
      message: /: the auth client answered no headers$/,
    },
  ];
  for (const { name, credentials, message } of faults) {
    it(`${name}: fails the call with UNAUTHENTICATED`, async () => {
      await assert.rejects(headers({ credentials }), isUnauthenticated(message));
    });
  }

  it('hangs: is waited for until the signal is aborted', async () => {
    for (const credentials of [
      () => new Promise<string>(() => {}),
      { getRequestHeaders: () => new Promise<never>(() => {}) },
    ]) {
      const controller = new AbortController();
      const answer = source({ credentials })(controller.signal);
      const reason = new Error('enough');
      controller.abort(reason);
      await assert.rejects(answer, reason);
    }
  });

  it('is not asked after the signal was aborted', async () => {
    let asked = 0;
    const credentials = () => {
      asked += 1;
      return 't';
    };
    const reason = new Error('enough');
    await assert.rejects(source({ credentials })(AbortSignal.abort(reason)), reason);
    assert.equal(asked, 0);
  });

  it('shows no token when it is inspected', async () => {
    const signer = source({ credentials: new ServiceAccount(keyFile) });
    await signer();
    assert.doesNotMatch(inspect(signer, { showHidden: true, depth: null }), /eyJ|Bearer|MII/);
  });
});

describe('credentials that are neither given nor a key', () => {
  let server: Server;
  const asked: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        asked.push(body);
        response.setHeader('content-type', 'application/json');
        const token = { access_token: 'exchanged', expires_in: 3600, token_type: 'Bearer' };
        response.end(
          JSON.stringify({ ...token, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
        );
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());

  function workload(): object {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    return {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `http://127.0.0.1:${port}/token`,
      credential_source: { file: environment.write('subject.txt', 'subject') },
    };
  }

  it('come from google-auth-library, with the default scopes, by GOOGLE_APPLICATION_CREDENTIALS', async () => {
    environment.set('GOOGLE_APPLICATION_CREDENTIALS', environment.write('workload.json', workload()));
    let loads = 0;
    const load = () => {
      loads += 1;
      return loadGoogleAuthLibrary();
    };
    const signer = source({ quotaProjectId: 'q' }, load);
    assert.equal(loads, 0);
    const want = { authorization: 'Bearer exchanged', 'x-goog-user-project': 'q' };
    assert.deepEqual(await Promise.all([signer(), signer()]), [want, want]);
    assert.equal(loads, 1);
    const body = new URLSearchParams(asked.at(-1));
    assert.equal(body.get('scope'), DEFAULT_SCOPES.join(' '));
    assert.equal(body.get('subject_token'), 'subject');
  });

  it('come from google-auth-library, with the scopes that were asked for, by credentialsFile', async () => {
    const credentialsFile = environment.write('workload.json', workload());
    const answered = await source({ credentialsFile, scopes: ['a', 'b'] }, loadGoogleAuthLibrary)();
    assert.deepEqual(answered, { authorization: 'Bearer exchanged' });
    assert.equal(new URLSearchParams(asked.at(-1)).get('scope'), 'a b');
  });

  it('come from google-auth-library for a key whose tokens are to be exchanged', async () => {
    const credentialsFile = environment.write('key.json', keyFile);
    const given: unknown[] = [];
    class Recorder implements AuthClient {
      constructor(settings: object) {
        given.push(settings);
      }
      async getRequestHeaders(): Promise<Record<string, string>> {
        return { authorization: 'Bearer exchanged' };
      }
    }
    const exchanging = { credentialsFile, scopes: ['a'], alwaysUseJwtAccess: false };
    const signer = source(exchanging, async () => ({ GoogleAuth: Recorder }));
    assert.deepEqual(await signer(), { authorization: 'Bearer exchanged' });
    assert.deepEqual(given, [{ keyFilename: credentialsFile, scopes: ['a'] }]);
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

function isUnauthenticated(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UnauthenticatedError);
    assert.match(error.message, message);
    assert.doesNotMatch(inspect(error, { showHidden: true, depth: null }), /secret|MII/);
    return true;
  };
}
