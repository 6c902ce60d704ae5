import { builtIn } from '../built-in.ts';
import { environmentVariable, homeFolder } from '../environment.ts';
import { ClientOptionsError, UnauthenticatedError } from '../errors.ts';
import { type CredentialsJson, parseCredentials, readCredentialsFile } from './credentials-file.ts';
import {
  type AuthClient,
  abortable,
  authClientHeaders,
  type HeaderSource,
  type HeaderSourceOptions,
  serviceAccountHeaders,
} from './header-source.ts';
import { ServiceAccount } from './service-account.ts';

/** What is used of google-auth-library, of version 9 and later: https://www.npmjs.com/package/google-auth-library */
export interface GoogleAuthLibrary {
  readonly GoogleAuth: new (options: {
    readonly keyFilename?: string;
    readonly scopes: readonly string[];
  }) => AuthClient;
}

/** How credentials are turned into headers that are not given as an object. */
export interface DefaultCredentialsOptions extends HeaderSourceOptions {
  /** What tokens are asked for where the caller did not say. */
  readonly defaultScopes: readonly string[];
  /** False exchanges the tokens of a service account for others where the caller asked for scopes. */
  readonly alwaysUseJwtAccess: boolean;
  /** Is told the account of a key's file before it is used; throws where that does not fit. */
  readonly check: (account: ServiceAccount) => void;
  /** Loads google-auth-library. */
  readonly load: () => Promise<GoogleAuthLibrary>;
}

const PACKAGE = 'google-auth-library';

/** The types of credentials in files that the package knows, beside the keys of service accounts. */
const LIBRARY_TYPES: readonly string[] = [
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
];

/** Loads the package if it is installed. Its name is no literal, so that no bundle has all of it for its being there. */
export function loadGoogleAuthLibrary(name: string = PACKAGE): Promise<GoogleAuthLibrary> {
  return import(name) as Promise<GoogleAuthLibrary>;
}

/**
 * Application Default Credentials: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, else gcloud's, else those of
 * the machine. Looked for by the first call; when that fails, the next one looks again. A service account's key needs
 * nothing else, for all others google-auth-library is loaded. https://google.aip.dev/auth/4110
 */
export function applicationDefaultHeaders(options: DefaultCredentialsOptions): HeaderSource {
  const quotaProjectId = options.quotaProjectId ?? environmentVariable('GOOGLE_CLOUD_QUOTA_PROJECT');
  const all = { ...options, quotaProjectId };
  let source: Promise<HeaderSource> | undefined;
  return abortable(async () => {
    source ??= find(all).catch((error: unknown) => {
      source = undefined;
      throw error;
    });
    return (await source)();
  });
}

async function find(options: DefaultCredentialsOptions): Promise<HeaderSource> {
  // The library would find these files as well, but goes and asks Google for a project that nobody wants to know.
  const named = environmentVariable('GOOGLE_APPLICATION_CREDENTIALS');
  if (named !== undefined && named !== '') {
    const text = await readIfThere(named);
    if (text === undefined) throw new UnauthenticatedError(`File ${named} was not found.`);
    return jsonHeaders(parseCredentials(text, named), named, options);
  }
  const path = wellKnownFile();
  const text = path === undefined ? undefined : await readIfThere(path);
  if (path === undefined || text === undefined) return libraryHeaders(options, undefined);
  return jsonHeaders(parseCredentials(text, path), path, options);
}

/** Where gcloud leaves the credentials of who logs in; undefined where there is no such place. */
function wellKnownFile(): string | undefined {
  const folder = environmentVariable('CLOUDSDK_CONFIG') ?? gcloudFolder();
  return folder === undefined ? undefined : `${folder}/application_default_credentials.json`;
}

function gcloudFolder(): string | undefined {
  const windows = environmentVariable('APPDATA');
  const home = homeFolder();
  if (windows !== undefined) return `${windows}/gcloud`;
  return home === undefined ? undefined : `${home}/.config/gcloud`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  const { readFile } = await builtIn('node:fs/promises');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The credentials in a file, which is read at once. Throws ClientOptionsError. */
export function credentialsFileHeaders(path: string, options: DefaultCredentialsOptions): HeaderSource {
  return jsonHeaders(readCredentialsFile(path), path, options);
}

function jsonHeaders(json: CredentialsJson, path: string, options: DefaultCredentialsOptions): HeaderSource {
  const { type } = json;
  if (type !== 'service_account') {
    if (typeof type === 'string' && LIBRARY_TYPES.includes(type)) return libraryHeaders(options, path);
    const known = ['service_account', ...LIBRARY_TYPES].join(', ');
    throw new ClientOptionsError(`the credentials in ${path} are of type '${type}', not one of ${known}`);
  }
  const account = new ServiceAccount(json, path);
  options.check(account);
  const exchanged = !options.alwaysUseJwtAccess && options.scopes !== undefined;
  return exchanged ? libraryHeaders(options, path) : serviceAccountHeaders(account, options);
}

/** What google-auth-library makes of a file, or finds by itself; the package is loaded by the first call. */
function libraryHeaders(options: DefaultCredentialsOptions, path: string | undefined): HeaderSource {
  const scopes = options.scopes ?? options.defaultScopes;
  let source: Promise<HeaderSource> | undefined;
  const load = async (): Promise<HeaderSource> => {
    const { GoogleAuth } = await options.load().catch((error: unknown) => {
      const wanted = path === undefined ? 'default credentials' : `the credentials in ${path}`;
      throw new UnauthenticatedError(
        `${wanted} need the package ${PACKAGE}, which cannot be loaded: install it beside this one, or give credentials, a service account's key, an apiKey, or 'none'`,
        { cause: error },
      );
    });
    const auth = new GoogleAuth(path === undefined ? { scopes } : { keyFilename: path, scopes });
    return authClientHeaders(auth, options);
  };
  return abortable(async () => {
    source ??= load().catch((error: unknown) => {
      source = undefined;
      throw error;
    });
    return (await source)();
  });
}
