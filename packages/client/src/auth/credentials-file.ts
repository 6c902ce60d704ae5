import { builtInNow } from '../built-in.ts';
import { ClientOptionsError } from '../errors.ts';

/** What a file of credentials says, which is for whoever knows its type. Never to be shown. */
export type CredentialsJson = Readonly<Record<string, unknown>>;

/** Reads a file of credentials, while the caller waits. Throws ClientOptionsError, without a word of what is in it. */
export function readCredentialsFile(path: string): CredentialsJson {
  const fs = builtInNow('node:fs');
  if (fs === undefined) {
    throw new ClientOptionsError(`cannot read ${path}: there are no files here, or Node is older than 20.16`);
  }
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    throw new ClientOptionsError(`cannot read ${path}: ${codeOf(error)}`);
  }
  return parseCredentials(text, path);
}

/** The object in a text of JSON. Throws ClientOptionsError that names `path`. */
export function parseCredentials(text: string, path: string): CredentialsJson {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What JSON.parse says quotes the text, which may be a key.
    throw new ClientOptionsError(`${path} is not JSON`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ClientOptionsError(`${path} is not an object of JSON`);
  }
  return json as CredentialsJson;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ENOENT' ? 'no such file' : error.message;
}
