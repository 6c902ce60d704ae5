import { createHmac } from 'node:crypto';

/** Headers of signed calls. */
export const TIMESTAMP_HEADER = 'parley-timestamp';
export const SIGNATURE_HEADER = 'parley-signature';

/**
 * Says that a body comes from who has the secret, and when it was sent: `v1=` and the HMAC-SHA256, in hex, of the
 * timestamp in seconds, a dot, and the body.
 */
export function sign(secret: Uint8Array, timestamp: string, body: Uint8Array): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
}
