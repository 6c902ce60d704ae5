import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';

/** A service account's key as its file has it. */
export interface KeyFile {
  readonly type: string;
  readonly client_email: string;
  readonly private_key: string;
  readonly private_key_id: string;
  readonly token_uri: string;
}

/** Makes a key like those that Google gives out. It takes some tenths of a second. */
export function createKeyFile(): KeyFile {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    type: 'service_account',
    client_email: 'parley@demo.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    private_key_id: 'key-1',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
}

/** The header and the claims of a token, after its signature was found to be that of the key. */
export function readToken(
  token: string,
  keyFile: KeyFile,
): { readonly header: unknown; readonly claims: Readonly<Record<string, unknown>> } {
  const [header = '', claims = '', signature = '', ...rest] = token.split('.');
  const signed = Buffer.from(`${header}.${claims}`);
  const key = createPublicKey(keyFile.private_key);
  if (rest.length > 0 || !verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) {
    throw new Error('the token is not signed by this key');
  }
  return { header: parse(header), claims: parse(claims) as Readonly<Record<string, unknown>> };
}

function parse(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
