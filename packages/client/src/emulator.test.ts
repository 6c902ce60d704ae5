import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emulatorHost } from './emulator.ts';
import { useTestEnvironment } from './environment.test.fixture.ts';
import { ClientOptionsError } from './errors.ts';

const environment = useTestEnvironment();

describe('emulatorHost()', () => {
  it('answers nothing where there is no emulator', () => {
    assert.equal(emulatorHost(), undefined);
    environment.set('DIALOGFLOW_EMULATOR_HOST', '');
    assert.equal(emulatorHost(), undefined);
  });

  for (const host of ['localhost:8470', '127.0.0.1:1', '[::1]:65535', 'parley_1.test-net:80']) {
    it(`answers ${host}`, () => {
      environment.set('DIALOGFLOW_EMULATOR_HOST', host);
      assert.equal(emulatorHost(), host);
    });
  }

  for (const host of [
    'localhost',
    ':8470',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'http://localhost:1',
    '::1:80',
  ]) {
    it(`refuses ${host}, and says what it must be`, () => {
      environment.set('DIALOGFLOW_EMULATOR_HOST', host);
      const want = new ClientOptionsError(
        `Environment variable \`DIALOGFLOW_EMULATOR_HOST\` must be a host and a port, such as localhost:8470; it is '${host}'`,
      );
      assert.throws(emulatorHost, want);
    });
  }
});
