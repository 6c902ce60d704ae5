import { hash, timingSafeEqual } from 'node:crypto';
import { pageSizeNegative, pageTokenInvalid } from '../errors.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../limits.ts';
import type { PageRange } from '../storage/store.ts';

const SIGNATURE_BYTES = 16;

interface ListRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/**
 * Page tokens of one list: what is listed (method, parent, filter) is signed with them, so that a token is good
 * for the list it came from and for no other. The key lasts as long as the data, and so do the tokens.
 * https://google.aip.dev/158
 */
export class Pagination<Cursor extends object> {
  readonly #secret: Uint8Array;
  readonly #list: string;

  constructor(secret: Uint8Array, ...list: readonly string[]) {
    this.#secret = secret;
    this.#list = JSON.stringify(list);
  }

  /** Where the page begins and how much it may hold. Throws on a negative size and on a token of another list. */
  read({ pageSize, pageToken }: ListRequest): PageRange<Cursor> {
    if (pageSize < 0) throw pageSizeNegative();
    return {
      after: pageToken === '' ? undefined : this.#open(pageToken),
      limit: pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX),
      bytes: PAGE_BYTES_MAX,
    };
  }

  /** The token for what follows `last`. */
  tokenAfter(last: Cursor): string {
    const cursor = Buffer.from(JSON.stringify(last));
    return Buffer.concat([this.#sign(cursor), cursor]).toString('base64url');
  }

  #open(token: string): Cursor {
    const bytes = Buffer.from(token, 'base64url');
    // Decoding passes over what is not base64url; a token has one spelling.
    if (bytes.toString('base64url') !== token || bytes.byteLength <= SIGNATURE_BYTES)
      throw pageTokenInvalid();
    const cursor = bytes.subarray(SIGNATURE_BYTES);
    if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), this.#sign(cursor))) throw pageTokenInvalid();
    return JSON.parse(cursor.toString()) as Cursor;
  }

  #sign(cursor: Uint8Array): Buffer {
    const text = Buffer.concat([Buffer.from(`${this.#list}\0`), cursor]);
    return hmacSha256(this.#secret, text).subarray(0, SIGNATURE_BYTES);
  }
}

/** The two blocks that HMAC puts before what it hashes, by their key: a server has one. */
const blocksByKey = new WeakMap<Uint8Array, readonly [inner: Buffer, outer: Buffer]>();

/**
 * HMAC with a key of up to 64 bytes, by its definition: https://www.rfc-editor.org/rfc/rfc2104#section-2. To make an
 * Hmac object for a few bytes costs a tenth of a whole ListMessages; two hashes in one go cost next to nothing.
 */
function hmacSha256(key: Uint8Array, text: Uint8Array): Buffer {
  let blocks = blocksByKey.get(key);
  if (blocks === undefined) {
    const block = (byte: number): Buffer =>
      Buffer.from({ length: 64 }).map((_, index) => byte ^ (key[index] ?? 0)) as Buffer;
    blocks = [block(0x36), block(0x5c)];
    blocksByKey.set(key, blocks);
  }
  const [inner, outer] = blocks;
  return hash(
    'sha256',
    Buffer.concat([outer, hash('sha256', Buffer.concat([inner, text]), 'buffer')]),
    'buffer',
  );
}
