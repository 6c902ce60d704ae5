import { builtInNow } from '../built-in.ts';

/** Answers the RS256 signature of a text: https://www.rfc-editor.org/rfc/rfc7518#section-3.3 */
export type Signer = (text: string) => Promise<Uint8Array>;

/**
 * Signs with an RSA key in PEM, PKCS#8 or PKCS#1, off the thread that asks. A key that is none throws at once, with a
 * message that says what it is instead and nothing of the key; where there is no `node:crypto` some of that is found
 * only by the first signature, which rejects.
 */
export function createSigner(pem: string): Signer {
  const crypto = builtInNow('node:crypto');
  return crypto === undefined ? createWebSigner(pem) : createNodeSigner(pem, crypto);
}

function createNodeSigner(pem: string, crypto: typeof import('node:crypto')): Signer {
  let key: import('node:crypto').KeyObject;
  try {
    key = crypto.createPrivateKey(pem);
  } catch {
    throw new TypeError('is not a private key in PEM');
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new TypeError(`is a key for ${key.asymmetricKeyType}, not for RSA`);
  }
  return (text) =>
    new Promise((resolve, reject) => {
      crypto.sign('sha256', new TextEncoder().encode(text), key, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    });
}

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/** `createSigner` on Web Crypto, for runtimes that are not Node. */
export function createWebSigner(pem: string): Signer {
  const block = /-----BEGIN (RSA )?PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END \1?PRIVATE KEY-----/.exec(pem);
  if (block?.[2] === undefined) throw new TypeError('is not a private key in PEM');
  let der: Uint8Array<ArrayBuffer>;
  try {
    der = Uint8Array.from(atob(block[2].replace(/\s/g, '')), (char) => char.charCodeAt(0));
  } catch {
    throw new TypeError('is not a private key in PEM');
  }
  const pkcs8 = block[1] === undefined ? der : wrapPkcs1(der);
  let key: ReturnType<typeof globalThis.crypto.subtle.importKey> | undefined;
  return async (text) => {
    key ??= globalThis.crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
    const data = new TextEncoder().encode(text);
    return new Uint8Array(await globalThis.crypto.subtle.sign(ALGORITHM, await key, data));
  };
}

/** The version, 0, and the algorithm, rsaEncryption: https://www.rfc-editor.org/rfc/rfc5208#section-5 */
const PKCS8_HEAD = [
  0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/** Web Crypto reads PKCS#8 only: PKCS#1 is the octet string within it. */
function wrapPkcs1(der: Uint8Array): Uint8Array<ArrayBuffer> {
  return derValue(0x30, [...PKCS8_HEAD, ...derValue(0x04, der)]);
}

function derValue(tag: number, content: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Uint8Array.from([tag, ...length, ...Array.from(content)]);
}
