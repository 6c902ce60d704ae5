import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { services } from '@parleykit/proto';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationProfileSchema,
  ConversationProfiles,
  Conversations,
  GetConversationRequestSchema,
} from '@parleykit/proto/v2beta1';
import { frame, openSession, requestOf, type StreamAnswer, type StreamRequest, send } from './grpc-raw.ts';
import { newProject, openTarget, type Target } from './target.ts';
import { pathOf } from './wires.ts';

const { getConversation } = Conversations.method;
const REQUEST_BYTES_MAX = 32 * 1024 * 1024;

describe('the gRPC wire', () => {
  let target: Target;
  let session: ClientHttp2Session & AsyncDisposable;
  before(async () => {
    target = await openTarget();
    session = await openSession(target);
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  /** A call that is answered NOT_FOUND with the name that it sent. */
  const name = `projects/${newProject()}/conversations/absent`;
  const message = toBinary(GetConversationRequestSchema, create(GetConversationRequestSchema, { name }));
  const get = (request: Omit<StreamRequest, 'path'> = {}): Promise<StreamAnswer> =>
    send(session, { path: pathOf(getConversation), chunks: [frame(message)], ...request });
  const assertRead = ({ code, reason, message: text }: StreamAnswer): void => {
    assert.deepEqual([code, reason], [Code.NOT_FOUND, 'RESOURCE_NOT_FOUND']);
    assert.ok(text.includes(name), text);
  };

  it('answers with headers, a message and trailers', async () => {
    const profile = requestOf(ConversationProfiles.method.createConversationProfile, {
      parent: `projects/${newProject()}`,
      conversationProfile: { displayName: 'ä €' },
    });
    const answer = await send(session, profile);
    assert.deepEqual([answer.code, answer.trailersOnly, answer.rstCode], [Code.OK, false, 0]);
    assert.equal(answer.headers[':status'], 200);
    assert.match(String(answer.headers['content-type']), /^application\/grpc(\+proto)?$/u);
    assert.equal(answer.messages.length, 1);
    const [reply = Buffer.alloc(0)] = answer.messages;
    assert.equal(fromBinary(ConversationProfileSchema, reply).displayName, 'ä €');
  });

  it('answers errors with trailers only, and their details in one of them', async () => {
    const answer = await get();
    assertRead(answer);
    assert.deepEqual([answer.trailersOnly, answer.messages.length], [true, 0]);
    assert.equal(answer.headers[':status'], 200);
    assert.match(String(answer.headers['content-type']), /^application\/grpc(\+proto)?$/u);
  });

  for (const method of services.flatMap((service) => service.methods)) {
    if (method.methodKind === 'unary' || method.methodKind === 'server_streaming') continue;
    it(`answers ${method.name}, which is a stream, before its end`, async () => {
      for (const end of [true, false]) {
        const answer = await send(session, { path: pathOf(method), chunks: [frame(new Uint8Array())], end });
        // What is built asks for what the first message lacks.
        const isBuilt = answer.reason !== 'METHOD_UNIMPLEMENTED';
        assert.equal(answer.code, isBuilt ? Code.INVALID_ARGUMENT : Code.UNIMPLEMENTED);
        assert.equal(answer.trailersOnly, true);
      }
    });
  }

  it('reads a message that comes byte by byte', async () => {
    const chunks = [...frame(message)].map((byte) => Buffer.from([byte]));
    assertRead(await get({ chunks }));
  });

  for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc; charset=utf-8']) {
    it(`takes ${type}`, async () => assertRead(await get({ headers: { 'content-type': type } })));
  }

  describe('takes a message', () => {
    const encodings = { gzip: gzipSync(message), deflate: deflateSync(message) };
    for (const [encoding, bytes] of Object.entries(encodings)) {
      const headers = { 'grpc-encoding': encoding };
      it(`compressed by ${encoding}`, async () => {
        assertRead(await get({ headers, chunks: [frame(bytes, 1)] }));
      });
      it(`compressed by ${encoding}, byte by byte`, async () => {
        assertRead(await get({ headers, chunks: [...frame(bytes, 1)].map((byte) => Buffer.from([byte])) }));
      });
      it(`not compressed, where grpc-encoding is ${encoding}`, async () => {
        assertRead(await get({ headers }));
      });
    }
    it('where grpc-encoding is identity', async () => {
      assertRead(await get({ headers: { 'grpc-encoding': 'identity' } }));
    });
    it('of no bytes at all', async () => {
      const answer = await get({ chunks: [frame(Buffer.alloc(0))] });
      assert.deepEqual([answer.code, answer.reason], [Code.INVALID_ARGUMENT, 'FIELD_REQUIRED']);
    });
  });

  describe('deadlines', () => {
    for (const timeout of ['1n', '0m', '00000000S']) {
      it(`are over at once where they are ${timeout}`, async () => {
        const answer = await get({ headers: { 'grpc-timeout': timeout } });
        assert.deepEqual([answer.code, answer.reason], [Code.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED']);
        assert.equal(answer.trailersOnly, true);
      });
    }
    it('end calls whose requests do not come', async () => {
      const answer = await get({ headers: { 'grpc-timeout': '20m' }, chunks: [], end: false });
      assert.deepEqual([answer.code, answer.reason], [Code.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED']);
    });
    for (const timeout of ['99999999H', '597H', '99999999S', '30S', '99999999n', '1M']) {
      it(`far away are kept: ${timeout}`, async () => {
        assertRead(await get({ headers: { 'grpc-timeout': timeout } }));
      });
    }
    it('write nothing once they are over', async () => {
      const parent = `projects/${newProject()}`;
      const profile = requestOf(ConversationProfiles.method.createConversationProfile, {
        parent,
        conversationProfile: { displayName: 'late' },
      });
      const answer = await send(session, { ...profile, headers: { 'grpc-timeout': '1n' } });
      assert.equal(answer.code, Code.DEADLINE_EXCEEDED);
      const listed = await send(
        session,
        requestOf(ConversationProfiles.method.listConversationProfiles, { parent }),
      );
      assert.deepEqual([listed.code, listed.messages[0]?.length], [Code.OK, 0]);
    });
  });

  describe('refuses', () => {
    const invalid = (reason: string) => ({ code: Code.INVALID_ARGUMENT, reason });
    const unimplemented = (reason: string) => ({ code: Code.UNIMPLEMENTED, reason });
    const twoPartly = Buffer.concat([frame(message), frame(message).subarray(0, 3)]);
    const cases: Record<string, [Omit<StreamRequest, 'path'>, { code: number; reason: string }]> = {
      'a timeout without a unit': [{ headers: { 'grpc-timeout': '10' } }, invalid('TIMEOUT_INVALID')],
      'a timeout of nine digits': [{ headers: { 'grpc-timeout': '100000000m' } }, invalid('TIMEOUT_INVALID')],
      'a negative timeout': [{ headers: { 'grpc-timeout': '-1S' } }, invalid('TIMEOUT_INVALID')],
      'an empty timeout': [{ headers: { 'grpc-timeout': '' } }, invalid('TIMEOUT_INVALID')],
      'a timeout that is none': [{ headers: { 'grpc-timeout': 'soon' } }, invalid('TIMEOUT_INVALID')],
      'two timeouts': [{ headers: { 'grpc-timeout': '1S, 2S' } }, invalid('TIMEOUT_INVALID')],
      'an encoding that it does not know': [
        { headers: { 'grpc-encoding': 'br' }, chunks: [frame(message, 1)] },
        unimplemented('ENCODING_UNSUPPORTED'),
      ],
      'an encoding by the name of a property': [
        { headers: { 'grpc-encoding': 'constructor' }, chunks: [frame(message, 1)] },
        unimplemented('ENCODING_UNSUPPORTED'),
      ],
      'a compressed message without an encoding': [
        { chunks: [frame(message, 1)] },
        invalid('MESSAGE_FLAG_INVALID'),
      ],
      'a compressed message in identity': [
        { headers: { 'grpc-encoding': 'identity' }, chunks: [frame(message, 1)] },
        invalid('MESSAGE_FLAG_INVALID'),
      ],
      'a flag that it does not know': [{ chunks: [frame(message, 2)] }, invalid('MESSAGE_FLAG_INVALID')],
      'gzip that is none': [
        { headers: { 'grpc-encoding': 'gzip' }, chunks: [frame(message, 1)] },
        invalid('MESSAGE_CORRUPT'),
      ],
      'gzip that is cut': [
        { headers: { 'grpc-encoding': 'gzip' }, chunks: [frame(gzipSync(message).subarray(0, -4), 1)] },
        invalid('MESSAGE_CORRUPT'),
      ],
      'deflate that is none': [
        { headers: { 'grpc-encoding': 'deflate' }, chunks: [frame(message, 1)] },
        invalid('MESSAGE_CORRUPT'),
      ],
      'no message': [{ chunks: [] }, unimplemented('MESSAGE_COUNT_INVALID')],
      'two messages': [{ chunks: [frame(message), frame(message)] }, unimplemented('MESSAGE_COUNT_INVALID')],
      'two messages at once': [
        { chunks: [Buffer.concat([frame(message), frame(message)])] },
        unimplemented('MESSAGE_COUNT_INVALID'),
      ],
      'two compressed messages': [
        {
          headers: { 'grpc-encoding': 'gzip' },
          chunks: [Buffer.concat([frame(gzipSync(message), 1), frame(gzipSync(message), 1)])],
        },
        unimplemented('MESSAGE_COUNT_INVALID'),
      ],
      'a second message that is cut': [{ chunks: [twoPartly] }, unimplemented('MESSAGE_COUNT_INVALID')],
      'a message that is cut': [{ chunks: [frame(message).subarray(0, -1)] }, invalid('MESSAGE_TRUNCATED')],
      'a prefix that is cut': [{ chunks: [frame(message).subarray(0, 4)] }, invalid('MESSAGE_TRUNCATED')],
      'one byte': [{ chunks: [Buffer.from([0])] }, invalid('MESSAGE_TRUNCATED')],
      'a message that is not its method’s': [
        { chunks: [frame(Buffer.from([0x0a, 0x7f]))] },
        invalid('REQUEST_UNDECODABLE'),
      ],
    };
    for (const [title, [request, want]] of Object.entries(cases)) {
      it(title, async () => {
        const { code, reason, trailersOnly, messages } = await get(request);
        assert.deepEqual({ code, reason }, want);
        assert.deepEqual([trailersOnly, messages], [true, []]);
      });
    }

    it('an encoding that it does not know, and says which ones it does', async () => {
      const { headers } = await get({ headers: { 'grpc-encoding': 'br' } });
      assert.equal(headers['grpc-accept-encoding'], 'identity,gzip,deflate');
    });

    it('a message that says it is too large, before it comes', async () => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(REQUEST_BYTES_MAX + 1, 1);
      const { code, reason } = await get({ chunks: [prefix], end: false });
      assert.deepEqual([code, reason], [Code.RESOURCE_EXHAUSTED, 'REQUEST_TOO_LARGE']);
    });

    it('a small message that becomes too large', async () => {
      for (const [encoding, compress] of [
        ['gzip', gzipSync],
        ['deflate', deflateSync],
      ] as const) {
        const bomb = compress(Buffer.alloc(REQUEST_BYTES_MAX + 1));
        const { code, reason } = await get({
          headers: { 'grpc-encoding': encoding },
          chunks: [frame(bomb, 1)],
        });
        assert.deepEqual([code, reason], [Code.RESOURCE_EXHAUSTED, 'REQUEST_TOO_LARGE']);
      }
    });

    for (const [path, title] of [
      [`${pathOf(getConversation)}x`, 'a method'],
      ['/a.Service/Method', 'a service'],
      ['/', 'the root'],
      [`${pathOf(getConversation)}?a=b`, 'a path with a query'],
      ['/%C3%A4/%0d%0a', 'a path with escapes'],
      [`/${'x'.repeat(8000)}/y`, 'a long path'],
    ] as const) {
      it(`${title} that it does not know`, async () => {
        const { code, reason } = await send(session, { path, chunks: [frame(message)] });
        assert.deepEqual([code, reason], [Code.UNIMPLEMENTED, 'METHOD_UNKNOWN']);
      });
    }

    for (const type of ['application/json', 'application/grpc+json', 'application/grpcish', 'text/plain']) {
      it(`the content type ${type} by HTTP`, async () => {
        const answer = await get({ headers: { 'content-type': type } });
        assert.deepEqual([answer.headers[':status'], answer.code], [415, undefined]);
      });
    }

    it('other verbs by HTTP', async () => {
      for (const verb of ['PUT', 'PATCH', 'GET']) {
        const answer = await get({ headers: { ':method': verb } });
        assert.deepEqual([answer.headers[':status'], answer.code], [405, undefined], verb);
      }
    });
  });

  it('takes requests of the largest size', async () => {
    const padding = REQUEST_BYTES_MAX - message.length - 6;
    // A field that the message does not have.
    const tag = Buffer.from([0xfa, 0x07, ...varint(padding)]);
    const large = Buffer.concat([message, tag, Buffer.alloc(padding)]).subarray(0, REQUEST_BYTES_MAX);
    assert.equal(large.length, REQUEST_BYTES_MAX);
    assertRead(await get({ chunks: [frame(large)] }));
    assertRead(await get({ headers: { 'grpc-encoding': 'gzip' }, chunks: [frame(gzipSync(large), 1)] }));
  });

  it('refuses metadata without measure, and goes on', async () => {
    await using own = await openSession(target, { maxSendHeaderBlockLength: 1_000_000 });
    // A value that is sent once and then named by a number, which is how a few bytes become many.
    const value = 'x'.repeat(3000);
    const headers = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`x-${index}`, value]));
    const path = pathOf(getConversation);
    const refused = await send(own, { path, headers, chunks: [frame(message)] });
    assert.deepEqual([refused.code, refused.reason], [Code.RESOURCE_EXHAUSTED, 'HEADERS_TOO_LARGE']);
    assertRead(await send(own, { path, chunks: [frame(message)] }));
  });

  it('takes metadata, whatever it is', async () => {
    const headers = {
      'x-goog-request-params': 'name=x',
      'x-custom-bin': 'AAEC,////',
      'x-broken-bin': '%%%',
      'x-beyond-ascii': 'ä',
      'user-agent': 'x'.repeat(4000),
      authorization: 'Bearer x',
    };
    assertRead(await get({ headers }));
  });
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
