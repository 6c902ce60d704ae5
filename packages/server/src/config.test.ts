import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, readConfig } from './config.ts';

describe('readConfig()', () => {
  it('takes flags before the environment, and the environment before the defaults', () => {
    const environment = { PARLEY_PORT: '1', PARLEY_DATA: '/from/environment', PARLEY_DEMO: 'true' };
    const config = readConfig({ port: '2' }, environment);
    assert.deepEqual(
      [config.port, config.data, config.demo, config.host],
      [2, '/from/environment', true, '127.0.0.1'],
    );
  });

  const refused = [
    { flags: { port: '70000' }, message: '--port 70000 is not a whole number from 0 to 65535' },
    { flags: { port: '1e3' }, message: '--port 1e3 is not a whole number from 0 to 65535' },
    { flags: { 'batch-limit': '1001' }, message: '--batch-limit 1001 is not a whole number from 1 to 1000' },
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
  for (const { flags, message } of refused) {
    it(`refuses ${JSON.stringify(flags)}`, () => {
      assert.throws(() => readConfig(flags, {}), new ConfigError(message));
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
