import { ClientOptionsError } from '../errors.ts';
import {
  applicationDefaultHeaders,
  credentialsFileHeaders,
  type DefaultCredentialsOptions,
  type GoogleAuthLibrary,
  loadGoogleAuthLibrary,
} from './application-default.ts';
import {
  type AuthClient,
  apiKeyHeaders,
  authClientHeaders,
  type Credentials,
  type HeaderSource,
  projectHeaders,
  serviceAccountHeaders,
  tokenHeaders,
} from './header-source.ts';
import { ServiceAccount } from './service-account.ts';

/** Everything that says who calls. At most one of `credentials`, `credentialsFile` and `apiKey`. */
export interface CredentialsOptions {
  readonly credentials?: Credentials | undefined;
  readonly credentialsFile?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly quotaProjectId?: string | undefined;
  /** True signs the tokens of service accounts here, with the scopes in them, also where scopes are asked for. */
  readonly alwaysUseJwtAccess?: boolean | undefined;
  /** The audience of tokens that are signed here. */
  readonly audience: string;
  readonly defaultScopes: readonly string[];
  /** The cloud that is called: credentials of another one are refused. */
  readonly universeDomain: string;
}

/**
 * Chooses who signs: by the credentials that are given, else by Application Default Credentials, which are looked for
 * when the first call is made; undefined where there is nothing to say. Throws ClientOptionsError for what excludes each other, for what are no credentials, for a
 * file that holds none, and for credentials of another universe.
 */
export function createHeaderSource(
  options: CredentialsOptions,
  load: () => Promise<GoogleAuthLibrary> = loadGoogleAuthLibrary,
): HeaderSource | undefined {
  const { credentials, credentialsFile, apiKey, quotaProjectId } = options;
  checkExclusiveCredentials(options);
  if (apiKey !== undefined) return apiKeyHeaders(apiKey, quotaProjectId);
  const all: DefaultCredentialsOptions = {
    quotaProjectId,
    audience: options.audience,
    scopes: options.scopes,
    defaultScopes: options.defaultScopes,
    alwaysUseJwtAccess: options.alwaysUseJwtAccess ?? true,
    check: (account) => checkUniverse(account.universeDomain, options.universeDomain),
    load,
  };
  if (credentialsFile !== undefined) return credentialsFileHeaders(credentialsFile, all);
  if (credentials === undefined) return applicationDefaultHeaders(all);
  if (credentials === 'none')
    return quotaProjectId === undefined ? undefined : projectHeaders(quotaProjectId);
  if (typeof credentials === 'function') return tokenHeaders(credentials, quotaProjectId);
  if (credentials instanceof ServiceAccount) return accountHeaders(credentials, all);
  if (!isAuthClient(credentials)) {
    throw new ClientOptionsError(
      "credentials must be an auth client, a function that answers a token, a ServiceAccount or 'none'",
    );
  }
  if (typeof credentials.universeDomain === 'string') {
    checkUniverse(credentials.universeDomain, options.universeDomain);
  }
  return authClientHeaders(credentials, all);
}

/** Throws ClientOptionsError where somebody is said to be several. */
export function checkExclusiveCredentials({
  credentials,
  credentialsFile,
  apiKey,
}: Pick<CredentialsOptions, 'credentials' | 'credentialsFile' | 'apiKey'>): void {
  if (apiKey !== undefined && credentials !== undefined) {
    throw new ClientOptionsError('apiKey and credentials are mutually exclusive');
  }
  if (apiKey !== undefined && credentialsFile !== undefined) {
    throw new ClientOptionsError('apiKey and credentialsFile are mutually exclusive');
  }
  if (credentialsFile !== undefined && credentials !== undefined) {
    throw new ClientOptionsError("'credentialsFile' and 'credentials' are mutually exclusive");
  }
}

function accountHeaders(account: ServiceAccount, options: DefaultCredentialsOptions): HeaderSource {
  options.check(account);
  if (!options.alwaysUseJwtAccess && options.scopes !== undefined) {
    throw new ClientOptionsError(
      'scopes without alwaysUseJwtAccess ask for tokens that another server gives: give the credentials as a credentialsFile or as an auth client of google-auth-library',
    );
  }
  return serviceAccountHeaders(account, options);
}

function checkUniverse(ofCredentials: string, ofClient: string): void {
  if (ofCredentials === ofClient) return;
  throw new ClientOptionsError(
    `the credentials belong to the universe ${ofCredentials}, the client calls ${ofClient}: set universeDomain, or give other credentials`,
  );
}

function isAuthClient(value: unknown): value is AuthClient & { readonly universeDomain?: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'getRequestHeaders' in value &&
    typeof value.getRequestHeaders === 'function'
  );
}
