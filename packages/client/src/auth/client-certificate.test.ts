import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { useTestEnvironment } from '../environment.test.fixture.ts';
import { UnauthenticatedError } from '../errors.ts';
import {
  decryptingCertSource,
  defaultClientCertSource,
  defaultClientEncryptedCertSource,
  hasDefaultClientCertSource,
} from './client-certificate.ts';

const environment = useTestEnvironment();

const METADATA = '.secureConnect/context_aware_metadata.json';
const CONFIG = '.config/gcloud/certificate_config.json';
const PASSPHRASE = 'open sesame';

/** Only what is around the blocks matters here. */
const CERT = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const CHAIN = `${CERT}-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n`;

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ENCRYPTED_KEY = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
  .toString();
const PRINTED_PASSPHRASE = `-----BEGIN PASSPHRASE-----\n${PASSPHRASE}\n-----END PASSPHRASE-----\n`;

/** A command that prints a text, and another one when it is asked for a passphrase. */
function printing(text: string, withPassphrase = text): string[] {
  const script = `process.stdout.write(process.argv.includes('--with_passphrase') ? ${JSON.stringify(withPassphrase)} : ${JSON.stringify(text)})`;
  return [process.execPath, '-e', script, '--'];
}

describe('hasDefaultClientCertSource()', () => {
  it('says no where there is no file', () => {
    environment.set('GOOGLE_API_CERTIFICATE_CONFIG', join(environment.home, 'missing.json'));
    assert.equal(hasDefaultClientCertSource(), false);
  });

  for (const path of [METADATA, CONFIG]) {
    it(`finds ~/${path}`, () => {
      environment.write(path, {});
      assert.equal(hasDefaultClientCertSource(), true);
    });
  }

  it('finds the file that GOOGLE_API_CERTIFICATE_CONFIG names', () => {
    environment.write('elsewhere.json', {});
    environment.set('GOOGLE_API_CERTIFICATE_CONFIG', '~/elsewhere.json');
    assert.equal(hasDefaultClientCertSource(), true);
  });
});

describe('defaultClientCertSource()', () => {
  it('answers what the command prints, a chain as one', async () => {
    environment.write(METADATA, { cert_provider_command: printing(`noise\n${CHAIN}${KEY}`) });
    assert.deepEqual(await defaultClientCertSource()(), [CHAIN, KEY]);
  });

  for (const path of [CONFIG, 'elsewhere.json']) {
    it(`answers the workload's certificate by ${path}, before the command's`, async () => {
      const cert_path = environment.write('cert.pem', CERT);
      const key_path = environment.write('key.pem', KEY);
      environment.write(METADATA, { cert_provider_command: printing('') });
      environment.write(path, { cert_configs: { workload: { cert_path, key_path } } });
      if (path !== CONFIG) environment.set('GOOGLE_API_CERTIFICATE_CONFIG', join(environment.home, path));
      assert.deepEqual(await defaultClientCertSource()(), [CERT, KEY]);
    });
  }

  it('asks again each time', async () => {
    const cert_path = environment.write('cert.pem', CERT);
    const key_path = environment.write('key.pem', KEY);
    environment.write(CONFIG, { cert_configs: { workload: { cert_path, key_path } } });
    const source = defaultClientCertSource();
    await source();
    environment.write('cert.pem', CHAIN);
    assert.deepEqual(await source(), [CHAIN, KEY]);
  });

  const command = (...args: string[]) => ({ [METADATA]: { cert_provider_command: args } });
  const workload = (fields: object) => ({ [CONFIG]: { cert_configs: { workload: fields } } });
  const failures: readonly { name: string; files: Record<string, unknown>; message: RegExp }[] = [
    { name: 'no file', files: {}, message: /cannot read .*context_aware_metadata\.json$/ },
    { name: 'metadata that is not JSON', files: { [METADATA]: '{' }, message: /metadata\.json is not JSON$/ },
    {
      name: 'metadata that is a list',
      files: { [METADATA]: '[]' },
      message: /metadata\.json is not an object of JSON$/,
    },
    {
      name: 'metadata without a command',
      files: { [METADATA]: {} },
      message: /metadata\.json has no cert_provider_command$/,
    },
    {
      name: 'a command that is a string',
      files: { [METADATA]: { cert_provider_command: 'x' } },
      message: /is not a list of strings$/,
    },
    { name: 'a command that is empty', files: command(), message: /is not a list of strings$/ },
    {
      name: 'a command that does not exist',
      files: command('/no/such/command'),
      message: /cannot be run: ENOENT$/,
    },
    {
      name: 'a command that fails',
      files: command(process.execPath, '-e', `console.log(${JSON.stringify(KEY)});process.exit(3)`),
      message: /ended with status 3$/,
    },
    {
      name: 'a command that is killed',
      files: command(process.execPath, '-e', "process.kill(process.pid, 'SIGKILL')"),
      message: /was ended by SIGKILL$/,
    },
    { name: 'no certificate', files: command(...printing(KEY)), message: /printed no certificate$/ },
    { name: 'no key', files: command(...printing(CERT)), message: /printed no private key$/ },
    {
      name: 'an encrypted key',
      files: command(...printing(CERT + ENCRYPTED_KEY)),
      message: /printed an encrypted key unasked$/,
    },
    {
      name: 'a passphrase',
      files: command(...printing(CERT + KEY + PRINTED_PASSPHRASE)),
      message: /printed a passphrase unasked$/,
    },
    { name: 'a config that is not JSON', files: { [CONFIG]: '{' }, message: /config\.json is not JSON$/ },
    { name: 'no cert_configs', files: { [CONFIG]: {} }, message: /has no object cert_configs$/ },
    {
      name: 'no workload',
      files: { [CONFIG]: { cert_configs: {} } },
      message: /cert_configs of .* have no object workload$/,
    },
    { name: 'no cert_path', files: workload({ key_path: 'x' }), message: /has no cert_path$/ },
    { name: 'no key_path', files: workload({ cert_path: 'x' }), message: /has no key_path$/ },
    {
      name: 'a certificate file that is missing',
      files: workload({ cert_path: '/no/cert', key_path: '/no/key' }),
      message: /cannot read \/no\/cert$/,
    },
  ];
  for (const { name, files, message } of failures) {
    it(`refuses ${name}`, async () => {
      for (const [path, content] of Object.entries(files)) environment.write(path, content);
      await assert.rejects(async () => defaultClientCertSource()(), isCertificateError(message));
    });
  }

  for (const [cert, key, message] of [
    ['nothing', KEY, /cert\.pem holds no certificate in PEM$/],
    [CERT, 'nothing', /key\.pem holds no private key in PEM$/],
  ] as const) {
    it(`refuses a workload of which a file ${message.source}`, async () => {
      const cert_path = environment.write('cert.pem', cert);
      const key_path = environment.write('key.pem', key);
      environment.write(CONFIG, { cert_configs: { workload: { cert_path, key_path } } });
      await assert.rejects(async () => defaultClientCertSource()(), isCertificateError(message));
    });
  }
});

describe('defaultClientEncryptedCertSource()', () => {
  const paths = () => [join(environment.home, 'c.pem'), join(environment.home, 'k.pem')] as const;

  it('asks the command for a passphrase, and writes certificate and key where it is told', async () => {
    const encrypted = CERT + ENCRYPTED_KEY + PRINTED_PASSPHRASE;
    environment.write(METADATA, { cert_provider_command: printing(CERT + KEY, encrypted) });
    const [certPath, keyPath] = paths();
    const answer = await defaultClientEncryptedCertSource(certPath, keyPath)();
    assert.deepEqual(answer, [certPath, keyPath, PASSPHRASE]);
    assert.equal(readFileSync(certPath, 'utf8'), CERT);
    assert.equal(readFileSync(keyPath, 'utf8'), ENCRYPTED_KEY);
  });

  for (const { name, printed, message } of [
    { name: 'no passphrase', printed: CERT + ENCRYPTED_KEY, message: /printed no passphrase$/ },
    {
      name: 'a key that is not encrypted',
      printed: CERT + KEY + PRINTED_PASSPHRASE,
      message: /printed a key that is not encrypted$/,
    },
  ]) {
    it(`refuses ${name}`, async () => {
      environment.write(METADATA, { cert_provider_command: printing(printed) });
      const source = defaultClientEncryptedCertSource(...paths());
      await assert.rejects(async () => source(), isCertificateError(message));
    });
  }

  it('says which file it cannot write', async () => {
    environment.write(METADATA, {
      cert_provider_command: printing(CERT + ENCRYPTED_KEY + PRINTED_PASSPHRASE),
    });
    const source = defaultClientEncryptedCertSource('/no/such/folder/c.pem', '/no/such/folder/k.pem');
    await assert.rejects(
      async () => source(),
      isCertificateError(/cannot write \/no\/such\/folder\/c\.pem$/),
    );
  });
});

describe('decryptingCertSource()', () => {
  for (const passphrase of [PASSPHRASE, new TextEncoder().encode(PASSPHRASE)]) {
    it(`answers the certificate and the decrypted key, by a passphrase in ${typeof passphrase === 'string' ? 'text' : 'bytes'}`, async () => {
      const certPath = environment.write('c.pem', CERT);
      const keyPath = environment.write('k.pem', ENCRYPTED_KEY);
      const [cert, key] = await decryptingCertSource(() => [certPath, keyPath, passphrase])();
      assert.equal(cert, CERT);
      assert.ok(createPrivateKey(String(key)).equals(privateKey));
    });
  }

  it('refuses a wrong passphrase without a word of it', async () => {
    const certPath = environment.write('c.pem', CERT);
    const keyPath = environment.write('k.pem', ENCRYPTED_KEY);
    const source = decryptingCertSource(() => [certPath, keyPath, 'close barley']);
    await assert.rejects(
      async () => source(),
      isCertificateError(/k\.pem cannot be read with its passphrase$/),
    );
  });
});

function isCertificateError(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UnauthenticatedError);
    assert.match(error.message, /^no client certificate: /);
    assert.match(error.message, message);
    assert.doesNotMatch(inspect(error, { showHidden: true, depth: null }), /BEGIN|sesame|barley/);
    return true;
  };
}
