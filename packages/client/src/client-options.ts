import {
  type ClientCertSource,
  decryptingCertSource,
  defaultClientCertSource,
  type EncryptedCertSource,
  hasDefaultClientCertSource,
} from './auth/client-certificate.ts';
import { environmentVariable } from './environment.ts';
import { ClientOptionsError } from './errors.ts';

/**
 * How a client reaches the service and who it says that it is. Not looked at where a transport is given as an instance,
 * but for `apiKey`, `credentialsFile` and `scopes`, which are refused then.
 */
export interface ClientOptions {
  /**
   * A host with an optional port, in place of the service's own: `europe-west2-dialogflow.googleapis.com`,
   * `parley.example:8443`. The port is 443 where none is given. `http://localhost:8470` speaks plain text, and then
   * sends no credentials.
   */
  readonly apiEndpoint?: string | undefined;
  /** Answers the client's certificate and its key. Used if `GOOGLE_API_USE_CLIENT_CERTIFICATE` is `true`. */
  readonly clientCertSource?: ClientCertSource | undefined;
  /** The same from files whose key needs a passphrase. Excludes `clientCertSource`. */
  readonly clientEncryptedCertSource?: EncryptedCertSource | undefined;
  /** The project whose quota calls count against and that is billed; sent as `x-goog-user-project`. */
  readonly quotaProjectId?: string | undefined;
  /** A file of credentials as Google gives them out: a service account's key, or what gcloud writes. */
  readonly credentialsFile?: string | undefined;
  /** What tokens are asked for; by default what the service needs. */
  readonly scopes?: readonly string[] | undefined;
  /** Sent as `x-goog-api-key`. Excludes all other credentials. */
  readonly apiKey?: string | undefined;
  /** The audience of tokens that this package signs; by default `https://dialogflow.googleapis.com/`. */
  readonly apiAudience?: string | undefined;
  /** The cloud that the service is part of; `GOOGLE_CLOUD_UNIVERSE_DOMAIN`, else `googleapis.com`, by default. */
  readonly universeDomain?: string | undefined;
}

/** The universe of Google's own cloud. */
export const DEFAULT_UNIVERSE = 'googleapis.com';

/** https://developers.google.com/identity/protocols/oauth2/scopes#dialogflow */
export const DEFAULT_SCOPES: readonly string[] = [
  'https://www.googleapis.com/auth/cloud-platform',
  'https://www.googleapis.com/auth/dialogflow',
];

type OptionKind = 'a string that is not empty' | 'a list of strings' | 'a function';

const kinds: Readonly<Record<keyof ClientOptions, OptionKind>> = {
  apiEndpoint: 'a string that is not empty',
  clientCertSource: 'a function',
  clientEncryptedCertSource: 'a function',
  quotaProjectId: 'a string that is not empty',
  credentialsFile: 'a string that is not empty',
  scopes: 'a list of strings',
  apiKey: 'a string that is not empty',
  apiAudience: 'a string that is not empty',
  universeDomain: 'a string that is not empty',
};

const exclusive: readonly (readonly [keyof ClientOptions, keyof ClientOptions])[] = [
  ['clientCertSource', 'clientEncryptedCertSource'],
  ['apiKey', 'credentialsFile'],
];

/** Checks what was given as options, by itself. Throws ClientOptionsError; says nothing of the values, which may be secret. */
export function checkClientOptions(options: ClientOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ClientOptionsError('clientOptions must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new ClientOptionsError(`ClientOptions does not accept an option '${name}'`);
    }
    if (value === undefined) continue;
    if (name === 'universeDomain' && typeof value === 'string' && value.trim() === '') {
      throw new ClientOptionsError('Universe Domain cannot be an empty string.');
    }
    const kind = kinds[name as keyof ClientOptions];
    if (!isOfKind(value, kind)) throw new ClientOptionsError(`${name} must be ${kind}`);
  }
  for (const [one, other] of exclusive) {
    if (options[one] !== undefined && options[other] !== undefined) {
      throw new ClientOptionsError(`${one} and ${other} are mutually exclusive`);
    }
  }
}

function isOfKind(value: unknown, kind: OptionKind): boolean {
  switch (kind) {
    case 'a string that is not empty':
      return typeof value === 'string' && value !== '';
    case 'a function':
      return typeof value === 'function';
    case 'a list of strings':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
  }
}

/** The universe that options and environment name. Throws ClientOptionsError where one of them names an empty one. */
export function universeDomainOf(options: ClientOptions): string {
  const domain =
    options.universeDomain ?? environmentVariable('GOOGLE_CLOUD_UNIVERSE_DOMAIN') ?? DEFAULT_UNIVERSE;
  if (domain.trim() === '') throw new ClientOptionsError('Universe Domain cannot be an empty string.');
  return domain;
}

/** The host of the service in a universe. */
export function defaultEndpoint(universeDomain: string = DEFAULT_UNIVERSE): string {
  return `dialogflow.${universeDomain}`;
}

/**
 * The endpoint to call, and who answers the client's certificate, if one is to be used: https://google.aip.dev/auth/4114
 *
 * There is a certificate only if `GOOGLE_API_USE_CLIENT_CERTIFICATE` is `true`: that of the options, else the machine's
 * default one, where it has one. The endpoint is that of the options; else by `GOOGLE_API_USE_MTLS_ENDPOINT` the one for
 * mutual TLS (`always`), the ordinary one (`never`), or the one for mutual TLS where there is a certificate (`auto`, the
 * default). Throws ClientOptionsError.
 */
export function getMtlsEndpointAndCertSource(
  options: ClientOptions = {},
): readonly [endpoint: string, certSource: ClientCertSource | undefined] {
  checkClientOptions(options);
  const useCertificate = environmentVariable('GOOGLE_API_USE_CLIENT_CERTIFICATE') ?? 'false';
  const useEndpoint = environmentVariable('GOOGLE_API_USE_MTLS_ENDPOINT') ?? 'auto';
  if (useCertificate !== 'true' && useCertificate !== 'false') {
    throw new ClientOptionsError(
      'Environment variable `GOOGLE_API_USE_CLIENT_CERTIFICATE` must be either `true` or `false`',
    );
  }
  if (useEndpoint !== 'auto' && useEndpoint !== 'never' && useEndpoint !== 'always') {
    throw new ClientOptionsError(
      'Environment variable `GOOGLE_API_USE_MTLS_ENDPOINT` must be `never`, `auto` or `always`',
    );
  }
  const universe = universeDomainOf(options);
  const certSource = useCertificate === 'true' ? certSourceOf(options) : undefined;
  if (options.apiEndpoint !== undefined) return [options.apiEndpoint, certSource];
  const mtls = useEndpoint === 'always' || (useEndpoint === 'auto' && certSource !== undefined);
  if (mtls && universe !== DEFAULT_UNIVERSE) {
    throw new ClientOptionsError(`mTLS is not supported in any universe other than ${DEFAULT_UNIVERSE}.`);
  }
  const endpoint = defaultEndpoint(universe);
  return [mtls ? mtlsEndpoint(endpoint) : endpoint, certSource];
}

function certSourceOf(options: ClientOptions): ClientCertSource | undefined {
  if (options.clientCertSource !== undefined) return options.clientCertSource;
  if (options.clientEncryptedCertSource !== undefined) {
    return decryptingCertSource(options.clientEncryptedCertSource);
  }
  return hasDefaultClientCertSource() ? defaultClientCertSource() : undefined;
}

/**
 * The host for mutual TLS that belongs to a host of Google's: `x.googleapis.com` has `x.mtls.googleapis.com`,
 * `x.sandbox.googleapis.com` has `x.mtls.sandbox.googleapis.com`. Any other host, and one that is for mutual TLS
 * already, is answered as it is.
 */
export function mtlsEndpoint(endpoint: string): string {
  return endpoint.replace(/^([^.]+)((?:\.sandbox)?\.googleapis\.com)/, '$1.mtls$2');
}

/** What an endpoint says: where to connect to, and whether in plain text. */
export interface Endpoint {
  /** Such as `dialogflow.googleapis.com:443`. */
  readonly host: string;
  readonly plaintext: boolean;
}

/**
 * Reads a host with an optional port, `https://` or `http://` before it. Throws ClientOptionsError. The port is 443, or
 * 80 behind `http://`, where there is none.
 */
export function readEndpoint(text: string): Endpoint {
  const parts = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[^\s/:@?#[\]]+)(?::(\d{1,5}))?\/?$/i.exec(text);
  const host = parts?.[2];
  const plaintext = parts?.[1]?.toLowerCase() === 'http';
  const port = parts?.[3] ?? (plaintext ? '80' : '443');
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new ClientOptionsError(
      `an endpoint is a host with an optional port, such as dialogflow.googleapis.com, not '${text}'`,
    );
  }
  return { host: `${host}:${port}`, plaintext };
}
