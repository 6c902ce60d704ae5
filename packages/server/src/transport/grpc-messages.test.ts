import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ServiceError } from '../errors.ts';
import { MessageFilter } from './grpc-messages.ts';

const BYTES_MAX = 1000;

interface Outcome {
  readonly passed: Buffer;
  readonly messages: number;
  /** The reason of the refusal, or how the request ended. */
  readonly end: string;
}

/** Filters a request that comes in these chunks. */
function filterRequest(
  chunks: readonly Buffer[],
  { encoding = 'identity', single = false, room = Number.POSITIVE_INFINITY } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const passed: Buffer[] = [];
    let [messages, held] = [0, 0];
    const done = (end: string): void => resolve({ passed: Buffer.concat(passed), messages, end });
    const filter = new MessageFilter(
      {
        pass: (bytes) => void passed.push(bytes),
        end: () => done('end'),
        refuse: (error: ServiceError) => done(error.reason),
        hold: (bytes) => {
          held += bytes;
          return held <= room;
        },
        messageEnded: () => {
          messages++;
        },
      },
      { encoding, single, bytesMax: BYTES_MAX },
    );
    for (const chunk of chunks) filter.read(chunk);
    filter.end();
  });
}

function frame(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

describe('MessageFilter', () => {
  const compress = { gzip: gzipSync, deflate: deflateSync };

  for (const encoding of ['gzip', 'deflate'] as const) {
    it(`passes messages as they were before ${encoding}, wherever they are cut`, async () => {
      const message = fc.record({ bytes: fc.uint8Array({ maxLength: 40 }), compressed: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(message, { maxLength: 5 }), fc.array(fc.nat()), async (all, places) => {
          const sent = all.map(({ bytes, compressed }) =>
            compressed ? frame(compress[encoding](bytes), 1) : frame(bytes),
          );
          const outcome = await filterRequest(cut(Buffer.concat(sent), places), { encoding });
          const passed = Buffer.concat(all.map(({ bytes }) => frame(bytes)));
          assert.deepEqual(outcome, { passed, messages: all.length, end: 'end' });
        }),
      );
    });
  }

  it('has an answer to any bytes', async () => {
    const options = fc.record({
      encoding: fc.constantFrom('identity', 'gzip', 'deflate'),
      single: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.nat()),
        options,
        async (bytes, places, how) => {
          const { passed, end } = await filterRequest(cut(Buffer.from(bytes), places), how);
          assert.ok(end === 'end' || /^(MESSAGE_|REQUEST_TOO_LARGE)/u.test(end), end);
          if (end === 'end' && how.encoding === 'identity') assert.deepEqual(passed, Buffer.from(bytes));
        },
      ),
    );
  });

  const large = Buffer.alloc(BYTES_MAX + 1);
  const cases: Record<string, [Buffer[], Parameters<typeof filterRequest>[1], string]> = {
    'a message that is too large': [[frame(large)], {}, 'REQUEST_TOO_LARGE'],
    'a prefix that says too much': [[frame(large).subarray(0, 5)], {}, 'REQUEST_TOO_LARGE'],
    'a message that becomes too large': [
      [frame(gzipSync(large), 1)],
      { encoding: 'gzip' },
      'REQUEST_TOO_LARGE',
    ],
    'what finds no room': [[frame(Buffer.alloc(100))], { room: 50 }, 'TOO_MUCH_UNDER_WAY'],
    'what finds no room once it is inflated': [
      [frame(gzipSync(Buffer.alloc(500)), 1)],
      { encoding: 'gzip', room: 200 },
      'TOO_MUCH_UNDER_WAY',
    ],
    'a second message of one': [
      [frame(Buffer.of(1)), Buffer.of(0)],
      { single: true },
      'MESSAGE_COUNT_INVALID',
    ],
    'none of one': [[], { single: true }, 'MESSAGE_COUNT_INVALID'],
    'half a prefix': [[Buffer.of(0, 0)], {}, 'MESSAGE_TRUNCATED'],
    'a flag without an encoding': [[frame(Buffer.of(1), 1)], {}, 'MESSAGE_FLAG_INVALID'],
    'a flag beyond 1': [[frame(Buffer.of(1), 255)], { encoding: 'gzip' }, 'MESSAGE_FLAG_INVALID'],
    'what is not compressed': [[frame(Buffer.of(1), 1)], { encoding: 'gzip' }, 'MESSAGE_CORRUPT'],
  };
  for (const [title, [chunks, options, reason]] of Object.entries(cases)) {
    it(`refuses ${title}`, async () => assert.equal((await filterRequest(chunks, options)).end, reason));
  }

  it('takes none as the whole of a stream', async () => {
    assert.deepEqual(await filterRequest([]), { passed: Buffer.alloc(0), messages: 0, end: 'end' });
  });
});
