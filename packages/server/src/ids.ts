import { randomBytes, randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TIME_DIGITS = 8;
const RANDOM_DIGITS = 14;

/** Random bytes are asked for many at a time: each asking costs as much as a thousand of them. */
const pool = Buffer.alloc(4096);
let poolAt = pool.length;

function randomByte(): number {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  return pool[poolAt++] ?? 0;
}

/**
 * A new resource id: 22 letters and digits that sort by the time of their making (bytewise) and end in 83 random
 * bits, so that lists by id are in order of creation and no two servers meet. `now` in microseconds.
 */
export function createId(now: number): string {
  let time = '';
  for (let rest = Math.floor(now / 1000), digit = 0; digit < TIME_DIGITS; digit++) {
    time = ALPHABET.charAt(rest % 62) + time;
    rest = Math.floor(rest / 62);
  }
  let random = '';
  while (random.length < RANDOM_DIGITS) {
    const byte = randomByte();
    // 248 = 4 * 62: bytes above would make some digits likelier than others.
    if (byte < 248) random += ALPHABET.charAt(byte % 62);
  }
  return time + random;
}

/**
 * A new id for what may leave in an export, where ids are UUIDs: of version 7, so that they sort by the time of their
 * making. `now` in microseconds. https://www.rfc-editor.org/rfc/rfc9562#section-5.7
 */
export function createUuid(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.floor(now / 1000), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
