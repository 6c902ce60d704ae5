import { ClientOptionsError } from '../errors.ts';

/** In place of the certificates of a machine in the form for browsers and workers: there is none. */
export function hasDefaultClientCertSource(): boolean {
  return false;
}

/** Throws. */
export function defaultClientCertSource(): never {
  throw new ClientOptionsError('client certificates are not for programs to give on this platform');
}

/** Throws. */
export const decryptingCertSource = defaultClientCertSource;

/** Throws. */
export const defaultClientEncryptedCertSource = defaultClientCertSource;
