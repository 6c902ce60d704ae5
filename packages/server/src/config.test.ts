import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError, type OptionValue, readConfig } from './config.ts';

describe('readConfig()', () => {
  it('takes flags before the environment, and the environment before the defaults', () => {
    const environment = { PARLEY_PORT: '1', PARLEY_DATA: '/from/environment', PARLEY_DEMO: 'true' };
    const config = readConfig({ port: '2' }, environment);
    assert.deepEqual(
      [config.port, config.data, config.demo, config.host],
      [2, '/from/environment', true, '127.0.0.1'],
    );
  });

  const DAY = 86_400_000_000;
  for (const { retention, want } of [
    { retention: '30d', want: 30 * DAY },
    { retention: '36h', want: 1.5 * DAY },
    { retention: '90m', want: DAY / 16 },
    { retention: '1s', want: 1_000_000 },
    { retention: 'forever', want: undefined },
  ]) {
    it(`reads --retention ${retention}`, () => assert.equal(readConfig({ retention }, {}).retention, want));
  }

  it('is for development where it is a demo, too', () => {
    assert.deepEqual(
      [{}, { dev: true }, { demo: true }].map((flags) => readConfig(flags, {}).dev),
      [false, true, true],
    );
  });

  const MODEL = { 'model-url': 'http://127.0.0.1:8080/v1', model: 'writer' };

  it('finds the key of a model in a file, else in the environment', (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'key');
    writeFileSync(file, 'sk-file\n');
    const environment = { PARLEY_MODEL_API_KEY: 'sk-environment', PARLEY_MODEL_TIMEOUT: '3s' };
    const model = { url: 'http://127.0.0.1:8080/v1', name: 'writer', timeoutMs: 3000 };
    assert.deepEqual(
      [{ ...MODEL, 'model-key': file }, MODEL].map((flags) => readConfig(flags, environment).model),
      [
        { ...model, apiKey: 'sk-file' },
        { ...model, apiKey: 'sk-environment' },
      ],
    );
    assert.deepEqual(readConfig(MODEL, {}).model, { ...model, apiKey: undefined, timeoutMs: 20_000 });
    assert.equal(readConfig({}, environment).model, undefined);
  });

  it('does not repeat a key that it refuses', () => {
    const message = 'PARLEY_MODEL_API_KEY holds more than a key: printable ASCII without spaces';
    const environment = { PARLEY_MODEL_API_KEY: 'sk secret' };
    assert.throws(() => readConfig(MODEL, environment), new ConfigError(message));
  });

  const refused: {
    flags: Record<string, OptionValue>;
    environment?: Record<string, string>;
    message: string;
  }[] = [
    ...['30', '1.5d', '-1d', '0s', '36501d', '1w', 'never', ''].map((retention) => ({
      flags: { retention },
      message: `--retention ${retention} is neither forever nor a whole number with s, m, h or d behind it, such as 30d, up to 36500d`,
    })),
    { flags: { port: '70000' }, message: '--port 70000 is not a whole number from 0 to 65535' },
    { flags: { port: '1e3' }, message: '--port 1e3 is not a whole number from 0 to 65535' },
    { flags: { 'batch-limit': '1001' }, message: '--batch-limit 1001 is not a whole number from 1 to 1000' },
    {
      flags: { events: 'pubsub' },
      environment: { PUBSUB_EMULATOR_HOST: 'https://localhost:8085' },
      message: 'PUBSUB_EMULATOR_HOST https://localhost:8085 is not a host and a port, such as localhost:8085',
    },
    ...['events', 'events-secret', 'agent-secret', 'model-key'].map((flag) => ({
      flags: { events: 'https://a.example/hook', [flag]: '' },
      message: `--${flag} is empty`,
    })),
    {
      flags: { 'webhook-addresses': 'private' },
      message: '--webhook-addresses private is none of any, public',
    },
    {
      flags: { 'model-url': MODEL['model-url'] },
      message: '--model-url needs --model: which of its models the endpoint is to use',
    },
    {
      flags: { model: 'writer' },
      message: '--model is about the endpoint of a model: it needs --model-url',
    },
    {
      flags: { 'model-key': '/key' },
      message: '--model-key is about the endpoint of a model: it needs --model-url',
    },
    {
      flags: { ...MODEL, 'model-url': 'localhost:8080' },
      message: '--model-url localhost:8080 is not a URL that begins with http:// or https://',
    },
    {
      flags: { ...MODEL, 'model-url': 'http://h/v1?key=x' },
      message: '--model-url takes no query and no fragment',
    },
    {
      flags: { ...MODEL, 'model-timeout': '20' },
      message: '--model-timeout 20 is not a duration, such as 90s, 30m, 12h or 7d',
    },
    {
      flags: { ...MODEL, 'model-timeout': '1h' },
      message: '--model-timeout 1h is longer than any call waits: 10m at most',
    },
    { flags: { auth: 'verify' }, message: '--auth verify is not built yet: only off is' },
    { flags: { tls: 'self-signed' }, message: '--tls self-signed is not built yet: only off is' },
    {
      flags: { store: 'postgres://x' },
      message: '--store is not built yet: data lives in the folder of --data',
    },
    {
      flags: { host: '0.0.0.0' },
      message: '--host 0.0.0.0 lets others in without authentication: add --insecure if that is meant',
    },
  ];
  for (const { flags, environment = {}, message } of refused) {
    it(`refuses ${JSON.stringify({ ...flags, ...environment })}`, () => {
      assert.throws(() => readConfig(flags, environment), new ConfigError(message));
    });
  }

  for (const { flags, environment, want } of [
    { flags: {}, environment: {}, want: [] },
    { flags: { 'cors-origin': ['http://a.example'] }, environment: {}, want: ['http://a.example'] },
    {
      flags: { 'cors-origin': ['http://a.example', 'https://b.example:8443'] },
      environment: { PARLEY_CORS_ORIGIN: 'http://c.example' },
      want: ['http://a.example', 'https://b.example:8443'],
    },
    {
      flags: {},
      environment: { PARLEY_CORS_ORIGIN: 'http://[::1]:3000, http://localhost:3000' },
      want: ['http://[::1]:3000', 'http://localhost:3000'],
    },
  ]) {
    it(`reads the list in ${JSON.stringify({ ...flags, ...environment })}`, () => {
      assert.deepEqual(readConfig(flags, environment).corsOrigins, want);
    });
  }

  for (const [origin, hint] of [
    ['*', 'such as http://localhost:3000'],
    ['null', 'such as http://localhost:3000'],
    ['localhost:3000', 'such as http://localhost:3000'],
    ['', 'such as http://localhost:3000'],
    ['http://*.example', 'such as http://localhost:3000'],
    ['http://localhost:3000/', 'http://localhost:3000 perhaps'],
    ['HTTP://LocalHost:3000', 'http://localhost:3000 perhaps'],
    ['https://console.example:443', 'https://console.example perhaps'],
    ['http://user@localhost/page', 'http://localhost perhaps'],
  ]) {
    it(`refuses the origin ${JSON.stringify(origin)}`, () => {
      const message = `--cors-origin ${origin} is not an origin as browsers send it: ${hint}`;
      assert.throws(() => readConfig({ 'cors-origin': [String(origin)] }, {}), new ConfigError(message));
    });
  }

  it('spells hosts as browsers do', () => {
    const environment = { PARLEY_ALLOWED_HOST: 'Parley.Example,192.0.2.7,::1,[2001:DB8:0::1],a_b,x1' };
    assert.deepEqual(readConfig({}, environment).allowedHosts, [
      'parley.example',
      '192.0.2.7',
      '[::1]',
      '[2001:db8::1]',
      'a_b',
      'x1',
    ]);
  });

  for (const host of [
    '',
    '*',
    '*.example',
    'a:80',
    '[::1]:80',
    'http://a',
    'a/b',
    'a b',
    '256.0.0.1',
    '[a]',
  ]) {
    it(`refuses the host ${JSON.stringify(host)}`, () => {
      const message = `--allowed-host ${host} is neither a name nor an address: write it without scheme and port`;
      assert.throws(() => readConfig({ 'allowed-host': [host] }, {}), new ConfigError(message));
    });
  }

  for (const [flags, environment, want] of [
    [{}, {}, undefined],
    [{ events: 'pubsub' }, {}, { kind: 'pubsub', emulator: undefined }],
    [{ events: 'pubsub' }, { PUBSUB_EMULATOR_HOST: '' }, { kind: 'pubsub', emulator: undefined }],
    [
      {},
      { PARLEY_EVENTS: 'pubsub', PUBSUB_EMULATOR_HOST: 'localhost:8085' },
      { kind: 'pubsub', emulator: 'localhost:8085' },
    ],
    [
      { events: 'pubsub' },
      { PUBSUB_EMULATOR_HOST: 'http://localhost:8085/' },
      { kind: 'pubsub', emulator: 'localhost:8085' },
    ],
    [
      { events: 'https://a.example/hook' },
      { PUBSUB_EMULATOR_HOST: 'localhost:8085' },
      { kind: 'webhook', url: new URL('https://a.example/hook'), secret: undefined },
    ],
  ] as const) {
    it(`sends events where ${JSON.stringify({ ...flags, ...environment })} says`, () => {
      assert.deepEqual(readConfig(flags, environment).events, want);
    });
  }

  it('reads the secret of a file, and refuses what holds none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
    try {
      const file = join(folder, 'secret');
      writeFileSync(file, 'a secret\n');
      assert.deepEqual(
        readConfig({ 'agent-secret': file }, {}).agentSecret,
        Uint8Array.from(Buffer.from('a secret')),
      );
      assert.equal(readConfig({}, {}).agentSecret, undefined);
      writeFileSync(file, '\n');
      assert.throws(
        () => readConfig({ 'agent-secret': file }, {}),
        new ConfigError(`--agent-secret: ${file} is empty`),
      );
      assert.throws(
        () => readConfig({ 'agent-secret': folder }, {}),
        /^ConfigError: --agent-secret: EISDIR/u,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  for (const [text, want] of [
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
  ] as const) {
    it(`reads the duration ${text}`, () => {
      assert.equal(readConfig({ 'events-age-max': text }, {}).eventsAgeMax, want);
    });
  }

  for (const text of ['', '0s', '7', 'd', '1.5h', '-1d', '7D', '1d2h', '9999999999d']) {
    it(`refuses the duration ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => readConfig({ 'events-age-max': text }, {}),
        new ConfigError(`--events-age-max ${text} is not a duration, such as 90s, 30m, 12h or 7d`),
      );
    });
  }

  it('refuses an environment variable that is neither true nor false', () => {
    assert.throws(() => readConfig({}, { PARLEY_DEMO: 'yes' }), /PARLEY_DEMO is neither true nor false/);
  });

  for (const host of ['localhost', '::1', '127.0.0.1', '127.9.8.7']) {
    it(`listens on ${host} without asking`, () => assert.equal(readConfig({ host }, {}).host, host));
  }

  it('listens beyond loopback where that is meant', () => {
    assert.equal(readConfig({ host: '0.0.0.0', insecure: true }, {}).host, '0.0.0.0');
  });
});
