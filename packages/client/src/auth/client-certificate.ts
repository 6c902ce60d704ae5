import { type BuiltIn, builtIn, builtInNow } from '../built-in.ts';
import { environmentVariable, expandHome } from '../environment.ts';
import { UnauthenticatedError } from '../errors.ts';

/** Text in PEM. */
export type Pem = string | Uint8Array;

/** Answers the certificate of a client, with its chain, and the key that belongs to it, which has no passphrase. */
export type ClientCertSource = () => readonly [cert: Pem, key: Pem] | Promise<readonly [cert: Pem, key: Pem]>;

/** Answers the paths of the files that hold a certificate and its encrypted key, and the passphrase of the key. */
export type EncryptedCertSource = () => EncryptedCert | Promise<EncryptedCert>;

type EncryptedCert = readonly [certPath: string, keyPath: string, passphrase: Pem];

const CONTEXT_AWARE_METADATA = '~/.secureConnect/context_aware_metadata.json';
const CERTIFICATE_CONFIG = '~/.config/gcloud/certificate_config.json';

/** Google's files hold one block of a kind, or a chain, which counts as one: from its first line to its last. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+-----END CERTIFICATE-----\r?\n?/s;
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----.+-----END [A-Z ]*PRIVATE KEY-----\r?\n?/s;
const PASSPHRASE = /-----BEGIN PASSPHRASE-----(.+)-----END PASSPHRASE-----/s;

/**
 * Whether this machine has a client certificate where google-auth looks for one: a file of gcloud's, the file that
 * `GOOGLE_API_CERTIFICATE_CONFIG` names, or the one of Endpoint Verification. Only says that the file exists.
 */
export function hasDefaultClientCertSource(): boolean {
  const fs = builtInNow('node:fs');
  return (
    fs !== undefined &&
    (fs.existsSync(expandHome(CONTEXT_AWARE_METADATA)) || certificateConfigPath(fs) !== undefined)
  );
}

/**
 * Reads the machine's own client certificate each time that it is asked, as google-auth does: that of the workload in
 * `certificate_config.json`, else what the `cert_provider_command` of `context_aware_metadata.json` prints. Its promise
 * rejects with UnauthenticatedError. https://google.aip.dev/auth/4114
 */
export function defaultClientCertSource(): ClientCertSource {
  return async () => {
    const found = await readDefaultCertificate(false);
    return [found.cert, found.key];
  };
}

/**
 * The same with a key that is encrypted: certificate and key are written to the two files, and their paths and the
 * passphrase are answered.
 */
export function defaultClientEncryptedCertSource(certPath: string, keyPath: string): EncryptedCertSource {
  return async () => {
    const { cert, key, passphrase } = await readDefaultCertificate(true);
    const files = await needed('node:fs/promises');
    try {
      await files.writeFile(certPath, cert);
      await files.writeFile(keyPath, key, { mode: 0o600 });
    } catch (error) {
      throw certificateError(`cannot write ${pathOf(error)}`, error);
    }
    return [certPath, keyPath, passphrase];
  };
}

/** The certificate and the decrypted key of a source that answers files and a passphrase. */
export function decryptingCertSource(source: EncryptedCertSource): ClientCertSource {
  return async () => {
    const [certPath, keyPath, passphrase] = await source();
    const crypto = await needed('node:crypto');
    const cert = await readFile(certPath);
    const encrypted = await readFile(keyPath);
    const secret = typeof passphrase === 'string' ? passphrase : textOf(passphrase);
    try {
      const key = crypto.createPrivateKey({ key: encrypted, passphrase: secret });
      return [cert, key.export({ type: 'pkcs8', format: 'pem' }).toString()];
    } catch (error) {
      throw certificateError(`the key in ${keyPath} cannot be read with its passphrase`, error);
    }
  };
}

interface FoundCertificate {
  readonly cert: string;
  readonly key: string;
  /** Empty for a key that has none. */
  readonly passphrase: string;
}

async function readDefaultCertificate(encrypted: boolean): Promise<FoundCertificate> {
  const config = certificateConfigPath(await needed('node:fs'));
  if (config !== undefined) return { ...(await readWorkloadCertificate(config)), passphrase: '' };
  const metadataPath = expandHome(CONTEXT_AWARE_METADATA);
  const metadata = await readJson(metadataPath);
  const command = metadata['cert_provider_command'];
  if (command === undefined) throw certificateError(`${metadataPath} has no cert_provider_command`);
  if (!isCommand(command)) {
    throw certificateError(`the cert_provider_command of ${metadataPath} is not a list of strings`);
  }
  const flags = encrypted && !command.includes('--with_passphrase') ? ['--with_passphrase'] : [];
  return readPrinted(await run([...command, ...flags]), encrypted);
}

function certificateConfigPath(fs: BuiltIn['node:fs']): string | undefined {
  const named = environmentVariable('GOOGLE_API_CERTIFICATE_CONFIG');
  const path = expandHome(named === undefined || named === '' ? CERTIFICATE_CONFIG : named);
  return fs.existsSync(path) ? path : undefined;
}

async function readWorkloadCertificate(path: string): Promise<{ cert: string; key: string }> {
  const configs = (await readJson(path))['cert_configs'];
  if (!isObject(configs)) throw certificateError(`${path} has no object cert_configs`);
  const workload = configs['workload'];
  if (!isObject(workload)) throw certificateError(`the cert_configs of ${path} have no object workload`);
  const { cert_path: certPath, key_path: keyPath } = workload;
  if (typeof certPath !== 'string') throw certificateError(`the workload of ${path} has no cert_path`);
  if (typeof keyPath !== 'string') throw certificateError(`the workload of ${path} has no key_path`);
  const cert = CERTIFICATE.exec(await readFile(certPath))?.[0];
  if (cert === undefined) throw certificateError(`${certPath} holds no certificate in PEM`);
  const key = KEY.exec(await readFile(keyPath))?.[0];
  if (key === undefined) throw certificateError(`${keyPath} holds no private key in PEM`);
  return { cert, key };
}

function readPrinted(output: string, encrypted: boolean): FoundCertificate {
  const cert = CERTIFICATE.exec(output)?.[0];
  const key = KEY.exec(output)?.[0];
  const passphrase = PASSPHRASE.exec(output)?.[1]?.trim();
  if (cert === undefined) throw certificateError('the cert_provider_command printed no certificate');
  if (key === undefined) throw certificateError('the cert_provider_command printed no private key');
  const isEncrypted = key.includes('ENCRYPTED');
  if (encrypted) {
    if (passphrase === undefined) throw certificateError('the cert_provider_command printed no passphrase');
    if (!isEncrypted) throw certificateError('the cert_provider_command printed a key that is not encrypted');
    return { cert, key, passphrase };
  }
  if (isEncrypted) throw certificateError('the cert_provider_command printed an encrypted key unasked');
  if (passphrase !== undefined) {
    throw certificateError('the cert_provider_command printed a passphrase unasked');
  }
  return { cert, key, passphrase: '' };
}

async function run(command: readonly [string, ...string[]]): Promise<string> {
  const [program, ...args] = command;
  const { execFile } = await needed('node:child_process');
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1 << 20 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      // An error of execFile has all that the program printed, the key included: none of it may go on.
      else if (typeof error.code === 'string') {
        reject(certificateError(`the cert_provider_command cannot be run: ${error.code}`));
      } else {
        const end = error.signal == null ? `ended with status ${error.code}` : `was ended by ${error.signal}`;
        reject(certificateError(`the cert_provider_command ${end}`));
      }
    });
  });
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw certificateError(`${path} is not JSON`, error);
  }
  if (!isObject(json)) throw certificateError(`${path} is not an object of JSON`);
  return json;
}

async function readFile(path: string): Promise<string> {
  const files = await needed('node:fs/promises');
  try {
    return await files.readFile(path, 'utf8');
  } catch (error) {
    throw certificateError(`cannot read ${path}`, error);
  }
}

async function needed<Name extends keyof BuiltIn>(name: Name): Promise<BuiltIn[Name]> {
  try {
    return await builtIn(name);
  } catch (error) {
    throw certificateError(`there is no ${name} here`, error);
  }
}

function certificateError(message: string, cause?: unknown): UnauthenticatedError {
  return new UnauthenticatedError(`no client certificate: ${message}`, { cause });
}

function isCommand(value: unknown): value is [string, ...string[]] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function pathOf(error: unknown): string {
  return isObject(error) && typeof error['path'] === 'string' ? error['path'] : 'the files';
}
