import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { createSigner, createWebSigner } from './signer.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const EC = ec.export({ type: 'pkcs8', format: 'pem' }).toString();
const PKCS8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PKCS1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const BROKEN = PKCS8.replace(/\n[^\n]+\n-----END/, '\n-----END');

for (const [name, create] of [
  ['createSigner()', createSigner],
  ['createWebSigner()', createWebSigner],
] as const) {
  describe(name, () => {
    for (const [form, pem] of [
      ['PKCS#8', PKCS8],
      ['PKCS#1', PKCS1],
      ['PKCS#8 with Windows line ends', PKCS8.replaceAll('\n', '\r\n')],
    ] as const) {
      it(`signs with a key in ${form}, again and again`, async () => {
        const sign = create(pem);
        for (const text of ['', 'header.claims', 'gödel']) {
          const signature = await sign(text);
          assert.ok(verify('sha256', Buffer.from(text), publicKey, signature));
        }
      });
    }

    it('refuses at once what is no PEM', () => {
      for (const pem of ['', 'secret', '-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n']) {
        assert.throws(() => create(pem), new TypeError('is not a private key in PEM'));
      }
    });

    it('refuses a key that is cut short or of another kind, by the first signature at the latest', async () => {
      for (const pem of [BROKEN, EC]) await assert.rejects(async () => create(pem)('text'));
    });
  });
}

describe('createSigner()', () => {
  it('says what a key of another kind is for', () => {
    assert.throws(() => createSigner(EC), new TypeError('is a key for ec, not for RSA'));
  });
});
