import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ClientOptions,
  checkClientOptions,
  defaultEndpoint,
  getMtlsEndpointAndCertSource,
  mtlsEndpoint,
  readEndpoint,
  universeDomainOf,
} from './client-options.ts';
import { useTestEnvironment } from './environment.test.fixture.ts';
import { ClientOptionsError } from './errors.ts';

const environment = useTestEnvironment();

const source = () => ['cert', 'key'] as const;

describe('checkClientOptions()', () => {
  it('takes every option that there is', () => {
    checkClientOptions({
      apiEndpoint: 'x.example',
      clientCertSource: source,
      quotaProjectId: 'p',
      credentialsFile: '/x.json',
      scopes: ['a', 'b'],
      apiAudience: 'https://x.example/',
      universeDomain: 'x.example',
    });
    checkClientOptions({ apiKey: 'k', clientEncryptedCertSource: () => ['a', 'b', 'c'] });
    checkClientOptions({ apiKey: 'k', credentialsFile: undefined });
  });

  const refused: readonly { options: unknown; message: string }[] = [
    { options: { foo: 1 }, message: "ClientOptions does not accept an option 'foo'" },
    { options: { api_endpoint: 'x' }, message: "ClientOptions does not accept an option 'api_endpoint'" },
    { options: { constructor: 'x' }, message: "ClientOptions does not accept an option 'constructor'" },
    {
      options: { clientCertSource: source, clientEncryptedCertSource: source },
      message: 'clientCertSource and clientEncryptedCertSource are mutually exclusive',
    },
    {
      options: { apiKey: 'k', credentialsFile: 'f' },
      message: 'apiKey and credentialsFile are mutually exclusive',
    },
    { options: { universeDomain: ' ' }, message: 'Universe Domain cannot be an empty string.' },
    { options: { apiEndpoint: '' }, message: 'apiEndpoint must be a string that is not empty' },
    { options: { apiKey: 5 }, message: 'apiKey must be a string that is not empty' },
    { options: { scopes: 'one two' }, message: 'scopes must be a list of strings' },
    { options: { scopes: [1] }, message: 'scopes must be a list of strings' },
    { options: { clientCertSource: ['cert', 'key'] }, message: 'clientCertSource must be a function' },
    { options: null, message: 'clientOptions must be an object' },
    { options: [], message: 'clientOptions must be an object' },
  ];
  for (const { options, message } of refused) {
    it(`refuses ${JSON.stringify(options)}: ${message}`, () => {
      assert.throws(() => checkClientOptions(options as ClientOptions), new ClientOptionsError(message));
    });
  }
});

describe('mtlsEndpoint()', () => {
  for (const [endpoint, want] of [
    ['dialogflow.googleapis.com', 'dialogflow.mtls.googleapis.com'],
    ['dialogflow.mtls.googleapis.com', 'dialogflow.mtls.googleapis.com'],
    ['dialogflow.sandbox.googleapis.com', 'dialogflow.mtls.sandbox.googleapis.com'],
    ['dialogflow.mtls.sandbox.googleapis.com', 'dialogflow.mtls.sandbox.googleapis.com'],
    ['dialogflow.googleapis.com:443', 'dialogflow.mtls.googleapis.com:443'],
    ['dialogflow.example.com', 'dialogflow.example.com'],
    ['googleapis.com', 'googleapis.com'],
    ['', ''],
  ] as const) {
    it(`answers ${want} for ${endpoint}`, () => assert.equal(mtlsEndpoint(endpoint), want));
  }
});

describe('getMtlsEndpointAndCertSource()', () => {
  const ORDINARY = 'dialogflow.googleapis.com';
  const MUTUAL = 'dialogflow.mtls.googleapis.com';
  const certificateCases: readonly {
    certificate: string | undefined;
    endpoint: string | undefined;
    options?: ClientOptions;
    machine?: boolean;
    want: readonly [string, 'given' | 'default' | 'decrypting' | 'none'];
  }[] = [
    { certificate: undefined, endpoint: undefined, want: [ORDINARY, 'none'] },
    { certificate: 'false', endpoint: 'never', want: [ORDINARY, 'none'] },
    { certificate: 'false', endpoint: 'always', want: [MUTUAL, 'none'] },
    {
      certificate: 'false',
      endpoint: 'auto',
      options: { clientCertSource: source },
      want: [ORDINARY, 'none'],
    },
    { certificate: 'true', endpoint: 'auto', options: { clientCertSource: source }, want: [MUTUAL, 'given'] },
    {
      certificate: 'true',
      endpoint: undefined,
      options: { clientCertSource: source },
      want: [MUTUAL, 'given'],
    },
    {
      certificate: 'true',
      endpoint: 'never',
      options: { clientCertSource: source },
      want: [ORDINARY, 'given'],
    },
    { certificate: 'true', endpoint: 'auto', want: [ORDINARY, 'none'] },
    { certificate: 'true', endpoint: 'auto', machine: true, want: [MUTUAL, 'default'] },
    { certificate: 'false', endpoint: 'auto', machine: true, want: [ORDINARY, 'none'] },
    {
      certificate: 'true',
      endpoint: 'auto',
      machine: true,
      options: { clientCertSource: source },
      want: [MUTUAL, 'given'],
    },
    {
      certificate: 'true',
      endpoint: 'auto',
      options: { clientEncryptedCertSource: () => ['a', 'b', 'c'] },
      want: [MUTUAL, 'decrypting'],
    },
    {
      certificate: 'true',
      endpoint: 'always',
      options: { apiEndpoint: 'squid.clam.whelk', clientCertSource: source },
      want: ['squid.clam.whelk', 'given'],
    },
    {
      certificate: 'false',
      endpoint: 'always',
      options: { apiEndpoint: 'squid.clam.whelk', clientCertSource: source },
      want: ['squid.clam.whelk', 'none'],
    },
    {
      certificate: undefined,
      endpoint: undefined,
      options: { universeDomain: 'foo.com' },
      want: ['dialogflow.foo.com', 'none'],
    },
    {
      certificate: 'true',
      endpoint: 'never',
      options: { universeDomain: 'foo.com', clientCertSource: source },
      want: ['dialogflow.foo.com', 'given'],
    },
  ];
  for (const { certificate, endpoint, options, machine = false, want } of certificateCases) {
    const given = Object.keys(options ?? {}).join(', ') || 'nothing';
    const name = `${certificate}, ${endpoint}, ${given}, ${machine ? 'a' : 'no'} certificate of the machine`;
    it(`answers ${want.join(' and ')} for ${name}`, () => {
      set('GOOGLE_API_USE_CLIENT_CERTIFICATE', certificate);
      set('GOOGLE_API_USE_MTLS_ENDPOINT', endpoint);
      if (machine) environment.write('.secureConnect/context_aware_metadata.json', {});
      const [host, cert] = getMtlsEndpointAndCertSource(options);
      assert.equal(host, want[0]);
      assert.equal(cert === source, want[1] === 'given');
      assert.equal(cert === undefined, want[1] === 'none');
    });
  }

  const refused: readonly { variables: Record<string, string>; options?: ClientOptions; message: string }[] =
    [
      {
        variables: { GOOGLE_API_USE_CLIENT_CERTIFICATE: 'Unsupported' },
        message: 'Environment variable `GOOGLE_API_USE_CLIENT_CERTIFICATE` must be either `true` or `false`',
      },
      {
        variables: { GOOGLE_API_USE_MTLS_ENDPOINT: 'Unsupported' },
        message: 'Environment variable `GOOGLE_API_USE_MTLS_ENDPOINT` must be `never`, `auto` or `always`',
      },
      {
        variables: { GOOGLE_API_USE_MTLS_ENDPOINT: 'Unsupported' },
        options: { apiEndpoint: 'x.example' },
        message: 'Environment variable `GOOGLE_API_USE_MTLS_ENDPOINT` must be `never`, `auto` or `always`',
      },
      {
        variables: { GOOGLE_API_USE_MTLS_ENDPOINT: 'always' },
        options: { universeDomain: 'foo.com' },
        message: 'mTLS is not supported in any universe other than googleapis.com.',
      },
      {
        variables: { GOOGLE_CLOUD_UNIVERSE_DOMAIN: '' },
        message: 'Universe Domain cannot be an empty string.',
      },
    ];
  for (const { variables, options, message } of refused) {
    it(`refuses ${JSON.stringify({ ...variables, ...options })}`, () => {
      for (const [name, value] of Object.entries(variables)) set(name, value);
      assert.throws(() => getMtlsEndpointAndCertSource(options), new ClientOptionsError(message));
    });
  }
});

describe('universeDomainOf()', () => {
  it('takes the option before the environment, and the environment before the default', () => {
    assert.equal(universeDomainOf({}), 'googleapis.com');
    set('GOOGLE_CLOUD_UNIVERSE_DOMAIN', 'env.example');
    assert.equal(universeDomainOf({}), 'env.example');
    assert.equal(universeDomainOf({ universeDomain: 'option.example' }), 'option.example');
    assert.equal(defaultEndpoint('option.example'), 'dialogflow.option.example');
  });
});

describe('readEndpoint()', () => {
  for (const [text, host, plaintext] of [
    ['foo.example', 'foo.example:443', false],
    ['foo.example:8000', 'foo.example:8000', false],
    ['https://foo.example', 'foo.example:443', false],
    ['https://foo.example:8443/', 'foo.example:8443', false],
    ['http://localhost', 'localhost:80', true],
    ['http://127.0.0.1:8470', '127.0.0.1:8470', true],
    ['[::1]', '[::1]:443', false],
    ['[::1]:8470', '[::1]:8470', false],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(readEndpoint(text), { host, plaintext }));
  }

  for (const text of [
    '',
    '::1',
    'foo:0',
    'foo:65536',
    'foo:bar',
    'foo/bar',
    'ftp://foo',
    'a@b',
    'a b',
    'foo:1:2',
  ]) {
    it(`refuses '${text}'`, () => assert.throws(() => readEndpoint(text), ClientOptionsError));
  }
});

function set(name: string, value: string | undefined): void {
  if (value !== undefined) environment.set(name, value);
}
