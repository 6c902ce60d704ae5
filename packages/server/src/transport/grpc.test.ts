import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type SessionOptions,
} from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { services } from '@parleykit/proto';
import { Code } from '@parleykit/proto/rpc';
import {
  ConversationSchema,
  Conversations,
  type GetConversationRequest,
  GetConversationRequestSchema,
} from '@parleykit/proto/v2beta1';
import { KEEPALIVE_MS } from '../limits.ts';
import { Metrics } from '../metrics.ts';
import type { CallContext } from '../rpc/call-context.ts';
import { Dispatcher } from '../rpc/dispatcher.ts';
import { CallRecorder } from '../rpc/record-call.ts';
import { type GrpcLimits, GrpcTransport } from './grpc.ts';

type Answer = (request: GetConversationRequest, context: CallContext) => Promise<{ turns?: string }>;

/** A server with one method, GetConversation, whose answer carries what the handler says as its name. */
async function openTransport(handle: Answer, limits?: Partial<GrpcLimits>) {
  const log = { info: () => {}, error: () => {} };
  const dispatcher = new Dispatcher(services, new CallRecorder(log, new Metrics()));
  dispatcher.register(Conversations, {
    async getConversation(request, context) {
      return create(ConversationSchema, { name: (await handle(request, context)).turns ?? '' });
    },
  });
  const transport = new GrpcTransport(dispatcher, log, limits);
  const server = createServer((socket) => transport.accept(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    transport,
    async connect(options?: SessionOptions): Promise<ClientHttp2Session> {
      const session = connect(`http://127.0.0.1:${port}`, options);
      session.on('error', () => {});
      await once(session, 'connect');
      return session;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await transport.close(0);
    },
  };
}

const PATH = '/google.cloud.dialogflow.v2beta1.Conversations/GetConversation';
const NAME = 'projects/p/conversations/c';

/** A message with gRPC's prefix, padded by a field that it does not have. */
function frame(padding = 0): Buffer {
  const message = create(GetConversationRequestSchema, { name: NAME });
  if (padding > 0) {
    const data = Buffer.alloc(padding + 2);
    // The padding's own length, which the field begins with; two bytes are enough for the tests.
    data.writeUInt8((padding & 127) | 128, 0);
    data.writeUInt8(padding >> 7, 1);
    message.$unknown = [{ no: 100, wireType: 2, data }];
  }
  const bytes = toBinary(GetConversationRequestSchema, message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

function call(
  session: ClientHttp2Session,
  headers: Record<string, string | string[]> = {},
): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', ...headers },
    { endStream: false },
  );
  stream.on('error', () => {});
  return stream;
}

/** What a stream ends with. */
async function answerOf(stream: ClientHttp2Stream): Promise<{ code: number; rstCode: number; name: string }> {
  let headers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on('response', (value) => Object.assign(headers, value));
  stream.on('trailers', (value) => {
    headers = { ...headers, ...value };
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  const bytes = Buffer.concat(chunks).subarray(5);
  return {
    code: Number(headers['grpc-status'] ?? -1),
    rstCode: stream.rstCode ?? 0,
    name: fromBinary(ConversationSchema, bytes).name,
  };
}

/** A promise and what settles it, for handlers that wait. */
function gate<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}

describe('GrpcTransport', () => {
  it('hands over a call and what it answers', async () => {
    await using server = await openTransport(async ({ name }) => ({ turns: name }));
    const session = await server.connect();
    const stream = call(session);
    stream.end(frame());
    assert.deepEqual(await answerOf(stream), { code: Code.OK, rstCode: 0, name: NAME });
  });

  it('shows metadata by its lower-case name, the first value of several, and no binary one', async () => {
    const seen: (string | undefined)[] = [];
    await using server = await openTransport(async (_request, context) => {
      for (const name of ['x-one', 'x-many', 'x-none', 'x-bytes-bin', 'grpc-timeout']) {
        seen.push(context.header(name));
      }
      return {};
    });
    const session = await server.connect();
    const stream = call(session, { 'X-One': 'a b', 'x-many': ['c', 'd'], 'x-bytes-bin': 'AAEC' });
    stream.end(frame());
    await answerOf(stream);
    assert.deepEqual(seen, ['a b', 'c, d', undefined, undefined, undefined]);
  });

  describe('the signal of a call', () => {
    it('aborts when the caller cancels, before the work is done', async () => {
      const [begun, ended] = [gate<AbortSignal>(), gate<boolean>()];
      await using server = await openTransport(async (_request, { signal }) => {
        begun.resolve(signal);
        await aborted(signal);
        ended.resolve(signal.aborted);
        return {};
      });
      const stream = call(await server.connect());
      stream.end(frame());
      assert.equal((await begun.promise).aborted, false);
      stream.close(constants.NGHTTP2_CANCEL);
      assert.equal(await ended.promise, true);
    });

    it('aborts when the connection ends', async () => {
      const [begun, ended] = [gate(), gate()];
      await using server = await openTransport(async (_request, { signal }) => {
        begun.resolve();
        await aborted(signal);
        ended.resolve();
        return {};
      });
      const session = await server.connect();
      call(session).end(frame());
      await begun.promise;
      session.destroy();
      await ended.promise;
    });

    it('aborts when the deadline passes, which is what the caller is told', async () => {
      const ended = gate();
      await using server = await openTransport(async (_request, { signal }) => {
        await aborted(signal);
        ended.resolve();
        return { turns: 'too late' };
      });
      const stream = call(await server.connect(), { 'grpc-timeout': '20m' });
      stream.end(frame());
      assert.deepEqual(await answerOf(stream), { code: Code.DEADLINE_EXCEEDED, rstCode: 0, name: '' });
      await ended.promise;
    });

    it('is aborted already where it is asked for late', async () => {
      const [begun, cancelled, seen] = [gate(), gate(), gate<boolean>()];
      await using server = await openTransport(async (_request, context) => {
        begun.resolve();
        await cancelled.promise;
        seen.resolve(context.signal.aborted);
        return {};
      });
      const session = await server.connect();
      const stream = call(session);
      stream.end(frame());
      await begun.promise;
      stream.close(constants.NGHTTP2_CANCEL);
      // The server takes frames in their order: once this is answered, it has seen the cancellation.
      await new Promise<void>((resolve) => session.ping(() => resolve()));
      cancelled.resolve();
      assert.equal(await seen.promise, true);
    });

    it('is not aborted by the answer', async () => {
      let signal: AbortSignal | undefined;
      await using server = await openTransport(async (_request, context) => {
        signal = context.signal;
        return {};
      });
      const session = await server.connect();
      for (let calls = 0; calls < 2; calls++) {
        const stream = call(session);
        stream.end(frame());
        assert.equal((await answerOf(stream)).code, Code.OK);
        assert.equal(signal?.aborted, false);
      }
    });
  });

  describe('replies are compressed as the request was', () => {
    const reply = async (name: string, headers: Record<string, string>) => {
      await using server = await openTransport(async () => ({ turns: name }));
      const stream = call(await server.connect(), headers);
      stream.end(frame());
      const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      const bytes = Buffer.concat(await stream.toArray());
      return { encoding: answered['grpc-encoding'], flag: bytes[0], message: bytes.subarray(5) };
    };
    const large = 'again '.repeat(1000);
    const inflate = { gzip: gunzipSync, deflate: inflateSync };

    for (const encoding of ['gzip', 'deflate'] as const) {
      it(`with ${encoding}`, async () => {
        const { flag, message, ...answer } = await reply(large, { 'grpc-encoding': encoding });
        assert.deepEqual([answer.encoding, flag], [encoding, 1]);
        assert.equal(fromBinary(ConversationSchema, inflate[encoding](message)).name, large);
      });
    }

    it('but for small ones', async () => {
      const { encoding, flag, message } = await reply('small', { 'grpc-encoding': 'gzip' });
      assert.deepEqual([encoding, flag], ['gzip', 0]);
      assert.equal(fromBinary(ConversationSchema, message).name, 'small');
    });

    it('or not at all', async () => {
      const { encoding, flag } = await reply(large, { 'grpc-accept-encoding': 'identity,gzip' });
      assert.deepEqual([encoding, flag], [undefined, 0]);
    });
  });

  it('ends connections on which nobody answers', async (test) => {
    test.mock.timers.enable({ apis: ['setInterval'] });
    await using server = await openTransport(async () => ({}));
    const session = await server.connect();
    const closed = once(session, 'close');
    test.mock.timers.tick(KEEPALIVE_MS);
    await once(session, 'ping');
    // The answer to the first question is on its way: asking goes on, and nobody is cut off.
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    test.mock.timers.tick(KEEPALIVE_MS);
    await once(session, 'ping');
    // This one is asked again before it can be answered.
    test.mock.timers.tick(KEEPALIVE_MS);
    test.mock.timers.tick(KEEPALIVE_MS);
    await closed;
  });

  it('does not begin a call whose deadline has passed', async () => {
    let begun = 0;
    await using server = await openTransport(async () => {
      begun++;
      return {};
    });
    const session = await server.connect();
    for (let calls = 0; calls < 20; calls++) {
      const stream = call(session, { 'grpc-timeout': '1n' });
      stream.end(frame());
      assert.equal((await answerOf(stream)).code, Code.DEADLINE_EXCEEDED);
    }
    assert.equal(begun, 0);
  });

  describe('a caller who stalls', () => {
    it('is refused where the request does not go on', async () => {
      await using server = await openTransport(async () => ({}), { stallMs: 20 });
      const stream = call(await server.connect());
      stream.write(frame().subarray(0, 7));
      assert.equal((await answerOf(stream)).code, Code.DEADLINE_EXCEEDED);
    });

    it('is let go of where it does not take the reply', async () => {
      await using server = await openTransport(async () => ({ turns: 'x'.repeat(10_000) }), { stallMs: 20 });
      const stream = call(await server.connect({ settings: { initialWindowSize: 0 } }));
      stream.end(frame());
      assert.equal((await answerOf(stream)).rstCode, constants.NGHTTP2_CANCEL);
    });

    it('is none where the work takes its time', async () => {
      await using server = await openTransport(
        async () => {
          const { promise, resolve } = gate();
          setTimeout(resolve, 60);
          await promise;
          return { turns: 'done' };
        },
        { stallMs: 20 },
      );
      const stream = call(await server.connect());
      stream.end(frame());
      assert.deepEqual(await answerOf(stream), { code: Code.OK, rstCode: 0, name: 'done' });
    });
  });

  describe('what is under way', () => {
    const LIMIT = 40_000;

    it('has a limit for the requests of one connection, and is let go of with them', async () => {
      await using server = await openTransport(async () => ({ turns: 'in' }), { connectionBytes: LIMIT });
      const session = await server.connect();
      const part = Buffer.alloc(30_000);
      part.writeUInt32BE(100_000, 1);
      // Of each, the first 16 KiB are not counted: 13,616 are, so that two fit and a third does not.
      const held = [call(session), call(session)];
      for (const stream of held) stream.write(part);
      const refused = call(session);
      refused.write(part);
      assert.equal((await answerOf(refused)).code, Code.RESOURCE_EXHAUSTED);

      const small = call(session);
      small.end(frame());
      assert.equal((await answerOf(small)).code, Code.OK);
      const elsewhere = call(await server.connect());
      elsewhere.end(frame());
      assert.equal((await answerOf(elsewhere)).code, Code.OK);

      for (const stream of held) stream.close(constants.NGHTTP2_CANCEL);
      const after = call(session);
      after.end(frame(16_000));
      assert.equal((await answerOf(after)).code, Code.OK);
    });

    it('has a limit for the replies that one connection does not take', async () => {
      const reply = 'x'.repeat(40_000);
      let begun = 0;
      const answer = async () => {
        begun++;
        return { turns: reply };
      };
      await using server = await openTransport(answer, { connectionBytes: LIMIT });
      const session = await server.connect({ settings: { initialWindowSize: 0 } });
      const first = call(session);
      first.end(frame());
      await once(first, 'response');
      const second = call(session);
      second.end(frame());
      assert.equal((await answerOf(second)).rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);

      assert.equal(begun, 2);
      const elsewhere = call(await server.connect());
      elsewhere.end(frame());
      assert.deepEqual(await answerOf(elsewhere), { code: Code.OK, rstCode: 0, name: reply });
    });

    it('begins no work for a reply that could not be held', async () => {
      let begun = 0;
      const answer = async () => {
        begun++;
        return { turns: 'x'.repeat(56_000) };
      };
      await using server = await openTransport(answer, { connectionBytes: LIMIT });
      const session = await server.connect({ settings: { initialWindowSize: 0 } });
      const first = call(session);
      first.end(frame());
      await once(first, 'response');
      const second = call(session);
      second.end(frame());
      assert.equal((await answerOf(second)).code, Code.RESOURCE_EXHAUSTED);
      assert.equal(begun, 1);
    });

    it('has a limit for all connections together', async () => {
      await using server = await openTransport(async () => ({}), { transportBytes: LIMIT });
      const part = Buffer.alloc(30_000);
      part.writeUInt32BE(100_000, 1);
      for (let held = 0; held < 2; held++) {
        const session = await server.connect();
        call(session).write(part);
        await new Promise<void>((resolve) => session.ping(() => resolve()));
      }
      const refused = call(await server.connect());
      refused.write(part);
      assert.equal((await answerOf(refused)).code, Code.RESOURCE_EXHAUSTED);
    });
  });

  describe('close()', () => {
    it('lets a call under way finish', async () => {
      const [begun, finish] = [gate(), gate()];
      await using server = await openTransport(async () => {
        begun.resolve();
        await finish.promise;
        return { turns: 'finished' };
      });
      const session = await server.connect();
      const stream = call(session);
      stream.end(frame());
      await begun.promise;
      const closed = server.transport.close(600_000);
      const [errorCode] = (await once(session, 'goaway')) as [number];
      assert.equal(errorCode, constants.NGHTTP2_NO_ERROR);
      finish.resolve();
      assert.deepEqual(await answerOf(stream), { code: Code.OK, rstCode: 0, name: 'finished' });
      await closed;
    });

    it('cuts off what is not finished when the grace is over', async () => {
      const [begun, ended] = [gate(), gate()];
      await using server = await openTransport(async (_request, { signal }) => {
        begun.resolve();
        await aborted(signal);
        ended.resolve();
        return {};
      });
      const stream = call(await server.connect());
      stream.end(frame());
      await begun.promise;
      await server.transport.close(10);
      await ended.promise;
      assert.notEqual((await answerOf(stream)).code, Code.OK);
    });
  });
});
