import { ClientOptionsError, UnauthenticatedError } from '../errors.ts';
import type { HeaderSource } from './header-source.ts';

/** In place of Application Default Credentials in the form for browsers and workers: a call finds that there are none. */
export function applicationDefaultHeaders(): HeaderSource {
  return async () => {
    throw new UnauthenticatedError('there are no default credentials on this platform: give credentials');
  };
}

/** Throws: there are no files. */
export function credentialsFileHeaders(path: string): never {
  throw new ClientOptionsError(`cannot read ${path}: there are no files on this platform`);
}

/** Rejects: what is to be loaded runs in Node alone. */
export async function loadGoogleAuthLibrary(): Promise<never> {
  throw new ClientOptionsError('google-auth-library is not for this platform');
}
