import type { ClientCertSource, Pem } from '../auth/client-certificate.ts';
import { checkExclusiveCredentials, createHeaderSource } from '../auth/credentials.ts';
import type { Credentials, HeaderSource } from '../auth/header-source.ts';
import { builtInNow } from '../built-in.ts';
import type { ClientInfo } from '../client-info.ts';
import {
  checkClientOptions,
  DEFAULT_SCOPES,
  defaultEndpoint,
  readEndpoint,
  universeDomainOf,
} from '../client-options.ts';
import { emulatorHost } from '../emulator.ts';
import { ClientOptionsError, UnauthenticatedError } from '../errors.ts';
import type { TlsOptions, Transport } from './transport.ts';

/** How a transport of the service is made by hand, in place of one that a client makes. */
export interface TransportOptions {
  /**
   * As `apiEndpoint` of ClientOptions; by default what `DIALOGFLOW_EMULATOR_HOST` names, else the service itself. In plain
   * text no credentials are sent beyond this machine.
   */
  readonly host?: string | undefined;
  readonly credentials?: Credentials | undefined;
  readonly credentialsFile?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** A wire that is there already. All that says who calls or how to connect is not looked at then. */
  readonly channel?: Transport | undefined;
  /** Asked once, before the first call, where `sslCredentials` have no certificate. */
  readonly clientCertSourceForMtls?: ClientCertSource | undefined;
  /** How the connection is protected: an authority of one's own, a client certificate; or not at all. */
  readonly sslCredentials?: TlsOptions | 'plaintext' | undefined;
  readonly quotaProjectId?: string | undefined;
  readonly clientInfo?: ClientInfo | undefined;
  /** Signs the tokens of service accounts here, whether scopes are asked for or not; true by default. */
  readonly alwaysUseJwtAccess?: boolean | undefined;
  readonly apiAudience?: string | undefined;
  readonly universeDomain?: string | undefined;
}

/** The names of all of them. */
export const TRANSPORT_OPTIONS: readonly string[] = [
  'host',
  'credentials',
  'credentialsFile',
  'apiKey',
  'scopes',
  'channel',
  'clientCertSourceForMtls',
  'sslCredentials',
  'quotaProjectId',
  'clientInfo',
  'alwaysUseJwtAccess',
  'apiAudience',
  'universeDomain',
] satisfies (keyof TransportOptions)[];

const CLIENT_INFO: readonly string[] = [
  'userAgent',
  'clientLibraryVersion',
  'gapicVersion',
] satisfies (keyof ClientInfo)[];

/** The certificate of a client, and the key that belongs to it. */
export type ClientCert = readonly [cert: Pem, key: Pem];

/** Where a transport connects to, and how. */
export interface Place {
  readonly host: string;
  readonly tls: TlsOptions | 'plaintext';
  /** That the environment said so, and whoever made the transport need not know. */
  readonly emulated: boolean;
}

/** Throws ClientOptionsError for a host that is none, or that is not to be reached so. */
export function placeOf({ host, sslCredentials, universeDomain }: TransportOptions): Place {
  const emulator = host === undefined ? emulatorHost() : undefined;
  if (emulator !== undefined) return { host: emulator, tls: 'plaintext', emulated: true };
  const endpoint = readEndpoint(host ?? defaultEndpoint(universeDomainOf({ universeDomain })));
  if (endpoint.plaintext && typeof sslCredentials === 'object') {
    throw new ClientOptionsError('a host in plain text and sslCredentials are mutually exclusive');
  }
  const tls = endpoint.plaintext ? 'plaintext' : (sslCredentials ?? {});
  return { host: endpoint.host, tls, emulated: false };
}

/**
 * Who signs the calls to a place; undefined for nobody. To an emulator nobody does, and in plain text nobody beyond this
 * machine. Throws ClientOptionsError.
 */
export function credentialsOf(
  options: TransportOptions,
  { host, tls, emulated }: Place,
): HeaderSource | undefined {
  checkExclusiveCredentials(options);
  if (emulated) return undefined;
  const { apiAudience } = options;
  const universeDomain = universeDomainOf(options);
  const audience = apiAudience ?? `https://${defaultEndpoint(universeDomain)}/`;
  const { credentialsFile, apiKey, credentials } = options;
  const given = credentials ?? credentialsFile ?? apiKey;
  const isPlain = tls === 'plaintext';
  if (isPlain && given !== undefined && given !== 'none' && !isLoopback(host)) {
    throw new ClientOptionsError(`credentials are not sent in plain text, as they would be to ${host}`);
  }
  return createHeaderSource({
    ...options,
    // In plain text nobody goes and looks for credentials, which takes seconds where there are none.
    credentials: isPlain && given === undefined ? 'none' : credentials,
    universeDomain,
    audience,
    defaultScopes: DEFAULT_SCOPES,
  });
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]):/i.test(host);
}

/** Throws ClientOptionsError for an option of another name, and for a value that is not of its option's kind. */
export function checkTransportOptions(options: TransportOptions, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ClientOptionsError('a transport is made with an object of options');
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name))
      throw new ClientOptionsError(`a transport does not accept an option '${name}'`);
  }
  const { host, credentialsFile, apiKey, scopes, quotaProjectId, apiAudience, universeDomain } = options;
  checkClientOptions({ credentialsFile, scopes, quotaProjectId, apiAudience, universeDomain });
  checkClientOptions({ apiKey });
  const { alwaysUseJwtAccess, clientCertSourceForMtls, clientInfo, sslCredentials } = options;
  if (host !== undefined && typeof host !== 'string') throw new ClientOptionsError('host must be a string');
  if (alwaysUseJwtAccess !== undefined && typeof alwaysUseJwtAccess !== 'boolean') {
    throw new ClientOptionsError('alwaysUseJwtAccess must be true or false');
  }
  if (clientCertSourceForMtls !== undefined && typeof clientCertSourceForMtls !== 'function') {
    throw new ClientOptionsError('clientCertSourceForMtls must be a function');
  }
  if (clientInfo !== undefined) checkClientInfo(clientInfo);
  if (sslCredentials !== undefined && sslCredentials !== 'plaintext') checkTls(sslCredentials);
}

/** Its words become a header. */
function checkClientInfo(info: ClientInfo): void {
  if (typeof info !== 'object' || info === null) throw new ClientOptionsError('clientInfo must be an object');
  for (const [name, value] of Object.entries(info)) {
    if (!CLIENT_INFO.includes(name)) throw new ClientOptionsError(`clientInfo does not accept '${name}'`);
    if (
      value !== undefined &&
      (typeof value !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value))
    ) {
      throw new ClientOptionsError(`${name} of clientInfo must be text of visible ASCII characters`);
    }
  }
}

function checkTls(sslCredentials: TlsOptions): void {
  if (typeof sslCredentials !== 'object' || sslCredentials === null) {
    throw new ClientOptionsError("sslCredentials must be an object or 'plaintext'");
  }
  if ((sslCredentials.cert === undefined) !== (sslCredentials.key === undefined)) {
    throw new ClientOptionsError('the cert and the key of sslCredentials belong together');
  }
  const fault = faultOf(sslCredentials);
  if (fault !== undefined) throw new ClientOptionsError(`sslCredentials cannot be used: ${fault}`);
}

/** What a source answers, once it is found to be a certificate with its key. Rejects with UnauthenticatedError. */
export async function certificateOf(source: ClientCertSource): Promise<ClientCert> {
  let answer: unknown;
  try {
    answer = await source();
  } catch (error) {
    if (error instanceof UnauthenticatedError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new UnauthenticatedError(`no client certificate: ${message}`, { cause: error });
  }
  const [cert, key]: readonly unknown[] = Array.isArray(answer) ? answer : [];
  if (isPem(cert) && isPem(key)) {
    const fault = faultOf({ cert, key });
    if (fault === undefined) return [cert, key];
    throw new UnauthenticatedError(`no client certificate: that of the source cannot be used: ${fault}`);
  }
  throw new UnauthenticatedError(
    'no client certificate: the source answered no pair of a certificate and its key',
  );
}

/** What is wrong with certificates, in OpenSSL's words; undefined where nothing is, or nobody here can say. */
function faultOf({ ca, cert, key }: TlsOptions): string | undefined {
  if (ca === undefined && cert === undefined) return undefined;
  const crypto = builtInNow('node:crypto');
  try {
    // Node takes an authority that is none for no authority at all, which then vouches for nobody.
    if (crypto !== undefined) for (const each of [ca ?? []].flat()) new crypto.X509Certificate(each);
    builtInNow('node:tls')?.createSecureContext({ ca, cert, key } as import('node:tls').SecureContextOptions);
  } catch (error) {
    // Runtimes that only have some of Node's modules throw other errors, which say nothing of the certificates.
    if (error instanceof Error && /^ERR_(?:OSSL|INVALID_ARG)_/.test(codeOf(error))) return error.message;
  }
  return undefined;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

function isPem(value: unknown): value is Pem {
  return typeof value === 'string' || value instanceof Uint8Array;
}
