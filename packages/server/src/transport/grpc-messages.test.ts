import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ServiceError } from '../errors.ts';
import { compressedFrame, frame, MessageReader } from './grpc-messages.ts';

const BYTES_MAX = 1000;

interface Outcome {
  readonly messages: readonly string[];
  /** What was held for the messages, in bytes. */
  readonly needed: number;
  /** The reason of the refusal, or how the request ended. */
  readonly end: string;
}

/** Reads a request that comes in these chunks. */
function readRequest(
  chunks: readonly Buffer[],
  { encoding = 'identity', single = false, room = Number.POSITIVE_INFINITY } = {},
): Promise<Outcome & { readonly held: number }> {
  return new Promise((resolve) => {
    const messages: string[] = [];
    let [needed, held] = [0, 0];
    const done = (end: string): void => resolve({ messages, needed, held, end });
    const reader = new MessageReader(
      {
        message: (message, bytes) => {
          messages.push(message.toString('hex'));
          needed += bytes;
        },
        end: () => done('end'),
        refuse: (error: ServiceError) => done(error.reason),
        hold: (bytes) => {
          held += bytes;
          return held <= room;
        },
      },
      { encoding, single, bytesMax: BYTES_MAX },
    );
    for (const chunk of chunks) reader.read(chunk);
    reader.end();
  });
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('MessageReader', () => {
  const compress = { gzip: gzipSync, deflate: deflateSync };

  for (const encoding of ['gzip', 'deflate'] as const) {
    it(`hands over messages as they were before ${encoding}, wherever they are cut`, async () => {
      const message = fc.record({ bytes: fc.uint8Array({ maxLength: 40 }), compressed: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(message, { maxLength: 5 }), fc.array(fc.nat()), async (all, places) => {
          const sent = all.map(({ bytes, compressed }) =>
            compressed ? frame(compress[encoding](bytes), 1) : frame(bytes),
          );
          const { held, ...outcome } = await readRequest(cut(Buffer.concat(sent), places), { encoding });
          const messages = all.map(({ bytes }) => hex(bytes));
          assert.deepEqual(outcome, { messages, needed: held, end: 'end' });
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
          const { messages, end } = await readRequest(cut(Buffer.from(bytes), places), how);
          assert.ok(end === 'end' || /^(MESSAGE_|REQUEST_TOO_LARGE)/u.test(end), end);
          if (end !== 'end' || how.encoding !== 'identity') return;
          const framed = messages.map((message) => frame(Buffer.from(message, 'hex')));
          assert.deepEqual(Buffer.concat(framed), Buffer.from(bytes));
        },
      ),
    );
  });

  const large = Buffer.alloc(BYTES_MAX + 1);
  const cases: Record<string, [Buffer[], Parameters<typeof readRequest>[1], string]> = {
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
    it(`refuses ${title}`, async () => assert.equal((await readRequest(chunks, options)).end, reason));
  }

  it('takes none as the whole of a stream', async () => {
    assert.deepEqual(await readRequest([]), { messages: [], needed: 0, held: 0, end: 'end' });
  });
});

describe('compressedFrame()', () => {
  const text = Buffer.from('the same again and again, '.repeat(100));

  for (const encoding of ['gzip', 'deflate']) {
    it(`makes a message smaller with ${encoding}, and is read back`, async () => {
      const framed = await compressedFrame(text.subarray(0, BYTES_MAX * 2), encoding);
      assert.ok(framed.length < text.length / 2);
      const large = new Promise((resolve) => {
        const ignore = () => true;
        const sink = { message: resolve, end: ignore, refuse: resolve, hold: ignore };
        const reader = new MessageReader(sink, { encoding, single: true, bytesMax: text.length });
        reader.read(framed);
      });
      assert.deepEqual(await large, text.subarray(0, BYTES_MAX * 2));
    });
  }

  it('leaves alone what would not become smaller', async () => {
    const short = Buffer.from('short');
    const random = randomBytes(5000);
    assert.deepEqual(await compressedFrame(short, 'gzip'), frame(short));
    assert.deepEqual(await compressedFrame(random, 'gzip'), frame(random));
  });
});
