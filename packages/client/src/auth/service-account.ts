import { ClientOptionsError } from '../errors.ts';
import { readCredentialsFile } from './credentials-file.ts';
import { createSigner, type Signer } from './signer.ts';

/** How long a token is good for, as the server allows at most. */
const LIFETIME_S = 3600;

/** How long before its end a token is replaced, so that none ends on its way: as long as google-auth takes. */
const REFRESH_BEFORE_S = 225;

/** What a token is for. */
export interface TokenPurpose {
  /** Goes before the audience: what is wanted of the server, in the claim `scope`. */
  readonly scopes: readonly string[] | undefined;
  /** The server, in the claim `aud`. */
  readonly audience: string;
}

/**
 * A service account with its key: it signs its own tokens, without asking anybody. Neither the key nor a token is
 * visible from outside, in an inspection, or in an error.
 */
export class ServiceAccount {
  /** Such as `parley@demo.iam.gserviceaccount.com`. */
  readonly clientEmail: string;
  /** The project that is billed for calls, where the key's file names one. */
  readonly quotaProjectId: string | undefined;
  /** The cloud that the account belongs to. */
  readonly universeDomain: string;
  readonly #keyId: string | undefined;
  readonly #sign: Signer;

  /**
   * Takes what the JSON of a key's file says. Throws ClientOptionsError, which names the field that is missing or wrong,
   * and `origin`, which is where it comes from.
   */
  constructor(info: object, origin = 'the service account info') {
    if (typeof info !== 'object' || info === null) throw new ClientOptionsError(`${origin} is not an object`);
    const fields = info as Readonly<Record<string, unknown>>;
    const type = optionalText(fields, 'type', origin);
    if (type !== undefined && type !== 'service_account') {
      throw new ClientOptionsError(`${origin} is of type '${type}', not 'service_account'`);
    }
    const missing = ['client_email', 'private_key'].filter((name) => isAbsent(fields[name]));
    if (missing.length > 0) {
      throw new ClientOptionsError(
        `${origin} was not in the expected format, missing fields ${missing.join(', ')}`,
      );
    }
    this.clientEmail = optionalText(fields, 'client_email', origin) ?? '';
    this.quotaProjectId = optionalText(fields, 'quota_project_id', origin);
    this.universeDomain = optionalText(fields, 'universe_domain', origin) ?? 'googleapis.com';
    this.#keyId = optionalText(fields, 'private_key_id', origin);
    try {
      this.#sign = createSigner(optionalText(fields, 'private_key', origin) ?? '');
    } catch (error) {
      if (!(error instanceof TypeError) || error instanceof ClientOptionsError) throw error;
      throw new ClientOptionsError(`the private_key in ${origin} ${error.message}`);
    }
  }

  /** Reads a key's file, while the caller waits. Throws ClientOptionsError. */
  static fromFile(path: string): ServiceAccount {
    return new ServiceAccount(readCredentialsFile(path), path);
  }

  /** Signs a token that is good for an hour from now. https://google.aip.dev/auth/4111 */
  async signToken(purpose: TokenPurpose, nowS: number): Promise<string> {
    const header = { alg: 'RS256', typ: 'JWT', kid: this.#keyId };
    const target =
      purpose.scopes === undefined ? { aud: purpose.audience } : { scope: purpose.scopes.join(' ') };
    const claims = {
      iss: this.clientEmail,
      sub: this.clientEmail,
      iat: nowS,
      exp: nowS + LIFETIME_S,
      ...target,
    };
    const text = `${base64Url(utf8(JSON.stringify(header)))}.${base64Url(utf8(JSON.stringify(claims)))}`;
    return `${text}.${base64Url(await this.#sign(text))}`;
  }
}

/**
 * Answers tokens that are good for an hour from when they are signed: the same one until shortly before it ends. However
 * many ask at once, one is signed; a failure is not kept.
 */
export function createTokenSource(sign: (nowS: number) => Promise<string>): () => Promise<string> {
  let token: Promise<string> | undefined;
  let goodUntilS = 0;
  return () => {
    const nowS = Math.floor(Date.now() / 1000);
    // A clock that was set back leaves a token that begins in the future, which servers refuse.
    const tooNew = goodUntilS - nowS > LIFETIME_S - REFRESH_BEFORE_S;
    if (token === undefined || nowS >= goodUntilS || tooNew) {
      goodUntilS = nowS + LIFETIME_S - REFRESH_BEFORE_S;
      const signing = sign(nowS);
      token = signing;
      signing.catch(() => {
        if (token === signing) token = undefined;
      });
    }
    return token;
  };
}

function optionalText(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  origin: string,
): string | undefined {
  const value = fields[name];
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'string') throw new ClientOptionsError(`the ${name} in ${origin} is not a string`);
  return value;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** https://www.rfc-editor.org/rfc/rfc4648#section-5, without padding. */
function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}
